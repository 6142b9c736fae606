"""Discount codes: what is asked of Shopify, and what its answers mean."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, parse, validate
from graphql.utilities import coerce_input_value, type_from_ast

from app.errors import Passing
from connectors.rewards import Discount, Made
from connectors.shopify import code_documents, connector
from connectors.shopify.code_inputs import Creation, creation_of
from connectors.shopify.codes import ShopifyCodes
from tests.connectors.loopback import Reply
from tests.connectors.shopify.graphql_shop import GraphqlShop, sample, shop_with

NOW = datetime(2026, 11, 22, 2, 30, 15, 987654, tzinfo=UTC)
KINDS = ("percent", "fixed", "free-delivery", "free-product")
SCHEMA = build_schema(
    resources.files("connectors.shopify.sandbox").joinpath("schema.graphql").read_text()
)


def wanted(number: int = 1, **values: Any) -> Discount:
    kind = values.get("kind", "percent")
    given = {
        "reference": str(9000 + number),
        "code": f"K7QM-3XTD-{number:04d}",
        "title": "Ten percent",
        "kind": kind,
        "value": {"percent": Decimal(10), "fixed": Decimal("15.00")}.get(kind),
        "product": "632910392" if kind == "free-product" else None,
        "currency": "PLN",
        "customer": "544365967",
        "starts_at": NOW,
        "ends_at": NOW + timedelta(days=90),
    }
    return Discount(**{**given, **values})


def input_of(**values: Any) -> dict[str, Any]:
    return creation(**values).input


def creation(**values: Any) -> Creation:
    return creation_of(wanted(**values), currency="PLN", price=Decimal("49.99"))


# --- what a code is to Shopify --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percent", "part"), [("10", "0.1"), ("12.5", "0.125"), ("33.33", "0.3333"), ("100", "1.0")]
)
def test_a_percentage_is_written_as_the_exact_part_of_one(percent: str, part: str) -> None:
    value = input_of(value=Decimal(percent))["customerGets"]["value"]
    assert json.dumps(value) == f'{{"percentage": {part}}}'


def test_a_fixed_amount_comes_off_the_whole_order_once() -> None:
    gets = input_of(kind="fixed", value=Decimal("15.00"))["customerGets"]
    off = {"discountAmount": {"amount": "15.00", "appliesOnEachItem": False}}
    assert gets == {"value": off, "items": {"all": True}}


def test_a_free_product_is_the_price_of_one_piece_off_that_product_once() -> None:
    made = creation(kind="free-product")
    assert made.field == "discountCodeBasicCreate"
    assert made.input["customerGets"] == {
        "value": {"discountAmount": {"amount": "49.99", "appliesOnEachItem": False}},
        "items": {"products": {"productsToAdd": ["gid://shopify/Product/632910392"]}},
    }


def test_a_free_delivery_goes_anywhere() -> None:
    made = creation(kind="free-delivery")
    assert (made.field, made.input["destination"]) == (
        "discountCodeFreeShippingCreate",
        {"all": True},
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_code_is_for_one_person_and_one_use(kind: str) -> None:
    sent = input_of(kind=kind)
    assert sent["context"] == {"customers": {"add": ["gid://shopify/Customer/544365967"]}}
    assert (sent["usageLimit"], sent["appliesOncePerCustomer"]) == (1, True)
    assert sent["tags"] == ["stempel", "stempel-9001"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("combinable", [True, False])
def test_a_code_is_combined_with_all_or_with_nothing(kind: str, combinable: bool) -> None:
    flags = input_of(kind=kind, combinable=combinable)["combinesWith"]
    assert set(flags.values()) == {combinable}
    assert ("shippingDiscounts" in flags) == (kind != "free-delivery")


def test_times_are_said_in_utc() -> None:
    warsaw = timezone(timedelta(hours=1))
    sent = input_of(starts_at=NOW.astimezone(warsaw))
    assert (sent["startsAt"], sent["endsAt"]) == ("2026-11-22T02:30:15Z", "2027-02-20T02:30:15Z")
    assert "endsAt" not in input_of(ends_at=None)


def test_the_least_that_the_goods_must_cost_is_passed_on() -> None:
    least = input_of(minimum=Decimal("100.00"))["minimumRequirement"]
    assert least == {"subtotal": {"greaterThanOrEqualToSubtotal": "100.00"}}
    assert "minimumRequirement" not in input_of()


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("10% off \"coffee\" & 'tea'", "10% off \"coffee\" & 'tea'"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("Free\r\nX-Injected: 1", "FreeX-Injected: 1"),
        ("\u202eevil\u202c", "evil"),
        ("\r\n\x00", "K7QM-3XTD-0001"),
        ("", "K7QM-3XTD-0001"),
        ("ż" * 300, "ż" * 255),
    ],
)
def test_a_title_is_one_short_line(title: str, shown: str) -> None:
    assert input_of(title=title)["title"] == shown


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("minimum", [None, Decimal(50)])
def test_what_is_sent_fits_the_official_schema(kind: str, minimum: Decimal | None) -> None:
    made = creation(kind=kind, minimum=None if kind == "free-product" else minimum)
    text, variables = code_documents.making([made])
    document = parse(text)
    assert validate(SCHEMA, document) == []
    [operation] = document.definitions
    [declared] = operation.variable_definitions  # type: ignore[attr-defined]  # one mutation
    expected = type_from_ast(SCHEMA, declared.type)
    sent = json.loads(json.dumps(variables["input0"]))
    assert coerce_input_value(sent, expected)["code"] == "K7QM-3XTD-0001"  # type: ignore[arg-type]  # an input type


def test_documents_for_several_codes_fit_the_official_schema() -> None:
    made = [creation(kind=kind, number=number) for number, kind in enumerate(KINDS)]
    texts = [
        code_documents.making(made)[0],
        code_documents.looking(["A", "B"], ["gid://shopify/DiscountCodeNode/1"])[0],
        code_documents.looking(["A"], [])[0],
        code_documents.deleting(["gid://shopify/DiscountCodeNode/1"] * 2)[0],
    ]
    for text in texts:
        assert validate(SCHEMA, parse(text)) == []


def test_all_kinds_of_codes_are_made() -> None:
    assert connector.makes >= set(KINDS)


# --- what its answers mean ------------------------------------------------------------------------


def stored(name: str) -> Any:
    """Return the only root field of a stored answer."""
    path = Path(__file__).with_name("answers") / f"{name}.json"
    [found] = json.loads(path.read_text())["data"].values()
    return found


CREATED = stored("discount_code_basic_create.ok")
TAKEN = stored("discount_code_basic_create.taken")
NONE = stored("code_discount_node_by_code.none")
USED = stored("code_discount_node_by_code.used_once")
ID = "1057371189"


def refused(*codes: str | None, field: str = "code") -> object:
    errors = [
        {"field": ["basicCodeDiscount", field], "code": code, "message": "anna@example.com"}
        for code in codes
    ]
    return {"codeDiscountNode": None, "userErrors": errors}


def found(number: str = ID, uses: int = 0, **values: Any) -> dict[str, Any]:
    state = {
        "__typename": "DiscountCodeBasic",
        "tags": ["stempel", "stempel-9001"],
        "status": "ACTIVE",
        "usageLimit": 1,
        "asyncUsageCount": uses,
    }
    return {"id": f"gid://shopify/DiscountCodeNode/{number}", "codeDiscount": {**state, **values}}


def turns(*payloads: object) -> Callable[[dict[str, Any]], object]:
    """Answer the aliases of a call in turn."""
    return lambda _: {f"discount{number}": one for number, one in enumerate(payloads)}


@contextmanager
def codes_of(**answers: Any) -> Iterator[tuple[ShopifyCodes, GraphqlShop]]:
    currency = {"shop": {"currencyCode": "PLN"}}
    with shop_with({"ShopCurrency": currency, **answers}) as shop:
        yield ShopifyCodes(shop.session), shop


def test_a_made_code_has_its_number() -> None:
    with codes_of(MakeCodes=turns(CREATED)) as (codes, shop):
        assert codes.make([wanted()]) == [Made(reference="9001", id=ID)]
        assert [name for name, _ in shop.calls] == ["MakeCodes"]


def test_a_code_that_is_there_with_our_tag_counts_as_made() -> None:
    lookup = turns(found(status="EXPIRED", tags=["STEMPEL-9001"]))
    with codes_of(MakeCodes=turns(TAKEN), LookAtCodes=lookup) as (codes, shop):
        assert codes.make([wanted()]) == [Made(reference="9001", id=ID)]
        assert shop.calls[1] == ("LookAtCodes", {"code0": "K7QM-3XTD-0001"})


@pytest.mark.parametrize("tags", [[], ["stempel"], ["stempel-90011"], ["stempel-900"], ["9001"]])
def test_a_code_of_somebody_else_is_taken(tags: list[str]) -> None:
    lookup = turns(found(tags=tags))
    with codes_of(MakeCodes=turns(TAKEN), LookAtCodes=lookup) as (codes, _):
        [made] = codes.make([wanted()])
    assert (made.id, made.taken, made.never) == (None, True, False)


def test_a_code_of_an_apps_own_discount_is_taken() -> None:
    other = {"id": found()["id"], "codeDiscount": {"__typename": "DiscountCodeApp"}}
    with codes_of(MakeCodes=turns(TAKEN), LookAtCodes=turns(other)) as (codes, _):
        [made] = codes.make([wanted()])
    assert made.taken


def test_a_taken_code_that_is_not_shown_is_tried_again() -> None:
    with codes_of(MakeCodes=turns(TAKEN), LookAtCodes=turns(NONE)) as (codes, _):
        [made] = codes.make([wanted()])
    assert (made.id, made.taken, made.never) == (None, False, False)
    assert made.error


@pytest.mark.parametrize(
    ("code", "never"),
    [("INVALID", True), ("TOO_LONG", True), ("INTERNAL_ERROR", False), (None, False)],
)
def test_what_is_refused_says_whether_to_try_again_and_nothing_personal(
    code: str | None, never: bool
) -> None:
    with codes_of(MakeCodes=turns(refused(code, field="context"))) as (codes, _):
        [made] = codes.make([wanted()])
    said = "INVALID context" if code == "INVALID" else code or "context"
    assert (made.id, made.never, made.taken) == (None, never, False)
    assert made.error is not None
    assert said in made.error
    assert "example" not in made.error


def test_each_code_of_a_call_has_its_own_result() -> None:
    answers = turns(CREATED, refused("INVALID"), TAKEN, TAKEN)
    lookup = turns(found("7", tags=["stempel-9003"]), found("8", tags=["spring"]))
    with codes_of(MakeCodes=answers, LookAtCodes=lookup) as (codes, _):
        made = codes.make([wanted(number) for number in (1, 2, 3, 4)])
    assert [(one.reference, one.id, one.never, one.taken) for one in made] == [
        ("9001", ID, False, False),
        ("9002", None, True, False),
        ("9003", "7", False, False),
        ("9004", None, False, True),
    ]


def test_what_spoils_a_whole_call_is_traced_to_the_code_it_lies_in() -> None:
    bad = Reply(200, b'{"errors":[{"extensions":{"code":"RESOURCE_NOT_FOUND"}}],"data":null}')

    def answer(variables: dict[str, Any]) -> object:
        if any(one["code"].endswith("0003") for one in variables.values()):
            return bad
        return {f"discount{number}": CREATED for number in range(len(variables))}

    with codes_of(MakeCodes=answer) as (codes, _):
        made = codes.make([wanted(number) for number in range(5)])
    assert [one.never for one in made] == [False, False, False, True, False]
    assert "RESOURCE_NOT_FOUND" in str(made[3].error)


@pytest.mark.parametrize(
    "values",
    [
        {"customer": None, "email": "anna@example.com"},
        {"customer": "x"},
        {"customer": "gid://shopify/Customer/1"},
        {"value": None},
        {"value": Decimal(0)},
        {"value": Decimal(101)},
        {"value": Decimal("NaN")},
        {"kind": "fixed", "value": Decimal(-1)},
        {"minimum": Decimal(0)},
        {"kind": "free-product", "product": "mug"},
        {"kind": "free-product", "product": None},
        {"kind": "fixed", "currency": "EUR"},
        {"minimum": Decimal(50), "currency": "EUR"},
        {"code": 'K"7'},
        {"code": "10%"},
        {"code": "<script>"},
        {"code": "A\r\nB"},
        {"code": "\u202eABC"},
        {"code": "A" * 300},
        {"code": ""},
    ],
)
def test_what_can_never_be_made_is_said_without_asking(values: dict[str, Any]) -> None:
    with codes_of() as (codes, shop):
        [made] = codes.make([wanted(**values)])
        assert "MakeCodes" not in [name for name, _ in shop.calls]
    assert made.never
    assert made.error
    assert "example" not in made.error


def test_a_percentage_needs_no_currency() -> None:
    with codes_of(MakeCodes=turns(CREATED)) as (codes, _):
        [made] = codes.make([wanted(currency="EUR")])
    assert made.id == ID


def test_the_shops_currency_is_asked_for_once() -> None:
    with codes_of(MakeCodes=turns(CREATED)) as (codes, shop):
        for _ in range(2):
            codes.make([wanted(kind="fixed")])
        assert [name for name, _ in shop.calls] == ["ShopCurrency", "MakeCodes", "MakeCodes"]


def product(price: str | None) -> dict[str, Any]:
    node = None
    if price is not None:
        range_ = {"maxVariantPrice": {"amount": price}}
        node = {"id": "gid://shopify/Product/632910392", "priceRangeV2": range_}
    return {"nodes": [node]}


def test_a_free_product_takes_off_what_it_costs_now() -> None:
    answers = {"ProductPrices": product("49.9"), "MakeCodes": turns(CREATED)}
    with codes_of(**answers) as (codes, shop):
        [made] = codes.make([wanted(kind="free-product", currency="EUR")])
        sent = shop.calls[-1][1]["input0"]["customerGets"]["value"]
    assert made.id == ID
    assert sent == {"discountAmount": {"amount": "49.9", "appliesOnEachItem": False}}


@pytest.mark.parametrize("price", [None, "0.00"])
def test_a_product_that_is_not_there_or_free_already_makes_no_code(price: str | None) -> None:
    with codes_of(ProductPrices=product(price)) as (codes, _):
        [made] = codes.make([wanted(kind="free-product")])
    assert (made.id, made.never) == (None, True)


def test_a_free_product_with_a_minimum_is_refused() -> None:
    with codes_of(ProductPrices=product("49.99")) as (codes, _):
        [made] = codes.make([wanted(kind="free-product", minimum=Decimal(50))])
    assert made.never
    assert "minimum" in str(made.error)


DENIED = sample("access_denied_scope")


def test_without_leave_to_see_products_the_other_codes_are_made() -> None:
    with codes_of(ProductPrices=DENIED, MakeCodes=turns(CREATED)) as (codes, _):
        mug, plain = codes.make([wanted(1, kind="free-product"), wanted(2)])
    assert (mug.id, mug.never, plain.id) == (None, False, ID)
    assert "read_products" in str(mug.error)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"data":{}}',
        b'{"data":{"discount0":null}}',
        b'{"data":{"discount0":{}}}',
        b'{"data":{"discount0":[]}}',
        b"[]",
        b"<html>",
    ],
)
def test_an_answer_of_another_shape_makes_nothing_and_is_tried_again(body: bytes) -> None:
    with codes_of(MakeCodes=Reply(200, body)) as (codes, _), pytest.raises(Passing):
        codes.make([wanted()])
