"""Which tier a person has, at each order and at any moment."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.programme.document import Programme
from app.programme.events import Dispute, DisputeStatus, OrderFacts, Standing
from app.programme.life import Life, expires_at
from app.programme.local_time import local_day
from app.programme.order_windows import OrderItem
from app.programme.tier_facts import ENDED, facts_of
from app.programme.tier_history import contexts, evaluate_gifts, standing_at
from app.programme.tiers import spans, tier_of
from tests.programme.tiered import days, item, programme

ROLLING = programme()
GRACE = programme('window = "rolling"\nmonths = 12\ngrace_days = 30')
YEAR = programme('window = "year"')
LIFETIME = programme('window = "lifetime"')
POINTS = programme('by = "points"\nwindow = "lifetime"', silver="100", gold="300")
ORDERS = programme('by = "orders"\nwindow = "lifetime"', silver="2", gold="4")


def tiers(items: Sequence[OrderItem]) -> list[tuple[str | None, int | None]]:
    """Return tier and ordinal of each order, by its number."""
    found = contexts(items)
    return [(found[one].tier, found[one].ordinal) for one in sorted(found)]


def tier_at(of: Programme, items: Sequence[OrderItem], moment: datetime) -> str | None:
    facts = [fact for one in items for fact in facts_of(one, of.tiering.by)]
    held = standing_at(of, facts, moment).tier
    return None if held is None else held.key


def gifts(items: Sequence[OrderItem]) -> dict[str, int]:
    return {f"{window.rule} {window.key}": award.points for window, award in evaluate_gifts(items)}


def test_an_order_is_judged_by_what_was_true_before_it() -> None:
    orders = [
        item(1, days(0), "500", ROLLING),
        item(2, days(1), "1500", ROLLING),
        item(3, days(2), "10", ROLLING),
    ]
    assert tiers(orders) == [(None, 1), ("silver", 2), ("gold", 3)]


def test_of_two_orders_of_one_moment_neither_counts_for_the_other() -> None:
    orders = [item(1, days(0), "500", ROLLING), item(2, days(0), "500", ROLLING)]
    later = item(3, days(0) + timedelta(microseconds=1), "1", ROLLING)
    assert tiers([*orders, later]) == [(None, 1), (None, 1), ("silver", 3)]


def test_an_order_counts_from_when_it_was_paid_and_never_before_it_was_placed() -> None:
    paid_late = item(1, days(0), "500", ROLLING, earned=days(5))
    assert tiers([paid_late, item(2, days(4), "1", ROLLING), item(3, days(6), "1", ROLLING)]) == [
        (None, 1),
        (None, 1),
        ("silver", 3),
    ]
    assert facts_of(item(1, days(3), "5", ROLLING, earned=days(1)), "spend")[0].at == days(3)
    assert facts_of(item(1, days(3), "5", ROLLING, unpaid=True), "spend") == ()


def test_a_refund_takes_the_tier_from_its_own_time_on_and_changes_nothing_before() -> None:
    refunded = item(1, days(0), "600", ROLLING, refunds=((days(10), "200"),))
    later = [item(2, days(9), "1", ROLLING), item(3, days(11), "1", ROLLING)]
    assert tiers([refunded, *later]) == [(None, 1), ("silver", 2), (None, 3)]
    assert [tier_at(ROLLING, [refunded], days(day)) for day in (9, 10)] == ["silver", None]


def test_what_the_shop_does_not_date_counts_from_when_it_was_first_shown() -> None:
    back = item(1, days(0), "600", ROLLING, refunds=((None, "200"),), shown={"0": days(4)})
    assert [fact.at for fact in facts_of(back, "spend")] == [days(0), days(4)]
    over = item(1, days(0), "600", ROLLING, standing=Standing.CANCELLED, shown={ENDED: days(3)})
    assert [(fact.at, fact.amount) for fact in facts_of(over, "spend")] == [
        (days(0), 6_000_000),
        (days(3), -6_000_000),
    ]
    assert tiers([over, item(2, days(2), "1", ROLLING), item(3, days(4), "1", ROLLING)]) == [
        (None, 1),
        ("silver", 2),
        (None, 2),
    ]


def test_a_lost_dispute_is_a_refund_and_an_open_one_holds_back() -> None:
    def disputed(status: DisputeStatus) -> OrderItem:
        one = item(1, days(0), "600", ROLLING)
        assert one.facts is not None
        claim = Dispute(id="d", status=status, amount=Decimal(600), currency="PLN", at=days(5))
        return msgspec.structs.replace(
            one, facts=msgspec.structs.replace(one.facts, disputes=(claim,))
        )

    for status in (DisputeStatus.OPEN, DisputeStatus.LOST):
        assert [tier_at(ROLLING, [disputed(status)], days(day)) for day in (4, 5)] == [
            "silver",
            None,
        ]
    assert tier_at(ROLLING, [disputed(DisputeStatus.WON)], days(6)) == "silver"


def test_points_depend_on_the_tier_that_earlier_orders_reached() -> None:
    of = POINTS
    orders = [item(number, days(number), "100", of) for number in (1, 2, 3)]
    assert [tier for tier, _ in tiers(orders)] == [None, "silver", "silver"]


def test_orders_count_until_all_of_them_was_given_back() -> None:
    orders = [
        item(1, days(0), "10", ORDERS),
        item(2, days(1), "10", ORDERS, refunds=((days(3), "4"),)),
        item(3, days(2), "10", ORDERS, refunds=((days(4), "10"),)),
    ]
    assert [tier_at(ORDERS, orders, days(day)) for day in (0, 1, 3, 5)] == [
        None,
        "silver",
        "silver",
        "silver",
    ]
    whole = item(2, days(1), "10", ORDERS, refunds=((days(3), "10"),))
    assert tier_at(ORDERS, [orders[0], whole], days(3)) is None


def test_foreign_money_counts_at_the_rate_frozen_with_the_order() -> None:
    one = item(1, days(0), "150", ROLLING)
    facts = msgspec.structs.replace(one.facts, currency="EUR")
    foreign = msgspec.structs.replace(one, facts=facts)
    assert tier_at(ROLLING, [foreign], days(1)) is None
    rate = msgspec.structs.replace(foreign.context, rate=Decimal("4.00"))
    assert tier_at(ROLLING, [msgspec.structs.replace(foreign, context=rate)], days(1)) == "silver"


@pytest.mark.parametrize(
    ("earned", "last"),
    [
        # The day a year later still counts, whole, as the calendar in Warsaw has it.
        (datetime(2025, 3, 15, 9, tzinfo=UTC), datetime(2026, 3, 15, 23, tzinfo=UTC)),
        (datetime(2025, 7, 1, 9, tzinfo=UTC), datetime(2026, 7, 1, 22, tzinfo=UTC)),
        (datetime(2024, 2, 29, 9, tzinfo=UTC), datetime(2025, 2, 28, 23, tzinfo=UTC)),
        (datetime(2025, 3, 30, 0, 30, tzinfo=UTC), datetime(2026, 3, 30, 22, tzinfo=UTC)),
        (datetime(2025, 10, 26, 0, 30, tzinfo=UTC), datetime(2026, 10, 26, 23, tzinfo=UTC)),
    ],
)
def test_a_rolling_window_ends_at_midnight_of_the_programmes_zone(
    earned: datetime, last: datetime
) -> None:
    order = [item(1, earned, "500", ROLLING)]
    assert tier_at(ROLLING, order, last - timedelta(microseconds=1)) == "silver"
    assert tier_at(ROLLING, order, last) is None


def test_a_calendar_year_begins_at_midnight_of_the_programmes_zone() -> None:
    midnight = datetime(2026, 12, 31, 23, tzinfo=UTC)  # in Warsaw
    order = [item(1, days(30), "500", YEAR), item(2, midnight, "1", YEAR)]
    assert tiers(order)[1] == (None, 2)
    assert tier_at(YEAR, order, midnight - timedelta(microseconds=1)) == "silver"
    assert tier_at(YEAR, order, midnight) is None


def test_a_tier_is_kept_for_the_grace_if_time_took_it_and_not_if_money_did() -> None:
    order = item(1, days(0), "500", GRACE)
    left = datetime(2027, 1, 10, 23, tzinfo=UTC)  # the midnight in Warsaw that ends the last day
    kept = [left - timedelta(hours=1), left, left + timedelta(days=30, seconds=-1)]
    assert {tier_at(GRACE, [order], moment) for moment in kept} == {"silver"}
    assert tier_at(GRACE, [order], left + timedelta(days=30)) is None
    back = item(1, days(0), "500", GRACE, refunds=((left + timedelta(days=3), "1"),))
    assert tier_at(GRACE, [back], left + timedelta(days=2)) == "silver"
    assert tier_at(GRACE, [back], left + timedelta(days=3)) is None


def test_what_was_never_reached_within_one_window_is_not_reached_by_the_grace() -> None:
    orders = [item(1, days(0), "300", GRACE), item(2, days(380), "300", GRACE)]
    assert tier_at(GRACE, orders, days(381)) is None


def test_the_grace_of_a_calendar_year_reaches_into_the_next() -> None:
    of = programme('window = "year"\ngrace_days = 31')
    order = [item(1, days(100), "500", of)]
    assert tier_at(of, order, datetime(2027, 1, 31, 22, tzinfo=UTC)) == "silver"
    assert tier_at(of, order, datetime(2027, 1, 31, 23, tzinfo=UTC)) is None


@pytest.mark.parametrize("of", [ROLLING, GRACE, YEAR, LIFETIME])
def test_the_last_and_the_first_days_of_the_calendar_are_days(of: Programme) -> None:
    last = datetime(9999, 12, 31, 22, tzinfo=UTC)
    first = datetime(1, 1, 1, 1, tzinfo=UTC)
    for moment in (first, last):
        assert tier_at(of, [item(1, moment, "500", of)], moment) == "silver"


def test_what_is_missing_is_told_by_the_window_of_today() -> None:
    facts = facts_of(item(1, days(0), "380", ROLLING), "spend")
    standing = standing_at(ROLLING, facts, days(1))
    assert (standing.tier, standing.reached, standing.missing) == (None, 3_800_000, 1_200_000)
    assert standing.next == tier_of(ROLLING, "silver")
    top = standing_at(ROLLING, facts_of(item(1, days(0), "2000", ROLLING), "spend"), days(1))
    assert (top.next, top.missing, top.tier) == (None, 0, tier_of(ROLLING, "gold"))


def test_orders_of_a_version_without_tiers_are_judged_without_and_count_all_the_same() -> None:
    plain = msgspec.structs.replace(ROLLING, tiers=())
    assert tiers([item(1, days(0), "500", plain), item(2, days(1), "1", ROLLING)]) == [
        (None, None),
        ("silver", 2),
    ]


def test_a_gift_comes_once_and_goes_when_refunds_undo_its_tier() -> None:
    orders = [item(1, days(0), "300", ROLLING), item(2, days(3), "300", ROLLING)]
    assert gifts(orders) == {"silver tier": 100}
    again = [*orders, item(3, days(800), "600", ROLLING)]
    assert gifts(again) == {"silver tier": 100}
    back = item(2, days(3), "300", ROLLING, refunds=((days(700), "200"),))
    assert gifts([orders[0], back]) == {}
    assert gifts([orders[0], item(2, days(3), "1800", ROLLING)]) == {
        "silver tier": 100,
        "gold tier": 300,
    }


def test_with_calendar_years_a_gift_comes_once_a_year() -> None:
    orders = [item(1, days(0), "600", YEAR), item(2, days(400), "600", YEAR)]
    assert gifts(orders) == {"silver tier:2026": 100, "silver tier:2027": 100}


def test_who_had_reached_a_tier_before_it_gave_anything_gets_nothing_for_it() -> None:
    before = msgspec.structs.replace(
        LIFETIME, tiers=tuple(msgspec.structs.replace(one, gift=0) for one in LIFETIME.tiers)
    )
    orders = [item(1, days(0), "600", before), item(2, days(5), "1", LIFETIME)]
    assert gifts(orders) == {}


_AMOUNTS = st.sampled_from(["100", "250", "400", "500", "1200"])
_DRAWN = st.lists(
    st.tuples(
        st.integers(0, 800),
        _AMOUNTS,
        st.sampled_from([None, 0.0, 0.5, 20.0, 400.0]),  # days after which half is given back
        st.sampled_from([0, 0, 3]),  # days until it is paid
        st.booleans(),
    ),
    max_size=8,
)
_OF = st.sampled_from([ROLLING, GRACE, YEAR, LIFETIME, POINTS, ORDERS])


def drawn(
    of: Programme, orders: Sequence[tuple[int, str, float | None, int, bool]]
) -> list[OrderItem]:
    made = []
    for number, (day, amount, back, paid, over) in enumerate(orders):
        placed = days(day)
        refund = () if back is None else ((placed + timedelta(days=back), f"{int(amount) // 2}"),)
        made.append(
            item(
                number,
                placed,
                amount,
                of,
                earned=placed + timedelta(days=paid),
                refunds=refund,
                standing=Standing.CANCELLED if over else Standing.PAID,
                shown={ENDED: placed + timedelta(days=40)},
            )
        )
    return made


@given(of=_OF, orders=_DRAWN, seed=st.integers(0, 5))
def test_the_order_in_which_orders_arrive_makes_no_difference(
    of: Programme, orders: list[tuple[int, str, float | None, int, bool]], seed: int
) -> None:
    items = drawn(of, orders)
    other = items[:]
    random.Random(seed).shuffle(other)
    assert contexts(other) == contexts(items)
    assert evaluate_gifts(other) == evaluate_gifts(items)


@given(of=_OF, orders=_DRAWN.filter(bool), data=st.data())
def test_no_change_of_an_order_alters_what_those_before_it_were_judged_by(
    of: Programme, orders: list[tuple[int, str, float | None, int, bool]], data: st.DataObject
) -> None:
    items = drawn(of, orders)
    changed = data.draw(st.sampled_from(items))
    moment = changed.occurred_at + timedelta(days=data.draw(st.integers(0, 50)))
    assert isinstance(changed.facts, OrderFacts)
    undone = msgspec.structs.replace(changed.facts, standing=Standing.CANCELLED)
    shown = {ENDED: max(moment, changed.shown[ENDED])}
    now = msgspec.structs.replace(changed, facts=undone, shown=shown)
    if changed.facts.standing is Standing.CANCELLED:
        shown[ENDED] = changed.shown[ENDED]
    before, after = contexts(items), contexts([now if one is changed else one for one in items])
    same = [one.object_id for one in items if one.occurred_at <= shown[ENDED]]
    assert {one: after[one] for one in same} == {one: before[one] for one in same}


@given(orders=_DRAWN, day=st.integers(0, 1300), grace=st.sampled_from([0, 1, 30]))
def test_a_tier_is_held_as_long_as_a_calendar_says(
    orders: list[tuple[int, str, float | None, int, bool]], day: int, grace: int
) -> None:
    """Against a slow look at each day: an order counts as long as points of its day would live."""
    of = programme(f'window = "rolling"\nmonths = 12\ngrace_days = {grace}')
    facts = [fact for one in drawn(of, orders) for fact in facts_of(one, "spend")]
    moment = days(day)
    left: dict[datetime, int] = {}
    for fact in facts:
        if fact.at <= moment:
            left[fact.since] = left.get(fact.since, 0) + fact.amount
    best = 0
    for back in range(grace + 1):
        today = local_day(moment, of.timezone).toordinal() - back
        best = max(
            best,
            sum(
                amount
                for since, amount in left.items()
                if local_day(since, of.timezone).toordinal() <= today
                and _last_day(since, of.timezone) >= today
            ),
        )
    held = standing_at(of, facts, moment).tier
    expected = "gold" if best >= 20_000_000 else "silver" if best >= 5_000_000 else None
    assert (None if held is None else held.key) == expected


def _last_day(since: datetime, timezone: str) -> int:
    over = expires_at(Life(expire_months=12), timezone, since)
    assert over is not None
    return local_day(over - timedelta(microseconds=1), timezone).toordinal()


@given(st.dates(min_value=datetime(1990, 1, 1, tzinfo=UTC).date()), st.integers(1, 60))
def test_windows_of_days_in_a_row_never_move_back(day: datetime, months: int) -> None:
    tiering = programme(f'window = "rolling"\nmonths = {months}\ngrace_days = 3').tiering
    several = spans(tiering, "Europe/Warsaw", day)
    assert all(later[0] >= earlier[0] for later, earlier in pairwise(several))


@pytest.mark.parametrize(
    ("before", "after", "year", "found"),
    [
        (YEAR, ROLLING, 400, {"silver tier:2026": 100}),
        (YEAR, LIFETIME, 30, {"silver tier:2026": 100}),
        (LIFETIME, YEAR, 30, {"silver tier": 100}),
        (LIFETIME, YEAR, 400, {"silver tier": 100, "silver tier:2027": 100}),
    ],
)
def test_another_window_of_tiers_pays_nobody_again(
    before: Programme, after: Programme, year: int, found: dict[str, int]
) -> None:
    assert gifts([item(1, days(0), "600", before), item(2, days(year), "600", after)]) == found
