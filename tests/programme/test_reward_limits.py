"""Who can have a reward how often and when: the keys of the document, and the reasons."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.errors import ConfigError
from app.programme.document import dump, load, parse
from app.programme.limits import Hidden, Person, Supply, left, period_start, why_not_now
from app.programme.reward import Each, Reward
from app.programme.rewards import offers
from tests.programme.orders import HEAD

TIERS = '[[tier]]\nkey = "silver"\nfrom = 100\n[[tier]]\nkey = "gold"\nfrom = 500\n'
TEN = '[[reward]]\nkey = "ten"\ncost = 100\nkind = "percent"\nvalue = "10"\n'
CARD = '[[rule]]\nkey = "card"\non = "items.count"\nevery = 10\nreward = "ten"\n'
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WARSAW = "Europe/Warsaw"


def reward(keys: str) -> Reward:
    return parse(HEAD + TIERS + TEN + keys).rewards[0]


def why(keys: str, timezone: str = "UTC", now: datetime = NOW, **known: Any) -> Hidden | None:
    return why_not_now(reward(keys), timezone, Supply(now, **known))


def test_a_reward_without_limits_is_for_everybody_and_ever() -> None:
    assert why("", taken={"ten": 10**6}, person=Person(None, {"ten": 99})) is None
    assert left(reward(""), Supply(NOW)) is None


def test_the_last_one_of_a_total_can_be_had_and_then_none() -> None:
    total = "total = 3\n"
    assert why(total, taken={"ten": 2}) is None
    assert why(total, taken={"ten": 3}) is Hidden.NONE_LEFT
    assert [left(reward(total), Supply(NOW, {"ten": n})) for n in (0, 2, 3, 4)] == [3, 1, 0, 0]


def test_each_member_has_a_number_of_their_own() -> None:
    twice = 'per_member = 2\neach = "month"\n'
    assert why(twice, taken={"ten": 9}, person=Person(None, {"ten": 1})) is None
    assert why(twice, person=Person(None, {"ten": 2})) is Hidden.HAD
    assert why(twice) is None  # nobody asks


def test_a_reward_for_tiers_is_for_who_has_one_of_them_now() -> None:
    both = 'tiers = ["silver", "gold"]\n'
    assert [why(both, person=Person(tier)) for tier in ("silver", "gold", None)] == [
        None,
        None,
        Hidden.OTHER_TIER,
    ]


def test_a_reward_for_segments_is_for_who_is_in_one_of_them() -> None:
    segment = '[[segment]]\nkey = "big"\nwhere = { spend_from = 100 }\n'
    ten = parse(HEAD + segment + TEN + 'segments = ["big"]\n').rewards[0]
    asked = {frozenset({"big", "new"}): None, frozenset({"new"}): Hidden.OTHER_SEGMENT}
    for segments, why_not in asked.items():
        assert why_not_now(ten, "UTC", Supply(NOW, person=Person(None, {}, segments))) is why_not


def test_times_are_local_and_the_last_one_is_excluded() -> None:
    december = "from = 2026-12-01T00:00:00\nuntil = 2027-01-01T00:00:00\n"
    asked = {
        datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC): Hidden.NOT_YET,
        datetime(2026, 11, 30, 23, tzinfo=UTC): None,
        datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC): None,
        datetime(2026, 12, 31, 23, tzinfo=UTC): Hidden.OVER,
    }
    assert {moment: why(december, WARSAW, moment) for moment in asked} == asked


@pytest.mark.parametrize(
    ("each", "now", "start"),
    [
        (
            "month",
            datetime(2026, 11, 30, 23, 30, tzinfo=UTC),
            datetime(2026, 11, 30, 23, tzinfo=UTC),
        ),
        ("month", datetime(2026, 3, 31, 21, tzinfo=UTC), datetime(2026, 2, 28, 23, tzinfo=UTC)),
        ("month", datetime(2028, 2, 29, 12, tzinfo=UTC), datetime(2028, 1, 31, 23, tzinfo=UTC)),
        ("year", datetime(2026, 12, 31, 23, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)),
        ("year", datetime(9999, 12, 31, 22, tzinfo=UTC), datetime(9998, 12, 31, 23, tzinfo=UTC)),
        ("lifetime", NOW, None),
    ],
)
def test_a_period_begins_at_midnight_of_the_programme_s_clocks(
    each: Each, now: datetime, start: datetime | None
) -> None:
    assert period_start(each, WARSAW, now) == start


def test_what_keeps_everybody_from_a_reward_is_told_before_what_a_shop_lacks() -> None:
    programme = parse(HEAD + TEN + "total = 1\n")
    [offer] = offers(programme, "shop", frozenset(), Supply(NOW, {"ten": 1}))
    assert offer.hidden is Hidden.NONE_LEFT
    [offer] = offers(programme, "shop", frozenset())
    assert offer.hidden is Hidden.NOT_MADE


def test_limits_are_stored_and_versions_of_before_have_none() -> None:
    programme = parse(HEAD + TEN + "total = 5\nfrom = 2026-12-01T08:00:00\n")
    assert load(dump(programme)) == programme
    assert programme.rewards[0].from_ == datetime(2026, 12, 1, 8)  # noqa: DTZ001 - local
    old = dump(parse(HEAD + TEN)).replace('"total":null,', "").replace('"per_member":null,', "")
    assert load(old).rewards == parse(HEAD + TEN).rewards


WRONG = {
    "no total": ("total = 0", ["reward[0].total: 0 ", "from 1 to 1000000"]),
    "half a person's": ('per_member = "2"', ["reward[0].per_member", "a whole number"]),
    "another period": (
        'per_member = 1\neach = "week"',
        ["reward[0].each", '"week"', '"lifetime", "year" or "month"'],
    ),
    "a period of nothing": ('each = "year"', ["reward[0].each", '"per_member"']),
    "a tier that is not": (
        'tiers = ["gold", "platinum"]',
        ["reward[0].tiers[1]", '"platinum"', '"gold", "silver"'],
    ),
    "a time with an offset": ("from = 2026-12-01T00:00:00Z", ["reward[0].from", "without offset"]),
    "no time": (
        "from = 2026-12-01T00:00:00\nuntil = 2026-12-01T00:00:00",
        ["reward[0].until", "2026-12-01", "after `from`"],
    ),
    "a segment that is not": (
        'segments = ["sleeping"]',
        ["reward[0].segments[0]", '"sleeping"', "the key of a segment (there is none yet)"],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_limits_that_nobody_could_meet_are_refused(name: str) -> None:
    keys, said = WRONG[name]
    with pytest.raises(ConfigError) as refused:
        reward(keys + "\n")
    assert [part for part in said if part not in str(refused.value)] == []


@pytest.mark.parametrize(
    "keys",
    ["total = 5", "per_member = 1", 'tiers = ["gold"]', "until = 2027-01-01T00:00:00"],
)
def test_what_a_rule_gives_has_no_limits(keys: str) -> None:
    given = TEN.replace("cost = 100\n", "")
    with pytest.raises(ConfigError, match='needs the key "cost" beside it'):
        parse(HEAD + TIERS + CARD + given + keys + "\n")
