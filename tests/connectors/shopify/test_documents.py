"""Every document against the official schema, and what it costs at most."""

from importlib import resources

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    get_operation_ast,
    parse,
    validate,
)

from connectors.base import CustomerState
from connectors.shopify import install, marks, reader, writer
from connectors.shopify.documents import document
from connectors.shopify.marks import Shown, change
from connectors.shopify.writer import ShopifyWriter

FOLDER = resources.files("connectors.shopify.documents")
NAMES = sorted(
    file.name.removesuffix(".graphql")
    for file in FOLDER.iterdir()
    if file.name.endswith(".graphql") and not file.name.endswith(".fragment.graphql")
)
FRAGMENTS = sorted(
    file.name.removesuffix(".fragment.graphql")
    for file in FOLDER.iterdir()
    if file.name.endswith(".fragment.graphql")
)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    text = resources.files("connectors.shopify.sandbox").joinpath("schema.graphql").read_text()
    return build_schema(text)


@pytest.mark.parametrize("name", NAMES)
def test_a_document_fits_the_official_schema(schema: GraphQLSchema, name: str) -> None:
    assert validate(schema, parse(document(name))) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_document_uses_nothing_that_shopify_is_about_to_remove(
    schema: GraphQLSchema, name: str
) -> None:
    from graphql import NoDeprecatedCustomRule

    assert validate(schema, parse(document(name)), [NoDeprecatedCustomRule]) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_document_holds_one_operation_that_is_named_as_its_file(name: str) -> None:
    operation = get_operation_ast(parse(document(name)))
    assert operation is not None
    assert operation.name is not None
    assert operation.name.value == "".join(part.capitalize() for part in name.split("_"))


def test_no_fragment_lies_about_unused() -> None:
    texts = [document(name) for name in NAMES]
    for fragment in FRAGMENTS:
        assert any(f"fragment {fragment} on " in text for text in texts), fragment


@pytest.mark.parametrize("name", NAMES)
def test_a_document_stays_within_the_points_of_one_call(name: str) -> None:
    ids = {"customer_marks": ShopifyWriter.batch_size, "refunds": reader._REFUNDS_AT_ONCE}
    assert points_of(parse(document(name)), ids.get(name, 1)) < 1000


def test_what_the_writer_writes_fits_the_schema(schema: GraphQLSchema) -> None:
    shown = Shown(
        id="gid://shopify/Customer/1",
        tags=["stempel:points=1", "stempel:tier=old"],
        tier=marks.Value("old"),
    )
    joined = CustomerState(customer="1", programme="kawa", balance=5, tier="gold")
    without = CustomerState(customer="1", programme="kawa", balance=5)
    changes = [change(joined, shown), change(without, shown)]
    acts = [*writer._tag_acts(changes), *writer._metafield_acts(changes, 25)]
    assert {act.field for act in acts} == {
        "tagsRemove",
        "tagsAdd",
        "metafieldsSet",
        "metafieldsDelete",
    }
    text, _ = writer._document(acts)
    assert validate(schema, parse(text)) == []


def test_every_topic_we_ask_for_exists(schema: GraphQLSchema) -> None:
    topics = schema.type_map["WebhookSubscriptionTopic"].to_kwargs()["values"]
    assert set(install.TOPICS + install.OPTIONAL_TOPICS) <= set(topics)


Fragments = dict[str, FragmentDefinitionNode]


def points_of(parsed: DocumentNode, ids: int) -> int:
    """Count the objects that may come: a list as often as it is asked to hold, `nodes` by its ids.

    Lists without `first` (discounts, taxes of a line) count as one. Shopify's own count is lower.
    """
    fragments = {
        node.name.value: node
        for node in parsed.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    [operation] = [one for one in parsed.definitions if isinstance(one, OperationDefinitionNode)]
    return inside(operation.selection_set, fragments, ids)


def inside(selected: SelectionSetNode, fragments: Fragments, ids: int) -> int:
    total = 0
    for node in selected.selections:
        if isinstance(node, FragmentSpreadNode):
            total += inside(fragments[node.name.value].selection_set, fragments, ids)
        elif isinstance(node, InlineFragmentNode):
            total += inside(node.selection_set, fragments, ids)
        elif isinstance(node, FieldNode) and node.selection_set is not None:
            is_list = node.name.value == "nodes" and not node.arguments
            one = (not is_list) + inside(node.selection_set, fragments, ids)
            total += times(node, ids) * one
    return total


def times(node: FieldNode, ids: int) -> int:
    if node.name.value == "nodes" and node.arguments:
        return ids
    for argument in node.arguments or ():
        if argument.name.value == "first" and isinstance(argument.value, IntValueNode):
            return int(argument.value.value)
    return 1
