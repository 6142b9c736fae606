"""The mutations of discounts. None of them knows idempotency keys: a second call is a second discount."""

from collections.abc import Callable

from graphql import GraphQLError

from connectors.shopify.sandbox import discount_inputs, discounts
from connectors.shopify.sandbox.fields_discount import NODE
from connectors.shopify.sandbox.gql import Args, Context, Fields, Obj, Resolver, number_of
from connectors.shopify.sandbox.offers import BASIC, BXGY, FREE_SHIPPING, Discount
from connectors.shopify.sandbox.state import Row, State, gid

_UNKNOWN: Row = {
    "field": ["id"],
    "message": "Code discount does not exist.",
    "code": "INVALID",
    "extraInfo": None,
}


def _create(kind: str, argument: str) -> Resolver:
    def run(c: Context, _: Obj, args: Args) -> Row:
        values, errors = discount_inputs.read(c.shop, kind, argument, args[argument])
        if errors:
            return {"codeDiscountNode": None, "userErrors": errors}
        made = discounts.add(c.shop, **values)
        return {"codeDiscountNode": Obj(NODE, made), "userErrors": []}

    return run


def _change(act: Callable[[State, Discount], None]) -> Resolver:
    def run(c: Context, _: Obj, args: Args) -> Row:
        found = _found(c, args)
        if found is None:
            return {"codeDiscountNode": None, "userErrors": [dict(_UNKNOWN)]}
        act(c.shop, found)
        return {"codeDiscountNode": Obj(NODE, found), "userErrors": []}

    return run


def _delete(c: Context, _: Obj, args: Args) -> Row:
    found = _found(c, args)
    if found is None:
        return {"deletedCodeDiscountId": None, "userErrors": [dict(_UNKNOWN)]}
    discounts.delete(c.shop, found)
    return {"deletedCodeDiscountId": gid(NODE, found.id), "userErrors": []}


def _found(c: Context, args: Args) -> Discount | None:
    number = number_of(args["id"], NODE)
    if number is None:
        raise GraphQLError(f"Invalid id: {args['id']}")
    return discounts.find(c.shop, number)


DISCOUNT_MUTATIONS: Fields = {
    "discountCodeBasicCreate": _create(BASIC, "basicCodeDiscount"),
    "discountCodeFreeShippingCreate": _create(FREE_SHIPPING, "freeShippingCodeDiscount"),
    "discountCodeBxgyCreate": _create(BXGY, "bxgyCodeDiscount"),
    "discountCodeActivate": _change(discounts.activate),
    "discountCodeDeactivate": _change(discounts.deactivate),
    "discountCodeDelete": _delete,
}
