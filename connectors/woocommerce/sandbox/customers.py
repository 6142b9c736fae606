"""Accounts: made by REST, on the my-account page or at checkout; changed, erased, deleted."""

from typing import Any

from connectors.woocommerce.sandbox import meta
from connectors.woocommerce.sandbox.errors import RestError, invalid_id
from connectors.woocommerce.sandbox.state import Row, State

BILLING = [
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "postcode",
    "country",
    "state",
    "email",
    "phone",
]
SHIPPING = [
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "postcode",
    "country",
    "state",
    "phone",
]
ERASED_EMAIL = "deleted@site.invalid"


def get(shop: State, customer_id: int, *, missing: int = 404) -> Row:
    """Return an account or raise the shop's answer for one that is not there."""
    row = shop.tables.customers.get(customer_id)
    if row is None:
        raise invalid_id("customer", missing)
    return row


def by_email(shop: State, email: str) -> Row | None:
    """Return the account with this e-mail, whatever the case."""
    for row in shop.tables.customers.values():
        if row["email"].lower() == email.lower():
            return row
    return None


def create(shop: State, values: Row, *, role: str = "customer") -> Row:
    """Make an account. `role` "subscriber" is a plain WordPress user, announced all the same."""
    email = str(values.get("email", "")).strip()
    if "@" not in email:
        raise RestError(
            400, "registration-error-invalid-email", "Please provide a valid email address."
        )
    if by_email(shop, email):
        raise RestError(
            400,
            "registration-error-email-exists",
            f"An account is already registered with {email}. "
            "Please log in or use a different email address.",
        )
    shopper = role == "customer"
    row: Row = {
        "id": shop.next_id("user"),
        "created": shop.now(),
        "modified": shop.now() if shopper else None,
        "email": email,
        "first_name": "",
        "last_name": "",
        "role": role,
        "username": values.get("username") or email.partition("@")[0],
        "billing": dict.fromkeys(BILLING, ""),
        "shipping": dict.fromkeys(SHIPPING, ""),
        "is_paying_customer": False,
        "meta_data": [],
    }
    _fill(shop, row, values)
    shop.tables.customers[row["id"]] = row
    shop.fire("user_register", row["id"])
    if shopper:
        shop.fire("woocommerce_created_customer", row["id"])
        shop.fire("woocommerce_new_customer", row["id"])
        shop.fire("woocommerce_update_customer", row["id"])
    return row


def update(shop: State, customer_id: int, values: Row, *, missing: int = 404) -> Row:
    """Change an account; it is announced even when nothing changed."""
    row = get(shop, customer_id, missing=missing)
    email = values.get("email")
    if email:
        other = by_email(shop, str(email))
        if other is not None and other is not row:
            raise RestError(
                400, "woocommerce_rest_customer_invalid_email", "Email address is invalid."
            )
        row["email"] = str(email)
    _fill(shop, row, values)
    touched(shop, row)
    return row


def touched(shop: State, row: Row) -> None:
    """Announce that an account was saved."""
    row["modified"] = shop.now()
    shop.fire("profile_update", row["id"])
    shop.fire("woocommerce_update_customer", row["id"])


def delete(shop: State, customer_id: int) -> Row:
    """Delete an account. Its orders stay with customer_id 0, and no order event tells so."""
    row = get(shop, customer_id)
    del shop.tables.customers[customer_id]
    for order in shop.tables.orders.values():
        if order["customer_id"] == customer_id:
            order["customer_id"] = 0
    if row["role"] == "customer":
        shop.fire("delete_user", customer_id)
    return row


def erase(shop: State, email: str) -> None:
    """Run the privacy tool for one e-mail: orders are anonymised and announced as updated."""
    account = by_email(shop, email)
    for order in shop.tables.orders.values():
        owned = account is not None and order["customer_id"] == account["id"]
        if owned or order["billing"]["email"].lower() == email.lower():
            _anonymise(shop, order)
    if account is not None:
        account["billing"] = dict.fromkeys(BILLING, "")
        account["shipping"] = dict.fromkeys(SHIPPING, "")
        touched(shop, account)


def _anonymise(shop: State, order: Row) -> None:
    billing = dict.fromkeys(order["billing"], "")
    billing.update(first_name="[deleted]", last_name="[deleted]", email=ERASED_EMAIL)
    if order["billing"]["phone"]:
        billing["phone"] = "+00000"
    order.update(
        billing=billing,
        shipping=dict.fromkeys(order["shipping"], ""),
        customer_id=0,
        customer_ip_address="",
        customer_user_agent="",
        modified=shop.now(),
    )
    meta.write(shop, order["meta_data"], [{"key": "_anonymized", "value": "yes"}])
    shop.fire("woocommerce_update_order", order["id"])


def _fill(shop: State, row: Row, values: Row) -> None:
    for name in ("first_name", "last_name"):
        if name in values:
            row[name] = str(values[name])
    for name in ("billing", "shipping"):
        address: Any = values.get(name)
        if isinstance(address, dict):
            row[name].update({key: str(val) for key, val in address.items() if key in row[name]})
    meta.write(shop, row["meta_data"], values.get("meta_data"))
