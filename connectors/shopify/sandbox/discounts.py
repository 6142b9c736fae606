"""The discounts of a shop: found by code, ended, deleted. A code in another case is the same code."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from connectors.shopify.sandbox.offers import Discount
from connectors.shopify.sandbox.state import Row, SandboxError, State


def there(shop: State) -> Iterator[Discount]:
    """Give the discounts that are not deleted, the oldest first."""
    return (one for one in shop.tables.discounts.values() if not one.deleted)


def find(shop: State, number: int | None) -> Discount | None:
    """Return a discount that is not deleted."""
    found = shop.tables.discounts.get(number or 0)
    return None if found is None or found.deleted else found


def by_code(shop: State, code: str) -> Discount | None:
    """Return the discount with this code."""
    known = shop.tables.codes.get(code.lower())
    return find(shop, known)


def get(shop: State, code: str) -> Discount:
    """Return the discount with this code; raises SandboxError if there is none."""
    found = by_code(shop, code)
    if found is None:
        raise SandboxError(f"{code} is no discount code of this shop.")
    return found


def add(shop: State, **values: Any) -> Discount:
    """Keep a new discount; its code must be free."""
    now = shop.now()
    made = Discount(
        id=shop.next_id("discount"),
        code_id=shop.next_id("redeem code"),
        created_at=now,
        updated_at=now,
        **values,
    )
    if by_code(shop, made.code) is not None:
        raise SandboxError(f"{made.code} is taken.")
    shop.tables.discounts[made.id] = made
    shop.tables.codes[made.code.lower()] = made.id
    return made


def deactivate(shop: State, discount: Discount) -> None:
    """End a discount this second; one that has ended stays as it is."""
    now = shop.now()
    if discount.status(now) != "EXPIRED":
        discount.ends_at = discount.updated_at = now


def activate(shop: State, discount: Discount) -> None:
    """Let a discount run from this second, without an end if that has passed."""
    now = shop.now()
    if discount.status(now) == "EXPIRED":
        discount.ends_at = None
    discount.starts_at = min(discount.starts_at, now)
    discount.updated_at = now


def delete(shop: State, discount: Discount) -> None:
    """Delete a discount: its code is free again. The sandbox keeps the row, to be counted."""
    discount.deleted = True
    discount.updated_at = shop.now()
    del shop.tables.codes[discount.code.lower()]


def hand_over(shop: State, kept: int, gone: int) -> None:
    """Let who is kept of two merged customers use what was for the other (a merge keeps both's)."""
    for one in shop.tables.discounts.values():
        if one.customers is not None and gone in one.customers:
            others = tuple(number for number in one.customers if number not in (kept, gone))
            one.customers = (*others, kept)


def told(shop: State, discount: Discount) -> Row:
    """Describe a discount for whoever counts: with its real uses, and also when it is deleted."""
    return {
        "id": discount.id,
        "code": discount.code,
        "type": discount.kind,
        "title": discount.title,
        "status": discount.status(shop.now()),
        "deleted": discount.deleted,
        "starts_at": discount.starts_at.isoformat(),
        "ends_at": _text(discount.ends_at),
        "customers": None if discount.customers is None else list(discount.customers),
        "usage_limit": discount.usage_limit,
        "orders": [use.order_id for use in discount.uses],
        "tags": list(discount.tags),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
