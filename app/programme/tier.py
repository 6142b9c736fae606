"""The part of the programme document about tiers: how they are reached, and what each one gives.

```toml
[tiers]
by = "spend"
window = "rolling"
months = 12
grace_days = 30

[[tier]]
key = "silver"
name = "Silver"
from = "500"
multiply = "1.25"
gift = 100
perks = ["Early access to new roasts"]
```
"""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.errors import ConfigError
from app.programme.fields import MOST_POINTS, Points, Slug, check_tables, decimals
from app.programme.lines import FactorBy, check_factor
from app.programme.names import ONE_LINE, ShortName
from app.programme.reading import wrong

MOST_TIERS = 20
MOST_PERKS = 20

_FROM = 'a number from 0 to 1000000000 with at most four decimals, as "500"'

TierBy = Literal["spend", "points", "orders"]
TierWindow = Literal["lifetime", "year", "rolling"]


class Tiers(msgspec.Struct, frozen=True, kw_only=True):
    """The [tiers] table: what counts towards a tier, and for how long."""

    by: Annotated[TierBy, Meta(description='"spend", "points" or "orders"')] = "spend"
    window: Annotated[TierWindow, Meta(description='"lifetime", "year" or "rolling"')] = "lifetime"
    months: Annotated[
        Annotated[int, Meta(ge=1, le=120)] | None,
        Meta(description="a whole number of months from 1 to 120"),
    ] = None  # of a rolling window
    grace_days: Annotated[
        Annotated[int, Meta(ge=0, le=365)],
        Meta(description="a whole number of days from 0 to 365"),
    ] = 0  # that a tier is kept which only time took away


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """One tier. The key is what is stored: another name moves nobody."""

    key: Slug
    name: ShortName = ""  # for people; empty: the key
    from_: Annotated[Decimal, Meta(description=_FROM)] = msgspec.field(name="from")
    multiply: FactorBy = Decimal(1)  # what rules on orders give is worth so many times
    gift: Points = 0  # at entry, once per person (with window = "year": once a year)
    perks: Annotated[
        tuple[
            Annotated[
                str,
                Meta(
                    pattern=ONE_LINE,
                    min_length=1,
                    max_length=200,
                    description="words of 1 to 200 characters on one line",
                ),
            ],
            ...,
        ],
        Meta(description='a list of words, as ["Early access"]'),
    ] = ()

    @property
    def shown(self) -> str:
        """Return what people call it."""
        return self.name or self.key


def check_tiers(tiers: Tiers, tier: Sequence[Tier], taken: Collection[str]) -> None:
    """Refuse tiers that nobody could tell apart. `taken` are the keys of rules and caps.

    Raises ConfigError.
    """
    _check_window(tiers)
    if tiers != Tiers() and not tier:
        raise ConfigError("tiers needs at least one [[tier]] beside it")
    check_tables("tier", [one.key for one in tier], MOST_TIERS)
    for at, one in enumerate(tier):
        path = f"tier[{at}]"
        if one.key in taken:
            raise wrong(f"{path}.key", one.key, "another key: a rule or a cap has this one")
        _check_from(path, tiers, one)
        if at and one.from_ <= tier[at - 1].from_:
            raise wrong(
                f"{path}.from",
                one.from_,
                f"more than the tier before, which begins at {tier[at - 1].from_}",
            )
        check_factor(f"{path}.multiply", one.multiply)
        if one.gift and not one.from_:
            raise ConfigError(
                f"{path}.gift: everybody is in this tier from the start; "
                'a rule on "customer.registered" gives points for that'
            )
        if len(one.perks) > MOST_PERKS:
            raise wrong(f"{path}.perks", f"{len(one.perks)} of them", f"at most {MOST_PERKS}")


def _check_window(tiers: Tiers) -> None:
    if tiers.window == "rolling" and tiers.months is None:
        raise ConfigError('tiers.window: "rolling" needs the key "months" beside it')
    if tiers.window != "rolling" and tiers.months is not None:
        raise ConfigError('tiers.months: only with window = "rolling"')
    if tiers.window == "lifetime" and tiers.grace_days:
        raise ConfigError(
            'tiers.grace_days: with window = "lifetime" time takes no tier away; leave it out'
        )


def _check_from(path: str, tiers: Tiers, one: Tier) -> None:
    if decimals(one.from_) > 4 or not 0 <= one.from_ <= MOST_POINTS:
        raise wrong(f"{path}.from", one.from_, _FROM)
    if tiers.by != "spend" and one.from_ != one.from_.to_integral_value():
        raise wrong(f"{path}.from", one.from_, f"a whole number of {tiers.by}")
