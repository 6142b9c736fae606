"""What rules and challenges give besides points: a reward that costs none, a badge.

A rule that gives a reward or a badge need not say that it gives no points.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.errors import ConfigError
from app.programme.badges import Badge
from app.programme.challenges import Challenge
from app.programme.fields import MOST_POINTS
from app.programme.reading import wrong
from app.programme.reward import Reward
from app.programme.rule import Rule

_GIVES = ("reward", "badge")


def with_points_left_out(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a document, as it was read, in which rules that give something else say `points = 0`."""
    rules = raw.get("rule")
    if not isinstance(rules, list):
        return raw
    return {**raw, "rule": [_with_points(rule) for rule in rules]}


def _with_points(rule: Any) -> Any:
    if isinstance(rule, dict) and any(name in rule for name in _GIVES):
        return {"points": 0, **rule}
    return rule


def check_gifts(
    rules: Sequence[Rule],
    challenges: Sequence[Challenge],
    rewards: Sequence[Reward],
    badges: Sequence[Badge],
) -> None:
    """Refuse what gives a reward or badge that is not there, and rewards that nobody could get."""
    known = {"reward": [one.key for one in rewards], "badge": [one.key for one in badges]}
    for path, name, key in _given(rules, challenges):
        if key not in known[name]:
            there = ", ".join(f'"{one}"' for one in known[name]) or "there is none yet"
            raise wrong(f"{path}.{name}", key, f"the key of a [[{name}]] ({there})")
    given = {key for _, name, key in _given(rules, challenges) if name == "reward"}
    for at, reward in enumerate(rewards):
        if reward.cost:
            continue
        if reward.key not in given:
            raise wrong(
                f"reward[{at}].cost",
                reward.cost,
                f"a whole number from 1 to {MOST_POINTS}; only what a rule or challenge gives "
                "needs no cost",
            )
        if reward.automatic:
            raise ConfigError(f'reward[{at}].automatic needs the key "cost" beside it')


def _given(
    rules: Sequence[Rule], challenges: Sequence[Challenge]
) -> Iterator[tuple[str, str, str]]:
    for table, several in (("rule", rules), ("challenge", challenges)):
        for at, one in enumerate(several):
            for name in _GIVES:
                key = getattr(one, name)
                if key is not None:
                    yield f"{table}[{at}]", name, key
