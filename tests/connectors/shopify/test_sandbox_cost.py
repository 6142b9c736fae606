"""What calls cost in the sandbox, and what happens when the bucket is empty."""

import json
from collections.abc import Iterator

import pytest
from graphql import OperationDefinitionNode, parse

from connectors.shopify.documents import document
from connectors.shopify.sandbox import schema
from connectors.shopify.sandbox.cost import counting
from tests.connectors.shopify.sandbox_help import DOCUMENTS, World, gid, open_world


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as made:
        yield made


def cost(text: str, *, linear: bool = True, **variables: object) -> int:
    parsed = parse(text)
    [operation] = [one for one in parsed.definitions if isinstance(one, OperationDefinitionNode)]
    return counting(schema(), parsed, variables, linear=linear).operation(operation)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("{ shop { id name } }", 1),
        ("{ shop { id primaryDomain { host } } }", 2),
        ("{ customers(first: 10) { nodes { id tags } pageInfo { hasNextPage } } }", 2 + 10),
        ("{ customers(first: 10) { edges { cursor node { id } } } }", 2 + 10),
        ("{ customers(last: 7) { nodes { id } } }", 2 + 7),
        ("{ orders(first: 3) { nodes { customer { id } } } }", 2 + 3 * 2),
        ("{ orders(first: 3) { nodes { lineItems(first: 5) { nodes { id } } } } }", 2 + 3 * 8),
        ("{ a: shop { id } b: shop { id } }", 2),
        ('{ node(id: "x") { ... on Customer { orders(first: 4) { nodes { id } } } id } }', 7),
        ('{ nodes(ids: ["x", "y", "z"]) { id ... on Order { customer { id } } } }', 6),
        ("query Q { shop { ...S } } fragment S on Shop { primaryDomain { host } }", 2),
        ('mutation { tagsAdd(id: "x", tags: []) { node { id } } }', 10),
        (
            """mutation { a: tagsAdd(id: "x", tags: []) { node { id } }
            b: tagsRemove(id: "x", tags: []) { userErrors { field message } } }""",
            20,
        ),
    ],
)
def test_objects_cost_1_mutations_10_and_lists_what_they_may_hold(text: str, points: int) -> None:
    assert cost(text) == points


def test_a_size_may_come_as_a_variable() -> None:
    assert cost("query Q($n: Int) { customers(first: $n) { nodes { id } } }", n=25) == 27


def test_lists_are_cheaper_by_the_rule_of_shopify_s_staff() -> None:
    text = "{ customers(first: 100) { nodes { id } } }"
    assert (cost(text), cost(text, linear=False)) == (102, 2 + 9)


@pytest.mark.parametrize("name", ["order", "order_lines", "refunds", "webhook_subscriptions"])
def test_what_the_connector_asks_for_fits_into_one_call(name: str) -> None:
    assert cost(document(name), ids=[str(n) for n in range(10)]) <= 1000


def test_a_query_beyond_1000_points_is_refused_before_it_runs(world: World) -> None:
    text = (
        "{ orders(first: 250) { nodes { customer { id } lineItems(first: 1) { nodes { id } } } } }"
    )
    got = world.client.run(text)
    sample = json.loads((DOCUMENTS.parent / "answers" / "max_cost_exceeded.json").read_text())
    assert got.status == 200
    assert got.codes == ["MAX_COST_EXCEEDED"]
    assert set(got.errors[0]["extensions"]) == set(sample["errors"][0]["extensions"])
    assert got.errors[0]["extensions"]["cost"] == 2 + 250 * 5
    assert "data" not in got.body


def test_each_answer_says_what_it_cost_and_what_is_left(world: World) -> None:
    got = world.client.run("{ customers(first: 100) { nodes { id } } }")
    assert got.cost == {
        "requestedQueryCost": 102,
        "actualQueryCost": 3,  # one customer is there
        "throttleStatus": {
            "maximumAvailable": 2000.0,
            "currentlyAvailable": 1997.0,
            "restoreRate": 100.0,
        },
    }


def test_an_empty_bucket_throttles_in_a_200_and_fills_again(world: World) -> None:
    who = gid("Customer", world.anna)
    for _ in range(200):
        assert world.client.ask("tags_add", id=who, tags=["gold"]).data
    got = world.client.ask("tags_add", id=who, tags=["silver"])
    sample = json.loads((DOCUMENTS.parent / "answers" / "throttled.json").read_text())
    assert got.status == 200
    assert got.errors == sample["errors"]
    assert set(got.body) == set(sample)
    assert got.cost["actualQueryCost"] is None
    assert got.cost["throttleStatus"]["currentlyAvailable"] == 0.0
    assert "silver" not in world.shop.tags_of(world.anna)
    world.later(seconds=0.1)
    assert world.client.ask("tags_add", id=who, tags=["silver"]).data
    world.later(seconds=3600)
    assert world.client.ask("shop_get").cost["throttleStatus"]["currentlyAvailable"] < 2000


def test_each_app_and_shop_has_a_bucket_of_its_own(world: World) -> None:
    app = world.sandbox.add_app("another", "its secret")
    world.shop.reinstall(client_id="another")
    token = world.client.grant(
        grant_type="client_credentials", client_id="another", client_secret="its secret"
    ).body["access_token"]
    for _ in range(3):
        world.client.ask("tags_add", id=gid("Customer", world.anna), tags=["gold"])
    world.client.token = token
    left = world.client.run("{ shop { id } }").cost["throttleStatus"]["currentlyAvailable"]
    assert left == 1999.0
    assert app.number != world.sandbox.app.number
