"""What tiers and campaigns add to an order, and how they act together."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.programme.document import Programme
from app.programme.events import LineKind, OrderFacts, Standing
from app.programme.explanation import Note, Reason
from app.programme.order_windows import OrderItem, evaluate_caps
from app.programme.rules import Award, Context
from tests.programme.orders import goods, judge, line, order, points, programme, refund, unread

WARSAW = 'timezone = "Europe/Warsaw"\n'
UNIT = '[[rule]]\nkey = "unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
THANKS = '[[rule]]\nkey = "thanks"\non = "order.paid"\npoints = 5\n'
STEPS = '[[rule]]\nkey = "steps"\non = "order.paid"\npoints = 10\nper = "100"\nstep = true\n'
PIECES = '[[rule]]\nkey = "pieces"\non = "order.paid"\npoints = 3\nper_piece = true\n'
TIERS = (
    '[[tier]]\nkey = "silver"\nname = "Silver"\nfrom = "500"\nmultiply = "1.25"\n'
    '[[tier]]\nkey = "gold"\nfrom = "2000"\nmultiply = "3"\n'
)
SILVER, GOLD = Context(tier="silver"), Context(tier="gold")
BLACK_FRIDAY = datetime(2026, 11, 27, 12, tzinfo=UTC)


def campaign(more: str = 'multiply = "2"', key: str = "weekend") -> str:
    return (
        f'[[campaign]]\nkey = "{key}"\nfrom = 2026-11-27T00:00:00\nuntil = 2026-11-30T00:00:00\n'
        f"{more}\n"
    )


def given(
    rules: Programme, facts: OrderFacts | None, context: Context | None = None, store: str = "shop"
) -> dict[str, int]:
    """Return what each rule and each bonus gives for an order of Black Friday."""
    return {award.rule: award.points for award in judged(rules, facts, context, store)}


def judged(
    rules: Programme, facts: OrderFacts | None, context: Context | None = None, store: str = "shop"
) -> tuple[Award, ...]:
    return judge(rules, facts, context=context, occurred_at=BLACK_FRIDAY, store=store)


def test_silver_multiplies_107_zloty_50_by_1_25_and_rounds_down_once_to_134() -> None:
    rules = programme(UNIT + TIERS)
    facts = order(
        line("1", "60.00"), line("2", "47.50"), line("3", "15.00", kind=LineKind.SHIPPING)
    )
    [award] = judged(rules, facts, SILVER)
    assert award.points == 134
    why = award.explanation
    assert (why.raw, why.multiplier) == (Decimal("134.375"), Decimal("1.25"))
    assert why.multipliers == (("tier", "silver", Decimal("1.25")),)
    assert points(rules, facts) == 107
    returned = order(*facts.lines, refunds=(refund("r", "5.60", ("2", "5.60")),))
    assert given(rules, returned, SILVER) == {"unit": 127}


def test_a_tier_that_the_version_has_not_and_one_that_multiplies_by_1_change_nothing() -> None:
    rules = programme(UNIT + '[[tier]]\nkey = "bronze"\nfrom = "0"\n')
    for context in (Context(tier="bronze"), SILVER):
        [award] = judged(rules, goods("10.00"), context)
        assert (award.points, award.explanation.multiplier) == (10, None)


@pytest.mark.parametrize(
    ("stacking", "context", "expected"),
    [
        ("best", SILVER, 200),
        ("best", GOLD, 300),
        ("add", SILVER, 225),
        ("multiply", SILVER, 250),
        ("multiply", Context(), 200),
    ],
)
def test_the_programme_says_what_tier_and_campaign_make_together(
    stacking: str, context: Context, expected: int
) -> None:
    rules = programme(UNIT + TIERS + campaign(), f'stacking = "{stacking}"\n')
    assert given(rules, goods("100.00"), context) == {"unit": expected}


def test_of_two_campaigns_that_multiply_alike_the_first_is_named() -> None:
    rules = programme(UNIT + campaign(key="first") + campaign(key="second"))
    [award] = judged(rules, goods("10.00"))
    assert award.points == 20
    assert award.explanation.multipliers == (("campaign", "first", Decimal(2)),)


def test_added_tiers_below_1_never_take_more_than_everything() -> None:
    rules = programme(
        UNIT + '[[tier]]\nkey = "silver"\nfrom = "5"\nmultiply = "0.5"\n' + campaign(),
        'stacking = "add"\n',
    )
    assert given(rules, goods("10.00"), SILVER) == {"unit": 15}
    assert points(rules, goods("10.00"), SILVER) == 5


def test_a_campaign_multiplies_only_its_lines_and_a_returned_line_takes_back_what_it_earned() -> (
    None
):
    rules = programme(UNIT + TIERS + campaign('multiply = "2"\nlines = { skus = ["MUG-*"] }'))
    mug, tea = line("1", "60.00", sku="MUG-1"), line("2", "47.50", sku="TEA")
    [award] = judged(rules, order(mug, tea), SILVER)
    assert award.points == 179  # 60 times 2 and 47.50 times 1.25 are 179.375
    why = award.explanation
    assert why.boosted == (("1", Decimal(2)), ("2", Decimal("1.25")))
    assert why.multipliers == (
        ("tier", "silver", Decimal("1.25")),
        ("campaign", "weekend", Decimal(2)),
    )
    without_mug = order(mug, tea, refunds=(refund("r", "60.00", ("1", "60.00")),))
    without_tea = order(mug, tea, refunds=(refund("r", "47.50", ("2", "47.50")),))
    assert given(rules, without_mug, SILVER) == given(rules, order(tea), SILVER) == {"unit": 59}
    assert given(rules, without_tea, SILVER) == given(rules, order(mug), SILVER) == {"unit": 120}
    assert given(rules, order(mug, tea, refunds=(unread("r", "107.50"),)), SILVER) == {"unit": 0}


def test_a_campaign_leaves_out_the_lines_that_it_excepts() -> None:
    rules = programme(
        UNIT
        + campaign(
            'multiply = "2"\nlines = { skus = ["MUG-*"] }\n'
            'except_lines = { products = [{ store = "shop", id = "7" }] }'
        )
        + campaign('multiply = "3"\nexcept_lines = { skus = ["MUG-*", "GIFT"] }', "others")
    )
    facts = order(
        line("1", "1.00", sku="MUG-1"),
        line("2", "10.00", sku="MUG-2", product="7"),
        line("3", "100.00", sku="TEA"),
        line("4", "1000.00", sku="GIFT"),
    )
    assert given(rules, facts) == {"unit": 2 + 10 + 300 + 1000}
    assert given(rules, facts, store="other") == {"unit": 2 + 20 + 300 + 1000}


def test_what_a_rule_multiplies_itself_is_multiplied_with_the_campaign_also_under_best() -> None:
    rules = programme(
        UNIT.rstrip() + '\nmultiply = [{ by = "3", skus = ["MUG"] }]\n' + campaign('multiply = "2"')
    )
    facts = order(line("1", "10.00", sku="MUG"), line("2", "1.00"))
    assert given(rules, facts) == {"unit": 62}


def test_full_steps_are_counted_before_and_multiplied_after() -> None:
    rules = programme(STEPS + campaign('multiply = "1.25"'))
    assert given(rules, goods("199.99")) == {"steps": 12}  # one step of 10; 249 would be two
    assert given(rules, goods("400.00")) == {"steps": 50}
    rules = programme(STEPS + campaign('multiply = "2"\nlines = { skus = ["MUG"] }'))
    half = order(line("1", "100.00", sku="MUG"), line("2", "100.00"))
    assert given(rules, half) == {"steps": 30}


def test_points_given_once_are_multiplied_only_by_what_is_for_all_lines() -> None:
    facts = order(line("1", "10.00", sku="MUG"))
    everything = programme(THANKS + campaign('multiply = "1.5"'))
    [award] = judged(everything, facts)
    assert (award.points, award.explanation.raw) == (7, Decimal("7.5"))
    assert award.explanation.rounding == "floor"
    mugs = programme(THANKS + campaign('multiply = "2"\nlines = { skus = ["MUG"] }'))
    assert given(mugs, facts) == {"thanks": 5}


def test_pieces_are_multiplied_as_amounts_are() -> None:
    rules = programme(PIECES + campaign('multiply = "1.5"\nlines = { skus = ["MUG"] }'))
    facts = order(line("1", "10.00", sku="MUG", quantity=3), line("2", "10.00", quantity=2))
    assert given(rules, facts) == {"pieces": 19}  # 13.5 and 6


def test_the_most_for_an_order_is_reached_after_multiplying() -> None:
    rules = programme(UNIT + "max_points = 30\n" + campaign('multiply = "2"\nbonus = 50'))
    assert given(rules, goods("14.90")) == {"unit": 29, "weekend": 50}
    award, bonus = judged(rules, goods("20.00"))
    assert (award.points, award.explanation.notes) == (30, (Note.CAPPED,))
    assert bonus.points == 50  # no rule's own limit is the campaign's


def test_a_campaign_adds_only_to_the_rules_it_names() -> None:
    rules = programme(UNIT + THANKS + campaign('multiply = "2"\nrules = ["unit"]'))
    assert given(rules, goods("10.00")) == {"unit": 20, "thanks": 5}


def test_a_campaign_is_for_who_had_the_tier_or_was_in_the_segment_when_the_order_was_placed() -> (
    None
):
    rules = programme(
        UNIT
        + TIERS.replace('"3"', '"1"').replace('"1.25"', '"1"')
        + campaign('multiply = "2"\ntiers = ["silver", "gold"]\nsegments = ["sleeping", "new"]')
        + "".join(f'[[segment]]\nkey = "{key}"\nwhere = {{}}\n' for key in ("sleeping", "new"))
    )
    both = Context(tier="gold", segments=("big", "new"))
    assert given(rules, goods("10.00"), both) == {"unit": 20}
    for other in (Context(), GOLD, Context(segments=("new",)), Context(tier="x", segments=("x",))):
        assert given(rules, goods("10.00"), other) == {"unit": 10}


def test_a_campaign_is_for_its_channels_and_for_orders_that_are_large_enough() -> None:
    web = programme(UNIT + campaign('multiply = "2"\nchannels = ["web"]'))
    assert given(web, goods("10.00", channel="checkout")) == {"unit": 20}
    assert given(web, goods("10.00", channel="pos")) == {"unit": 10}
    no_till = programme(UNIT + campaign('multiply = "2"\nnot_channels = ["pos"]'))
    assert given(no_till, goods("10.00", channel="pos")) == {"unit": 10}
    over = programme(
        UNIT + campaign('multiply = "2"\ngoods_over = "10"\nlines = { skus = ["MUG"] }')
    )
    tea = line("2", "50.00")
    assert given(over, order(line("1", "10.00", sku="MUG"), tea)) == {"unit": 60}
    assert given(over, order(line("1", "10.01", sku="MUG"), tea)) == {"unit": 70}
    at_least = programme(UNIT + campaign('multiply = "2"\ngoods_from = "10"'))
    assert [given(at_least, goods(paid))["unit"] for paid in ("9.99", "10.00")] == [9, 20]


def test_thresholds_of_a_campaign_are_in_the_programmes_currency_at_the_orders_rate() -> None:
    rules = programme(UNIT + campaign('multiply = "2"\ngoods_from = "300"\nbonus = 7'))
    euros = goods("75.00", currency="EUR")
    assert given(rules, euros, Context(rate=Decimal(4))) == {"unit": 600, "weekend": 7}
    assert given(rules, euros, Context(rate=Decimal("3.99"))) == {"unit": 299, "weekend": 0}
    waiting = judged(rules, euros)
    assert [award.explanation.reason for award in waiting] == [Reason.NO_RATE, Reason.NO_RATE]
    own_money = programme(
        UNIT + 'currency = "store"\n' + campaign('multiply = "2"\ngoods_from = "300"\nbonus = 7')
    )
    unit, bonus = judged(own_money, euros)
    assert (unit.points, bonus.points, bonus.explanation.reason) == (75, 0, Reason.NO_RATE)


def test_a_bonus_is_given_once_per_order_and_only_while_something_under_it_earns() -> None:
    rules = programme(UNIT + THANKS + campaign("bonus = 50"))
    bonus = judged(rules, goods("349.00"))[-1]
    assert (bonus.rule, bonus.points) == ("weekend", 50)
    assert (bonus.explanation.reason, bonus.explanation.points_each) == (Reason.BONUS, 50)
    assert given(rules, goods("349.00", refunds=(unread("r", "300.00"),)))["weekend"] == 50
    for facts, reason in (
        (goods("9.00", refunds=(unread("r", "9.00"),)), Reason.NOTHING_COUNTS),
        (goods("9.00", standing=Standing.CANCELLED), Reason.CANCELLED),
        (goods("9.00", standing=Standing.OPEN), Reason.NOT_PAID),
        (goods("9.00", test=True), Reason.TEST_ORDER),
    ):
        bonus = judged(rules, facts)[-1]
        assert (bonus.points, bonus.explanation.reason) == (0, reason)


def test_a_bonus_needs_points_of_its_own_rules_for_its_own_lines() -> None:
    small = programme(UNIT + THANKS + campaign('bonus = 50\nrules = ["unit"]'))
    award = judged(small, goods("0.99"))[-1]
    assert (award.points, award.explanation.reason) == (0, Reason.NOTHING_EARNED)
    mugs = programme(
        UNIT
        + 'lines = { skus = ["TEA", "MUG"] }\nmultiply = [{ by = "0", skus = ["MUG"] }]\n'
        + campaign('bonus = 50\nlines = { skus = ["MUG", "CUP"] }')
        + campaign('bonus = 9\nlines = { skus = ["TEA"] }', "teas")
    )
    facts = order(
        line("1", "10.00", sku="TEA"), line("2", "10.00", sku="MUG"), line("3", "10.00", sku="CUP")
    )
    assert given(mugs, facts) == {"unit": 10, "weekend": 0, "teas": 9}
    returned = order(
        line("1", "10.00", sku="TEA"),
        line("2", "10.00", sku="MUG"),
        refunds=(refund("r", "10.00", ("1", "10.00")),),
    )
    assert given(mugs, returned) == {"unit": 0, "weekend": 0, "teas": 0}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ('tiers = ["gold"]', Reason.NOT_INVITED),
        ('segments = ["sleeping"]', Reason.NOT_INVITED),
        ('channels = ["web"]', Reason.OTHER_CHANNEL),
        ('goods_over = "100"', Reason.BELOW_THRESHOLD),
    ],
)
def test_a_bonus_that_is_not_given_says_why(more: str, reason: Reason) -> None:
    sleeping = '[[segment]]\nkey = "sleeping"\nwhere = {}\n'
    rules = programme(UNIT + TIERS + sleeping + campaign(f"bonus = 50\n{more}"))
    award = judged(rules, goods("100.00", channel="pos"), SILVER)[-1]
    assert (award.points, award.explanation.reason) == (0, reason)
    if reason is Reason.BELOW_THRESHOLD:
        assert (award.explanation.basis, award.explanation.over) == (100, 100)


def test_before_and_after_a_campaign_nothing_is_said_of_it() -> None:
    rules = programme(UNIT + campaign("bonus = 50"), WARSAW)
    begins = datetime(2026, 11, 26, 23, tzinfo=UTC)
    ends = datetime(2026, 11, 29, 23, tzinfo=UTC)
    second = timedelta(seconds=1)
    told = [
        [award.rule for award in judge(rules, goods("5.00"), occurred_at=at)]
        for at in (begins - second, begins, ends - second, ends)
    ]
    assert told == [["unit"], ["unit", "weekend"], ["unit", "weekend"], ["unit"]]


def test_orders_before_the_programmes_first_day_get_no_bonus() -> None:
    rules = programme(UNIT + campaign("bonus = 50"), "earns_from = 2026-12-01\n")
    award = judged(rules, goods("5.00"))[-1]
    assert (award.points, award.explanation.reason) == (0, Reason.BEFORE_START)


@pytest.mark.parametrize(
    ("named", "expected"),
    [("", -140), ('rules = ["unit"]', -70), ('rules = ["small"]', 0), ('rules = ["large"]', -30)],
)
def test_caps_limit_bonuses_if_they_name_them_or_name_nothing(named: str, expected: int) -> None:
    rules = programme(
        UNIT
        + campaign("bonus = 10", "small")
        + campaign("bonus = 60", "large")
        + f'[[cap]]\nkey = "daily"\npoints = 30\nper = "day"\n{named}\n'
    )
    item = OrderItem(
        object_id=1, occurred_at=BLACK_FRIDAY, programme=rules, version=1, facts=goods("100.00")
    )
    [(_, award)] = evaluate_caps([item])
    assert award.points == expected
