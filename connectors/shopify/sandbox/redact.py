"""What an app sees that is not approved for protected customer data: keys are missing, or null."""

from typing import Any

from connectors.shopify.sandbox.state import Row, Settings

_PERSON = frozenset(["first_name", "last_name", "email", "phone"])
_ORDER = frozenset(["email", "contact_email", "phone"])
_ADDRESS = frozenset(
    [
        *("first_name", "last_name", "name", "phone", "company"),
        *("address1", "address2", "city", "zip", "latitude", "longitude"),
    ]
)
_ADDRESSES = ("billing_address", "shipping_address", "default_address")


def body(settings: Settings, row: Row) -> Row:
    """Return an order's or a customer's body as an app of this level gets it; others as they are."""
    if settings.approved_level >= 2:
        return row
    nulls = settings.redacted_as == "null"
    if "line_items" in row and "financial_status" in row:
        shown = _without(row, _ORDER, nulls=nulls)
        shown.pop("order_status_url", None)
        if isinstance(shown.get("customer"), dict):
            shown["customer"] = _person(shown["customer"], nulls=nulls)
        return _addresses(shown)
    if "verified_email" in row:
        return _person(row, nulls=nulls)
    return row


def _person(row: Row, *, nulls: bool) -> Row:
    shown = _addresses(_without(row, _PERSON, nulls=nulls))
    if "addresses" in shown:
        shown["addresses"] = [_without(one, _ADDRESS, nulls=False) for one in shown["addresses"]]
    return shown


def _addresses(row: Row) -> Row:
    for name in _ADDRESSES:
        if isinstance(row.get(name), dict):
            row[name] = _without(row[name], _ADDRESS, nulls=False)
    return row


def _without(row: Row, names: frozenset[str], *, nulls: bool) -> dict[str, Any]:
    if nulls:
        return {key: None if key in names else value for key, value in row.items()}
    return {key: value for key, value in row.items() if key not in names}
