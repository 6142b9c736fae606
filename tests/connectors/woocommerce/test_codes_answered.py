"""What a WooCommerce shop can answer about the codes of a batch, and what it means."""

from typing import Any

import pytest

from app.errors import Passing
from connectors.rewards import Made
from tests.connectors.woocommerce.captured import reply
from tests.connectors.woocommerce.codes_help import discount
from tests.connectors.woocommerce.shops import as_json, shop_with


def _answering(item: dict[str, Any]) -> Made:
    customer = [{"id": 1, "email": "anna@example.pl", "billing": []}]
    routes = {
        "GET /customers": as_json(customer),
        "POST /coupons/batch": as_json({"create": [item]}),
    }
    with shop_with(routes) as (shop, _):
        assert shop.codes is not None
        [made] = shop.codes.make([discount()])
    return made


@pytest.mark.parametrize(
    ("code", "never"),
    [
        ("coupon_invalid_amount", True),
        ("coupon_invalid_email_address", True),
        ("rest_invalid_param", True),
        ("woocommerce_rest_shop_coupon_not_created", False),
        ("<b>plugin</b>", False),
    ],
)
def test_what_the_shop_refuses_for_ever_is_not_asked_again(code: str, never: bool) -> None:
    made = _answering({"id": 0, "error": {"code": code, "message": "x", "data": {"status": 400}}})
    assert (made.id, made.never, made.taken) == (None, never, False)
    assert code in (made.error or "")


@pytest.mark.parametrize(
    "changed",
    [
        {"email_restrictions": []},
        {"email_restrictions": ["anna@example.pl", "eva@example.pl"]},
        {"email_restrictions": {"1": "eva@example.pl"}},
        {"amount": "100.00"},
        {"usage_limit": None},
        {"discount_type": "fixed_cart"},
        {"date_expires_gmt": None},
        {"free_shipping": True},
        {"individual_use": False},
        {"minimum_amount": "50.00"},
        {"product_ids": [3]},
        {"limit_usage_to_x_items": 1},
    ],
)
def test_a_code_that_a_plugin_changed_on_its_way_is_not_given_out(changed: dict[str, Any]) -> None:
    shown = {
        "id": 30,
        "code": "k7qm-3xtd-0001",
        "status": "publish",
        "discount_type": "percent",
        "amount": "10.00",
        "date_expires_gmt": "2026-12-31T22:59:59",
        "usage_count": 0,
        "usage_limit": 1,
        "individual_use": True,
        "free_shipping": False,
        "minimum_amount": "0.00",
        "email_restrictions": ["anna@example.pl"],
    }
    assert _answering(shown).id == "30"
    made = _answering({**shown, **changed})
    assert (made.id, made.never) == (None, True)
    assert next(iter(changed)).removesuffix("_gmt") in (made.error or "")


def test_an_answer_that_forgets_a_code_is_asked_for_again() -> None:
    routes = {
        "GET /customers": as_json([{"id": 1, "email": "anna@example.pl"}]),
        "POST /coupons/batch": reply("065"),
    }
    with shop_with(routes) as (shop, _):
        assert shop.codes is not None
        with pytest.raises(Passing, match="all of them"):
            shop.codes.make([discount()])
