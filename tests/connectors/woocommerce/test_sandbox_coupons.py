"""The sandbox's coupons behave as the real shop's were seen to, and as its source says."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.woocommerce.sandbox import storefront
from connectors.woocommerce.sandbox.errors import RestError
from tests.connectors.woocommerce.sandbox_help import Client, World, small_shop


@pytest.fixture
def world() -> Iterator[World]:
    with small_shop() as made:
        made.shop.register_customer("anna@example.pl")
        yield made


def _made(world: World, code: str = "LATO-1", **values: Any) -> int:
    sent = {"code": code, "discount_type": "percent", "amount": "10", **values}
    got = world.call("POST", "/coupons", sent)
    assert got.status == 201
    return int(got.body["id"])


def _codes(world: World) -> list[str]:
    return [coupon["code"] for coupon in world.call("GET", "/coupons").body]


def _refused(world: World, **values: Any) -> str:
    with pytest.raises(RestError) as refusal:
        world.shop.place_order({1: 1}, coupons=["lato-1"], **values)
    return str(refusal.value.message)


def test_the_page_tells_the_numbers_of_goods(world: World) -> None:
    made = world.shop.add_product("<b>Beans</b>", "89.00")
    row = f"<td>{made['id']}</td><td>&lt;b&gt;Beans&lt;/b&gt;</td><td>89.00</td>"
    assert row in storefront.page(world.shop)


# --- the trash -----------------------------------------------------------------------------------


def test_a_coupon_in_the_trash_is_shown_by_id_only_and_frees_its_code(world: World) -> None:
    number = _made(world)
    assert world.call("DELETE", f"/coupons/{number}").body["status"] == "publish"
    assert world.call("GET", f"/coupons/{number}").body["status"] == "trash"
    assert _codes(world) == []
    assert world.call("GET", f"/coupons?include={number}").body == []
    assert world.call("GET", "/coupons?code=LATO-1").body == []
    assert _made(world) != number
    assert world.call("DELETE", f"/coupons/{number}").status == 410


def test_the_merchant_can_take_a_coupon_out_of_the_trash(world: World) -> None:
    number = _made(world)
    world.shop.delete_coupon(number)
    assert "does not exist" in _refused(world, customer_id=1)
    world.shop.restore_coupon(number)
    assert _codes(world) == ["lato-1"]
    world.shop.place_order({1: 1}, customer_id=1, coupons=["lato-1"])


def test_a_coupon_deleted_for_good_is_nowhere(world: World) -> None:
    number = _made(world)
    got = world.call("POST", "/coupons/batch", {"delete": [number, 999]})
    fine, missing = got.body["delete"]
    assert (fine["id"], fine["usage_count"]) == (number, 0)
    assert missing["error"]["code"] == "woocommerce_rest_shop_coupon_invalid_id"
    gone = world.call("GET", f"/coupons/{number}")
    assert (gone.status, gone.body["code"]) == (404, "woocommerce_rest_shop_coupon_invalid_id")
    assert world.shop.all_coupons() == []


def test_an_unpublished_coupon_is_not_listed_and_does_not_work(world: World) -> None:
    number = _made(world)
    world.shop.change_coupon(number, status="draft")
    assert _codes(world) == []
    assert "does not exist" in _refused(world, customer_id=1)
    assert world.shop.coupon(number)["status"] == "draft"


# --- batches -------------------------------------------------------------------------------------


def test_a_batch_has_at_most_100_items(world: World) -> None:
    items = [{"code": f"c{number}", "amount": "1"} for number in range(101)]
    got = world.call("POST", "/coupons/batch", {"create": items})
    assert (got.status, got.body["code"]) == (413, "woocommerce_rest_request_entity_too_large")
    assert world.call("POST", "/coupons/batch", {"create": items[:100]}).status == 200
    assert len(world.shop.all_coupons()) == 100


def test_what_fails_in_a_batch_stands_in_its_place(world: World) -> None:
    _made(world)
    wanted = [
        {"code": "Lato-1", "amount": "1"},
        {"code": "zima", "discount_type": "percent", "amount": "101"},
        {"code": "jesien", "discount_type": "cashback"},
        {"code": "wiosna", "amount": "1"},
    ]
    got = world.call("POST", "/coupons/batch", {"create": wanted})
    assert got.status == 200
    *failed, fine = got.body["create"]
    assert [(one["id"], one["error"]["code"]) for one in failed] == [
        (0, "woocommerce_rest_coupon_code_already_exists"),
        (0, "coupon_invalid_amount"),
        (0, "coupon_invalid_discount_type"),
    ]
    assert fine["code"] == "wiosna"


# --- who may use it, and when --------------------------------------------------------------------


def test_the_classic_checkout_looks_at_the_account_and_the_others_at_the_billing_e_mail(
    world: World,
) -> None:
    _made(world, email_restrictions=["anna@example.pl"])
    other: dict[str, Any] = {"customer_id": 1, "email": "work@example.pl"}
    for via in ("store-api", "rest-api"):
        assert "valid email" in _refused(world, via=via, **other)
    world.shop.place_order({1: 1}, coupons=["lato-1"], via="checkout", **other)


def test_e_mails_are_kept_as_wordpress_keeps_them_and_compared_as_patterns(world: World) -> None:
    sent = ["Józef@Example.pl", "nobody", "*@kawa.example"]
    number = _made(world, email_restrictions=sent)
    assert world.shop.coupon(number)["email_restrictions"] == ["jzef@example.pl", "*@kawa.example"]
    world.shop.place_order({1: 1}, coupons=["lato-1"], email="anybody@kawa.example")


def test_a_guest_is_counted_by_e_mail_and_a_customer_by_id(world: World) -> None:
    number = _made(world, usage_limit_per_user=1)
    world.shop.place_order({1: 1}, coupons=["lato-1"], email="Jan@Example.pl")
    world.shop.place_order({1: 1}, coupons=["LATO-1"], customer_id=1)
    assert world.shop.coupon(number)["used_by"] == ["jan@example.pl", "1"]
    assert "Usage limit" in _refused(world, email="jan@example.PL")


def test_only_a_cancelled_order_gives_the_use_back(world: World) -> None:
    number = _made(world, usage_limit=1)
    order = int(world.shop.place_order({1: 1}, coupons=["lato-1"], customer_id=1)["id"])
    for status, uses in [("refunded", 1), ("failed", 1), ("cancelled", 0), ("processing", 1)]:
        world.shop.set_status(order, status)
        assert world.shop.coupon(number)["usage_count"] == uses, status
    world.shop.trash_order(order)
    assert world.shop.coupon(number)["usage_count"] == 1


def test_rest_orders_enforce_the_limit_and_leave_a_draft(world: World) -> None:
    _made(world, usage_limit=1)
    sent = {
        "status": "processing",
        "billing": {"email": "jan@example.pl"},
        "line_items": [{"product_id": 1, "quantity": 1}],
        "coupon_lines": [{"code": "LATO-1"}],
    }
    assert world.call("POST", "/orders", sent).status == 201
    got = world.call("POST", "/orders", sent)
    assert (got.status, got.body["code"]) == (400, "woocommerce_rest_invalid_coupon")
    assert world.shop.order(got.body["data"]["new_draft_order_id"])["status"] == "checkout-draft"


def test_an_order_can_be_placed_at_another_time(world: World) -> None:
    now = world.now[0]
    number = _made(world, date_expires=f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}Z")
    late = (now + timedelta(hours=1, seconds=1)).isoformat()
    assert "expired" in _refused(world, customer_id=1, at=late)
    edge = (now + timedelta(hours=1)).isoformat()
    order = world.shop.place_order({1: 1}, coupons=["lato-1"], customer_id=1, at=edge)
    assert order["date_created_gmt"] == world.shop.coupon(number)["date_expires_gmt"]
    assert world.shop.now() == now


@pytest.mark.parametrize(
    ("sent", "gmt"),
    [
        ("2026-12-31T22:59:59Z", "2026-12-31T22:59:59"),
        ("2026-12-31T23:59:59+01:00", "2026-12-31T22:59:59"),
        ("2026-12-31T23:59:59", "2026-12-31T22:59:59"),
        ("2026-12-31", "2026-12-30T23:00:00"),
        # Fractions make the shop forget the Z: this is local time.
        ("2026-12-31T22:59:59.500Z", "2026-12-31T21:59:59"),
    ],
)
def test_an_end_is_read_as_the_shop_reads_it(world: World, sent: str, gmt: str) -> None:
    assert world.shop.coupon(_made(world, date_expires=sent))["date_expires_gmt"] == gmt


# --- what it is worth ----------------------------------------------------------------------------


def test_a_limit_of_pieces_holds_for_percentages(world: World) -> None:
    _made(world, amount="100", product_ids=[1], limit_usage_to_x_items=1)
    order = world.shop.place_order({1: 3, 2: 1}, coupons=["lato-1"], customer_id=1)
    assert order["total"] == "298.98"  # two mugs and the hoodie


def test_free_delivery_needs_a_method_that_asks_for_a_coupon(world: World) -> None:
    _made(world, discount_type="fixed_cart", amount="0", free_shipping=True)
    sent: dict[str, Any] = {"coupons": ["lato-1"], "customer_id": 1, "shipping": "10.00"}
    assert world.shop.place_order({1: 1}, **sent)["total"] == "49.99"
    world.shop.change_settings(free_delivery_by_coupon=False)
    assert world.shop.place_order({1: 1}, **sent)["total"] == "62.29"


def test_a_coupon_for_individual_use_stands_alone_at_the_checkout(world: World) -> None:
    _made(world, individual_use=True)
    _made(world, "ZIMA-1")
    with pytest.raises(RestError, match="invalid_coupon"):
        world.shop.place_order({1: 1}, coupons=["zima-1", "lato-1"], customer_id=1)
    twice = world.shop.place_order({1: 1}, coupons=["zima-1", "ZIMA-1"], customer_id=1)
    assert len(twice["coupon_lines"]) == 1


# --- seen from outside ---------------------------------------------------------------------------


def test_the_desk_does_what_the_merchant_does_with_coupons(world: World) -> None:
    client = Client(world.running, {})

    def desk(action: str, **arguments: Any) -> Any:
        got = client.call("POST", "/_sandbox/do", {"action": action, "args": arguments})
        assert got.status == 200, got.raw
        return got.body["result"]

    number = desk("add_coupon", code="LATO-1", amount="10")["id"]
    desk("delete_coupon", coupon_id=number)
    assert [one["status"] for one in desk("all_coupons")] == ["trash"]
    desk("restore_coupon", coupon_id=number)
    at = world.now[0].isoformat()
    desk("place_order", items={"1": 1}, customer_id=1, coupons=["lato-1"], at=at)
    assert desk("coupon", coupon_id=number)["used_by"] == ["1"]
    assert desk("change_coupon", coupon_id=number, amount="5")["amount"] == "5.00"
    desk("delete_coupon", coupon_id=number, force=True)
    assert desk("all_coupons") == []
    client.close()


def test_the_page_shows_coupons_and_runs_nothing_of_theirs(world: World) -> None:
    _made(world, "<script>alert(1)</script>", description="<b>x</b>")
    page = world.call("GET", "/").raw.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page


def test_a_trashed_coupon_is_announced_as_a_product(world: World) -> None:
    number = _made(world)
    world.shop.add_webhook("product.deleted", "http://127.0.0.1:9/hook", "s")
    world.shop.delete_coupon(number)
    world.shop.run_queue()
    assert [json.loads(one.body) for one in world.shop.sent] == [{"id": number}]
