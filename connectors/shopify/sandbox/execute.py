"""One GraphQL call: parsed, validated, paid for, executed against the official schema."""

import functools
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    assert_valid_schema,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from connectors.shopify.sandbox import (
    access,
    cost,
    fields_discount,
    fields_gift_card,
    fields_line,
    fields_order,
    fields_refund,
    fields_shop,
    fields_store_credit,
)
from connectors.shopify.sandbox.apps import Installation
from connectors.shopify.sandbox.discount_mutations import DISCOUNT_MUTATIONS
from connectors.shopify.sandbox.gql import Context, Fields
from connectors.shopify.sandbox.mutations import MUTATIONS
from connectors.shopify.sandbox.queries import QUERIES
from connectors.shopify.sandbox.state import Row, SandboxError, State

SCHEMA_FILE = Path(__file__).with_name("schema.graphql")
MAX_INPUTS = 250
_LIMITS_PAGE = "https://shopify.dev/api/usage/rate-limits"
_FIELDS: Mapping[str, Fields] = {
    "QueryRoot": {
        **QUERIES,
        **fields_discount.DISCOUNT_QUERIES,
        **fields_gift_card.GIFT_CARD_QUERIES,
        **fields_store_credit.STORE_CREDIT_QUERIES,
    },
    "Mutation": {
        **MUTATIONS,
        **DISCOUNT_MUTATIONS,
        **fields_gift_card.GIFT_CARD_MUTATIONS,
        **fields_store_credit.STORE_CREDIT_MUTATIONS,
    },
    **fields_store_credit.STORE_CREDIT_FIELDS,
    "GiftCard": fields_gift_card.GIFT_CARD,
    **fields_discount.DISCOUNT_FIELDS,
    "Order": fields_order.ORDER,
    "LineItem": fields_line.LINE,
    "ShippingLine": fields_line.SHIPPING,
    "TaxLine": fields_line.TAX,
    "DiscountAllocation": fields_line.ALLOCATION,
    "Refund": fields_refund.REFUND,
    "RefundLineItem": fields_refund.REFUND_LINE,
    "RefundShippingLine": fields_refund.REFUND_SHIPPING,
    "OrderAdjustment": fields_refund.ADJUSTMENT,
    "OrderTransaction": fields_refund.TRANSACTION,
    "Fulfillment": fields_refund.FULFILLMENT,
    "Return": fields_refund.RETURN,
    "Customer": fields_shop.CUSTOMER,
    "Product": fields_shop.PRODUCT,
    "Metafield": fields_shop.METAFIELD,
    "MetafieldDefinition": fields_shop.DEFINITION,
    "Shop": fields_shop.SHOP,
    "AppInstallation": fields_shop.INSTALLATION,
    "App": fields_shop.APP,
    "WebhookSubscription": fields_shop.SUBSCRIPTION,
}


@functools.cache
def schema() -> GraphQLSchema:
    """Return the official schema of 2026-10, cut down; built once."""
    made = build_schema(SCHEMA_FILE.read_text("utf-8"))
    assert_valid_schema(made)
    return made


@functools.lru_cache(maxsize=256)
def _prepared(text: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(schema(), document))


def operation_of(sent: Mapping[str, Any]) -> OperationDefinitionNode | None:
    """Return the operation that a request means, None if that cannot be told."""
    document, _ = _prepared(str(sent.get("query") or ""))
    if document is None:
        return None
    found = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    wanted = sent.get("operationName")
    if wanted:
        found = [one for one in found if one.name and one.name.value == wanted]
    return found[0] if len(found) == 1 else None


def name_of(sent: Mapping[str, Any]) -> str:
    """Return the operation's name, as the counters have it."""
    operation = operation_of(sent)
    return operation.name.value if operation and operation.name else "(unnamed)"


def run(shop: State, installation: Installation, sent: Mapping[str, Any]) -> Row:
    """Answer one call; the caller holds the lock."""
    shop.calls[name_of(sent)] += 1
    document, errors = _prepared(str(sent.get("query") or ""))
    if document is None or errors:
        return {"errors": [_formatted(error) for error in errors]}
    operation = operation_of(sent)
    if operation is None:
        return {"errors": [{"message": "An operation name is required"}]}
    variables = dict(sent.get("variables") or {})
    longest = _longest(variables)
    if longest > MAX_INPUTS:
        text = f"The input array size of {longest} is greater than the maximum allowed of {MAX_INPUTS}."
        code = {"code": "MAX_INPUT_SIZE_EXCEEDED"}
        return {"errors": [{"message": text, "extensions": code}]}
    counting = cost.counting(schema(), document, variables, linear=shop.settings.linear_cost)
    requested, limit = counting.operation(operation), shop.settings.max_query_cost
    if requested > limit:
        return _too_dear(requested, limit)
    cost.refill(shop, installation)
    if requested > installation.bucket.available:
        return throttled(shop, installation, requested)
    result = execute_sync(
        schema(),
        document,
        context_value=Context(shop, installation),
        variable_values=variables,
        operation_name=sent.get("operationName") or None,
        field_resolver=_resolve,
        type_resolver=_type,
    )
    answer: Row = {}
    if result.errors:
        answer["errors"] = [_formatted(error) for error in result.errors]
        if result.data is None and not any(error.path for error in result.errors):
            return answer  # the variables did not fit: nothing ran, nothing is paid
    answer["data"] = result.data
    actual = min(counting.operation(operation, result.data), requested)
    installation.bucket.available -= actual
    answer["extensions"] = {"cost": cost.report(shop, installation, requested, actual)}
    return answer


def throttled(shop: State, installation: Installation, requested: int) -> Row:
    """Return the answer to a call that the bucket cannot pay for."""
    refused = {"code": "THROTTLED", "documentation": _LIMITS_PAGE}
    return {
        "errors": [{"message": "Throttled", "extensions": refused}],
        "extensions": {"cost": cost.report(shop, installation, requested, None)},
    }


def internal_error() -> Row:
    """Return the answer of a Shopify in trouble."""
    number = str(uuid.uuid4())
    text = (
        "Internal error. Looks like something went wrong on our end.\n"
        f"Request ID: {number} (include this in support requests)."
    )
    extensions = {"code": "INTERNAL_SERVER_ERROR", "requestId": number}
    return {"errors": [{"message": text, "extensions": extensions}]}


def _too_dear(requested: int, limit: int) -> Row:
    text = f"Query cost is {requested}, which exceeds the single query max cost limit ({limit})."
    extensions = {
        "code": "MAX_COST_EXCEEDED",
        "cost": requested,
        "maxCost": limit,
        "documentation": _LIMITS_PAGE,
    }
    return {"errors": [{"message": text, "extensions": extensions}]}


def _formatted(error: GraphQLError) -> Row:
    """Write an error; our own mistakes are raised instead, so that a test sees them."""
    cause = error.original_error
    if cause is not None and not isinstance(cause, GraphQLError | SandboxError):
        raise cause
    return dict(error.formatted)


def _longest(value: Any) -> int:
    if isinstance(value, list):
        return max([len(value), *map(_longest, value)])
    if isinstance(value, dict):
        return max(map(_longest, value.values()), default=0)
    return 0


def _resolve(source: Any, info: Any, **args: Any) -> Any:
    parent, field = info.parent_type.name, info.field_name
    context: Context = info.context
    if isinstance(source, Mapping):
        if field not in source:
            raise GraphQLError(f"the sandbox does not imitate {parent}.{field}")
        return source[field]
    access.check(context, parent, field)
    reader = _FIELDS.get(parent, {}).get(field)
    if reader is None:
        raise GraphQLError(f"the sandbox does not imitate {parent}.{field}")
    if info.operation.operation is OperationType.MUTATION and source is None:
        context.shop.mutations[field] += 1
    return reader(context, source, args)


def _type(value: Any, _info: Any, _abstract: Any) -> str:
    return str(value["__typename"] if isinstance(value, Mapping) else value.type)
