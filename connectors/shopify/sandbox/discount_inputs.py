"""The inputs of new discounts, checked: what they say, or what the API says against them.

The codes are those of the schema's DiscountErrorCode. Which of them stands for a missing part is not
documented; the sandbox says BLANK for all. Sentences are for people: nothing may depend on them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from graphql import GraphQLError

from connectors.shopify.sandbox import discounts
from connectors.shopify.sandbox.gql import number_of
from connectors.shopify.sandbox.offers import BXGY, CLASSES, FREE_SHIPPING, Buys, Items, Terms
from connectors.shopify.sandbox.state import Row, State

_LONGEST = 255
_MOST_TAGS = 5
Input = Mapping[str, Any]


@dataclass
class _Errors:
    """What is wrong with an input; `argument` is where it hangs in the document."""

    argument: str
    found: list[Row] = field(default_factory=list)

    def add(self, code: str, message: str, *path: str) -> None:
        whole = [self.argument, *path]
        self.found.append({"field": whole, "message": message, "code": code, "extraInfo": None})

    def blank(self, name: str, *path: str) -> None:
        self.add("BLANK", f"{name} can't be blank", *path)


def read(shop: State, kind: str, argument: str, sent: Input) -> tuple[Row, list[Row]]:
    """Return the values of a new discount of this type, and the user errors."""
    errors = _Errors(argument)
    values: Row = {
        "kind": kind,
        **_texts(shop, sent, errors),
        **_times(sent, errors),
        **_people(shop, sent, errors),
        "terms": _terms(shop, kind, sent, errors),
        "usage_limit": sent.get("usageLimit"),
        "once_per_customer": bool(sent.get("appliesOncePerCustomer")),
        "combines": _combines(kind, sent, errors),
        "tags": _tags(sent, errors),
    }
    if sent.get("usageLimit") is not None and sent["usageLimit"] < 1:
        errors.add("GREATER_THAN", "Usage limit must be greater than 0", "usageLimit")
    return values, errors.found


def _texts(shop: State, sent: Input, errors: _Errors) -> Row:
    texts = {name: str(sent.get(name) or "") for name in ("title", "code")}
    for name, text in texts.items():
        if not text.strip():
            errors.blank(name.capitalize(), name)
        elif len(text) > _LONGEST:
            most = f"(maximum is {_LONGEST} characters)"
            errors.add("TOO_LONG", f"{name.capitalize()} is too long {most}", name)
    if discounts.by_code(shop, texts["code"]) is not None:
        errors.add("TAKEN", "Code must be unique. Please try a different code.", "code")
    return dict(texts)


def _times(sent: Input, errors: _Errors) -> Row:
    starts, ends = (_moment(sent.get(name)) for name in ("startsAt", "endsAt"))
    if starts is None:
        errors.blank("Starts at", "startsAt")
    elif ends is not None and ends <= starts:
        text = "Ends at needs to be after starts_at"
        errors.add("END_DATE_BEFORE_START_DATE", text, "endsAt")
    return {"starts_at": starts, "ends_at": ends}


def _moment(text: Any) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise GraphQLError(f"{text} is no DateTime") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).replace(microsecond=0)


# --- who may use it ---------------------------------------------------------------------------------


def _people(shop: State, sent: Input, errors: _Errors) -> Row:
    if sent.get("context") and sent.get("customerSelection"):
        text = "Only one of context or customerSelection can be provided."
        errors.add("INVALID", text, "context")
    name = "customerSelection" if sent.get("customerSelection") else "context"
    chosen = sent.get(name) or {}
    if chosen.get("markets"):
        raise GraphQLError("the sandbox has no markets")
    customers = _numbers((chosen.get("customers") or {}).get("add"), "Customer")
    segments = _numbers((chosen.get("customerSegments") or {}).get("add"), "Segment")
    if not (chosen.get("all") or customers or segments):
        errors.blank(name.capitalize(), name)
    for shown, number in customers:
        if number not in shop.tables.people:
            text = f"Customer with id: {shown} is invalid"
            errors.add("INVALID", text, name, "customers", "add")
    restricted = [number for _, number in customers if number is not None]
    return {
        "customers": tuple(dict.fromkeys(restricted)) if customers else None,
        "segments": tuple(number for _, number in segments if number is not None),
    }


def _numbers(ids: Sequence[str] | None, kind: str) -> list[tuple[str, int | None]]:
    """Return ids as the error messages show them, and their numbers if they are of this kind."""
    return [(one.rpartition("/")[2], number_of(one, kind)) for one in ids or ()]


# --- what it gives ----------------------------------------------------------------------------------


def _terms(shop: State, kind: str, sent: Input, errors: _Errors) -> Terms:
    subtotal, pieces = _minimum(sent, errors)
    if kind == FREE_SHIPPING:
        destination = sent.get("destination") or {}
        countries = (destination.get("countries") or {}).get("add")
        return Terms(
            percent=Decimal(100),
            subtotal=subtotal,
            pieces=pieces,
            dearest_shipping=_decimal(sent.get("maximumShippingPrice")),
            countries=frozenset(countries) if countries and not destination.get("all") else None,
        )
    gets = sent.get("customerGets")
    if not gets:
        errors.blank("Customer gets", "customerGets")
        return Terms()
    _purchases(shop, gets, errors)
    value = gets.get("value") or {}
    items = _items(shop, gets.get("items") or {}, errors, "customerGets")
    if kind == BXGY:
        return _given(shop, sent, value, items, errors)
    percent, amount = _value(value, errors)
    return Terms(
        percent=percent,
        amount=amount,
        on_each=bool((value.get("discountAmount") or {}).get("appliesOnEachItem")),
        items=items,
        subtotal=subtotal,
        pieces=pieces,
    )


def _purchases(shop: State, gets: Input, errors: _Errors) -> None:
    once, renewed = gets.get("appliesOnOneTimePurchase"), gets.get("appliesOnSubscription")
    path = ("customerGets", "appliesOnSubscription")
    if renewed is not None and not shop.settings.sells_subscriptions:
        errors.add("INVALID", "This shop sells no subscriptions", *path)
    if once is False and renewed is False:
        errors.add("APPLIES_ON_NOTHING", "The discount applies on nothing", *path)


def _value(value: Input, errors: _Errors) -> tuple[Decimal | None, Decimal | None]:
    path = ("customerGets", "value")
    given = [one for one in value if value[one] is not None]
    if len(given) != 1 or given[0] == "discountOnQuantity":
        errors.add("INVALID", "Give a percentage or a discount amount", *path)
        return None, None
    if given == ["percentage"]:
        return _percent(value["percentage"], errors, *path, "percentage"), None
    amount = _decimal(value["discountAmount"].get("amount"))
    if amount is None or amount <= 0:
        errors.add("GREATER_THAN", "Amount must be greater than 0", *path, "discountAmount")
    return None, amount


def _percent(share: float, errors: _Errors, *path: str) -> Decimal:
    if not 0 < share <= 1:
        errors.add("VALUE_OUTSIDE_RANGE", "Value must be between 0.0 and 1.0", *path)
    return Decimal(str(share)) * 100


def _given(shop: State, sent: Input, value: Input, items: Items, errors: _Errors) -> Terms:
    """Read buy X get Y: goods may not be "all" on either side."""
    if items.all:
        errors.add("INVALID", "Items in 'customer get' cannot be set to all", "customerGets")
    path = ("customerGets", "value", "discountOnQuantity")
    on_quantity, percent = value.get("discountOnQuantity") or {}, Decimal(100)
    effect = on_quantity.get("effect") or {}
    if value.keys() - {"discountOnQuantity"} or effect.get("percentage") is None:
        errors.add("INVALID", "Only a percentage on a quantity is supported", *path)
    else:
        percent = _percent(effect["percentage"], errors, *path, "effect", "percentage")
    quantity = _count(on_quantity.get("quantity"), errors, *path, "quantity") or 1
    limit = sent.get("usesPerOrderLimit")
    if limit is not None and limit < 1:
        errors.add("GREATER_THAN", "Uses per order limit must be above 0", "usesPerOrderLimit")
    return Terms(
        percent=percent,
        quantity=quantity,
        items=items,
        buys=_bought(shop, sent.get("customerBuys"), errors),
        uses_per_order=limit,
    )


def _bought(shop: State, buys: Input | None, errors: _Errors) -> Buys:
    if not buys:
        errors.blank("Customer buys", "customerBuys")
        return Buys(Items())
    sent, value = buys.get("items") or {}, buys.get("value") or {}
    items = _items(shop, sent, errors, "customerBuys") if not sent.get("all") else Items()
    if sent.get("all"):
        text = "Items in 'customer buys' must be defined"
        errors.add("BLANK", text, "customerBuys", "items")
    path = ("customerBuys", "value")
    amount = _decimal(value.get("amount"))
    if (amount is None) == (value.get("quantity") is None):
        errors.add("INVALID", "Give a quantity or an amount", *path)
    if amount is not None:
        if amount <= 0:
            errors.add("GREATER_THAN", "Amount must be greater than 0", *path, "amount")
        return Buys(items, amount=amount)
    return Buys(items, quantity=_count(value.get("quantity"), errors, *path, "quantity"))


def _items(shop: State, sent: Input, errors: _Errors, name: str) -> Items:
    goods, tables = sent.get("products") or {}, shop.tables
    found: dict[str, list[int]] = {"products": [], "variants": [], "collections": []}
    sources: tuple[tuple[str, str, Any, Any], ...] = (
        ("products", "Product", goods.get("productsToAdd"), tables.products),
        (
            *("variants", "ProductVariant", goods.get("productVariantsToAdd")),
            {one["variant_id"] for one in tables.products.values()},
        ),
        (
            *("collections", "Collection", (sent.get("collections") or {}).get("add")),
            tables.collections,
        ),
    )
    for key, kind, ids, known in sources:
        for shown, number in _numbers(ids, kind):
            if number is None or number not in known:
                text = f"{kind} with id: {shown} is invalid"
                errors.add("INVALID", text, name, "items", key)
            else:
                found[key].append(number)
    everything = bool(sent.get("all"))
    named = any(ids for _, _, ids, _ in sources)
    if not (everything or named):
        errors.add("BLANK", f"Items of {name} must be defined", name, "items")
    elif everything and named:
        errors.add("CONFLICT", "Give all items or some", name, "items")
    return Items(all=everything, **{key: tuple(ids) for key, ids in found.items()})


def _minimum(sent: Input, errors: _Errors) -> tuple[Decimal | None, int | None]:
    least = sent.get("minimumRequirement") or {}
    subtotal = _decimal((least.get("subtotal") or {}).get("greaterThanOrEqualToSubtotal"))
    pieces = (least.get("quantity") or {}).get("greaterThanOrEqualToQuantity")
    path = ("minimumRequirement",)
    if subtotal is not None and pieces is not None:
        code = "MINIMUM_SUBTOTAL_AND_QUANTITY_RANGE_BOTH_PRESENT"
        errors.add(code, "Only one of subtotal and quantity can be present", *path)
    if subtotal is not None and subtotal < 0:
        text = "Minimum subtotal must be 0 or more"
        errors.add("GREATER_THAN_OR_EQUAL_TO", text, *path, "subtotal")
    return subtotal, None if pieces is None else int(pieces)


def _combines(kind: str, sent: Input, errors: _Errors) -> frozenset[str]:
    chosen = sent.get("combinesWith") or {}
    if chosen.get("productDiscountsWithTagsOnSameCartLine"):
        raise GraphQLError("the sandbox does not combine by tags")
    if kind == FREE_SHIPPING and chosen.get("shippingDiscounts"):
        text = "The combinesWith settings are not valid for the discount class."
        errors.add("INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS", text, "combinesWith")
    return frozenset(one for one in CLASSES if chosen.get(f"{one}Discounts"))


def _tags(sent: Input, errors: _Errors) -> tuple[str, ...]:
    tags = tuple(dict.fromkeys(sent.get("tags") or ()))
    if len(tags) > _MOST_TAGS:
        errors.add("TOO_MANY_TAGS", f"At most {_MOST_TAGS} tags", "tags")
    if any(len(tag) > _LONGEST for tag in tags):
        text = f"Tags can have {_LONGEST} characters at most"
        errors.add("INVALID_TAG_LENGTH", text, "tags")
    return tags


def _decimal(value: Any) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation as error:
        raise GraphQLError(f"{value} is no Decimal") from error


def _count(value: Any, errors: _Errors, *path: str) -> int | None:
    number = int(value) if str(value).isdecimal() else 0
    if number < 1:
        errors.add("GREATER_THAN", "Quantity must be greater than 0", *path)
    return number or None
