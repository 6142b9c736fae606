"""Punch cards, challenges, badges and what is given without points: the keys of the document."""

import pytest

from app.errors import ConfigError
from app.programme.document import Programme, dump, load, parse
from app.programme.limits import Hidden
from app.programme.rewards import offers
from tests.programme.orders import HEAD

CARD = '[[rule]]\nkey = "card"\non = "items.count"\nevery = 10\nreward = "coffee"\n'
COFFEE = '[[reward]]\nkey = "coffee"\nkind = "percent"\nvalue = "100"\n'
CHALLENGE = '[[challenge]]\nkey = "three"\norders = 3\ndays = 30\npoints = 100\n'
STREAK = '[[challenge]]\nkey = "weeks"\nstreak = 4\npoints = 100\n'
BADGE = '[[badge]]\nkey = "regular"\nname = "Regular guest"\n'


def read(rules: str) -> Programme:
    return parse(HEAD + rules)


def test_what_is_left_out_is_written_out_and_stored_versions_read_back() -> None:
    programme = read(CARD + COFFEE + CHALLENGE + STREAK + BADGE)
    assert (programme.rules[0].points, programme.rewards[0].cost) == (0, 0)
    assert [one.window for one in programme.challenges] == ["once", "once"]
    assert load(dump(programme)) == programme


def test_a_version_of_before_has_no_challenges() -> None:
    before = load('{"key":"kawa","currency":"PLN"}')
    assert (before.challenges, before.badges) == ((), ())


def test_a_reward_without_cost_is_nothing_that_one_could_ask_for() -> None:
    programme = read(CARD + COFFEE)
    assert [one.hidden for one in offers(programme, "shop", frozenset({"percent"}))] == [
        Hidden.NOT_FOR_POINTS
    ]


WRONG = {
    "no number of pieces": (CARD.replace("every = 10\n", "") + COFFEE, ["rule[0]", "every"]),
    "a piece and an order": (CARD + "orders = 3\n" + COFFEE, ["rule[0]", "no other count"]),
    "an unknown reward": (CARD, ["rule[0].reward", '"coffee"', "[[reward]]"]),
    "a reward for one order": (
        CARD.replace("items.count", "order.paid").replace("every = 10\n", "") + COFFEE,
        ["rule[0].reward", '"order.count"'],
    ),
    "a card by amount": (CARD + 'per = "1.00"\n' + COFFEE, ["rule[0].per", '"items.count"']),
    "nothing given": (CARD.replace('reward = "coffee"\n', ""), ["rule[0].points is missing"]),
    "a reward that nothing gives": (COFFEE, ["reward[0].cost", "from 1"]),
    "issued by itself for nothing": (
        CARD + COFFEE + "automatic = true\n",
        ["reward[0].automatic", '"cost"'],
    ),
    "a challenge of nothing": (
        CHALLENGE.replace("orders = 3\ndays = 30\n", ""),
        ["challenge[0]", "orders", "streak"],
    ),
    "both kinds": (CHALLENGE + "streak = 4\n", ["challenge[0]", "either"]),
    "no days": (CHALLENGE.replace("days = 30\n", ""), ["challenge[0]", "days"]),
    "a streak with days": (STREAK + "days = 30\n", ["challenge[0]", "neither"]),
    "weeks of what": (CHALLENGE + 'each = "month"\n', ["challenge[0].each", "streak"]),
    "each year": (STREAK + 'each = "year"\n', ["challenge[0].each", '"year"', '"week" or "month"']),
    "won hourly": (STREAK + 'window = "hour"\n', ["challenge[0].window", '"once", "day"']),
    "an action without a streak": (
        CHALLENGE + 'action = "app"\n',
        ["challenge[0].action", "streak"],
    ),
    "the goods of an action": (
        STREAK + 'action = "app"\ngoods_from = "5.00"\n',
        ["challenge[0]", "action and goods_from"],
    ),
    "no action": (STREAK + 'action = "App!"\n', ["challenge[0].action", '"App!"']),
    "a streak of one": (STREAK.replace("= 4", "= 1"), ["challenge[0].streak: 1 ", "from 2"]),
    "no orders": (CHALLENGE.replace("= 3\n", "= 0\n"), ["challenge[0].orders: 0 ", "from 1"]),
    "endless days": (CHALLENGE.replace("= 30", "= 9999"), ["challenge[0].days: 9999 ", "3660"]),
    "nothing to win": (CHALLENGE.replace("= 100", "= 0"), ["challenge[0] gives nothing"]),
    "an unknown badge": (CHALLENGE + 'badge = "x"\n' + BADGE, ['"x"', '("regular")']),
    "the key of a rule": (
        CHALLENGE.replace('"three"', '"card"') + CARD + COFFEE,
        ["challenge[0].key", '"card"', "another key"],
    ),
    "the same challenge twice": (CHALLENGE + CHALLENGE, ["challenge[1].key", "challenge[0]"]),
    "the same badge twice": (BADGE + BADGE, ["badge[1].key", "badge[0]"]),
    "a badge of blanks": (BADGE.replace("Regular guest", " x"), ["badge[0].name", "blanks"]),
    "a challenge of blanks": (CHALLENGE + 'name = "x "\n', ["challenge[0].name", "blanks"]),
    "orders for nothing": (
        CHALLENGE + 'goods_from = "0"\n',
        ["challenge[0].goods_from", "above 0"],
    ),
    "too many badges": (
        "".join(BADGE.replace('"regular"', f'"b{n}"') for n in range(101)),
        ["badge: 101", "at most 100"],
    ),
    "too many challenges": (
        "".join(CHALLENGE.replace('"three"', f'"c{n}"') for n in range(51)),
        ["challenge: 51", "at most 50"],
    ),
}


@pytest.mark.parametrize(("rules", "told"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_meant_is_refused(rules: str, told: list[str]) -> None:
    with pytest.raises(ConfigError) as error:
        read(rules)
    assert [part for part in told if part not in str(error.value)] == []
