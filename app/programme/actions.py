"""The part of the programme document about what people do besides buying: actions and days of their own.

```toml
[[rule]]
key = "app"
on = "action"
action = "app-install"
points = 20
times = 3              # at most so often
each = "month"         # "day", "week", "month", "year" or "lifetime"

[[rule]]
key = "birthday"
on = "birthday"
points = 50

[[rule]]
key = "five-years"
on = "anniversary"
points = 500
years = 5              # left out: each year
```
"""

import re
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from app.errors import ConfigError
from app.programme.events import ActionFacts
from app.programme.reading import wrong

if TYPE_CHECKING:
    from app.programme.rule import Rule

ACTION = "action"
BIRTHDAY = "birthday"
ANNIVERSARY = "anniversary"

NEWSLETTER = "newsletter"
SOCIAL = "social"
QUIZ = "quiz"
SURVEY = "survey"

MOST_TIMES = 1_000
MOST_YEARS = 100

Each = Literal["day", "week", "month", "year", "lifetime"]
EachPeriod = Annotated[
    Each,
    Meta(description='"day", "week", "month", "year" (of the programme\'s zone) or "lifetime"'),
]
Times = Annotated[
    int, Meta(ge=1, le=MOST_TIMES, description=f"a whole number of times from 1 to {MOST_TIMES}")
]
Years = Annotated[
    Annotated[int, Meta(ge=1, le=MOST_YEARS)] | None,
    Meta(description=f"a whole number of years from 1 to {MOST_YEARS}"),
]

ACTION_NAME = 'the name of an action, as "app-install", "social:instagram" or "quiz:coffee"'
_WRITTEN = r"\A[a-z0-9]+(-[a-z0-9]+)*(:[a-z0-9]+(-[a-z0-9]+)*)?\Z"
_LONGEST = 100
ActionName = Annotated[
    str,
    Meta(
        pattern=_WRITTEN,
        max_length=_LONGEST,
        description=ACTION_NAME,
    ),
]


def is_action_name(name: str) -> bool:
    """Say whether an action may be called so."""
    return len(name) <= _LONGEST and re.search(_WRITTEN, name) is not None


def kind_of(action: str) -> str:
    """Return what an action is: the word before the colon, if there is one."""
    return action.partition(":")[0]


def is_self_declared(action: str) -> bool:
    """Say whether nobody can check that it was done: what people do on other sites."""
    return kind_of(action) == SOCIAL


def speaks_of(rule: "Rule", facts: ActionFacts) -> bool:
    """Say whether a rule is about such an action."""
    if rule.on == ACTION:
        return rule.action == facts.action
    if rule.on == ANNIVERSARY and rule.years is not None and rule.years != facts.years:
        return False
    return rule.on in {BIRTHDAY, ANNIVERSARY} and rule.on == facts.action


def check_action(path: str, rule: "Rule") -> None:
    """Refuse a rule about actions whose keys do not fit together. Raises ConfigError."""
    _only_on(path, rule, ACTION, action=rule.action is not None, times=rule.times != 1)
    _only_on(path, rule, ACTION, each=rule.each != "lifetime")
    _only_on(path, rule, ACTION, while_subscribed=rule.while_subscribed)
    _only_on(path, rule, ANNIVERSARY, years=rule.years is not None)
    if rule.on != ACTION:
        return
    if rule.action is None:
        raise ConfigError(f"{path}.action is missing: {ACTION_NAME}")
    if rule.action in {BIRTHDAY, ANNIVERSARY}:
        raise wrong(
            f"{path}.action", rule.action, f'another name: this one is on = "{rule.action}"'
        )
    if rule.action in {QUIZ, SURVEY}:
        raise wrong(f"{path}.action", rule.action, f'which one, as "{rule.action}:coffee"')
    if rule.while_subscribed and rule.action != NEWSLETTER:
        raise ConfigError(
            f'{path}.while_subscribed: only a rule with action = "{NEWSLETTER}" has this key'
        )


def _only_on(path: str, rule: "Rule", trigger: str, **given: bool) -> None:
    for name, is_given in given.items():
        if is_given and rule.on != trigger:
            raise ConfigError(
                f'{path}.{name}: only a rule on "{trigger}" has this key, this one is on "{rule.on}"'
            )
