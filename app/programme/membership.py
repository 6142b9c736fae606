"""The part of the programme document about paid membership: what buys it, for how long, what it gives.

```toml
[membership]
key = "premium"
name = "Premium"
lines = { skus = ["MEMBERSHIP"] }
months = 12                  # or days = 30; that one piece buys
perks = ["free-delivery"]    # shown in all shops while it runs
```
"""

from collections.abc import Collection
from typing import Annotated

import msgspec
from msgspec import Meta

from app.errors import ConfigError
from app.programme.fields import Slug
from app.programme.lines import Lines, check_lines
from app.programme.names import Name, check_name
from app.programme.reading import wrong

MOST_PERKS = 20

_Months = Annotated[
    Annotated[int, Meta(ge=1, le=120)] | None,
    Meta(description="a whole number of months from 1 to 120"),
]
_Days = Annotated[
    Annotated[int, Meta(ge=1, le=3660)] | None,
    Meta(description="a whole number of days from 1 to 3660"),
]


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """What a piece of one of these lines buys: so many months, or so many days, with these perks.

    A perk is a word of the merchant's that every shop shows of the customer while the membership runs.
    """

    key: Slug
    name: Name = ""  # for people; empty: the key
    lines: Lines
    months: _Months = None
    days: _Days = None
    perks: tuple[Slug, ...]


def check_membership(one: Membership | None, taken: Collection[str]) -> None:
    """Refuse what nobody could buy, or gains nothing by; `taken` are the keys of all else that gives.

    Raises ConfigError.
    """
    if one is None:
        return
    if one.key in taken:
        raise wrong("membership.key", one.key, "another key: something else has this one")
    check_name("membership.name", one.name)
    check_lines("membership.lines", one.lines)
    if (one.months is None) == (one.days is None):
        raise ConfigError("membership needs either months or days: how long one piece lasts")
    if not one.perks:
        raise wrong("membership.perks", "[]", 'at least one perk, as ["free-delivery"]')
    if len(one.perks) > MOST_PERKS:
        raise wrong("membership.perks", f"{len(one.perks)} of them", f"at most {MOST_PERKS}")
    for at, perk in enumerate(one.perks):
        if perk in one.perks[:at]:
            raise wrong(f"membership.perks[{at}]", perk, "each perk once")
