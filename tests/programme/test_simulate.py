"""What a draft would have given in a small shop's year, each figure worked out by hand."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from app.programme.breakage import told as told_breakage
from app.programme.document import Programme
from app.programme.events import CustomerFacts, OrderFacts, ReviewFacts, Standing
from app.programme.forecast import Forecast, forecast
from app.programme.order_windows import OrderItem
from app.programme.outcome import MOST_NAMED, Move, Outcome, Period
from app.programme.person import History
from app.programme.rules import Context
from app.programme.simulate import Case, simulate
from app.programme.windows import WindowItem
from tests.programme.orders import goods, programme, unread

WARSAW = 'timezone = "Europe/Warsaw"\n'
YEAR = Period(date(2025, 11, 1), date(2026, 11, 1), "Europe/Warsaw")
LIVE = programme(
    '[[rule]]\nkey = "per-unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n', WARSAW
)
FIVE = '[[rule]]\nkey = "five"\non = "order.paid"\npoints = 5\nper = "1.00"\n'
VOUCHER = '[[reward]]\nkey = "voucher"\ncost = 500\nkind = "fixed"\nvalue = "5"\n'
FIVE_PERCENT = programme(FIVE + VOUCHER, WARSAW)
FIRST = '[[rule]]\nkey = "first"\non = "order.count"\npoints = 100\norders = 1\n'
MONTHLY = '[[cap]]\nkey = "monthly"\npoints = 150\nper = "month"\n'
JOINING = '[[rule]]\nkey = "joining"\non = "customer.registered"\npoints = 40\n'
REVIEW = '[[rule]]\nkey = "review"\non = "review.published"\npoints = 7\n'

OLA, JAN, EWA = 1, 2, 3


def placed(
    number: int,
    when: str,
    facts: OrderFacts | None,
    *,
    rules: Programme = LIVE,
    rate: str | None = None,
) -> OrderItem:
    return OrderItem(
        object_id=number,
        occurred_at=moment(when),
        earned_at=moment(when),
        programme=rules,
        version=1,
        context=Context(rate=None if rate is None else Decimal(rate)),
        facts=facts,
    )


def other(number: int, when: str, facts: CustomerFacts | ReviewFacts) -> WindowItem:
    return WindowItem(
        object_id=number,
        store_id=1,
        occurred_at=moment(when),
        programme=LIVE,
        version=1,
        facts=facts,
    )


def moment(when: str) -> datetime:
    return datetime.fromisoformat(when).replace(tzinfo=UTC)


def a_year() -> list[Case]:
    """Three people. What counts: Ola 100 + 60 + 40, Jan 300 - 100, Ewa 50 EUR at 4 and 10 EUR."""
    ola = History(
        OLA,
        (
            placed(11, "2025-11-30T22:30", goods("100.00")),
            placed(12, "2025-11-30T23:30", goods("60.00")),  # in Warsaw the first of December
            placed(13, "2026-10-31T12:00", goods("40.00")),
            placed(14, "2025-10-31T22:59", goods("999.00")),  # the day before the period begins
        ),
        (other(15, "2025-11-02T10:00", CustomerFacts(registered=True)),),
    )
    jan = History(
        JAN,
        (
            placed(21, "2026-02-10T12:00", goods("300.00", refunds=(unread("9", "100.00"),))),
            placed(22, "2026-02-11T12:00", goods("80.00", standing=Standing.CANCELLED)),
            placed(23, "2026-02-12T12:00", goods("70.00", test=True)),
        ),
    )
    ewa = History(
        EWA,
        (
            placed(31, "2026-03-01T12:00", goods("50.00", currency="EUR"), rate="4"),
            placed(32, "2026-03-02T12:00", goods("10.00", currency="EUR")),
        ),
        (other(33, "2026-03-03T12:00", ReviewFacts(product="7", published=True, verified=True)),),
    )
    nobody = History(None, (placed(41, "2026-04-01T12:00", goods("25.00")),))
    return [Case(ola, ((moment("2025-12-24T12:00"), 120),)), Case(jan), Case(ewa), Case(nobody)]


def told(draft: Programme, cases: Sequence[Case] | None = None) -> tuple[Outcome, Forecast]:
    outcome = simulate(draft, YEAR, a_year() if cases is None else cases)
    return outcome, forecast(draft, outcome, told_breakage(Decimal(20)))


def months(outcome: Outcome) -> dict[str, tuple[int, int]]:
    """Return what draft and live gave in each month that has any."""
    named = zip(outcome.period.months(), outcome.months, strict=True)
    return {f"{day:%Y-%m}": (one.draft, one.live) for day, one in named if one.draft or one.live}


def test_every_figure_of_a_small_shops_year() -> None:
    outcome, cost = told(FIVE_PERCENT)
    assert (outcome.members, outcome.orders, outcome.of_nobody) == (3, 9, 1)
    assert outcome.no_rate == {"EUR": 1}
    assert months(outcome) == {
        "2025-11": (500, 100),
        "2025-12": (300, 60),
        "2026-02": (1000, 200),
        "2026-03": (1000, 200),
        "2026-10": (200, 40),
    }
    total = cost.total
    assert (total.orders, total.turnover) == (6, Decimal("625.00"))  # nobody's 25.00 too
    assert (total.draft, total.live) == (3000, 600)
    assert cost.redeemed == Decimal("20.00")  # 120 of the 600
    assert (total.redeemed, total.open) == (600, 2400)
    assert (cost.point, cost.source) == (Decimal("0.01"), "voucher")
    assert total.liability == Decimal("19.20")  # 24.00 less a fifth
    assert total.cost == Decimal("25.20")
    assert total.percent == Decimal("4.03")
    assert cost.months[0].liability == Decimal("3.20")
    assert cost.months[0].percent == Decimal("4.20")  # 1.00 and 3.20 of 100.00


def test_five_points_per_unit_and_500_points_for_5_units_is_a_five_percent_cost_rate() -> None:
    assert told(FIVE_PERCENT)[1].cost_rate == Decimal("5.00")
    outcome = simulate(FIVE_PERCENT, YEAR, a_year()[:2])
    plain = forecast(FIVE_PERCENT, outcome, told_breakage(Decimal(0)))
    assert plain.total.percent == Decimal("5.00")
    assert [one.percent for one in plain.rewards] == [Decimal("5.00")]


def test_a_stated_value_of_a_point_goes_before_what_rewards_say() -> None:
    draft = programme(FIVE + VOUCHER, WARSAW + 'point_value = "0.02"\n')
    cost = told(draft)[1]
    assert (cost.point, cost.source) == (Decimal("0.02"), "point_value")
    assert cost.cost_rate == Decimal("10.00")
    assert cost.total.liability == Decimal("38.40")


def test_a_percentage_costs_what_it_takes_off_an_average_order() -> None:
    percent = '[[reward]]\nkey = "ten"\ncost = 100\nkind = "percent"\nvalue = "10"\n'
    free = '[[reward]]\nkey = "delivery"\ncost = 100\nkind = "free-delivery"\n'
    cost = told(programme(FIVE + percent + free, WARSAW))[1]
    # 625.00 in 6 orders: 10.4166… for 100 points
    assert cost.point == Decimal("0.104167")
    assert cost.cost_rate is None  # the document alone does not say what an order is
    assert [(one.reward, one.point) for one in cost.rewards] == [
        ("ten", Decimal("0.104167")),
        ("delivery", None),
    ]


def test_without_a_value_of_a_point_nothing_is_made_up() -> None:
    cost = told(programme(FIVE, WARSAW))[1]
    assert (cost.point, cost.total.liability, cost.total.percent) == (None, None, None)
    assert cost.total.redeemed == 600


def test_a_live_programme_that_gave_nothing_knows_no_rate_of_redemption() -> None:
    empty = programme("", WARSAW)
    case = Case(History(OLA, (placed(1, "2026-01-10T12:00", goods("10.00"), rules=empty),)))
    outcome, cost = told(FIVE_PERCENT, [case])
    assert cost.redeemed is None
    assert (cost.total.redeemed, cost.total.open) == (0, 50)
    assert [change.member for change in outcome.winners] == [OLA]


def test_the_first_order_is_the_first_of_all_and_not_of_the_period() -> None:
    outcome = told(programme(FIVE + FIRST, WARSAW))[0]
    # Ola's first order was before the period: only Jan and Ewa are given the 100.
    assert months(outcome)["2025-11"] == (500, 100)
    assert months(outcome)["2026-02"] == (1100, 200)
    assert months(outcome)["2026-03"] == (1100, 200)


def test_a_cap_takes_in_the_month_in_which_it_was_reached() -> None:
    outcome = told(programme(FIVE + MONTHLY, WARSAW))[0]
    assert months(outcome) == {
        "2025-11": (150, 100),
        "2025-12": (150, 60),
        "2026-02": (150, 200),
        "2026-03": (150, 200),
        "2026-10": (150, 40),
    }
    assert [change.member for change in outcome.winners] == [OLA]
    assert [(one.member, one.difference) for one in outcome.losers] == [(JAN, -50), (EWA, -50)]


def test_a_cap_for_a_lifetime_is_filled_by_what_was_before_the_period_too() -> None:
    cap = '[[cap]]\nkey = "life"\npoints = 5300\nper = "lifetime"\n'
    outcome = told(programme(FIVE + cap, WARSAW), a_year()[:1])[0]
    # 4995 before it, then 305 more: all of them for the first order.
    assert months(outcome) == {"2025-11": (305, 100), "2025-12": (0, 60), "2026-10": (0, 40)}


def test_sign_ups_and_reviews_count_as_they_do_live() -> None:
    outcome = told(programme(JOINING + REVIEW, WARSAW))[0]
    assert months(outcome)["2025-11"] == (40, 100)
    assert months(outcome)["2026-03"] == (7, 200)


def test_tiers_of_a_draft_are_those_that_it_would_have_made_itself() -> None:
    tiers = (
        '[tiers]\nby = "spend"\n[[tier]]\nkey = "silver"\nfrom = "150"\nmultiply = "2"\ngift = 10\n'
    )
    draft = programme(
        '[[rule]]\nkey = "per-unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n' + tiers, WARSAW
    )
    orders = (
        placed(1, "2026-01-10T12:00", goods("100.00")),
        placed(
            2, "2026-02-10T12:00", goods("60.00")
        ),  # reaches silver: the gift, but not twice the points
        placed(3, "2026-03-10T12:00", goods("40.00")),
    )
    bystander = History(JAN, (placed(4, "2026-03-10T12:00", goods("10.00")),))
    cases = [Case(History(OLA, orders)), Case(bystander)]
    outcome = simulate(draft, YEAR, cases, LIVE)
    assert months(outcome) == {"2026-01": (100, 100), "2026-02": (70, 60), "2026-03": (90, 50)}
    assert outcome.moves == [Move(None, "silver", 1, (OLA,))]
    assert [(one.member, one.difference) for one in outcome.winners] == [(OLA, 50)]
    back = simulate(LIVE, YEAR, [judged_by(draft, case) for case in cases], draft)
    assert back.moves == [Move("silver", None, 1, (OLA,))]


@pytest.mark.parametrize(("most", "named"), [(0, ()), (2, (1, 2)), (9, (1, 2, 3))])
def test_of_those_who_move_tier_so_many_are_named_and_the_rest_counted(
    most: int, named: tuple[int, ...]
) -> None:
    draft = programme(FIVE + '[tiers]\nby = "orders"\n[[tier]]\nkey = "in"\nfrom = 1\n', WARSAW)
    cases = [Case(History(n, (placed(n, "2026-01-10T12:00", goods("10.00")),))) for n in (3, 1, 2)]
    outcome = simulate(draft, YEAR, cases, LIVE, most_moving=most)
    assert outcome.moves == [Move(None, "in", 3, named)]


CARD = '[[rule]]\nkey = "card"\non = "items.count"\nevery = 2\nreward = "coffee"\n'


def test_rewards_given_without_points_are_counted_where_they_are_earned_and_cost_what_they_take_off() -> (
    None
):
    reward = '[[reward]]\nkey = "coffee"\nkind = "fixed"\nvalue = "10"\n'
    draft = programme(CARD + reward, WARSAW)
    outcome, cost = told(draft)
    # Ola's second and fourth piece (the first was before the period), Jan's one, Ewa's second.
    given = zip(outcome.period.months(), outcome.months, strict=True)
    assert {f"{day:%Y-%m}": one.gifts for day, one in given if one.gifts} == {
        "2025-11": {"coffee": 1},
        "2026-03": {"coffee": 1},
        "2026-10": {"coffee": 1},
    }
    assert (cost.total.gifts, cost.total.gifts_live) == (3, 0)
    assert (cost.total.gifts_cost, cost.total.cost) == (Decimal("30.00"), Decimal("30.00"))
    assert cost.total.percent == Decimal("4.80")
    assert cost.rewards == ()  # nobody can have it for points
    live = [judged_by(draft, case) for case in a_year()]
    assert told(FIVE_PERCENT, live)[1].total.gifts_live == 3


def test_gifts_of_which_nobody_knows_the_cost_are_named_and_left_out() -> None:
    free = '[[reward]]\nkey = "coffee"\nkind = "free-delivery"\n'
    cost = told(programme(FIVE + VOUCHER + CARD + free, WARSAW))[1]
    assert [(one.reward, one.times, one.each) for one in cost.gifts] == [("coffee", 3, None)]
    assert (cost.total.gifts_cost, cost.total.cost) == (Decimal("0.00"), Decimal("25.20"))


def test_points_for_friends_count_with_both_sides_in_the_month_of_the_order() -> None:
    [ola, *others] = a_year()
    bonus = ((moment("2026-02-10T12:00"), 200, 100), (moment("2025-10-01T12:00"), 9, 9))
    outcome = told(FIVE_PERCENT, [msgspec.structs.replace(ola, friends=bonus), *others])[0]
    assert months(outcome)["2026-02"] == (1000 + 100, 200 + 200)
    assert (outcome.total.friends, outcome.total.friends_live) == (100, 200)
    [winner] = [one for one in outcome.winners if one.member == OLA]
    assert winner.difference == 4 * 200 - 100


def test_the_start_of_the_draft_is_obeyed() -> None:
    draft = programme(FIVE + VOUCHER, WARSAW + "earns_from = 2026-02-01\n")
    outcome, cost = told(draft)
    assert outcome.before_start == 2
    assert months(outcome)["2025-11"] == (0, 100)
    assert (cost.total.orders, cost.total.turnover) == (4, Decimal("465.00"))


def test_a_draft_that_is_the_live_programme_changes_nothing() -> None:
    live = programme(
        FIVE + FIRST + MONTHLY + JOINING + REVIEW, WARSAW + "earns_from = 2025-12-01\n"
    )
    outcome = told(live, [judged_by(live, case) for case in a_year()])[0]
    assert (outcome.gain, outcome.lose, outcome.winners, outcome.losers) == (0, 0, [], [])
    assert outcome.total.draft > 0
    assert all(one.draft == one.live for one in outcome.months)


@pytest.mark.parametrize("seed", range(5))
def test_events_in_any_order_make_the_same_report(seed: int) -> None:
    draft = programme(FIVE + FIRST + MONTHLY + JOINING + REVIEW + VOUCHER, WARSAW)
    shuffle = random.Random(seed)
    cases = []
    for case in a_year():
        orders, others = list(case.history.orders), list(case.history.others)
        shuffle.shuffle(orders)
        shuffle.shuffle(others)
        history = History(case.history.member, tuple(orders), tuple(others))
        cases.append(Case(history, case.spent))
    shuffle.shuffle(cases)
    assert told(draft, cases) == told(draft)


def test_an_empty_period_comes_to_nothing() -> None:
    outcome, cost = told(FIVE_PERCENT, [])
    assert (outcome.members, outcome.orders, outcome.winners) == (0, 0, [])
    assert (cost.total.cost, cost.total.percent) == (Decimal("0.00"), None)
    assert len(cost.months) == 12


def test_an_order_that_cannot_be_judged_is_counted_and_the_others_are() -> None:
    broken = msgspec.structs.replace(placed(1, "2026-01-10T12:00", goods("1E+20")))
    fine = placed(2, "2026-01-11T12:00", goods("10.00"))
    outcome = told(FIVE_PERCENT, [Case(History(OLA, (broken, fine)))])[0]
    assert (outcome.unreadable, outcome.total.draft, outcome.total.live) == (1, 50, 10)


def test_those_who_gain_most_are_named_and_no_more_than_ten_of_them() -> None:
    cases = [
        Case(History(n, (placed(n, "2026-01-10T12:00", goods(f"{n % 7 + 1}.00")),)))
        for n in range(1, 40)
    ]
    outcome = told(FIVE_PERCENT, cases)[0]
    assert (outcome.gain, outcome.lose) == (39, 0)
    assert len(outcome.winners) == MOST_NAMED
    assert [change.difference for change in outcome.winners] == [28] * 5 + [24] * 5
    assert [change.member for change in outcome.winners][:5] == [6, 13, 20, 27, 34]


def test_months_are_those_of_the_zone_through_a_change_of_the_clock() -> None:
    period = Period(date(2026, 3, 15), date(2026, 4, 2), "Europe/Warsaw")
    assert period.months() == [date(2026, 3, 15), date(2026, 4, 1)]
    # Summer time began on 29 March: midnight is an hour earlier in UTC than on the 15th.
    assert period.begin == datetime(2026, 3, 14, 23, tzinfo=UTC)
    assert period.end - timedelta(days=1) == datetime(2026, 3, 31, 22, tzinfo=UTC)


def test_the_last_year_of_the_calendar_has_months_too() -> None:
    period = Period(date(9999, 11, 1), date(9999, 12, 31), "Pacific/Auckland")
    assert period.months() == [date(9999, 11, 1), date(9999, 12, 1)]


def judged_by(live: Programme, case: Case) -> Case:
    history = History(
        case.history.member,
        tuple(msgspec.structs.replace(one, programme=live) for one in case.history.orders),
        tuple(msgspec.structs.replace(one, programme=live) for one in case.history.others),
    )
    return Case(history, case.spent)
