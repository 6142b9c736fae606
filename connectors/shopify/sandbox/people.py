"""Customers: accounts, tags, merges. Tags are words between commas, told apart without case."""

from collections.abc import Iterable, Sequence
from typing import Any

from connectors.shopify.sandbox import bodies, discounts, gift_cards, store_credits
from connectors.shopify.sandbox.state import Order, Person, Row, SandboxError, State, gid

MAX_TAGS = 250
MAX_TAG_LENGTH = 255
_CHANGEABLE = ("email", "first_name", "last_name", "note", "phone", "state", "verified_email")


class TagRefused(Exception):
    """Tags that the shop does not take, in its words."""


def get(shop: State, customer_id: int) -> Person:
    """Return a customer; raises SandboxError if he is not there."""
    found = shop.tables.people.get(customer_id)
    if found is None:
        raise SandboxError(f"There is no customer {customer_id}.")
    return found


def create(
    shop: State,
    *,
    email: str | None,
    first_name: str,
    last_name: str,
    verified: bool,
    tags: Sequence[str],
) -> Person:
    """Make a customer; an e-mail address belongs to one only."""
    _free(shop, email, None)
    body = bodies.customer(
        shop, email=email, first_name=first_name, last_name=last_name, verified=verified
    )
    person = Person(body, joined([], tags))
    shop.tables.people[body["id"]] = person
    events = [("customers/create", body)]
    if person.tags:
        events.append(("customer.tags_added", _tag_event(shop, body, person.tags)))
    shop.tell(*events)
    return person


def _free(shop: State, email: str | None, but: int | None) -> None:
    taken = email and any(
        str(person.body.get("email") or "").lower() == email.lower()
        for number, person in shop.tables.people.items()
        if number != but
    )
    if taken:
        raise SandboxError("Email has already been taken")


def change(shop: State, person: Person, values: Row) -> None:
    """Change fields of a customer's body and announce it."""
    unknown = set(values) - set(_CHANGEABLE)
    if unknown:
        raise SandboxError(f"A customer has no {', '.join(sorted(unknown))} to change.")
    if "email" in values:
        _free(shop, values["email"], person.body["id"])
    person.body.update(values)
    shop.tell(("customers/update", touch(shop, person)))


def touch(shop: State, person: Person) -> Row:
    """Note that a customer changed."""
    person.body["updated_at"] = shop.stamp()
    return person.body


def orders_of(shop: State, customer_id: int) -> list[Order]:
    """Return a customer's orders."""
    return [
        order
        for order in shop.tables.orders.values()
        if (order.body.get("customer") or {}).get("id") == customer_id
    ]


def delete(shop: State, person: Person) -> None:
    """Delete a customer; one with orders cannot be."""
    number = person.body["id"]
    if orders_of(shop, number):
        raise SandboxError("Customers with orders can't be deleted.")
    del shop.tables.people[number]
    last = {"id": number, "tax_exemptions": [], "admin_graphql_api_id": gid("Customer", number)}
    shop.tell(("customers/delete", last))


def merge(shop: State, kept: Person, gone: Person) -> None:
    """Merge two customers: orders, tags and discounts go to the one who is kept."""
    number = gone.body["id"]
    for order in orders_of(shop, number):
        order.body["customer"] = bodies.in_order(kept.body)
    kept.tags = joined(kept.tags, gone.tags)
    discounts.hand_over(shop, kept.body["id"], number)
    gift_cards.hand_over(shop, kept.body["id"], number)
    store_credits.hand_over(shop, kept.body["id"], number)
    del shop.tables.people[number]
    merged: Row = {
        "admin_graphql_api_customer_kept_id": gid("Customer", kept.body["id"]),
        "admin_graphql_api_customer_deleted_id": gid("Customer", number),
        "admin_graphql_api_job_id": None,
        "status": "completed",
        "errors": [],
    }
    shop.tell(("customers/merge", merged), ("customers/update", touch(shop, kept)))


# --- tags ---------------------------------------------------------------------------------------


def split(sent: Iterable[str]) -> list[str]:
    """Return the tags of a list or of texts with commas, trimmed, empty ones left out."""
    words = (word.strip() for text in sent for word in text.split(","))
    return [word for word in words if word]


def joined(have: Sequence[str], sent: Iterable[str]) -> list[str]:
    """Add tags to those there; one that is there in another case stays as it is.

    Raises TagRefused beyond 250 tags or 255 characters.
    """
    tags = {tag.lower(): tag for tag in have}
    for tag in split(sent):
        if len(tag) > MAX_TAG_LENGTH:
            raise TagRefused(f"Tag is too long (maximum is {MAX_TAG_LENGTH} characters)")
        tags.setdefault(tag.lower(), tag)
    if len(tags) > MAX_TAGS:
        raise TagRefused(f"Cannot have more than {MAX_TAGS} tags")
    return sorted(tags.values(), key=str.lower)


def without(have: Sequence[str], sent: Iterable[str]) -> list[str]:
    """Take tags away; what is not there is not missed."""
    gone = {tag.lower() for tag in split(sent)}
    return [tag for tag in have if tag.lower() not in gone]


def set_tags(shop: State, owner: Person | Order, tags: list[str]) -> None:
    """Give an owner exactly these tags and announce what that changes; nothing if nothing does."""
    have = tags_of(owner)
    added = [tag for tag in tags if tag not in have]
    removed = [tag for tag in have if tag not in tags]
    if not added and not removed:
        return
    if isinstance(owner, Order):
        owner.body["tags"] = ", ".join(tags)
        owner.body["updated_at"] = shop.stamp()
        shop.tell(("orders/updated", owner.body))
        return
    owner.tags = tags
    events: list[tuple[str, Row]] = []
    if added:
        events.append(("customer.tags_added", _tag_event(shop, owner.body, added)))
    if removed:
        events.append(("customer.tags_removed", _tag_event(shop, owner.body, removed)))
    shop.tell(*events, ("customers/update", touch(shop, owner)))


def tags_of(owner: Person | Order) -> list[str]:
    """Return the tags of a customer or an order."""
    if isinstance(owner, Person):
        return owner.tags
    return split([str(owner.body.get("tags") or "")])


def _tag_event(shop: State, body: Row, tags: list[str]) -> dict[str, Any]:
    moment = shop.platform.clock()
    return {
        "customerId": gid("Customer", body["id"]),
        "tags": list(tags),
        "occurredAt": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z",
    }
