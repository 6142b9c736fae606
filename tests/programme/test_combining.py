"""Documents that become one: what is kept, and what cannot stand side by side."""

from decimal import Decimal

import pytest

from app.errors import ConfigError
from app.programme.combining import combine
from app.programme.document import parse
from tests.programme.orders import HEAD

POINTS = '[[rule]]\nkey = "a"\non = "order.paid"\npoints = 1\n'
REWARD = '# Ten off.\n[[reward]]\nkey = "a"\ncost = 100\nkind = "fixed"\nvalue = "10"\n'


def document(*tables: str, head: str = "") -> str:
    return "\n".join(["# A shop.\n" + HEAD + head, *tables])


def combined(*sources: str) -> str:
    tables = combine([(f"nr-{number}", source) for number, source in enumerate(sources, 1)])
    return "\n\n".join(table.text for table in tables)


def test_tables_stay_as_they_are_written() -> None:
    source = document(POINTS, REWARD)
    assert combined(source) + "\n" == source


def test_a_rule_and_a_reward_may_have_the_same_key() -> None:
    programme = parse(combined(document(POINTS), document(REWARD)))
    assert (programme.rules[0].key, programme.rewards[0].key) == ("a", "a")


def test_the_comments_of_both_are_kept() -> None:
    text = combined(document(POINTS), document(REWARD).replace("A shop", "Its rewards"))
    for comment in ("# A shop.", "# Its rewards.", "# Ten off."):
        assert comment in text.splitlines()


def test_what_both_say_stands_there_once() -> None:
    first = document(POINTS, head='timezone = "Europe/Warsaw"\n')
    second = document(POINTS, REWARD, head='timezone = "Europe/Warsaw"\npoint_value = "0.05"\n')
    programme = parse(combined(first, second))
    assert (len(programme.rules), len(programme.rewards)) == (1, 1)
    assert (programme.timezone, programme.point_value) == ("Europe/Warsaw", Decimal("0.05"))


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (document(POINTS.replace("points = 1", "points = 2")), "rule a"),
        (document(REWARD.replace('"10"', '"20"')), "reward a"),
        (document("[basis]\ntips = false\n"), "basis"),
        (document(head='debt = "debt"\n'), "programme.debt"),
    ],
)
def test_what_contradicts_is_told_with_both_names(other: str, what: str) -> None:
    third = document(POINTS, REWARD, "[basis]\ntips = true\n", head='debt = "forgive"\n')
    with pytest.raises(ConfigError) as refused:
        combined(third, other)
    told = str(refused.value)
    assert told == f'"nr-1" and "nr-2" cannot be combined: each has its own {what}'
