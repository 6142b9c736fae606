"""What actions, birthdays and anniversaries are worth, whatever the order in which they are told."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ConfigError
from app.programme.action_windows import evaluate_actions, falls_on
from app.programme.document import Programme, dump, load, parse
from app.programme.events import ActionFacts, Facts, ReviewFacts
from app.programme.explanation import Note, Reason
from app.programme.rules import NO_RULE, Context, evaluate
from app.programme.windows import WindowItem, evaluate_windows
from tests.programme.orders import HEAD, programme

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
WARSAW = 'timezone = "Europe/Warsaw"\n'
APP = '[[rule]]\nkey = "app"\non = "action"\naction = "app-install"\npoints = 20\n'
BIRTHDAY = '[[rule]]\nkey = "birthday"\non = "birthday"\npoints = 50\n'
YEARS = '[[rule]]\nkey = "years"\non = "anniversary"\npoints = 10\n'
LETTER = '[[rule]]\nkey = "letter"\non = "action"\naction = "newsletter"\npoints = 5\n'
REVIEW = '[[rule]]\nkey = "review"\non = "review.published"\npoints = 20\n'
SHOWN = REVIEW + "photo_points = 40\nvideo_points = 60\n"
INSTALL = ActionFacts(action="app-install")
TODAY = ActionFacts(action="birthday")


def item(
    id_: int, at: datetime, rules: Programme, facts: Facts = INSTALL, *, version: int = 1
) -> WindowItem:
    return WindowItem(
        object_id=id_, store_id=1, occurred_at=at, programme=rules, version=version, facts=facts
    )


def paid(*items: WindowItem) -> dict[str, int]:
    return {
        f"{window.rule} {window.key}": award.points
        for window, award in evaluate_actions(items)
        if award.points
    }


def why(*items: WindowItem) -> Reason:
    [(_, award)] = evaluate_actions(items)
    return award.explanation.reason


def test_an_action_is_paid_once_in_a_lifetime_unless_the_rule_says_otherwise() -> None:
    rules = programme(APP)
    twice = item(1, NOON, rules), item(2, NOON + timedelta(days=900), rules)
    assert paid(*twice) == {"app action:lifetime": 20}
    [(_, award)] = evaluate_actions(twice)
    assert award.explanation.objects == (1,)


@pytest.mark.parametrize(
    ("each", "next_one", "both"),
    [
        ("day", datetime(2026, 3, 10, 22, 59, tzinfo=UTC), False),
        ("day", datetime(2026, 3, 10, 23, 1, tzinfo=UTC), True),  # midnight in Warsaw
        ("week", datetime(2026, 3, 15, 22, 59, tzinfo=UTC), False),  # a Tuesday and its Sunday
        ("week", datetime(2026, 3, 15, 23, 1, tzinfo=UTC), True),
        ("month", datetime(2026, 3, 31, 21, 59, tzinfo=UTC), False),  # summer time by now
        ("month", datetime(2026, 3, 31, 22, 1, tzinfo=UTC), True),
        ("year", datetime(2026, 12, 31, 22, 59, tzinfo=UTC), False),
        ("year", datetime(2026, 12, 31, 23, 1, tzinfo=UTC), True),
        ("lifetime", datetime(9999, 12, 31, 23, 59, tzinfo=UTC), False),
        ("day", datetime(9999, 12, 31, 23, 59, tzinfo=UTC), True),
    ],
)
def test_periods_are_those_of_the_programmes_own_calendar(
    each: str, next_one: datetime, both: bool
) -> None:
    rules = programme(APP + f'each = "{each}"\n', WARSAW)
    assert sum(paid(item(1, NOON, rules), item(2, next_one, rules)).values()) == 20 + 20 * both


def test_a_withdrawn_action_makes_room_for_the_next_one() -> None:
    rules = programme(APP + "times = 2\n")
    gone = ActionFacts(action="app-install", removed=True)
    several = [item(n, NOON + timedelta(hours=n), rules) for n in (2, 3, 4)]
    assert paid(*several) == {"app action:lifetime": 40}
    assert paid(item(1, NOON, rules, gone), *several[:2]) == {"app action:lifetime": 40}
    assert why(item(1, NOON, rules, gone)) == Reason.WITHDRAWN


def test_no_change_of_a_rules_period_pays_for_the_same_again() -> None:
    monthly, once = programme(APP + 'each = "month"\n'), programme(APP)
    first, later = item(1, NOON, monthly), item(2, NOON + timedelta(days=60), once, version=2)
    assert paid(first, later) == {"app action:2026-03": 20}
    [_, (_, award)] = evaluate_actions((first, later))
    assert award.explanation.reason == Reason.TOO_SOON


def test_an_action_before_the_programmes_first_day_is_worth_nothing_and_takes_no_room() -> None:
    rules = programme(APP, "earns_from = 2026-03-11\n")
    early = item(1, NOON, rules)
    assert why(early) == Reason.BEFORE_START
    assert paid(early, item(2, NOON + timedelta(days=1), rules)) == {"app action:lifetime": 20}


def test_an_action_that_no_rule_speaks_of_says_so() -> None:
    rules, other = programme(APP), ActionFacts(action="app-open")
    [award] = evaluate(rules, 1, Context(), other, NOON)
    assert (award.rule, award.explanation.reason) == (NO_RULE, Reason.NO_RULE)
    assert evaluate(rules, 1, Context(), INSTALL, NOON) == ()
    assert paid(item(1, NOON, rules, other)) == {}


def test_who_leaves_the_newsletter_keeps_the_points_unless_the_rule_says_otherwise() -> None:
    left = ActionFacts(action="newsletter", ended=True)
    assert paid(item(1, NOON, programme(LETTER), left)) == {"letter action:lifetime": 5}
    strict = programme(LETTER + "while_subscribed = true\n")
    assert why(item(1, NOON, strict, left)) == Reason.ENDED


def test_what_happens_on_other_sites_is_marked_as_unverified() -> None:
    rules = programme(APP.replace("app-install", "social:instagram"))
    facts = ActionFacts(action="social:instagram")
    [(_, award)] = evaluate_actions([item(1, NOON, rules, facts)])
    assert (award.points, award.explanation.notes) == (20, (Note.UNVERIFIED,))


def birthdays(*days: date) -> list[str]:
    rules = programme(BIRTHDAY, WARSAW)
    zone = ZoneInfo("Europe/Warsaw")
    return list(
        paid(
            *(
                item(n, datetime(day.year, day.month, day.day, tzinfo=zone), rules, TODAY)
                for n, day in enumerate(days)
            )
        )
    )


def test_a_birthday_is_paid_each_year_also_that_of_29_february() -> None:
    days = [falls_on(2, 29, year) for year in range(2027, 2033)]
    assert [day.day for day in days] == [28, 29, 28, 28, 28, 29]
    assert birthdays(*days) == [f"birthday birthday:{day.year}" for day in days]


def test_a_birthday_that_is_moved_about_is_paid_no_sooner_than_12_months_after_the_last() -> None:
    moved = birthdays(date(2026, 12, 1), date(2027, 1, 1), date(2027, 12, 31), date(2028, 12, 30))
    assert moved == ["birthday birthday:2026", "birthday birthday:2027"]
    assert birthdays(date(2027, 3, 1), date(2028, 2, 29)) == ["birthday birthday:2027"]
    assert len(birthdays(date(9999, 1, 1), date(9999, 12, 31))) == 1


@given(
    days=st.sets(st.integers(0, 365 * 6), max_size=10).map(
        lambda numbers: [date(2027, 1, 1) + timedelta(days=number) for number in sorted(numbers)]
    )
)
def test_however_birthdays_are_moved_each_is_paid_or_follows_a_paid_one_within_12_months(
    days: list[date],
) -> None:
    rules, zone = programme(BIRTHDAY, WARSAW), ZoneInfo("Europe/Warsaw")
    items = [
        item(n, datetime(day.year, day.month, day.day, tzinfo=zone), rules, TODAY)
        for n, day in enumerate(days)
    ]
    awards = [award for _, award in evaluate_actions(items) if award.points]
    given_for = [days[one] for award in awards for one in award.explanation.objects]
    assert all(award.points == 50 for award in awards)
    waits = [(day, falls_on(day.month, day.day, day.year + 1)) for day in given_for]
    for day in days:
        before = [begin <= day < end for begin, end in waits]
        assert sum(before) == 1  # the paid one itself, or the one that it follows


def test_each_anniversary_is_paid_once_however_many_accounts_a_person_had() -> None:
    rules = programme(YEARS)
    first, second = (ActionFacts(action="anniversary", years=years) for years in (1, 2))
    assert paid(
        item(1, NOON, rules, first),
        item(2, NOON + timedelta(days=40), rules, first),
        item(3, NOON + timedelta(days=365), rules, second),
    ) == {"years anniversary:1": 10, "years anniversary:2": 10}
    fifth = programme(YEARS + "years = 5\n")
    assert paid(item(1, NOON, fifth, first)) == {}
    assert evaluate(fifth, 1, Context(), first, NOON)[0].explanation.reason == Reason.NO_RULE


@given(
    hours=st.lists(st.tuples(st.integers(0, 24 * 70), st.booleans()), max_size=12),
    times=st.integers(1, 3),
    each=st.sampled_from(["day", "month", "lifetime"]),
    data=st.data(),
)
def test_the_earliest_ones_of_each_period_are_paid_in_every_order_of_telling(
    hours: list[tuple[int, bool]], times: int, each: str, data: st.DataObject
) -> None:
    rules = programme(APP + f'times = {times}\neach = "{each}"\n', WARSAW)
    letters = {"day": 10, "month": 7, "lifetime": 0}[each]
    expected: Counter[str] = Counter()
    told = []
    for id_, (hour, removed) in enumerate(hours):
        at = NOON + timedelta(hours=hour)
        facts = ActionFacts(action="app-install", removed=removed)
        told.append(item(id_, at, rules, facts))
        local = at.astimezone(ZoneInfo("Europe/Warsaw")).isoformat()[:letters] or "lifetime"
        expected[f"app action:{local}"] += not removed
    most = {window: 20 * min(count, times) for window, count in expected.items() if count}
    assert paid(*data.draw(st.permutations(told))) == most


def worth(review: ReviewFacts, rules: str = SHOWN) -> int:
    [(_, award)] = evaluate_windows([item(1, NOON, programme(rules), review)])
    return award.points


@pytest.mark.parametrize("rating", [None, 1, 2, 3, 4, 5])
def test_a_review_is_never_worth_more_or_less_by_its_rating(rating: int | None) -> None:
    plain = ReviewFacts(product="11", published=True, verified=True, rating=rating)
    shown = ReviewFacts(product="11", published=True, verified=True, rating=rating, photos=1)
    assert (worth(plain), worth(shown)) == (20, 40)


def test_a_photo_or_video_pays_more_and_the_dearer_one_of_both() -> None:
    def review(photos: int = 0, videos: int = 0) -> ReviewFacts:
        return ReviewFacts(
            product="11", published=True, verified=True, photos=photos, videos=videos
        )

    assert [worth(review(3)), worth(review(0, 1)), worth(review(1, 1))] == [40, 60, 60]
    assert worth(review(1, 1), REVIEW + "photo_points = 40\n") == 40
    assert worth(review(1, 1), REVIEW) == 20
    [(_, award)] = evaluate_windows([item(1, NOON, programme(SHOWN), review(1))])
    assert award.explanation.notes == (Note.WITH_PHOTO,)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (APP.replace('action = "app-install"\n', ""), "rule[0].action is missing: the name of"),
        (APP.replace("app-install", "App"), 'rule[0].action: "App" is not allowed here; give the'),
        (APP.replace("app-install", "birthday"), 'give another name: this one is on = "birthday"'),
        (APP.replace("app-install", "quiz"), 'give which one, as "quiz:coffee"'),
        (APP + "times = 0\n", "rule[0].times: 0 is not allowed here; give a whole number of times"),
        (APP + 'each = "hour"\n', 'rule[0].each: "hour" is not allowed here; give "day", "week"'),
        (APP + "while_subscribed = true\n", 'only a rule with action = "newsletter" has this key'),
        (APP + "years = 2\n", 'rule[0].years: only a rule on "anniversary" has this key'),
        (YEARS + "years = 0\n", "rule[0].years: 0 is not allowed here; give a whole number of"),
        (BIRTHDAY + 'action = "x"\n', 'rule[0].action: only a rule on "action" has this key'),
        (BIRTHDAY + "times = 2\n", 'rule[0].times: only a rule on "action" has this key'),
        (BIRTHDAY + 'each = "day"\n', 'rule[0].each: only a rule on "action" has this key'),
        (BIRTHDAY + 'per = "1.00"\n', 'rule[0].per: only a rule on "order.paid"'),
        (BIRTHDAY + "photo_points = 60\n", 'photo_points: only a rule on "review.published" has'),
        (REVIEW + "photo_points = 20\n", "photo_points: 20 is not allowed here; give more than"),
        (REVIEW + "video_points = 5\n", "rule[0].video_points: 5 is not allowed here; give more"),
    ],
)
def test_each_mistake_in_a_rule_about_actions_is_named(rules: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(HEAD + rules)
    assert message in str(caught.value)


def test_rules_about_actions_are_stored_as_they_were_written() -> None:
    written = programme(APP + 'times = 3\neach = "week"\n' + SHOWN + YEARS + "years = 5\n")
    assert load(dump(written)) == written


def test_a_version_that_gives_another_reward_leaves_what_was_given_before() -> None:
    several = APP.replace("points = 20", "points = 5") + "times = 5\n"
    gift = '[[reward]]\nkey = "ten"\nkind = "percent"\nvalue = "10"\n'
    with_gift = programme(f'{several}reward = "ten"\n{gift}')
    items = [
        item(1, NOON, with_gift),
        item(2, NOON + timedelta(days=1), programme(several)),
        item(3, NOON + timedelta(days=2), with_gift),
    ]
    given = {(one.reward, one.grants, one.points) for _, one in evaluate_actions(items)}
    assert given == {("ten", 2, 10), (None, 0, 5)}
