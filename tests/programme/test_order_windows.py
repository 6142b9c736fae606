"""Caps and milestones: what several orders of a person are worth together, however they are told."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest

from app.programme.cap_sums import MOST_NAMED
from app.programme.document import Programme
from app.programme.events import Dispute, DisputeStatus, OrderFacts, Standing
from app.programme.explanation import Reason
from app.programme.order_windows import (
    OrderItem,
    cap_keys,
    counts,
    evaluate_caps,
    evaluate_milestones,
    reach,
)
from app.programme.rules import Context
from tests.programme.orders import goods, line, order, programme, refund

WARSAW = 'timezone = "Europe/Warsaw"\n'
PER_UNIT = '[[rule]]\nkey = "per-unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
FIXED = '[[rule]]\nkey = "each"\non = "order.paid"\npoints = 5\n'
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def cap(points: int, per: str, key: str = "limit", rules: str = "") -> str:
    named = f"rules = [{rules}]\n" if rules else ""
    return f'[[cap]]\nkey = "{key}"\npoints = {points}\nper = "{per}"\n{named}'


def milestone(points: int, which: str, key: str = "milestone") -> str:
    return f'[[rule]]\nkey = "{key}"\non = "order.count"\npoints = {points}\n{which}\n'


def item(
    id_: int,
    facts: OrderFacts | None,
    rules: Programme,
    at: datetime = NOON,
    *,
    version: int = 1,
    context: Context | None = None,
) -> OrderItem:
    return OrderItem(
        object_id=id_,
        occurred_at=at,
        programme=rules,
        version=version,
        context=context or Context(),
        facts=facts,
    )


def taken(*items: OrderItem) -> dict[str, int]:
    """Return what is taken off each window of a cap."""
    return {
        f"{window.rule} {window.key}": award.points
        for window, award in evaluate_caps(items)
        if award.points
    }


def reached(*items: OrderItem) -> dict[str, int]:
    return {f"{one.rule} {one.key}": award.points for one, award in evaluate_milestones(items)}


def test_a_day_gives_no_more_than_its_cap_and_a_refund_gives_its_share_back() -> None:
    rules = programme(PER_UNIT + cap(30, "day"))
    first, second = item(1, goods("20.00"), rules), item(2, goods("22.00"), rules)
    assert taken(first) == {}
    assert taken(first, second) == {"limit day:2026-11-21": -12}
    partly = item(
        1, order(line("1", "20.00"), refunds=(refund("r", "5.00", ("1", "5.00")),)), rules
    )
    assert taken(partly, second) == {"limit day:2026-11-21": -7}
    cancelled = item(1, goods("20.00", standing=Standing.CANCELLED), rules)
    assert taken(cancelled, second) == {}


def test_two_minutes_around_midnight_are_two_days_also_when_the_clocks_change() -> None:
    """On 25 October 2026 the clocks in Warsaw go back: that day has 25 hours."""
    rules = programme(PER_UNIT + cap(30, "day"), WARSAW)
    zone = ZoneInfo("Europe/Warsaw")
    moments = [
        datetime(2026, 10, 24, 23, 59, tzinfo=zone),
        datetime(2026, 10, 25, 0, 1, tzinfo=zone),
        datetime(2026, 10, 25, 23, 59, tzinfo=zone),
        datetime(2026, 10, 26, 0, 1, tzinfo=zone),
    ]
    orders = [
        item(number, goods("20.00"), rules, moment.astimezone(UTC))
        for number, moment in enumerate(moments)
    ]
    assert orders[2].occurred_at - orders[1].occurred_at == timedelta(hours=24, minutes=58)
    assert taken(*orders) == {"limit day:2026-10-25": -10}


def test_spring_forward_makes_a_day_of_23_hours() -> None:
    rules = programme(PER_UNIT + cap(30, "day"), WARSAW)
    early = item(1, goods("20.00"), rules, datetime(2026, 3, 28, 23, 1, tzinfo=UTC))
    late = item(2, goods("20.00"), rules, datetime(2026, 3, 29, 21, 59, tzinfo=UTC))
    after = item(3, goods("20.00"), rules, datetime(2026, 3, 29, 22, 1, tzinfo=UTC))
    assert taken(early, late, after) == {"limit day:2026-03-29": -10}


@pytest.mark.parametrize(
    ("per", "apart", "key"),
    [
        ("month", timedelta(days=8), "month:2026-11"),
        ("year", timedelta(days=39), "year:2026"),
        ("lifetime", timedelta(days=3000), "lifetime"),
    ],
)
def test_longer_caps_hold_orders_that_are_further_apart(
    per: str, apart: timedelta, key: str
) -> None:
    rules = programme(PER_UNIT + cap(30, per))
    first = item(1, goods("20.00"), rules)
    assert taken(first, item(2, goods("20.00"), rules, NOON + apart)) == {f"limit {key}": -10}
    if per != "lifetime":
        assert taken(first, item(2, goods("20.00"), rules, NOON + 2 * apart)) == {}


def test_a_cap_on_named_rules_leaves_the_others_alone() -> None:
    rules = programme(PER_UNIT + FIXED + cap(30, "day", rules='"per-unit"'))
    assert taken(item(1, goods("100.00"), rules)) == {"limit day:2026-11-21": -70}
    rules = programme(PER_UNIT + FIXED + cap(30, "day"))
    assert taken(item(1, goods("100.00"), rules)) == {"limit day:2026-11-21": -75}


def test_what_a_day_takes_off_does_not_count_for_the_month() -> None:
    """Written the longer one first: the shorter time always goes first."""
    rules = programme(PER_UNIT + cap(50, "month", "monthly") + cap(30, "day", "daily"))
    orders = [item(day, goods("60.00"), rules, NOON + timedelta(days=day)) for day in range(3)]
    assert taken(*orders) == {
        "daily day:2026-11-21": -30,
        "daily day:2026-11-22": -30,
        "daily day:2026-11-23": -30,
        "monthly month:2026-11": -40,
    }


def test_nothing_is_taken_off_one_rule_for_what_another_one_lost() -> None:
    """The cap of the day takes 70 of the rule's 100 points; 30 and the 5 meet the month's cap."""
    rules = programme(
        PER_UNIT + FIXED + cap(30, "day", "daily", '"per-unit"') + cap(33, "month", "monthly")
    )
    assert taken(item(1, goods("100.00"), rules)) == {
        "daily day:2026-11-21": -70,
        "monthly month:2026-11": -2,
    }


def test_a_cap_that_comes_later_judges_only_later_orders() -> None:
    before, after = programme(PER_UNIT), programme(PER_UNIT + cap(30, "day"))
    early = item(1, goods("50.00"), before)
    late = item(2, goods("40.00"), after, NOON + timedelta(hours=1), version=2)
    assert taken(early, late) == {"limit day:2026-11-21": -10}


@pytest.mark.parametrize(("then", "beyond"), [(20, 40 + 5), (60, 15)])
def test_a_cap_that_changes_within_a_day_leaves_earlier_orders_what_they_had(
    then: int, beyond: int
) -> None:
    first = item(1, goods("35.00"), programme(PER_UNIT + cap(30, "day")))
    changed = programme(PER_UNIT + cap(then, "day"))
    second = item(2, goods("40.00"), changed, NOON + timedelta(hours=1), version=2)
    assert taken(first, second) == {"limit day:2026-11-21": -beyond}


def test_an_order_that_waits_for_a_rate_takes_nothing_of_the_cap() -> None:
    rules = programme(PER_UNIT + cap(30, "day"))
    foreign = goods("20.00", currency="EUR")
    own = item(1, goods("25.00"), rules)
    assert taken(own, item(2, foreign, rules)) == {}
    mended = item(2, foreign, rules, context=Context(rate=Decimal(4)))
    assert taken(own, mended) == {"limit day:2026-11-21": -75}


def test_the_last_day_of_the_calendar_has_a_cap_too() -> None:
    rules = programme(PER_UNIT + cap(30, "day") + cap(40, "year", "yearly"), WARSAW)
    last = datetime.max.replace(tzinfo=UTC)
    assert taken(item(1, goods("50.00"), rules, last)) == {"limit day:9999-12-31": -20}
    assert reach("year", last) == (last - timedelta(days=369), last)
    first = datetime.min.replace(tzinfo=UTC)
    assert cap_keys(rules, first) == {"day:0001-01-01", "month:0001-01", "year:0001", "lifetime"}


def test_the_explanation_of_a_cap_names_the_latest_orders_that_were_beyond() -> None:
    rules = programme(PER_UNIT + cap(30, "lifetime"))
    orders = [item(n, goods("30.00"), rules, NOON + timedelta(days=n)) for n in range(50)]
    [(_, award)] = evaluate_caps(orders)
    assert award.points == -30 * 49
    told = award.explanation
    assert (told.reason, told.cap, told.raw) == (Reason.OVER_CAP, 30, Decimal(1500))
    assert told.objects == tuple(range(49, 49 - MOST_NAMED, -1))


def test_of_two_orders_of_one_moment_the_one_that_gives_more_is_paid_whichever_was_told_first() -> (
    None
):
    rules = programme(PER_UNIT + cap(30, "day").replace("points = 30", "times = 1"))
    for large in (1, 2):
        both = [item(one, goods("50.00" if one == large else "20.00"), rules) for one in (1, 2)]
        assert taken(*both) == {"limit day:2026-11-21": -20}


def test_only_windows_that_are_asked_for_are_worked_out() -> None:
    rules = programme(PER_UNIT + cap(30, "day"))
    orders = [item(n, goods("40.00"), rules, NOON + timedelta(days=n)) for n in range(3)]
    asked = cap_keys(rules, orders[1].occurred_at)
    assert [window.key for window, _ in evaluate_caps(orders, asked)] == ["day:2026-11-22"]


def test_the_first_order_pays_and_the_next_takes_its_place_when_it_is_given_back() -> None:
    rules = programme(PER_UNIT + milestone(50, "orders = 1"))
    first = item(1, goods("20.00"), rules)
    second = item(2, goods("30.00"), rules, NOON + timedelta(hours=1))
    assert reached(first, second) == {"milestone orders:1": 50}
    [(_, award)] = evaluate_milestones([first, second])
    assert award.explanation.objects == (1,)
    back = item(1, goods("20.00", refunds=(refund("r", "20.00", ("1", "20.00")),)), rules)
    [(_, award)] = evaluate_milestones([back, second])
    assert award.explanation.objects == (2,)
    assert reached(back) == {}


def test_every_tenth_order_has_a_window_of_its_own() -> None:
    rules = programme(PER_UNIT + milestone(100, "every = 10") + milestone(7, "orders = 5", "five"))
    orders = [item(n, goods("1.00"), rules, NOON + timedelta(days=n)) for n in range(1, 31)]
    assert reached(*orders[:9]) == {"five orders:5": 7}
    assert reached(*orders) == {
        "five orders:5": 7,
        "milestone orders:10": 100,
        "milestone orders:20": 100,
        "milestone orders:30": 100,
    }
    cancelled = item(4, goods("1.00", standing=Standing.CANCELLED), rules, orders[3].occurred_at)
    less = [*orders[:3], cancelled, *orders[4:]]
    assert "milestone orders:30" not in reached(*less)
    tenth = dict(evaluate_milestones(less))
    [award] = [given for window, given in tenth.items() if window.key == "orders:10"]
    assert award.explanation.objects == (11,)


def test_a_milestone_is_judged_by_the_version_of_the_order_that_reaches_it() -> None:
    before, after = programme(PER_UNIT), programme(PER_UNIT + milestone(50, "orders = 2"))
    early = item(1, goods("1.00"), before)
    assert reached(early, item(2, goods("1.00"), before, NOON + timedelta(days=1))) == {}
    later = item(2, goods("1.00"), after, NOON + timedelta(days=1), version=2)
    assert reached(early, later) == {"milestone orders:2": 50}


@pytest.mark.parametrize(
    ("facts", "does"),
    [
        (goods("20.00"), True),
        (goods("0.00"), True),
        (goods("20.00", standing=Standing.COMPLETED), True),
        (goods("20.00", standing=Standing.OPEN), False),
        (goods("20.00", standing=Standing.CANCELLED), False),
        (goods("20.00", standing=Standing.REMOVED), False),
        (goods("20.00", test=True), False),
        (goods("20.00", refunds=(refund("r", "5.00", ("1", "5.00")),)), True),
        (goods("20.00", refunds=(refund("r", "20.00", ("1", "20.00")),)), False),
        (goods("20.00", total="35.00", refunds=(refund("r", "20.00", ("1", "20.00")),)), False),
        (None, False),
    ],
)
def test_an_order_counts_while_it_is_paid_and_not_all_given_back(
    facts: OrderFacts | None, does: bool
) -> None:
    """Also where the shop kept the cost of delivery."""
    assert counts(item(1, facts, programme(PER_UNIT))) is does


@pytest.mark.parametrize(
    ("status", "does"),
    [(DisputeStatus.OPEN, False), (DisputeStatus.LOST, False), (DisputeStatus.WON, True)],
)
def test_a_disputed_order_counts_once_the_shop_has_won(status: DisputeStatus, does: bool) -> None:
    dispute = Dispute(id="d", status=status, amount=Decimal("20.00"), currency="PLN")
    facts = goods("20.00")
    facts = msgspec.structs.replace(facts, disputes=(dispute,))
    assert counts(item(1, facts, programme(PER_UNIT))) is does


def test_only_completed_orders_count_where_only_those_earn() -> None:
    rules = programme(PER_UNIT, 'earns_at = "completed"\n')
    assert not counts(item(1, goods("20.00"), rules))
    assert counts(item(1, goods("20.00", standing=Standing.COMPLETED), rules))


def test_orders_before_the_programme_started_do_not_count() -> None:
    rules = programme(PER_UNIT + milestone(50, "orders = 1"), "earns_from = 2026-11-21\n")
    old = item(1, goods("20.00"), rules, datetime(2026, 11, 20, 23, 59, tzinfo=UTC))
    assert reached(old) == {}
    [(_, award)] = evaluate_milestones([old, item(2, goods("20.00"), rules)])
    assert award.explanation.objects == (2,)


def test_the_order_in_which_orders_are_told_does_not_matter() -> None:
    rules = programme(PER_UNIT + cap(30, "day") + milestone(5, "every = 2"))
    orders = [item(n, goods(f"{9 + n}.00"), rules, NOON + timedelta(hours=5 * n)) for n in range(5)]
    assert len({evaluate_caps(told) for told in itertools.permutations(orders)}) == 1
    assert len({evaluate_milestones(told) for told in itertools.permutations(orders)}) == 1
