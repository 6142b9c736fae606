"""Single values of WooCommerce's JSON, checked. What does not fit raises Invalid.

The message names the key and the value's shape (digits as 9, letters as a), never the value: it may be
anything a shopper typed.
"""

import math
import re
from datetime import datetime
from decimal import Decimal

from app.errors import Invalid
from connectors import texts

Number = str | int | float | None
"""An amount, id or count: PHP and its plugins send any of these for the same key."""

_MAX_ID = 2**63 - 1
# A hundred times what any shop sells in its smallest unit, and far below what the database holds.
_MAX_AMOUNT = 10**12
_MAX_QUANTITY = 10**12
_AMOUNT = re.compile(r"-?(\d{1,13}(\.\d{0,10})?|\.\d{1,10})", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
# How WordPress and MySQL write "no date".
_NO_DATE = ("0000-00-00", "-0001-11-30")


def identifier(value: Number, key: str) -> str:
    """Return an id as plain digits."""
    found = _whole(value)
    if found is None or not 1 <= found <= _MAX_ID:
        raise Invalid(f"{key} should be an id, but is {shape(value)}.")
    return str(found)


def optional_identifier(value: Number, key: str) -> str | None:
    """Return an id, or None for the ways in which PHP says that there is none: 0, "", null."""
    if value is None or value in {"", "0", 0}:
        return None
    return identifier(value, key)


def amount(value: Number, key: str) -> Decimal:
    """Return an amount exactly as it was written; "" and null are how WooCommerce writes none."""
    match value:
        case None:
            return Decimal(0)
        case str():
            text = value.strip()
            if not text:
                return Decimal(0)
            if not _AMOUNT.fullmatch(text):
                raise Invalid(f"{key} should be an amount like 12.50, but is {shape(value)}.")
            found = Decimal(text)
        case _:
            # A float's shortest form is what was in the JSON.
            if not abs(value) < _MAX_AMOUNT:
                raise Invalid(f"{key} is {shape(value)}, more than any shop sells.")
            found = Decimal(repr(value))
    if abs(found) >= _MAX_AMOUNT:
        raise Invalid(f"{key} is {shape(value)}, more than any shop sells.")
    return +found  # without the sign of -0


def quantity(value: Number, key: str) -> int:
    """Return how many pieces; what is sold by weight counts its whole units, but at least one.

    Nothing is decided by it alone: 0, negative and huge counts pass, money decides.
    """
    if value is None or value == "":
        return 0
    if isinstance(value, str):
        if not _AMOUNT.fullmatch(value.strip()):
            raise Invalid(f"{key} should be a count, but is {shape(value)}.")
        value = float(value)
    if not abs(value) <= _MAX_QUANTITY:
        raise Invalid(f"{key} should be a count, but is {shape(value)}.")
    whole = math.floor(abs(value)) or (1 if value else 0)
    return whole if value >= 0 else -whole


def moment(value: Number, key: str) -> datetime | None:
    """Return a time of one of the `*_gmt` keys (UTC without a Z), None if there is none."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Invalid(f"{key} should be a date, but is {shape(value)}.")
    if value.startswith(_NO_DATE):
        return None
    if not _MOMENT.fullmatch(value):
        raise Invalid(f"{key} should be a date like 2026-11-21T17:39:50, but is {shape(value)}.")
    return texts.moment(value, key)


def required_moment(value: Number, key: str) -> datetime:
    """Return a time that must be there."""
    found = moment(value, key)
    if found is None:
        raise Invalid(f"{key} is missing: without it nobody knows which rules apply.")
    return found


def text(value: object, limit: int = 200) -> str | None:
    """Return a short plain text, None if empty; PHP may have made a number of it."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return None if isinstance(value, int) and abs(value) > _MAX_ID else str(value)[:limit]
    return texts.short(value, limit)


def truth(value: object) -> bool:
    """Say whether PHP meant yes; any word that is not a yes is a no."""
    return value is True or (isinstance(value, int) and value == 1) or value in {"1", "true", "yes"}


def shape(value: object) -> str:
    """Describe a value without showing it."""
    if isinstance(value, str):
        kept = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", value[:24]))
        drawn = "".join(character if character.isprintable() else "?" for character in kept)
        return f"the text {drawn!r}" + (f" ({len(value)} characters)" if len(value) > 24 else "")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"a number of {len(str(abs(value))) if abs(value) < 10**40 else 'over 40'} digits"
    if isinstance(value, float):
        return "a number with decimals"
    return {type(None): "null", bool: "a yes or no"}.get(type(value), "something else")


def _whole(value: Number) -> int | None:
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        digits = value.strip()
        if digits.isascii() and digits.isdecimal() and len(digits) <= 20:
            return int(digits)
    return None
