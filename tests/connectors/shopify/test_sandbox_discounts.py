"""Discounts in the sandbox: made, refused, found, ended; what they cost, and what troubles leave."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.shopify.sandbox import SandboxError
from tests.connectors.shopify.discount_help import (
    CODE,
    CREATE,
    LOOK,
    MISSING,
    ask,
    create,
    look,
    number,
    refused,
    sample,
    send,
)
from tests.connectors.shopify.sandbox_help import World, gid, open_world


@pytest.fixture
def world() -> Iterator[World]:
    with open_world(sells_subscriptions=True) as made:
        yield made


def test_a_code_is_made_as_the_recorded_answer_says(world: World) -> None:
    expected = sample("discount_code_basic_create.ok")["data"]
    got = send(world).data
    ours = json.dumps(got).replace(
        str(number(got["discountCodeBasicCreate"]["codeDiscountNode"])), "N"
    )
    text = json.dumps(expected)
    for known in ("1057371189", "4509715660824", "544365967"):
        text = text.replace(known, "N")
    assert ours == text


def test_a_taken_code_is_refused_as_the_recorded_answer_says(world: World) -> None:
    create(world)
    for code in (CODE, CODE.lower()):
        got = send(world, code=code).data
        assert got == sample("discount_code_basic_create.taken")["data"]
    assert refused(world, "shipping", code=CODE.title()) == [("TAKEN", "code")]
    assert len(world.shop.discounts_made(CODE)) == 1


def test_a_code_is_found_in_any_case_and_else_there_is_null(world: World) -> None:
    none = ask(world, LOOK)
    assert none.data == sample("code_discount_node_by_code.none")["data"]
    made = create(world)
    assert look(world)["id"] == look(world, CODE.lower())["id"] == made["id"]
    assert look(world, f"{CODE}X") is None


@pytest.mark.parametrize(
    "name",
    [
        *CREATE.values(),
        "discount_code_basic_create_customer_selection_deprecated",
        "discount_code_basic_create_percentage",
        "discount_code_basic_create_tagged",
    ],
)
def test_each_documented_way_makes_one_code(world: World, name: str) -> None:
    [payload] = ask(world, name).data.values()
    assert payload["userErrors"] == []
    [row] = world.shop.discounts_made()
    assert gid("DiscountCodeNode", row["id"]) == payload["codeDiscountNode"]["id"]
    assert row["status"] == "ACTIVE"
    segment = name.endswith("percentage")
    assert row["customers"] == (None if segment else [world.anna])


# --- what is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(CREATE))
@pytest.mark.parametrize("path", ["title", "code", "startsAt", "context"])
def test_what_every_discount_needs_is_missed(world: World, kind: str, path: str) -> None:
    assert refused(world, kind, **{path: MISSING}) == [("BLANK", path)]


@pytest.mark.parametrize(
    ("kind", "changes", "code", "where"),
    [
        ("basic", {"code": " "}, "BLANK", "code"),
        ("basic", {"title": ""}, "BLANK", "title"),
        ("basic", {"code": "X" * 256}, "TOO_LONG", "code"),
        ("basic", {"customerGets": MISSING}, "BLANK", "customerGets"),
        ("basic", {"customerGets.items": MISSING}, "BLANK", "customerGets.items"),
        ("basic", {"customerGets.value": {}}, "INVALID", "customerGets.value"),
        (
            *("basic", {"customerGets.value": {"percentage": 10.0}}),
            *("VALUE_OUTSIDE_RANGE", "customerGets.value.percentage"),
        ),
        (
            *("basic", {"customerGets.value.discountAmount.amount": "0"}),
            *("GREATER_THAN", "customerGets.value.discountAmount"),
        ),
        (
            *("basic", {"context.customers.add": [gid("Customer", 4711)]}),
            *("INVALID", "context.customers.add"),
        ),
        ("basic", {"context.customers.add": []}, "BLANK", "context"),
        (
            *("basic", {"customerGets.items": {"products": {"productsToAdd": ["gid://x/1"]}}}),
            *("INVALID", "customerGets.items.products"),
        ),
        (
            *("basic", {"minimumRequirement.quantity.greaterThanOrEqualToQuantity": "2"}),
            *("MINIMUM_SUBTOTAL_AND_QUANTITY_RANGE_BOTH_PRESENT", "minimumRequirement"),
        ),
        (
            *("basic", {"endsAt": "2026-11-21T00:00:00Z"}),
            *("END_DATE_BEFORE_START_DATE", "endsAt"),
        ),
        ("basic", {"usageLimit": 0}, "GREATER_THAN", "usageLimit"),
        ("basic", {"tags": list("abcdef")}, "TOO_MANY_TAGS", "tags"),
        ("basic", {"tags": ["x" * 256]}, "INVALID_TAG_LENGTH", "tags"),
        (
            *("basic", {"customerGets.appliesOnOneTimePurchase": False}),
            *("APPLIES_ON_NOTHING", "customerGets.appliesOnSubscription"),
        ),
        (
            *("shipping", {"combinesWith.shippingDiscounts": True}),
            *("INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS", "combinesWith"),
        ),
        ("bxgy", {"customerBuys": MISSING}, "BLANK", "customerBuys"),
        ("bxgy", {"customerBuys.items": {"all": True}}, "BLANK", "customerBuys.items"),
        ("bxgy", {"customerGets.items": {"all": True}}, "INVALID", "customerGets"),
        ("bxgy", {"usesPerOrderLimit": 0}, "GREATER_THAN", "usesPerOrderLimit"),
        (
            *("bxgy", {"customerGets.value": {"percentage": 1.0}}),
            *("INVALID", "customerGets.value.discountOnQuantity"),
        ),
    ],
)
def test_a_bad_input_is_told_with_its_code_and_place(
    world: World, kind: str, changes: dict[str, Any], code: str, where: str
) -> None:
    assert (code, where) in refused(world, kind, **changes)


def test_all_that_is_wrong_is_told_at_once(world: World) -> None:
    assert refused(world, code="", title="", startsAt=MISSING) == [
        ("BLANK", "title"),
        ("BLANK", "code"),
        ("BLANK", "startsAt"),
    ]


def test_a_shop_without_subscriptions_wants_no_word_of_them(world: World) -> None:
    world.shop.change_settings(sells_subscriptions=False)
    assert refused(world) == [("INVALID", "customerGets.appliesOnSubscription")]
    create(world, **{"customerGets.appliesOnSubscription": MISSING})


def test_a_context_is_one_of_its_kinds_and_not_two(world: World) -> None:
    both = {"customers": {"add": [gid("Customer", world.anna)]}, "all": "ALL"}
    got = send(world, context=both)
    assert "data" not in got.body
    assert world.shop.discounts_made() == []


def test_discounts_need_their_own_scopes(world: World) -> None:
    made = create(world)
    world.shop.revoke("write_discounts")
    deleting = "discount_code_delete"
    for got in (send(world, code="OTHER"), ask(world, LOOK), ask(world, deleting, id=made["id"])):
        assert got.codes == ["ACCESS_DENIED"]
        assert list(got.body["data"].values()) == [None]
    world.shop.grant([*world.sandbox.app.scopes[:2], "read_customers", "read_discounts"])
    assert look(world)["id"] == made["id"]
    assert ask(world, deleting, id=made["id"]).codes == ["ACCESS_DENIED"]
    node = "query N($id: ID!) { node(id: $id) { id } }"
    assert world.client.run(node, id=made["id"]).data["node"] == {"id": made["id"]}


# --- ended ------------------------------------------------------------------------------------------


def test_a_deactivated_code_ends_now_and_stays_taken(world: World) -> None:
    made = create(world)
    got = ask(world, "discount_code_deactivate", id=made["id"]).data["discountCodeDeactivate"]
    ended = {"status": "EXPIRED", "endsAt": "2026-11-21T17:00:00Z"}
    assert got["codeDiscountNode"]["codeDiscount"] == {"__typename": "DiscountCodeBasic"} | ended
    world.later(hours=1)
    again = ask(world, "discount_code_deactivate", id=made["id"]).data["discountCodeDeactivate"]
    assert again == got
    assert refused(world) == [("TAKEN", "code")]
    with pytest.raises(SandboxError, match="not active"):
        world.buy(codes=[CODE])
    activate = (
        "mutation A($id: ID!) { discountCodeActivate(id: $id) { codeDiscountNode { codeDiscount {"
        " ... on DiscountCodeBasic { status endsAt } } } userErrors { code } } }"
    )
    woken = world.client.run(activate, id=made["id"]).data["discountCodeActivate"]
    assert woken["codeDiscountNode"]["codeDiscount"] == {"status": "ACTIVE", "endsAt": None}


def test_a_deleted_code_is_gone_and_free_again(world: World) -> None:
    first = create(world)
    got = ask(world, "discount_code_delete", id=first["id"]).data["discountCodeDelete"]
    assert got == {"deletedCodeDiscountId": first["id"], "userErrors": []}
    assert look(world) is None
    node = "query N($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert world.client.run(node, ids=[first["id"]]).data["nodes"] == [None]
    second = create(world, code=CODE.lower())
    assert number(second) != number(first)
    rows = world.shop.discounts_made(CODE)
    assert [(one["id"], one["deleted"]) for one in rows] == [
        (number(first), True),
        (number(second), False),
    ]


@pytest.mark.parametrize("name", ["discount_code_delete", "discount_code_deactivate"])
def test_what_is_not_there_cannot_be_ended(world: World, name: str) -> None:
    [payload] = ask(world, name).data.values()
    [error] = payload["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["id"])
    assert ask(world, name, id=gid("Customer", world.anna)).errors


def test_the_merchant_ends_and_deletes_codes_by_hand(world: World) -> None:
    create(world)
    assert world.shop.deactivate_discount(CODE.lower())["status"] == "EXPIRED"
    assert look(world)["status"] == "EXPIRED"
    world.client.desk("do", {"action": "delete_discount", "args": {"code": CODE}})
    assert look(world) is None
    listed = world.client.desk("do", {"action": "discounts_made", "args": {"code": CODE}}).body
    assert [one["deleted"] for one in listed["result"]] == [True]
    refusal = world.client.desk("do", {"action": "delete_discount", "args": {"code": CODE}})
    assert refusal.status == 400


def test_the_page_shows_codes_as_text(world: World) -> None:
    create(world, title="<b>ten</b> off")
    world.buy(codes=[CODE])
    page = world.client.send("GET", f"/{world.shop.domain}/").raw.decode()
    assert f"<code>{CODE}</code></td><td>&lt;b&gt;ten&lt;/b&gt; off</td><td>active</td>" in page
    world.shop.delete_discount(CODE)
    assert "deleted" in world.client.send("GET", f"/{world.shop.domain}/").raw.decode()


def test_the_page_tells_the_numbers_of_goods(world: World) -> None:
    made = world.shop.add_product("<b>Beans</b>", "89.00")
    page = world.client.send("GET", f"/{world.shop.domain}/").raw.decode()
    row = f"<td>{made['id']}</td><td>&lt;b&gt;Beans&lt;/b&gt;</td><td>89.00</td>"
    assert row in page


def test_time_ends_a_code(world: World) -> None:
    create(world, endsAt="2026-11-21T18:00:00Z")
    world.later(minutes=59, seconds=59)
    assert look(world)["status"] == "ACTIVE"
    world.later(seconds=1)
    assert look(world)["status"] == "EXPIRED"
    with pytest.raises(SandboxError, match="not active"):
        world.buy(codes=[CODE])


# --- lists, fields, costs, troubles -------------------------------------------------------------------


def test_discounts_are_listed_by_tag(world: World) -> None:
    create(world, tags=["loyalty"])
    create(world, code="OTHER", tags=["sale"])
    nodes = ask(world, "discount_nodes_by_tag").data["discountNodes"]["nodes"]
    assert [one["discount"]["codes"]["nodes"] for one in nodes] == [[{"code": CODE}]]
    titled = ask(world, "discount_nodes_by_tag", query="title:'Loyalty reward 500 points'")
    assert len(titled.data["discountNodes"]["nodes"]) == 2


def test_a_discount_shows_what_it_gives(world: World) -> None:
    made = create(world)
    gift = create(world, "bxgy")
    document = """
      query Q($id: ID!, $gift: ID!) {
        discountNode(id: $id) { id discount { ... on DiscountCodeBasic { ...Basic } } }
        codeDiscountNode(id: $gift) { codeDiscount { ... on DiscountCodeBxgy {
          customerBuys { value { ... on DiscountPurchaseAmount { amount } } items { __typename } }
          customerGets { items { ... on DiscountProducts { products(first: 5) { nodes { id } } } }
            value { ... on DiscountOnQuantity { quantity { quantity }
              effect { ... on DiscountPercentage { percentage } } } } }
        } } }
      }
      fragment Basic on DiscountCodeBasic {
        discountClasses
        minimumRequirement { ... on DiscountMinimumSubtotal {
          greaterThanOrEqualToSubtotal { amount currencyCode } } }
        customerGets { value { ... on DiscountAmount { appliesOnEachItem amount { amount } } }
          items { ... on AllDiscountItems { allItems } } }
      }"""
    seen = world.client.run(document, id=made["id"], gift=gift["id"]).data
    assert seen["discountNode"]["discount"] == {
        "discountClasses": ["ORDER"],
        "minimumRequirement": {
            "greaterThanOrEqualToSubtotal": {"amount": "20.0", "currencyCode": "PLN"}
        },
        "customerGets": {
            "value": {"appliesOnEachItem": False, "amount": {"amount": "5.0"}},
            "items": {"allItems": True},
        },
    }
    given = seen["codeDiscountNode"]["codeDiscount"]
    assert given["customerBuys"]["value"] == {"amount": "1.00"}
    assert given["customerGets"] == {
        "items": {"products": {"nodes": [{"id": gid("Product", world.mug)}]}},
        "value": {"quantity": {"quantity": "1"}, "effect": {"percentage": 1.0}},
    }


def test_the_price_of_a_product_is_told_with_its_scope_only(world: World) -> None:
    document = (
        "query P($ids: [ID!]!) { nodes(ids: $ids) { ... on Product {"
        " id title priceRangeV2 { maxVariantPrice { amount currencyCode } } } } }"
    )
    ids = [gid("Product", world.mug), gid("Product", 4711)]
    mug, nothing = world.client.run(document, ids=ids).data["nodes"]
    assert mug["priceRangeV2"]["maxVariantPrice"] == {"amount": "49.99", "currencyCode": "PLN"}
    assert nothing is None
    world.shop.delete_product(world.mug)
    assert world.client.run(document, ids=ids).data["nodes"] == [None, None]
    world.shop.revoke("read_products")
    assert world.client.run(document, ids=ids).codes == ["ACCESS_DENIED"]


def test_making_a_code_costs_10_points_and_so_does_a_refusal(world: World) -> None:
    for _ in range(2):
        cost = send(world).cost
        assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (10, 10)
    assert ask(world, LOOK, code="NONE").cost["actualQueryCost"] == 1


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        ("reset_after", 1),
        ("half_body", 1),
        ("wrong_json", 1),
        ("wrong_page", 1),
        ("reset_before", 0),
        ("500", 0),
        ("throttled", 0),
        ("internal_error", 0),
        ("denied", 0),
    ],
)
def test_a_fault_spoils_the_answer_and_the_shop_knows_what_happened(
    world: World, fault: str, left: int
) -> None:
    world.shop.faults.add(fault, operation="DiscountCodeBasicCreate")
    try:
        got = send(world)
        assert got.raw.startswith(b"<") or "data" not in got.body or fault == "denied"
    except (OSError, http.client.HTTPException):
        world.again()
    assert len(world.shop.discounts_made(CODE)) == left
    assert (look(world) is not None) == bool(left)


def test_a_permission_may_be_lost_in_the_middle(world: World) -> None:
    world.shop.faults.add("denied", operation="DiscountCodeBasicCreate", after=1)
    create(world)
    got = send(world, code="OTHER")
    assert got.codes == ["ACCESS_DENIED"]
    assert got.body["data"] == {"discountCodeBasicCreate": None}
    world.client.desk("do", {"action": "revoke", "args": {"scopes": ["write_discounts"]}})
    assert send(world, code="THIRD").codes == ["ACCESS_DENIED"]
    world.shop.end_tokens()
    assert ask(world, LOOK).status == 401


def test_a_storm_over_the_desk_leaves_each_code_once(world: World) -> None:
    odds = {"reset_after": 0.2, "wrong_json": 0.2, "500": 0.2}
    assert world.client.desk("storm", {"seed": 4, "odds": odds}).status == 200
    codes = [f"STORM-{n}" for n in range(20)]
    for code in codes:
        for _ in range(40):
            try:
                body = send(world, code=code).body
            except (OSError, http.client.HTTPException):
                world.again()
                continue
            if (body.get("data") or {}).get("discountCodeBasicCreate"):
                break  # made, or taken by an earlier try
    world.shop.faults.clear()
    assert [len(world.shop.discounts_made(code)) for code in codes] == [1] * 20
    assert sum(count for name, count in world.shop.calls.items() if name.startswith("fault")) > 5
