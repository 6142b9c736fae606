"""The sandbox's GraphQL: what any client may ask, answered as the official schema and Shopify say."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.shopify.sandbox import CLIENT_ID, Sandbox
from tests.connectors.shopify.sandbox_help import DOCUMENTS, World, gid, open_world

ANY = sorted(path.name.removesuffix(".graphql") for path in DOCUMENTS.glob("*.graphql"))


@pytest.fixture
def world() -> Iterator[World]:
    # By the rule of Shopify's staff: the documents here are nobody's, and ask for a lot.
    with open_world(linear_cost=False) as made:
        yield made


@pytest.mark.parametrize("name", ANY)
def test_a_document_that_anybody_might_send_is_answered(world: World, name: str) -> None:
    scopes = [*world.sandbox.app.scopes, "read_store_credit_accounts"]
    world.shop.grant(scopes)
    got = world.client.ask(name)
    assert got.status == 200
    assert set(got.data) != set()
    assert got.cost["actualQueryCost"] <= got.cost["requestedQueryCost"]


def test_an_unknown_token_is_refused_in_shopify_s_words(world: World) -> None:
    world.client.token = "shpat_unknown"
    got = world.client.ask("shop_get")
    expected = (DOCUMENTS.parent / "answers" / "invalid_token_http_401.json").read_text("utf-8")
    assert (got.status, got.body) == (401, json.loads(expected))


def test_a_token_opens_one_shop_only(world: World) -> None:
    other = world.sandbox.open_shop("herbata")
    world.client.token = other.token
    assert world.client.ask("shop_get").status == 401


@pytest.mark.parametrize("version", ["2019-01", "latest", "2026-13"])
def test_a_version_that_does_not_exist_is_not_found(world: World, version: str) -> None:
    assert world.client.run("{ shop { id } }", version).status == 404


def test_the_shop_says_who_it_is_and_what_the_app_may(world: World) -> None:
    shop = world.client.ask("shop_get").data["shop"]
    assert shop["id"] == gid("Shop", world.shop.id)
    assert (shop["myshopifyDomain"], shop["currencyCode"]) == ("kawa.myshopify.com", "PLN")
    app = world.client.ask("current_app_installation").data["currentAppInstallation"]
    assert {"handle": "write_customers"} in app["accessScopes"]


def test_a_field_that_does_not_exist_is_refused_before_anything_runs(world: World) -> None:
    got = world.client.run("{ shop { nonsense } }")
    assert got.status == 200
    assert "nonsense" in got.errors[0]["message"]
    assert "data" not in got.body


def test_a_field_that_is_not_imitated_says_so(world: World) -> None:
    got = world.client.run("{ shop { shopOwnerName } }")
    assert "does not imitate Shop.shopOwnerName" in got.errors[0]["message"]


def test_broken_json_and_broken_graphql_are_told_apart(world: World) -> None:
    path = "/kawa.myshopify.com/admin/api/2026-10/graphql.json"
    headers = {"X-Shopify-Access-Token": world.shop.token}
    assert world.client.send("POST", path, b"{", headers).status == 400
    assert world.client.run("query {").status == 200
    assert "Syntax Error" in world.client.run("query {").errors[0]["message"]


# --- an order ---------------------------------------------------------------------------------------


def order(world: World, number: int, fields: str) -> Any:
    document = f"query Order($id: ID!) {{ order(id: $id) {{ {fields} }} }}"
    return world.client.run(document, id=gid("Order", number)).data["order"]


def test_amounts_have_no_padding_but_at_least_one_decimal(world: World) -> None:
    bought = world.shop.place_order([{"title": "Tea", "price": "70.00", "quantity": 1}])
    money = "{ shopMoney { amount currencyCode } }"
    seen = order(world, bought["id"], f"totalPriceSet {money} totalTaxSet {money}")
    assert seen["totalPriceSet"]["shopMoney"] == {"amount": "70.0", "currencyCode": "PLN"}
    assert seen["totalTaxSet"]["shopMoney"]["amount"] == "13.09"


def test_times_are_in_utc(world: World) -> None:
    bought = world.buy()
    assert bought["created_at"] == "2026-11-21T18:00:00+01:00"
    assert order(world, bought["id"], "createdAt")["createdAt"] == "2026-11-21T17:00:00Z"


def test_a_tip_is_a_line_like_any_other_and_only_its_sum_is_told(world: World) -> None:
    bought = world.buy(tip="4.00")
    seen = order(
        world,
        bought["id"],
        "lineItems(first: 5) { nodes { title product { id } taxable isGiftCard } }"
        " totalTipReceivedSet { shopMoney { amount } }",
    )
    assert [line["title"] for line in seen["lineItems"]["nodes"]] == ["Mug", "Tip"]
    assert seen["lineItems"]["nodes"][1] == {
        "title": "Tip",
        "product": None,
        "taxable": False,
        "isGiftCard": False,
    }
    assert seen["totalTipReceivedSet"]["shopMoney"]["amount"] == "4.0"


def test_code_discounts_are_missing_from_a_line_s_total_unless_asked_for(world: World) -> None:
    world.shop.add_discount("TEN", "10")
    bought = world.buy(2, codes=["ten"])
    seen = order(
        world,
        bought["id"],
        "lineItems(first: 1) { nodes { plain: discountedTotalSet { shopMoney { amount } }"
        " all: discountedTotalSet(withCodeDiscounts: true) { shopMoney { amount } }"
        " discountAllocations { allocatedAmountSet { shopMoney { amount } }"
        " discountApplication { index ... on DiscountCodeApplication { code } } } } }",
    )
    [line] = seen["lineItems"]["nodes"]
    assert line["plain"]["shopMoney"]["amount"] == "99.98"
    assert line["all"]["shopMoney"]["amount"] == "89.98"
    [given] = line["discountAllocations"]
    assert given["discountApplication"] == {"index": 0, "code": "TEN"}
    assert given["allocatedAmountSet"]["shopMoney"]["amount"] == "10.0"


def test_the_buyer_s_money_stands_beside_the_shop_s(world: World) -> None:
    bought = world.buy(presentment=("EUR", "0.2345"))
    seen = order(
        world,
        bought["id"],
        "presentmentCurrencyCode totalPriceSet { shopMoney { amount }"
        " presentmentMoney { amount currencyCode } }",
    )
    assert seen["presentmentCurrencyCode"] == "EUR"
    assert seen["totalPriceSet"]["shopMoney"]["amount"] == "49.99"
    assert seen["totalPriceSet"]["presentmentMoney"] == {"amount": "11.72", "currencyCode": "EUR"}


def test_an_order_that_is_gone_is_null_without_an_error(world: World) -> None:
    got = world.client.ask("order_get", id=gid("Order", 1))
    assert got.data == {"order": None}


def test_an_id_of_another_kind_is_an_error(world: World) -> None:
    got = world.client.ask("order_get", id=gid("Customer", world.anna))
    assert got.body["data"] == {"order": None}
    assert "Invalid id" in got.errors[0]["message"]


def test_nodes_keep_their_places_and_are_null_where_nothing_is(world: World) -> None:
    bought = world.buy()
    ids = [gid("Customer", world.anna), gid("Order", 1), gid("Order", bought["id"])]
    nodes = world.client.ask("nodes_get", ids=ids).data["nodes"]
    assert [node and node["__typename"] for node in nodes] == ["Customer", None, "Order"]
    assert nodes[2]["name"] == "#1001"


def test_a_return_leads_to_its_order(world: World) -> None:
    bought = world.buy()
    made = world.shop.request_return(bought["id"])
    document = "query Return($id: ID!) { return(id: $id) { status order { id returnStatus } } }"
    seen = world.client.run(document, id=gid("Return", made["id"])).data["return"]
    assert seen["order"] == {
        "id": gid("Order", bought["id"]),
        "returnStatus": "RETURN_REQUESTED",
    }


# --- lists ------------------------------------------------------------------------------------------


def pages(world: World, size: int, **variables: Any) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        got = world.client.ask("orders_updated_page", first=size, after=after, **variables)
        page = got.data["orders"]
        found += [node["name"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


def test_pages_hold_every_order_once_by_the_time_of_its_change(world: World) -> None:
    world.shop.change_settings(bucket_size=10**6)
    world.shop.change_settings(restore_rate=10**6)
    bought = []
    for _ in range(5):
        bought.append(world.buy())
        world.later(seconds=1)
    world.shop.fulfil(bought[1]["id"])
    assert pages(world, 2, query="") == ["#1001", "#1003", "#1004", "#1005", "#1002"]
    window = "updated_at:>='2026-11-21T17:00:01Z' AND updated_at:<'2026-11-21T17:00:04Z'"
    assert pages(world, 2, query=window) == ["#1003", "#1004"]


def test_a_cursor_survives_what_happens_between_two_pages(world: World) -> None:
    for _ in range(4):
        world.buy()
        world.later(seconds=1)
    first = world.client.ask("orders_updated_page", first=2, query="").data["orders"]
    world.shop.delete_order(int(first["nodes"][0]["legacyResourceId"]))
    after = first["pageInfo"]["endCursor"]
    second = world.client.ask("orders_updated_page", first=2, after=after, query="").data["orders"]
    assert [node["name"] for node in second["nodes"]] == ["#1003", "#1004"]


def test_lines_come_in_pages_too(world: World) -> None:
    lines = [{"title": f"Thing {n}", "price": "1.00", "quantity": 1} for n in range(5)]
    bought = world.shop.place_order(lines)
    document = (
        "query Lines($id: ID!, $after: String) { order(id: $id) { lineItems(first: 2, after: $after)"
        " { nodes { title } pageInfo { hasNextPage endCursor } } } }"
    )
    seen, after = [], None
    for more in (True, True, False):
        got = world.client.run(document, id=gid("Order", bought["id"]), after=after)
        page = got.data["order"]["lineItems"]
        seen += [node["title"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        assert page["pageInfo"]["hasNextPage"] is more
    assert seen == [line["title"] for line in lines]


def test_customers_are_found_by_whole_days(world: World) -> None:
    world.later(hours=3)
    world.shop.create_customer("ola@example.com", "Ola")
    got = world.client.ask("customers_page", query="updated_at:>'2026-11-21T18:00:00Z'")
    assert got.data["customers"]["nodes"] == []
    got = world.client.ask("customers_page", query="updated_at:>='2026-11-21T19:00:00Z'")
    assert len(got.data["customers"]["nodes"]) == 2


@pytest.mark.parametrize("sizes", ["", "(first: 1, last: 1)", "(first: 0)", "(first: 251)"])
def test_a_page_needs_one_size_between_1_and_250(world: World, sizes: str) -> None:
    got = world.client.run(f"{{ customers{sizes} {{ nodes {{ id }} }} }}")
    assert got.body["data"] is None or "errors" in got.body


def test_a_search_that_is_not_imitated_is_an_error_not_an_empty_list(world: World) -> None:
    got = world.client.ask("orders_updated_page", query="risk_level:high")
    assert "cannot search by risk_level" in got.errors[0]["message"]


# --- what an app may see ------------------------------------------------------------------------------


def test_a_missing_scope_is_an_error_beside_the_data(world: World) -> None:
    world.shop.grant(["read_orders"])
    bought = world.buy()
    got = world.client.run(
        "query Order($id: ID!) { order(id: $id) { name customer { id } } }",
        id=gid("Order", bought["id"]),
    )
    assert got.body["data"] == {"order": {"name": "#1001", "customer": None}}
    assert got.codes == ["ACCESS_DENIED"]
    assert got.errors[0]["path"] == ["order", "customer"]
    assert "`read_customers`" in got.errors[0]["extensions"]["requiredAccess"]


def test_a_write_scope_includes_its_read(world: World) -> None:
    world.shop.grant(["write_customers"])
    document = "query Customer($id: ID!) { customer(id: $id) { firstName } }"
    got = world.client.run(document, id=gid("Customer", world.anna))
    assert got.data == {"customer": {"firstName": "Anna"}}


def test_without_level_2_names_and_e_mails_are_null_with_an_error_each(world: World) -> None:
    world.shop.change_settings(approved_level=1)
    bought = world.buy()
    got = world.client.run(
        "query Order($id: ID!) { order(id: $id) { name email customer { id verifiedEmail"
        " defaultEmailAddress { emailAddress } } } }",
        id=gid("Order", bought["id"]),
    )
    assert got.body["data"]["order"] == {
        "name": "#1001",
        "email": None,
        "customer": {
            "id": gid("Customer", world.anna),
            "verifiedEmail": True,
            "defaultEmailAddress": None,
        },
    }
    assert got.codes == ["ACCESS_DENIED", "ACCESS_DENIED"]


def test_without_any_approval_there_are_no_customers(world: World) -> None:
    world.shop.change_settings(approved_level=0)
    got = world.client.ask("customer_get", id=gid("Customer", world.anna))
    sample = json.loads(
        (DOCUMENTS.parent / "answers" / "access_denied_protected_customer_data.json").read_text()
    )
    assert got.body["data"] == sample["data"]
    assert got.errors[0]["message"] == sample["errors"][0]["message"]


def test_calls_are_counted_by_name_and_mutations_by_field(world: World) -> None:
    world.client.ask("shop_get")
    world.client.ask("tags_swap", id=gid("Customer", world.anna))
    world.client.run("{ shop { id } }")
    assert world.shop.calls == {"Shop": 1, "TagsSwap": 1, "(unnamed)": 1}
    assert world.shop.mutations == {"tagsRemove": 1, "tagsAdd": 1}


def test_ids_are_unique_over_all_shops() -> None:
    sandbox = Sandbox()
    shops = [sandbox.open_shop(name) for name in ("kawa", "herbata")]
    made = [shop.create_customer()["id"] for shop in shops]
    lines = [{"title": "Tea", "price": "1.00"}]
    made += [shop.place_order(lines)["id"] for shop in shops]
    assert len(set(made[:2])) == len(set(made[2:])) == 2
    assert shops[0].id != shops[1].id
    assert CLIENT_ID in sandbox.apps
