"""The ready-made programmes: each is a valid document under its own name."""

from decimal import Decimal

import pytest

from app.errors import ConfigError
from app.programme.document import Programme, parse
from app.programme.lines import Product
from app.programme.presets import describe, preset_names, preset_source

FIRST, SECOND = "rewards-100-200-500", "rewards-100-150-200-300"


def catalogue(programme: Programme) -> list[tuple[int, str, Decimal | None]]:
    return [(reward.cost, reward.kind, reward.value) for reward in programme.rewards]


def test_the_first_three_presets_are_there() -> None:
    assert {"one-per-unit", "start-100-50-200", "step-10-per-100"} <= set(preset_names())


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_is_a_programme_under_its_own_name_in_zloty(name: str) -> None:
    programme = parse(preset_source(name))
    assert (programme.key, programme.currency) == (name, "PLN")
    gives = (programme.rules, programme.rewards, programme.challenges, programme.membership)
    assert any(gives)


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_takes_another_key_and_currency_and_keeps_its_rules(name: str) -> None:
    programme = parse(preset_source(name, key="kawa", currency="EUR"))
    assert (programme.key, programme.currency) == ("kawa", "EUR")
    assert programme.rules == parse(preset_source(name)).rules


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_says_in_one_line_what_it_is(name: str) -> None:
    assert preset_source(name).splitlines()[0] == f"# {describe(name).about}"
    assert describe(name).settings == (
        ("product.<store key>",) if name in {FIRST, "punch-card"} else ()
    )


def test_rewards_at_100_200_and_500_points() -> None:
    programme = parse(preset_source(FIRST))
    assert catalogue(programme) == [
        (100, "percent", Decimal(10)),
        (200, "free-delivery", None),
        (500, "free-product", None),
    ]
    assert {reward.valid_days for reward in programme.rewards} == {90}


def test_rewards_at_100_150_200_and_300_points() -> None:
    programme = parse(preset_source(SECOND))
    assert catalogue(programme) == [
        (100, "percent", Decimal(10)),
        (150, "free-delivery", None),
        (200, "early-access", None),
        (300, "fixed", Decimal("50.00")),
    ]


@pytest.mark.parametrize(("name", "other"), [(FIRST, SECOND), (SECOND, FIRST)])
def test_both_reward_presets_make_one_programme_with_the_reward_they_share_once(
    name: str, other: str
) -> None:
    programme = parse(preset_source(name, beside=[other]))
    assert programme.key == name
    assert sorted(catalogue(programme)) == [
        (100, "percent", Decimal(10)),
        (150, "free-delivery", None),
        (200, "early-access", None),
        (200, "free-delivery", None),
        (300, "fixed", Decimal("50.00")),
        (500, "free-product", None),
    ]


def test_rules_of_one_preset_go_with_rewards_of_another() -> None:
    source = preset_source("one-per-unit", beside=[FIRST], key="kawa", currency="EUR")
    programme = parse(source)
    assert (programme.key, programme.currency) == ("kawa", "EUR")
    assert programme.rules == parse(preset_source("one-per-unit")).rules
    assert programme.rewards == parse(preset_source(FIRST)).rewards
    for name in ("one-per-unit", FIRST):
        assert f"# {describe(name).about}" in source.splitlines()
    assert source.count("[programme]") == 1


def test_what_a_preset_says_of_the_programme_goes_with_its_rules() -> None:
    programme = parse(preset_source("one-per-unit", beside=["step-10-per-100"]))
    assert [rule.key for rule in programme.rules] == ["per-unit", "ten-per-hundred"]
    assert programme.point_value == Decimal(1)


@pytest.mark.parametrize("beside", [["one-per-unit"], [FIRST, FIRST]])
def test_a_preset_is_combined_once(beside: list[str]) -> None:
    with pytest.raises(ConfigError, match=f'"{beside[0]}" is named twice'):
        preset_source("one-per-unit", beside=beside)


def test_an_unknown_preset_to_combine_is_told_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=f'did you mean "{FIRST}"'):
        preset_source("one-per-unit", beside=["rewards-100-200-50"])


def test_the_free_product_of_each_shop_can_be_set() -> None:
    settings = {"product.shop-1": "17", "product.shop-2": "632910392"}
    programme = parse(preset_source(FIRST, beside=["one-per-unit"], settings=settings))
    *others, free = programme.rewards
    assert free.product == (
        Product(store="shop-1", id="17"),
        Product(store="shop-2", id="632910392"),
    )
    assert [reward.product for reward in others] == [(), ()]
    assert len(programme.rules) == 1


@pytest.mark.parametrize(
    ("name", "settings", "told"),
    [
        (FIRST, {"currency": "EUR"}, "'currency' cannot be set; give product.<store key>=ID"),
        (FIRST, {"products.shop": "1"}, "'products.shop' cannot be set"),
        (FIRST, {"product": "1"}, "'product' cannot be set"),
        (FIRST, {"product.": "1"}, r"reward\[2\].product\[0\].store: \"\" .*stempel store list"),
        (FIRST, {"product.Shop 1": "1"}, r'product\[0\].store: "Shop 1"'),
        (FIRST, {'product.a"\nid = "1': "1"}, r"product\[0\].store"),
        (FIRST, {"product.shop": "mug"}, r'product\[0\].id: "mug" .*"632910392"'),
        (FIRST, {"product.shop": ""}, r"product\[0\].id"),
        (SECOND, {"product.shop": "1"}, f"without a free product .* in {SECOND}"),
        ("one-per-unit", {"points": "2"}, "'points' cannot be set: without a free product"),
    ],
)
def test_what_cannot_be_set_is_refused(name: str, settings: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        preset_source(name, settings=settings)


def test_a_preset_that_is_not_there_is_told_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match='did you mean "one-per-unit"'):
        preset_source("one-per-units")


@pytest.mark.parametrize(
    ("key", "currency", "told"),
    [
        ("Kawa", None, "programme.key"),
        ('a"\nname = "b', None, "programme.key"),
        ("a\\u0041", None, "programme.key"),
        (None, "zloty", "programme.currency"),
    ],
)
def test_a_key_or_currency_no_programme_can_have_is_refused(
    key: str | None, currency: str | None, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        preset_source("one-per-unit", key=key, currency=currency)
