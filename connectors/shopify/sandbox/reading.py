"""The readers that most fields are made of."""

from typing import Any

from connectors.shopify.sandbox.gql import Args, Context, Obj, Resolver, bag, bag_or_none
from connectors.shopify.sandbox.state import Order, gid, utc


def order_of(node: Obj) -> Order:
    """Return the order whose money a node's amounts are."""
    assert node.order is not None
    return node.order


def plain_field(name: str) -> Resolver:
    """Read a key of the row as it is; None where it is missing."""

    def read(_c: Context, node: Obj, _a: Args) -> Any:
        return node.row.get(name)

    return read


def flag(name: str) -> Resolver:
    """Read a key as a boolean; missing is false."""

    def read(_c: Context, node: Obj, _a: Args) -> bool:
        return bool(node.row.get(name))

    return read


def time(name: str) -> Resolver:
    """Read a time, in UTC."""

    def read(_c: Context, node: Obj, _a: Args) -> str | None:
        return utc(node.row.get(name))

    return read


def money(name: str) -> Resolver:
    """Read an amount as a MoneyBag; missing is 0."""

    def read(_c: Context, node: Obj, _a: Args) -> Any:
        return bag(order_of(node), node.row, name)

    return read


def money_or_none(name: str) -> Resolver:
    """Read an amount as a MoneyBag, None where there is none."""

    def read(_c: Context, node: Obj, _a: Args) -> Any:
        return bag_or_none(order_of(node), node.row, name)

    return read


def gid_of(kind: str) -> Resolver:
    """Read the row's GraphQL id."""

    def read(_c: Context, node: Obj, _a: Args) -> str:
        return gid(kind, node.row["id"])

    return read


def legacy_id(_c: Context, node: Obj, _a: Args) -> str:
    """Read the row's number; GraphQL tells it as text."""
    return str(node.row["id"])


def upper(value: str | None) -> str | None:
    """Return a word as an enum has it."""
    return None if value is None else value.upper()


def some(items: list[Any], args: Args) -> list[Any]:
    """Return as many items of a plain list as were asked for."""
    first = args.get("first")
    return items if first is None else items[:first]
