"""Gift cards as GraphQL shows them, and what makes and ends them."""

import re
from collections.abc import Sequence
from datetime import UTC, date
from decimal import Decimal
from typing import Any

from graphql import GraphQLError

from connectors.shopify.sandbox import gift_cards
from connectors.shopify.sandbox.access import require
from connectors.shopify.sandbox.given import GiftCard
from connectors.shopify.sandbox.gql import (
    Args,
    Context,
    Fields,
    Obj,
    amount,
    connection,
    number_of,
)
from connectors.shopify.sandbox.state import Row, gid, utc

_CODE = re.compile(r"[A-Za-z0-9]*", re.ASCII)
_KNOWN = frozenset(["code", "customerId", "expiresOn", "initialAmount", "initialValue", "note"])
_SHORTEST, _LONGEST = 8, 20
_LAST = 4


def _money(name: str) -> Any:
    return lambda c, n, _a: amount(getattr(n.row, name), c.shop.settings.currency)


def _customer(c: Context, node: Obj, _a: Args) -> Obj | None:
    found = c.shop.tables.people.get(node.row.customer or 0)
    return None if found is None else Obj("Customer", found)


GIFT_CARD: Fields = {
    "id": lambda _c, n, _a: gid("GiftCard", n.row.id),
    "balance": _money("balance"),
    "initialValue": _money("value"),
    "createdAt": lambda _c, n, _a: utc(n.row.created_at.isoformat()),
    "customer": _customer,
    "deactivatedAt": lambda _c, n, _a: (
        None if n.row.enabled else n.row.deactivated_at.astimezone(UTC).isoformat()
    ),
    "enabled": lambda _c, n, _a: n.row.enabled,
    "expiresOn": lambda _c, n, _a: n.row.expires_on and n.row.expires_on.isoformat(),
    "lastCharacters": lambda _c, n, _a: n.row.code[-_LAST:].lower(),
    "maskedCode": lambda _c, n, _a: "•••• •••• •••• " + n.row.code[-_LAST:].lower(),
    "note": lambda _c, n, _a: n.row.note,
}


def _refused(code: str, message: str, *field: str) -> Row:
    error = {"field": list(field) or None, "message": message, "code": code}
    return {"giftCard": None, "giftCardCode": None, "userErrors": [error]}


def _create(c: Context, _: Obj, args: Args) -> Row:
    sent = args["input"]
    unknown = {key for key, value in sent.items() if value is not None} - _KNOWN
    if unknown:
        raise GraphQLError(f"the sandbox makes no gift cards with {', '.join(sorted(unknown))}")
    problem = _problem(c, sent)
    if problem is not None:
        return problem
    code = sent.get("code") or f"{c.shop.next_id('gift card code'):016d}"
    if gift_cards.by_code(c.shop, code) is not None:
        return _refused("TAKEN", "Code has already been taken", "input", "code")
    expires = sent.get("expiresOn")
    made = gift_cards.add(
        c.shop,
        code,
        _value(sent),
        customer=_owner(sent),
        note=sent.get("note"),
        expires_on=date.fromisoformat(expires) if expires else None,
    )
    # The only answer that ever shows the code.
    return {"giftCard": Obj("GiftCard", made), "giftCardCode": code, "userErrors": []}


def _problem(c: Context, sent: Row) -> Row | None:
    if sent.get("initialAmount") is None and sent.get("initialValue") is None:
        return _refused("MISSING_ARGUMENT", "An initial amount is required", "input")
    if sent.get("customerId") is not None:
        require(c, "write_customers", "giftCardCreate")
        if _owner(sent) not in c.shop.tables.people:
            return _refused("CUSTOMER_NOT_FOUND", "The customer could not be found", "input")
    code = sent.get("code") or ""
    if code and not _SHORTEST <= len(code) <= _LONGEST:
        short = len(code) < _SHORTEST
        said = "is too short" if short else "is too long"
        return _refused("TOO_SHORT" if short else "TOO_LONG", f"Code {said}", "input", "code")
    if not _CODE.fullmatch(code):
        return _refused("INVALID", "Code can only contain letters and numbers", "input", "code")
    given = sent.get("initialAmount") or {}
    currency = given.get("currencyCode", c.shop.settings.currency)
    if currency != c.shop.settings.currency:
        return _refused("INVALID", "Currency is not the shop's", "input", "initialAmount")
    if _value(sent) <= 0:
        return _refused("GREATER_THAN", "must be greater than 0", "input", "initialAmount")
    if _value(sent) > c.shop.settings.gift_card_limit:
        said = "The gift card's value exceeds the allowed limits"
        return _refused("GIFT_CARD_LIMIT_EXCEEDED", said, "input", "initialAmount")
    return None


def _value(sent: Row) -> Decimal:
    given = sent.get("initialAmount")
    return Decimal(str(sent["initialValue"] if given is None else given["amount"]))


def _owner(sent: Row) -> int | None:
    asked = sent.get("customerId")
    return None if asked is None else number_of(asked, "Customer") or 0


def _deactivate(c: Context, _: Obj, args: Args) -> Row:
    found = c.shop.tables.gift_cards.get(number_of(args["id"], "GiftCard") or 0)
    if found is None:
        error = {
            "field": ["id"],
            "message": "The gift card could not be found",
            "code": "GIFT_CARD_NOT_FOUND",
        }
        return {"giftCard": None, "userErrors": [error]}
    gift_cards.deactivate(c.shop, found)
    return {"giftCard": Obj("GiftCard", found), "userErrors": []}


def _one(c: Context, _: Obj, args: Args) -> Obj | None:
    found = c.shop.tables.gift_cards.get(number_of(args["id"], "GiftCard") or 0)
    return None if found is None else Obj("GiftCard", found)


def _list(c: Context, _: Obj, args: Args) -> Row:
    return connection(
        _searched(c, str(args.get("query") or "").strip()),
        args,
        lambda one: Obj("GiftCard", one),
        lambda one: (one.id, one.id),
    )


def _searched(c: Context, query: str) -> Sequence[GiftCard]:
    """Search as without a field's name: by the whole code, in any case. Filters are not imitated."""
    if not _CODE.fullmatch(query):
        raise GraphQLError(f"the sandbox cannot search gift cards by {query!r}")
    every = list(c.shop.tables.gift_cards.values())
    return [one for one in every if not query or one.code.lower() == query.lower()]


GIFT_CARD_QUERIES: Fields = {"giftCard": _one, "giftCards": _list}
GIFT_CARD_MUTATIONS: Fields = {"giftCardCreate": _create, "giftCardDeactivate": _deactivate}
