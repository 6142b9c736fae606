"""What resolvers share: the context of a call, objects with a type, money and pages."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from graphql import GraphQLError

from connectors.shopify.sandbox import money
from connectors.shopify.sandbox.apps import Installation
from connectors.shopify.sandbox.state import Order, Row, State

T = TypeVar("T")
Args = Mapping[str, Any]
Key = tuple[Any, int]
PAGE_LIMIT = 250


@dataclass(frozen=True)
class Context:
    """One call: the shop it is about and the app that makes it."""

    shop: State
    installation: Installation


@dataclass(frozen=True)
class Obj:
    """An object of the schema over what the shop holds; `order` is what its money belongs to."""

    type: str
    row: Any
    order: Order | None = None


Resolver = Callable[[Context, Obj, Args], Any]
Fields = Mapping[str, Resolver]


def pair(order: Order, amount: Decimal) -> Row:
    """Return an amount of shop money as a MoneyBag."""
    exchange = order.exchange
    return _bag(amount, exchange.shop, exchange.shown(amount), exchange.buyer)


def bag(order: Order, row: Row, name: str) -> Row:
    """Return `name` of a REST row as a MoneyBag: its `_set`, else the plain amount."""
    found = row.get(f"{name}_set")
    if not found:
        return pair(order, money.shop_amount(row, name))
    shop, buyer = found["shop_money"], found["presentment_money"]
    return _bag(
        Decimal(shop["amount"]),
        shop["currency_code"],
        Decimal(buyer["amount"]),
        buyer["currency_code"],
    )


def bag_or_none(order: Order, row: Row, name: str) -> Row | None:
    """Return a MoneyBag, None where the row has none."""
    return bag(order, row, name) if row.get(f"{name}_set") else None


def _bag(shop: Decimal, currency: str, buyer: Decimal, buyers: str) -> Row:
    return {"shopMoney": amount(shop, currency), "presentmentMoney": amount(buyer, buyers)}


def amount(value: Decimal, currency: str) -> Row:
    """Return a MoneyV2."""
    return {"amount": money.graphql(value), "currencyCode": currency}


def number_of(gid: str, kind: str) -> int | None:
    """Return the number of a GraphQL id of this kind, None if it is another."""
    start = f"gid://shopify/{kind}/"
    number = gid.removeprefix(start)
    return int(number) if gid.startswith(start) and number.isdecimal() else None


def connection(
    items: Sequence[T], args: Args, make: Callable[[T], Any], key: Callable[[T], Key]
) -> Row:
    """Return a page of what is sorted by `key`; a cursor names the key, so pages survive changes."""
    first, last = args.get("first"), args.get("last")
    if (first is None) == (last is None):
        raise GraphQLError("you must provide one of first or last")
    size = int(first if first is not None else last)  # type: ignore[arg-type]  # one of them is there
    if not 1 <= size <= PAGE_LIMIT:
        raise GraphQLError(f"the page size must be between 1 and {PAGE_LIMIT}, not {size}")
    ordered = sorted(items, key=key, reverse=bool(args.get("reverse")))
    keys = [key(item) for item in ordered]
    start, end = _cut(keys, args)
    if first is not None:
        low, high = start, min(start + size, end)
    else:
        low, high = max(end - size, start), end
    shown = [(cursor(keys[at]), make(ordered[at])) for at in range(low, high)]
    return {
        "nodes": [node for _, node in shown],
        "edges": [{"cursor": place, "node": node} for place, node in shown],
        "pageInfo": {
            "hasNextPage": high < len(ordered),
            "hasPreviousPage": low > 0,
            "startCursor": shown[0][0] if shown else None,
            "endCursor": shown[-1][0] if shown else None,
        },
    }


def _cut(keys: Sequence[Key], args: Args) -> tuple[int, int]:
    backwards = bool(args.get("reverse"))
    start, end = 0, len(keys)
    if args.get("after"):
        edge = _key_of(args["after"])
        start = sum((key >= edge) if backwards else (key <= edge) for key in keys)
    if args.get("before"):
        edge = _key_of(args["before"])
        end = sum((key > edge) if backwards else (key < edge) for key in keys)
    return start, max(start, end)


def cursor(key: Key) -> str:
    """Return the cursor of an item."""
    text = json.dumps({"last_id": key[1], "last_value": key[0]}, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()


def _key_of(text: str) -> Key:
    try:
        value = json.loads(base64.b64decode(text))
        return value["last_value"], int(value["last_id"])
    except (ValueError, KeyError, TypeError) as error:
        raise GraphQLError(f"Invalid cursor: {text}") from error


def plain(items: Sequence[Any], args: Args, make: Callable[[Any], Any]) -> Row:
    """Return a page of a list in its own order."""
    numbered = list(enumerate(items))
    return connection(numbered, args, lambda item: make(item[1]), lambda item: (item[0], item[0]))
