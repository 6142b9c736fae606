"""What a call costs, before and after it ran, and the bucket that it is paid from.

Values: shopify.dev, "GraphQL Admin API rate limits" (read 2026-11): a scalar or enum 0, an object 1, an
interface or union the dearest of its selections, a mutation 10 whatever it returns, a connection by its
`first` or `last`. The sandbox takes 2 + first x the cost of one item, as older pages of it said, and
counts a plain list with `first` or `ids` by these. With `linear_cost` off it takes what Shopify's staff
told (community.shopify.dev thread 24364, as quoted in a public repository): 2 + the cost of one item x
floor(2 ln(max(2, first))), first at most 250, and a plain list as one object. pageInfo is free; which
other "primitive value objects" are is not known, so all count 1, money too. All in all the sandbox is
rather dearer than the real one: what fits here fits there.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
    value_from_ast_untyped,
)

from connectors.shopify.sandbox.apps import Installation
from connectors.shopify.sandbox.state import State

MUTATION = 10
_CONNECTION = 2
_FREE = frozenset(["pageInfo", "edges"])
_UNKNOWN: Any = object()


@dataclass(frozen=True)
class Counting:
    """How the costs of one call are counted."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    linear: bool

    def operation(self, node: OperationDefinitionNode, data: Any = _UNKNOWN) -> int:
        """Return what an operation costs; with its data what it has really cost."""
        if node.operation is OperationType.MUTATION:
            return MUTATION * len(self._fields(node.selection_set))
        root = self.schema.query_type
        assert root is not None
        return max(1, self._selection(node.selection_set, root, data))

    def _fields(self, selections: SelectionSetNode) -> list[FieldNode]:
        found: list[FieldNode] = []
        for one in selections.selections:
            if isinstance(one, FieldNode):
                found.append(one)
            elif isinstance(one, FragmentSpreadNode):
                found += self._fields(self.fragments[one.name.value].selection_set)
            else:
                found += self._fields(one.selection_set)  # type: ignore[attr-defined]  # the third kind
        return found

    def _selection(self, selections: SelectionSetNode, parent: GraphQLNamedType, data: Any) -> int:
        cost, parts = 0, [0]
        for one in selections.selections:
            if isinstance(one, FieldNode):
                cost += self._field(one, parent, data)
                continue
            inner: Any = one
            if isinstance(one, FragmentSpreadNode):
                inner = self.fragments[one.name.value]
            condition = inner.type_condition
            kind = self.schema.type_map[condition.name.value] if condition else parent
            parts.append(self._selection(inner.selection_set, kind, data))
        return cost + (max(parts) if is_abstract_type(parent) else sum(parts))

    def _field(self, node: FieldNode, parent: GraphQLNamedType, data: Any) -> int:
        name = node.name.value
        if name.startswith("__") or node.selection_set is None:
            return 0
        definition = parent.fields[name]  # type: ignore[attr-defined]  # has fields: it was validated
        kind = get_named_type(definition.type)
        value = _UNKNOWN
        if data is not _UNKNOWN:
            value = (data or {}).get(node.alias.value if node.alias else name)
            if value is None:
                return 0
        if isinstance(value, list):
            return sum(self._object(node, kind, one) for one in value)
        several = self.linear and is_list_type(get_nullable_type(definition.type))
        return self._object(node, kind, value) * (self._asked(node) if several else 1)

    def _object(self, node: FieldNode, kind: GraphQLNamedType, value: Any) -> int:
        assert node.selection_set is not None
        assert is_composite_type(kind)
        name = node.name.value
        if name == "pageInfo" or value is None:
            return 0
        children = self._selection(node.selection_set, kind, value)
        if isinstance(kind, GraphQLObjectType) and kind.name.endswith("Connection"):
            if value is not _UNKNOWN and self._size(node, value):
                # The answer's children hold all items, of which `_factor` wants one.
                children = -(-children // self._size(node, value))
            return _CONNECTION + children * self._factor(self._size(node, value))
        return children + (0 if name in _FREE else 1)

    def _size(self, node: FieldNode, value: Any) -> int:
        if value is not _UNKNOWN:
            return len(value.get("nodes") or value.get("edges") or ())
        return self._asked(node)

    def _asked(self, node: FieldNode) -> int:
        """Return how many items a list or connection is asked for; 1 if it does not say."""
        for one in node.arguments or ():
            if one.name.value in {"first", "last", "ids"}:
                size = value_from_ast_untyped(one.value, dict(self.variables))
                if isinstance(size, int):
                    return size
                if isinstance(size, list):
                    return len(size)
        return 1

    def _factor(self, size: int) -> int:
        if self.linear or size == 0:
            return size
        return math.floor(2 * math.log(max(2, min(size, 250))))


def counting(
    schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any], *, linear: bool
) -> Counting:
    """Prepare to count the cost of a document's operations."""
    fragments = {
        one.name.value: one
        for one in document.definitions
        if isinstance(one, FragmentDefinitionNode)
    }
    return Counting(schema, fragments, variables, linear)


def refill(shop: State, installation: Installation) -> None:
    """Let the bucket fill up to this moment."""
    bucket, now = installation.bucket, shop.platform.seconds()
    gained = max(now - bucket.at, 0) * shop.settings.restore_rate
    bucket.available = min(bucket.available + gained, shop.settings.bucket_size)
    bucket.at = now


def report(
    shop: State, installation: Installation, requested: int, actual: int | None
) -> dict[str, Any]:
    """Return `extensions.cost`."""
    return {
        "requestedQueryCost": requested,
        "actualQueryCost": actual,
        "throttleStatus": {
            "maximumAvailable": float(shop.settings.bucket_size),
            "currentlyAvailable": float(math.floor(installation.bucket.available)),
            "restoreRate": float(shop.settings.restore_rate),
        },
    }
