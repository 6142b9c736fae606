"""Which rewards a shop offers, and why it hides the others."""

from decimal import Decimal

from app.programme.document import parse
from app.programme.limits import Hidden
from app.programme.presets import preset_source
from app.programme.rewards import offers
from tests.programme.orders import HEAD

EVERY = frozenset({"percent", "fixed", "free-delivery", "free-product", "early-access"})

ALL = parse(
    preset_source(
        "one-per-unit",
        beside=["rewards-100-200-500", "rewards-100-150-200-300"],
        settings={"product.shop-1": "17"},
    )
)


def hidden(store: str, makes: frozenset[str]) -> dict[str, Hidden | None]:
    return {offer.reward.key: offer.hidden for offer in offers(ALL, store, makes)}


def test_a_shop_offers_all_that_it_can_give() -> None:
    assert hidden("shop-1", EVERY) == {
        "ten-percent-100": None,
        "free-delivery-200": None,
        "free-product-500": None,
        "free-delivery-150": None,
        "early-access-200": None,
        "voucher-50-300": None,
    }


def test_the_free_product_is_the_one_of_that_shop() -> None:
    source = (
        '[[reward]]\nkey = "mug"\ncost = 500\nkind = "free-product"\n'
        '[[reward.product]]\nstore = "shop-1"\nid = "17"\n'
        '[[reward.product]]\nstore = "shop-2"\nid = "632910392"\n'
    )
    rules = parse(HEAD + source)
    found = [offers(rules, store, EVERY)[0] for store in ("shop-1", "shop-2", "shop-3")]
    assert [(offer.product, offer.hidden) for offer in found] == [
        ("17", None),
        ("632910392", None),
        (None, Hidden.NO_PRODUCT),
    ]


def test_a_shop_without_api_keys_offers_nothing() -> None:
    reasons = hidden("shop-1", frozenset())
    assert set(reasons.values()) == {Hidden.NOT_MADE}


def test_a_kind_that_the_platform_does_not_make_is_hidden_whatever_the_product() -> None:
    reasons = hidden("shop-2", frozenset({"percent", "free-delivery"}))
    assert [key for key, reason in reasons.items() if reason is None] == [
        "ten-percent-100",
        "free-delivery-200",
        "free-delivery-150",
    ]
    assert reasons["free-product-500"] is reasons["voucher-50-300"] is Hidden.NOT_MADE


def test_an_offer_holds_what_it_costs_and_gives() -> None:
    voucher = offers(ALL, "shop-1", EVERY)[-1].reward
    assert (voucher.cost, voucher.kind, voucher.value) == (300, "fixed", Decimal(50))


def test_a_programme_without_rewards_offers_none() -> None:
    assert offers(parse(HEAD), "shop-1", EVERY) == ()
