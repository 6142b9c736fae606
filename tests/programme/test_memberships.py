"""Paid membership: from when until when, whatever the order in which orders and refunds are told."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import ConfigError
from app.programme.document import Programme, dump, load
from app.programme.events import Dispute, DisputeStatus, OrderFacts, Standing
from app.programme.explanation import Reason
from app.programme.membership_windows import evaluate_memberships
from app.programme.order_windows import OrderItem
from app.programme.person_windows import evaluate_person, lapsed
from app.programme.rules import Award
from tests.programme.orders import line, order, programme, refund, returned

PREMIUM = (
    '[membership]\nkey = "premium"\nname = "Premium"\nlines = { skus = ["PREMIUM"] }\n'
    'months = 12\nperks = ["free-delivery"]\n'
)
WARSAW = 'timezone = "Europe/Warsaw"\n'
YEARLY = programme(PREMIUM, WARSAW)
MONTHLY = programme(PREMIUM.replace("months = 12", "months = 1"), WARSAW)
IN_DAYS = programme(PREMIUM.replace("months = 12", "days = 30"), WARSAW)


def bought(pieces: int = 1, *, back: int = 0, **more: object) -> OrderFacts:
    """Return an order of so many memberships at 50.00 beside a mug, of which some went back."""
    refunds = (returned("r", f"{back * 50}.00", ("1", back, f"{back * 50}.00")),) if back else ()
    sold = line("1", f"{pieces * 50}.00", quantity=pieces, sku="premium")
    return order(sold, line("2", "20.00", sku="MUG"), refunds=refunds, **more)  # type: ignore[arg-type]


def item(
    number: int, at: datetime, rules: Programme = YEARLY, facts: OrderFacts | None = None
) -> OrderItem:
    return OrderItem(
        object_id=number,
        occurred_at=at,
        programme=rules,
        version=number,
        facts=bought() if facts is None else facts,
    )


def noon(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 11, tzinfo=UTC)


def award(*items: OrderItem) -> Award:
    [(window, found)] = evaluate_memberships(items)
    assert (window.rule, window.key, found.points, found.gives) == (
        "premium",
        "membership",
        0,
        True,
    )
    return found


def term(*items: OrderItem) -> tuple[date | None, date | None]:
    told = award(*items).explanation
    return told.since, told.through


def test_a_year_lasts_through_the_whole_of_its_last_day() -> None:
    found = award(item(1, noon(2026, 3, 1)))
    assert (found.explanation.since, found.explanation.through) == (
        date(2026, 3, 1),
        date(2027, 3, 1),
    )
    assert found.until == datetime(2027, 3, 1, 23, tzinfo=UTC)  # midnight in Warsaw
    assert (found.perks, found.explanation.reason) == (("free-delivery",), Reason.MEMBER)


@pytest.mark.parametrize(
    ("paid", "rules", "through", "until"),
    [
        # The clocks go forward in between.
        (noon(2027, 3, 1), MONTHLY, date(2027, 4, 1), datetime(2027, 4, 1, 22, tzinfo=UTC)),
        # The last day is the one on which they do: it has 23 hours.
        (noon(2027, 2, 28), MONTHLY, date(2027, 3, 28), datetime(2027, 3, 28, 22, tzinfo=UTC)),
        (noon(2028, 2, 29), YEARLY, date(2029, 2, 28), datetime(2029, 2, 28, 23, tzinfo=UTC)),
        (noon(2027, 1, 31), MONTHLY, date(2027, 2, 28), datetime(2027, 2, 28, 23, tzinfo=UTC)),
        (noon(2027, 2, 28), IN_DAYS, date(2027, 3, 30), datetime(2027, 3, 30, 22, tzinfo=UTC)),
        # In Warsaw it is the first of March already.
        (
            datetime(2027, 2, 28, 23, 30, tzinfo=UTC),
            MONTHLY,
            date(2027, 4, 1),
            datetime(2027, 4, 1, 22, tzinfo=UTC),
        ),
        (noon(9999, 6, 1), YEARLY, date.max, datetime.max.replace(tzinfo=UTC)),
        (datetime.max.replace(tzinfo=UTC), IN_DAYS, date.max, datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_days_and_months_are_those_of_the_programme_s_time_zone(
    paid: datetime, rules: Programme, through: date, until: datetime
) -> None:
    found = award(item(1, paid, rules))
    assert (found.explanation.through, found.until) == (through, until)


def test_pieces_at_once_and_one_after_the_other_come_to_the_same() -> None:
    at_once = term(item(1, noon(2027, 1, 31), MONTHLY, bought(2)))
    one_by_one = term(
        item(1, noon(2027, 1, 31), MONTHLY), item(2, datetime(2027, 2, 28, 22, tzinfo=UTC), MONTHLY)
    )
    assert at_once == one_by_one == (date(2027, 1, 31), date(2027, 3, 31))


def test_what_is_bought_after_the_end_begins_anew() -> None:
    first = item(1, noon(2026, 3, 1))
    late = datetime(2027, 3, 1, 23, tzinfo=UTC)
    assert term(first, item(2, late)) == (date(2027, 3, 2), date(2028, 3, 2))
    assert term(first, item(2, late - timedelta(seconds=1))) == (
        date(2026, 3, 1),
        date(2028, 3, 1),
    )


def test_a_renewal_moves_up_when_what_it_renewed_is_given_back() -> None:
    first, renewal = item(1, noon(2026, 3, 1)), item(2, noon(2027, 2, 1))
    assert term(first, renewal) == (date(2026, 3, 1), date(2028, 3, 1))
    given_back = msgspec.structs.replace(first, facts=bought(back=1))
    assert term(given_back, renewal) == (date(2027, 2, 1), date(2028, 2, 1))
    not_renewed = msgspec.structs.replace(renewal, facts=bought(back=1))
    assert term(first, not_renewed) == (date(2026, 3, 1), date(2027, 3, 1))
    assert evaluate_memberships([given_back, not_renewed]) == []


def test_one_of_two_pieces_that_goes_back_leaves_the_other() -> None:
    assert term(item(1, noon(2026, 3, 1), YEARLY, bought(2, back=1)))[1] == date(2027, 3, 1)


DISPUTED = Dispute(
    id="d", status=DisputeStatus.OPEN, amount=bought().total, currency="PLN", at=None
)


@pytest.mark.parametrize(
    "facts",
    [
        bought(standing=Standing.OPEN),
        bought(standing=Standing.CANCELLED),
        bought(standing=Standing.REMOVED),
        bought(test=True),
        msgspec.structs.replace(bought(), disputes=(DISPUTED,)),
        msgspec.structs.replace(
            bought(), disputes=(msgspec.structs.replace(DISPUTED, status=DisputeStatus.LOST),)
        ),
        order(line("1", "50.00", sku="MUG")),
        order(line("1", "0.00", sku="PREMIUM")),
        msgspec.structs.replace(bought(), refunds=(refund("r", "70.00"),)),
    ],
)
def test_what_was_not_paid_or_not_kept_makes_nobody_a_member(facts: OrderFacts) -> None:
    assert evaluate_memberships([item(1, noon(2026, 3, 1), YEARLY, facts)]) == []


def test_the_mug_that_goes_back_takes_no_time_off() -> None:
    back = returned("r", "20.00", ("2", 1, "20.00"))
    facts = msgspec.structs.replace(bought(), refunds=(back,))
    assert term(item(1, noon(2026, 3, 1), YEARLY, facts))[1] == date(2027, 3, 1)


def test_it_begins_when_the_order_was_paid() -> None:
    facts = msgspec.structs.replace(bought(), paid_at=noon(2026, 3, 5))
    assert term(item(1, noon(2026, 3, 1), YEARLY, facts)) == (date(2026, 3, 5), date(2027, 3, 5))
    noticed = msgspec.structs.replace(item(1, noon(2026, 3, 1)), earned_at=noon(2026, 3, 7))
    assert term(noticed)[0] == date(2026, 3, 7)


def test_each_order_buys_what_its_own_version_sells_and_the_last_one_says_the_perks() -> None:
    more = programme(PREMIUM.replace('["free', '["early-access", "free'), WARSAW)
    without = programme("", WARSAW)
    renewed = award(item(1, noon(2026, 3, 1), MONTHLY), item(2, noon(2026, 3, 20), more))
    assert (renewed.explanation.through, renewed.explanation.version) == (date(2027, 4, 1), 2)
    assert renewed.perks == ("early-access", "free-delivery")
    after = award(item(1, noon(2026, 3, 1), MONTHLY), item(2, noon(2026, 3, 20), without))
    assert after.explanation.through == date(2026, 4, 1)


def test_months_and_days_follow_one_another() -> None:
    assert term(
        item(1, noon(2027, 1, 31), MONTHLY),
        item(2, noon(2027, 2, 1), IN_DAYS),
        item(3, noon(2027, 2, 2), MONTHLY),
    ) == (date(2027, 1, 31), date(2027, 4, 30))


def test_orders_before_the_programme_s_first_day_make_nobody_a_member() -> None:
    rules = programme(PREMIUM, WARSAW + "earns_from = 2026-03-02\n")
    assert evaluate_memberships([item(1, noon(2026, 3, 1), rules)]) == []


def test_a_membership_that_is_gone_says_so() -> None:
    [(window, _)] = evaluate_person([item(1, noon(2026, 3, 1))])
    gone = lapsed(window, 4)
    assert (gone.gives, gone.until, gone.explanation.reason) == (False, None, Reason.NO_MEMBER)


STORIES = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=900),  # days after the first of January
        st.integers(min_value=1, max_value=3),  # pieces
        st.integers(min_value=0, max_value=3),  # of them given back
        st.sampled_from([YEARLY, MONTHLY, IN_DAYS]),
    ),
    max_size=8,
)


@given(STORIES, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_what_went_back_is_as_if_it_had_never_been_bought_in_any_order(
    story: list[tuple[int, int, int, Programme]], chance: object
) -> None:
    def told(days: int, at: int, rules: Programme, facts: OrderFacts) -> OrderItem:
        return item(at, noon(2027, 1, 1) + timedelta(days=days), rules, facts)

    items = [
        told(days, at, rules, bought(pieces, back=min(back, pieces)))
        for at, (days, pieces, back, rules) in enumerate(story)
    ]
    kept = [
        told(days, at, rules, bought(pieces - back))
        for at, (days, pieces, back, rules) in enumerate(story)
        if pieces > back
    ]
    chance.shuffle(items)  # type: ignore[attr-defined]
    assert evaluate_memberships(items) == evaluate_memberships(kept)


WRONG = {
    "no lines": (PREMIUM.replace('lines = { skus = ["PREMIUM"] }\n', ""), ["membership.lines"]),
    "empty lines": (PREMIUM.replace('"PREMIUM"', ""), ["membership.lines", "names no lines"]),
    "no time": (PREMIUM.replace("months = 12\n", ""), ["membership", "either months or days"]),
    "both times": (PREMIUM + "days = 3\n", ["membership", "either months or days"]),
    "no months": (PREMIUM.replace("12", "0"), ["membership.months", "0", "from 1 to 120"]),
    "too many days": (
        PREMIUM.replace("months = 12", "days = 9999"),
        ["membership.days", "9999", "from 1 to 3660"],
    ),
    "no perks": (PREMIUM.replace('"free-delivery"', ""), ["membership.perks", "at least one"]),
    "twice the same": (
        PREMIUM.replace('"free-delivery"', '"a", "a"'),
        ["membership.perks[1]", '"a"', "once"],
    ),
    "a perk no tag can be": (
        PREMIUM.replace("free-delivery", "Free delivery"),
        ["membership.perks[0]", "Free delivery", "hyphens"],
    ),
    "too many perks": (
        PREMIUM.replace('"free-delivery"', ", ".join(f'"p{number}"' for number in range(21))),
        ["membership.perks", "21 of them", "at most 20"],
    ),
    "blanks around": (PREMIUM.replace('"Premium"', '" Premium"'), ["membership.name", "blanks"]),
    "another's key": (
        PREMIUM + '[[rule]]\nkey = "premium"\non = "order.paid"\npoints = 1\n',
        ["membership.key", '"premium"', "another key"],
    ),
    "two of them": (PREMIUM.replace("[membership]", "[[membership]]"), ["membership", "a table"]),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_membership_that_nobody_could_buy_or_gains_by_is_refused(wrong: str) -> None:
    source, said = WRONG[wrong]
    with pytest.raises(ConfigError) as refused:
        programme(source)
    assert [part for part in said if part not in str(refused.value)] == []


def test_a_membership_is_stored_and_versions_of_before_have_none() -> None:
    assert load(dump(YEARLY)) == YEARLY
    assert load('{"key":"kawa","currency":"PLN"}').membership is None
