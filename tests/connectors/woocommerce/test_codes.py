"""Discount codes made in a WooCommerce shop, over HTTP, and what a buyer gets for them."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.errors import Blocked, Passing
from connectors.woocommerce import connector
from connectors.woocommerce.sandbox.errors import RestError
from tests.connectors.woocommerce.codes_help import ENDS, HOODIE, MUG, Till, discount, open_till


@pytest.fixture
def till() -> Iterator[Till]:
    with open_till() as opened:
        yield opened


# --- each kind, as a buyer meets it --------------------------------------------------------------


def test_it_can_make_every_kind() -> None:
    assert connector.makes == {"percent", "fixed", "free-delivery", "free-product"}


def test_a_percentage_comes_off_the_goods_of_one_order(till: Till) -> None:
    number = till.made(discount())
    coupon = till.coupon("k7qm-3xtd-0001")
    assert str(coupon["id"]) == number
    assert (coupon["discount_type"], coupon["amount"]) == ("percent", "10.00")
    assert (coupon["usage_limit"], coupon["usage_limit_per_user"]) == (1, 1)
    assert coupon["individual_use"] is True
    assert coupon["description"] == "10 % off"
    assert [(one["key"], one["value"]) for one in coupon["meta_data"]] == [
        ("stempel_redemption", "1")
    ]
    order = till.shop.place_order({HOODIE: 1}, customer_id=1, coupons=["K7QM-3XTD-0001"])
    assert order["total"] == "179.10"
    assert order["coupon_lines"][0]["code"] == "k7qm-3xtd-0001"
    assert till.coupon("k7qm-3xtd-0001")["usage_count"] == 1


def test_an_amount_comes_off_the_order(till: Till) -> None:
    till.made(discount(kind="fixed", minimum=Decimal("100.00")))
    coupon = till.coupon("k7qm-3xtd-0001")
    assert (coupon["discount_type"], coupon["amount"]) == ("fixed_cart", "20.00")
    assert coupon["minimum_amount"] == "100.00"
    with pytest.raises(RestError, match="invalid_coupon"):
        till.shop.place_order({MUG: 1}, customer_id=1, coupons=["k7qm-3xtd-0001"])
    order = till.shop.place_order({HOODIE: 1}, customer_id=1, coupons=["k7qm-3xtd-0001"])
    assert order["total"] == "179.00"


def test_free_delivery_takes_off_nothing_but_the_delivery(till: Till) -> None:
    till.made(discount(kind="free-delivery"))
    sent: dict[str, Any] = {"customer_id": 1, "shipping": "12.19", "coupons": ["k7qm-3xtd-0001"]}
    assert till.shop.place_order({HOODIE: 1}, **sent)["total"] == "199.00"


def test_one_piece_of_the_product_is_free_and_nothing_else(till: Till) -> None:
    till.made(discount(kind="free-product"))
    order = till.shop.place_order(
        {MUG: 2, HOODIE: 1}, customer_id=1, coupons=["k7qm-3xtd-0001"], via="store-api"
    )
    assert order["total"] == "248.99"


def test_a_percentage_off_some_products_is_off_all_their_pieces_and_nothing_else(
    till: Till,
) -> None:
    till.made(discount(products=(str(MUG),)))
    with pytest.raises(RestError, match="invalid_coupon"):
        till.shop.place_order({HOODIE: 1}, customer_id=1, coupons=["k7qm-3xtd-0001"])
    order = till.shop.place_order({MUG: 2, HOODIE: 1}, customer_id=1, coupons=["k7qm-3xtd-0001"])
    assert order["total"] == "288.98"  # 199.00 and twice 49.99, less 10.00


def test_an_amount_off_some_products_is_off_one_piece_of_them(till: Till) -> None:
    till.made(discount(kind="fixed", products=(str(MUG), "99999")))
    coupon = till.coupon("k7qm-3xtd-0001")
    assert (coupon["discount_type"], coupon["limit_usage_to_x_items"]) == ("fixed_product", 1)
    order = till.shop.place_order({MUG: 2, HOODIE: 1}, customer_id=1, coupons=["k7qm-3xtd-0001"])
    assert order["total"] == "278.98"


@pytest.mark.parametrize("products", [("99999",), ("mug",)])
def test_products_that_nobody_can_buy_make_no_code(till: Till, products: tuple[str, ...]) -> None:
    [made] = till.make(discount(products=products))
    assert (made.id, made.never) == (None, True)
    assert "products that this reward is for" in made.error or "no id of Woo" in made.error


def test_a_combinable_code_goes_with_others(till: Till) -> None:
    till.made(discount(combinable=True))
    assert till.coupon("k7qm-3xtd-0001")["individual_use"] is False


# --- for one person ------------------------------------------------------------------------------


def test_a_customer_may_check_out_with_either_e_mail(till: Till) -> None:
    for number, email in enumerate(["anna@example.pl", "Anna.Work@example.pl"], 1):
        till.made(discount(number))
        till.shop.place_order(
            {MUG: 1},
            customer_id=1,
            email=email,
            coupons=[f"k7qm-3xtd-000{number}"],
            via="store-api",
        )
    assert till.coupon("k7qm-3xtd-0001")["used_by"] == ["1"]
    assert till.coupon("k7qm-3xtd-0002")["email_restrictions"] == [
        "anna.work@example.pl",
        "anna@example.pl",
    ]


def test_nobody_else_can_use_the_code(till: Till) -> None:
    till.made(discount())
    for who in ({"customer_id": 2}, {"email": "somebody@example.pl"}):
        with pytest.raises(RestError, match="invalid_coupon"):
            till.shop.place_order({MUG: 1}, coupons=["k7qm-3xtd-0001"], **who)
    assert till.coupon("k7qm-3xtd-0001")["usage_count"] == 0


def test_a_person_without_an_account_is_known_by_e_mail(till: Till) -> None:
    till.made(discount(customer=None, email="Jan@Example.pl"))
    till.shop.place_order({MUG: 1}, email="jan@example.PL", coupons=["k7qm-3xtd-0001"])
    assert till.coupon("k7qm-3xtd-0001")["used_by"] == ["jan@example.pl"]


@pytest.mark.parametrize(
    "email",
    [
        "*@example.pl",  # anybody of example.pl
        "a|.+@example.pl",  # anybody at all
        "józef@example.pl",  # WordPress makes jzef@ of it, who is another person
        "jan@przykład.pl",
        "jan\r\n@example.pl",
        '"jan"@example.pl',
        "jan",
        "j" * 300 + "@example.pl",
        "",
        "deleted@site.invalid",  # all whom the shop's privacy tool has erased
    ],
)
def test_an_e_mail_that_would_open_the_code_to_others_makes_no_code(till: Till, email: str) -> None:
    [made] = till.make(discount(customer=None, email=email))
    assert (made.id, made.never) == (None, True)
    assert till.shop.all_coupons() == []


def test_a_customer_who_is_gone_gets_no_code_and_the_others_do(till: Till) -> None:
    gone, fine = till.make(discount(1, customer="99"), discount(2, customer="2"))
    assert (gone.id, gone.never) == (None, True)
    assert "no such customer" in (gone.error or "")
    assert fine.error is None
    assert till.coupon("k7qm-3xtd-0002")["email_restrictions"] == ["piotr@example.pl"]


def test_a_user_of_another_role_gets_a_code_too(till: Till) -> None:
    owner = till.shop.register_customer("owner@example.pl", role="administrator")
    till.made(discount(customer=str(owner["id"])))
    assert till.coupon("k7qm-3xtd-0001")["email_restrictions"] == ["owner@example.pl"]


# --- until when ----------------------------------------------------------------------------------


def test_the_code_ends_at_its_second_whatever_the_shop_s_time_zone(till: Till) -> None:
    late = ENDS.replace(microsecond=999_999)
    till.made(discount(ends_at=late))
    coupon = till.coupon("k7qm-3xtd-0001")
    assert coupon["date_expires_gmt"] == "2026-12-31T22:59:59"
    assert coupon["date_expires"] == "2026-12-31T23:59:59"
    with pytest.raises(RestError, match="invalid_coupon"):
        till.shop.place_order(
            {MUG: 1}, customer_id=1, coupons=["k7qm-3xtd-0001"], at=ENDS + timedelta(seconds=1)
        )
    order = till.shop.place_order(
        {MUG: 1}, customer_id=1, coupons=["k7qm-3xtd-0001"], at=ENDS - timedelta(minutes=1)
    )
    assert order["date_created_gmt"] == "2026-12-31T22:58:59"


def test_a_code_without_end_has_none(till: Till) -> None:
    till.made(discount(ends_at=None))
    assert till.coupon("k7qm-3xtd-0001")["date_expires_gmt"] is None


# --- once, whatever happens to the answer --------------------------------------------------------


@pytest.mark.parametrize("fault", ["reset_after", "half_body", "wrong_json", "wrong_page"])
def test_a_lost_answer_ends_with_one_code_that_is_found_again(till: Till, fault: str) -> None:
    till.shop.faults.add(fault, method="POST")
    with pytest.raises(Passing):
        till.make(discount())
    number = till.made(discount())
    [coupon] = till.shop.all_coupons()
    assert str(coupon["id"]) == number


@pytest.mark.parametrize("fault", ["429", "500", "maintenance", "reset_before"])
def test_a_shop_in_trouble_makes_no_code_and_then_one(till: Till, fault: str) -> None:
    till.shop.faults.add(fault, method="POST")
    with pytest.raises(Passing):
        till.make(discount())
    assert till.shop.all_coupons() == []
    till.made(discount())


@pytest.mark.parametrize("fault", ["read_only", "no_rights"])
def test_a_key_without_rights_stops_the_shop_s_codes(till: Till, fault: str) -> None:
    till.shop.faults.add(fault, method="POST")
    with pytest.raises(Blocked):
        till.make(discount())


def test_a_hundred_codes_whose_answer_was_lost_are_found_in_two_calls(till: Till) -> None:
    wanted = [discount(number) for number in range(100)]
    till.shop.faults.add("reset_after", method="POST")
    with pytest.raises(Passing):
        till.make(*wanted)
    till.calls()
    assert all(made.id for made in till.make(*wanted))
    assert till.calls() == {"GET /customers": 1, "POST /coupons/batch": 1, "GET /coupons": 1}
    assert len(till.shop.all_coupons()) == 100


def test_a_code_that_is_the_merchant_s_own_is_left_alone(till: Till) -> None:
    theirs = till.shop.add_coupon("K7QM-3xtd-0001", "5")
    [made] = till.make(discount())
    assert (made.id, made.taken, made.never) == (None, True, False)
    assert till.shop.all_coupons() == [theirs]


def test_a_code_of_ours_that_was_changed_is_not_what_was_paid_for(till: Till) -> None:
    number = till.made(discount())
    till.shop.change_coupon(int(number), email_restrictions=[])
    [made] = till.make(discount())
    assert (made.id, made.taken, made.never) == (None, False, True)
    assert "email_restrictions" in (made.error or "")


def test_a_code_made_again_after_its_use_is_still_the_one(till: Till) -> None:
    number = till.made(discount())
    till.shop.place_order({MUG: 1}, customer_id=1, coupons=["k7qm-3xtd-0001"])
    assert till.made(discount()) == number


def test_a_storm_ends_with_one_code_for_each(till: Till) -> None:
    wanted = [discount(number) for number in range(30)]
    odds = {"reset_after": 0.15, "reset_before": 0.1, "429": 0.1, "500": 0.1, "wrong_json": 0.1}
    till.shop.faults.storm(11, odds, retry_after="1")
    numbers: dict[str, str] = {}
    for _ in range(100):
        left = [one for one in wanted if one.reference not in numbers]
        if not left:
            break
        try:
            numbers |= {made.reference: made.id for made in till.make(*left) if made.id}
        except Passing:
            continue
    assert len(numbers) == 30
    assert len(till.shop.all_coupons()) == 30


# --- many at once --------------------------------------------------------------------------------


def test_250_codes_take_three_batches(till: Till) -> None:
    wanted = [discount(number) for number in range(250)]
    size = till.codes.batch_size
    for at in range(0, 250, size):
        assert all(made.id for made in till.make(*wanted[at : at + size]))
    assert till.calls() == {"GET /customers": 3, "POST /coupons/batch": 3}
    assert len({coupon["code"] for coupon in till.shop.all_coupons()}) == 250


def test_one_bad_code_spoils_nothing_for_the_others(till: Till) -> None:
    bad, odd, fine = till.make(
        discount(1, value=Decimal(150)), discount(2, value=None), discount(3)
    )
    assert (bad.never, odd.never, fine.id is None) == (True, True, False)
    assert len(till.shop.all_coupons()) == 1


def test_nothing_to_make_is_no_call(till: Till) -> None:
    assert till.make() == []
    assert till.calls() == {}


# --- what the shop would take and should not -----------------------------------------------------


def test_an_amount_in_another_currency_is_refused_and_the_shop_is_asked_once(till: Till) -> None:
    till.shop.change_settings(currency="EUR")
    zloty, euro = till.make(discount(1, kind="fixed"), discount(2, kind="fixed", currency="EUR"))
    assert (zloty.never, zloty.error) == (
        True,
        "The reward is in PLN, and the shop's currency is EUR.",
    )
    assert euro.error is None
    till.made(discount(3, minimum=Decimal(50), currency="EUR"))
    assert till.calls()["GET /data/currencies/current"] == 1
    till.made(discount(4))  # a percentage has no currency


@pytest.mark.parametrize("product", ["99", "0", "gid://shopify/Product/1", None])
def test_a_product_that_is_not_there_makes_no_code(till: Till, product: str | None) -> None:
    [made] = till.make(discount(kind="free-product", product=product))
    assert (made.id, made.never) == (None, True)
    assert till.shop.all_coupons() == []


@pytest.mark.parametrize("status", ["trash", "draft", "private"])
def test_a_product_that_is_not_on_sale_makes_no_code(till: Till, status: str) -> None:
    till.shop.tables.products[MUG]["status"] = status
    [made] = till.make(discount(kind="free-product"))
    assert (made.id, made.never) == (None, True)


NASTY = ["'\"", "100 %", "<script>alert(1)</script>", "a\r\nX: y", "\u202eשלום", "x" * 300, "\x00"]


@pytest.mark.parametrize("text", NASTY)
def test_a_title_of_any_kind_does_no_harm(till: Till, text: str) -> None:
    till.made(discount(title=text))
    kept = till.coupon("k7qm-3xtd-0001")["description"]
    assert kept.isprintable()
    assert "<" not in kept
    assert len(kept) <= 200


@pytest.mark.parametrize("text", [*NASTY, "", "%27", "a b", "ab"])
def test_a_code_that_the_shop_would_change_is_not_made(till: Till, text: str) -> None:
    [made] = till.make(discount(code=text))
    assert (made.id, made.never) == (None, True)
    assert till.shop.all_coupons() == []


def test_a_code_is_kept_even_if_the_shop_shows_no_decimals(till: Till) -> None:
    till.shop.change_settings(decimals=0)
    till.made(discount(kind="fixed", value=Decimal("12.50")))
