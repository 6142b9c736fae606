"""Coupons with their traps, and money as the sandbox counts it."""

from collections.abc import Iterator

import pytest

from tests.connectors.woocommerce.sandbox_help import World, small_shop


@pytest.fixture
def world() -> Iterator[World]:
    with small_shop() as made:
        yield made


# --- coupons -----------------------------------------------------------------------------------


def test_codes_are_lower_case_unique_and_freed_by_the_trash(world: World) -> None:
    sent = {"code": "LP-7F3K", "discount_type": "percent", "amount": "10"}
    made = world.call("POST", "/coupons", sent).body
    assert made["code"] == "lp-7f3k"
    taken = world.call("POST", "/coupons", {**sent, "code": "lp-7f3K"})
    assert taken.body["code"] == "woocommerce_rest_coupon_code_already_exists"
    assert world.ids("/coupons?code=Lp-7f3k") == [made["id"]]
    world.call("DELETE", f"/coupons/{made['id']}")
    assert world.ids("/coupons?code=lp-7f3k") == []
    assert world.call("POST", "/coupons", sent).status == 201


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"date_expires_gmt": "2026-12-31T22:59:59"}, None),
        ({"date_expires": "2026-12-31T22:59:59Z"}, "2026-12-31T22:59:59"),
        ({"date_expires": "2026-12-31T23:59:59"}, "2026-12-31T22:59:59"),
        ({"date_expires": "2026-12-31"}, "2026-12-30T23:00:00"),
        ({"date_expires": "2020-01-01T00:00:00Z"}, "2020-01-01T00:00:00"),
    ],
)
def test_a_coupon_ends_when_the_shop_understood_it(
    world: World, sent: dict[str, str], kept: str | None
) -> None:
    coupon = {"code": "x", "discount_type": "percent", "amount": "10", **sent}
    assert world.call("POST", "/coupons", coupon).body["date_expires_gmt"] == kept


def test_a_used_up_coupon_is_refused_and_cancelling_gives_the_use_back(world: World) -> None:
    world.shop.add_coupon("once", "10", "fixed_cart", usage_limit=1)
    number = world.order(coupons=["ONCE"])
    [coupon] = world.call("GET", "/coupons?code=once").body
    assert (coupon["usage_count"], coupon["used_by"]) == (1, ["jan@example.pl"])
    sent = {"line_items": [{"product_id": 1}], "coupon_lines": [{"code": "once"}]}
    refused = world.call("POST", "/orders", sent)
    assert refused.body["code"] == "woocommerce_rest_invalid_coupon"
    ghost = refused.body["data"]["new_draft_order_id"]
    assert world.shop.order(ghost)["status"] == "checkout-draft"
    world.shop.set_status(number, "cancelled")
    [coupon] = world.call("GET", "/coupons?code=once").body
    assert coupon["usage_count"] == 0
    assert world.call("POST", "/orders", sent).status == 201


def test_a_coupon_for_one_e_mail_is_for_that_e_mail_only(world: World) -> None:
    world.shop.add_coupon("hers", "10", email_restrictions=["anna@example.pl"])
    sent = {"line_items": [{"product_id": 1}], "coupon_lines": [{"code": "hers"}]}
    other = {**sent, "billing": {"email": "jan@example.pl"}}
    assert world.call("POST", "/orders", other).status == 400
    hers = {**sent, "billing": {"email": "ANNA@example.pl"}}
    assert world.call("POST", "/orders", hers).status == 201


# --- money -------------------------------------------------------------------------------------


def test_a_refunded_piece_gives_back_its_share_and_the_last_the_rest(world: World) -> None:
    number = int(world.shop.place_order({1: 3}, email="a@example.pl")["id"])
    line = world.shop.order(number)["line_items"][0]
    assert (line["total"], line["total_tax"]) == ("121.93", "28.04")
    amounts = [world.shop.refund(number, lines={line["id"]: 1})["amount"] for _ in range(3)]
    assert amounts == ["49.99", "49.99", "49.99"]
    assert world.shop.order(number)["status"] == "refunded"


def test_an_amount_only_refund_has_no_lines(world: World) -> None:
    number = world.order()
    world.shop.refund(number, amount="10.00", reason="Late")
    [refund] = world.call("GET", f"/orders/{number}/refunds").body
    assert (refund["amount"], refund["line_items"]) == ("10.00", [])
    [everywhere] = world.call("GET", "/refunds").body
    assert everywhere["parent_id"] == number
    got = world.call("POST", f"/orders/{number}/refunds", {"amount": "40.00"})
    assert (got.status, got.body["data"]) == (500, 500)


def test_prices_without_tax_get_the_tax_on_top(world: World) -> None:
    world.shop.change_settings(prices_include_tax=False)
    order = world.shop.place_order({1: 2}, email="a@example.pl")
    [line] = order["line_items"]
    assert (line["total"], line["total_tax"], order["total"]) == ("99.98", "23.00", "122.98")
    assert order["prices_include_tax"] is False


@pytest.mark.parametrize(
    ("decimals", "price", "total"),
    [(0, "3690", "3690"), (2, "49.99", "49.99"), (3, "12.345", "12.345")],
)
def test_amounts_have_the_store_s_decimals(
    world: World, decimals: int, price: str, total: str
) -> None:
    world.shop.change_settings(decimals=decimals)
    product = world.shop.add_product("Thing", price)
    order = world.shop.place_order({product["id"]: 1}, email="a@example.pl")
    assert order["total"] == total
    [line] = order["line_items"]
    assert len(line["total"].partition(".")[2]) == decimals


def test_fewer_decimals_round_what_was_sold_before(world: World) -> None:
    number = world.order()
    world.shop.change_settings(decimals=0)
    assert world.call("GET", f"/orders/{number}").body["total"] == "50"
    assert world.call("GET", f"/orders/{number}?dp=2").body["total"] == "50.00"


def test_a_negative_fee_is_a_discount_that_no_discount_total_shows(world: World) -> None:
    fee = [{"name": "Voucher", "total": "-10.00", "tax_status": "none"}]
    order = world.shop.place_order({1: 1}, email="a@example.pl", fee_lines=fee)
    assert (order["discount_total"], order["total"]) == ("0.00", "39.99")


def test_editing_a_quantity_on_the_admin_screen_multiplies_the_amounts(world: World) -> None:
    number = world.order()
    line = world.shop.order(number)["line_items"][0]["id"]
    assert world.shop.edit_line(number, line, 3)["total"] == "149.97"
    assert world.shop.edit_line(number, line, 0)["total"] == "0.00"


def test_an_edit_over_rest_with_a_quantity_alone_leaves_the_amounts(world: World) -> None:
    number = world.order()
    line = world.shop.order(number)["line_items"][0]["id"]
    sent = {"line_items": [{"id": line, "quantity": 3}]}
    body = world.call("PUT", f"/orders/{number}", sent).body
    assert (body["line_items"][0]["quantity"], body["total"]) == (3, "49.99")
