"""Single values of Shopify's JSON, checked. What does not fit raises Invalid.

The message names the key and the value's kind, never the value: it may be anything a shopper typed.
Money is decoded straight into Decimal (payloads.py), so no amount is ever a float; an id that came as
one has lost its last digits and is refused.
"""

import re
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from app.errors import Invalid
from connectors import texts

Id = int | str
"""A numeric id: a number in webhooks, text where JavaScript would round it."""

_MAX_ID = 2**63 - 1
# A hundred times what any shop sells in its smallest unit, and far below what the database holds.
_MAX_AMOUNT = 10**12
_FINEST = 10  # decimals
_MAX_QUANTITY = 10**9
_SHARED_PLACES = 4  # decimals of an amount that does not divide evenly: what the database keeps
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_GID = re.compile(r"gid://shopify/(\w{1,60})/(\d{1,20})(\?.{0,200})?", re.ASCII)
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,60}\.myshopify\.com", re.ASCII)

# Minor units of ISO 4217 where they are not 2.
_PLACES = {
    **dict.fromkeys(
        (
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI",
            "VND", "VUV", "XAF", "XOF", "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}  # fmt: skip


def identifier(value: Id | None, key: str) -> str:
    """Return an id as plain digits."""
    found = value
    if isinstance(found, str):
        found = int(found) if found.isascii() and found.isdecimal() and len(found) <= 20 else None
    if found is None or not 1 <= found <= _MAX_ID:
        raise Invalid(f"{key} should be an id, but is {_kind(value)}.")
    return str(found)


def optional_identifier(value: Id | None, key: str) -> str | None:
    """Return an id, None if there is none."""
    return None if value is None or value in {0, ""} else identifier(value, key)


def gid(value: object, kind: str, key: str) -> str:
    """Return the numeric part of gid://shopify/<kind>/N."""
    found = gid_of(value)
    if found is None or found[0] != kind:
        raise Invalid(f"{key} should be a gid of {kind}, but is {_kind(value)}.")
    return identifier(found[1], key)


def gid_of(value: object) -> tuple[str, str] | None:
    """Return the kind and number in a gid, None for anything else."""
    found = _GID.fullmatch(value) if isinstance(value, str) else None
    return None if found is None else (found[1], found[2])


def amount(value: Decimal | None, key: str) -> Decimal:
    """Return an amount as it was written; no amount is 0."""
    if value is None:
        return Decimal(0)
    if not value.is_finite() or abs(value) >= _MAX_AMOUNT or _decimals(value) > _FINEST:
        raise Invalid(f"{key} should be an amount like 12.50, but is no sum that a shop can ask.")
    return value + 0  # without the sign of -0


def quantity(value: int | None, key: str) -> int:
    """Return how many pieces."""
    if value is None:
        return 0
    if not 0 <= value <= _MAX_QUANTITY:
        raise Invalid(f"{key} should be a count, but is {_kind(value)}.")
    return value


def currency(code: str | None, key: str) -> str:
    """Return a currency code."""
    kept = (code or "").strip().upper()
    if not (kept.isascii() and kept.isalnum() and 2 <= len(kept) <= 10):
        raise Invalid(f"{key} should be a code like PLN, but is {_kind(code)}.")
    return kept


def places_of(currency_code: str) -> int:
    """Return how many decimals a currency usually has."""
    return _PLACES.get(currency_code, 2)


def written(exact: Fraction, currency_code: str) -> Decimal:
    """Write a sum with the currency's usual decimals, with more only where it needs them.

    70.0 and 70.00 are one state: what webhooks pad and GraphQL does not must be stored the same. A sum
    that cannot be written exactly is rounded half up to ten-thousandths.
    """
    if abs(exact) >= _MAX_AMOUNT:
        raise Invalid("The amounts add up to more than any shop sells.")
    usual = places_of(currency_code)
    for places in range(usual, _FINEST + 1):
        scaled = exact * 10**places
        if scaled.denominator == 1:
            return Decimal(scaled.numerator).scaleb(-places)
    return rounded(exact, max(usual, _SHARED_PLACES))


def rounded(exact: Fraction, places: int) -> Decimal:
    """Round half up (away from zero) to that many decimals."""
    units = abs(exact) * 10**places
    whole = (units.numerator * 2 + units.denominator) // (units.denominator * 2)
    return (Decimal(whole if exact >= 0 else -whole)).scaleb(-places)


def moment(value: str | None, key: str) -> datetime | None:
    """Return a time in UTC, None if there is none; a bare date is its first second."""
    if value is None or value == "":
        return None
    if not _MOMENT.fullmatch(value):
        raise Invalid(f"{key} should be a date like 2026-11-21T10:00:00Z, but is {_kind(value)}.")
    return texts.moment(value, key)


def shop_domain(value: str | None) -> str | None:
    """Return a shop's permanent domain in lower case; None for any other host."""
    kept = (value or "").strip().lower()
    return kept if _DOMAIN.fullmatch(kept) else None


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _kind(value: object) -> str:
    """Describe a value without showing it."""
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    if isinstance(value, int):
        return "a number that is none"
    return "missing" if value is None else "something else"
