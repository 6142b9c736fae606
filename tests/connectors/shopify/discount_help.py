"""What the tests of the sandbox's discounts share: the documents, and a discount that is made by them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.connectors.shopify.sandbox_help import Client, Got, World

DOCUMENTS = Path(__file__).parent / "discount_documents"
CREATE = {
    "basic": "discount_code_basic_create",
    "shipping": "discount_code_free_shipping_create",
    "bxgy": "discount_code_bxgy_create",
}
LOOK = "code_discount_node_by_code"
CODE = "LOY-7KQ2-XM4D"
MISSING: Any = object()


def sample(name: str) -> Any:
    return json.loads((DOCUMENTS / f"{name}.json").read_text("utf-8"))


def variables(world: World, name: str) -> dict[str, Any]:
    """Return a document's variables, about the people and goods of this shop."""
    text = (DOCUMENTS / f"{name}.variables.json").read_text("utf-8")
    every = world.shop.tables.collections or {world.shop.add_collection("All")["id"]: {}}
    for kind, known, ours in (
        ("Customer", 544365967, world.anna),
        ("Product", 632910392, world.mug),
        ("Collection", 841564295, next(iter(every))),
    ):
        text = text.replace(f"{kind}/{known}", f"{kind}/{ours}")
    found: dict[str, Any] = json.loads(text)
    return found


def ask(world: World, name: str, client: Client | None = None, **values: Any) -> Got:
    sent = variables(world, name) | values
    return (client or world.client).run((DOCUMENTS / f"{name}.graphql").read_text("utf-8"), **sent)


def changed(value: Any, path: str, to: Any) -> Any:
    """Return an input with another value at a dotted path, or without it."""
    key, _, rest = path.partition(".")
    if rest:
        return {**value, key: changed(value.get(key) or {}, rest, to)}
    return {one: kept for one, kept in {**value, key: to}.items() if kept is not MISSING}


def send(world: World, kind: str = "basic", **changes: Any) -> Got:
    """Make a discount by the fixture's document; `changes` have dotted paths as keys."""
    name = CREATE[kind]
    [(argument, value)] = variables(world, name).items()
    for path, to in changes.items():
        value = changed(value, path, to)
    return ask(world, name, **{argument: value})


def create(world: World, kind: str = "basic", **changes: Any) -> Any:
    """Make a discount; returns its node."""
    [payload] = send(world, kind, **changes).data.values()
    assert payload["userErrors"] == []
    return payload["codeDiscountNode"]


def refused(world: World, kind: str = "basic", **changes: Any) -> list[tuple[str, str]]:
    """Try to make a discount; returns the user errors as (code, where)."""
    before = len(world.shop.discounts_made())
    [payload] = send(world, kind, **changes).data.values()
    assert payload["codeDiscountNode"] is None
    assert len(world.shop.discounts_made()) == before
    return [(one["code"], ".".join(one["field"][1:])) for one in payload["userErrors"]]


def look(world: World, code: str = CODE) -> Any:
    found = ask(world, LOOK, code=code).data["codeDiscountNodeByCode"]
    return found and found["codeDiscount"] | {"id": found["id"]}


def number(node: Mapping[str, Any]) -> int:
    return int(node["id"].rpartition("/")[2])
