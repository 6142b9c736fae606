"""The part of the programme document about campaigns: more points for a time.

```toml
[[campaign]]
key = "double-weekend"
name = "Double points weekend"
from = 2026-11-27T00:00:00
until = 2026-11-30T00:00:00
multiply = "2"
bonus = 50
rules = ["per-unit"]
tiers = ["silver", "gold"]
```

When a campaign runs is in `campaign_times`, what it gives in `campaigning`.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.errors import ConfigError
from app.programme.campaign_times import check_span
from app.programme.channels import Channel, check_channels
from app.programme.fields import (
    MOST_POINTS,
    OptionalMoney,
    Slug,
    check_known,
    check_named_once,
    check_tables,
    check_threshold,
    decimals,
)
from app.programme.lines import Lines, check_lines
from app.programme.names import ShortName
from app.programme.reading import wrong

MOST_CAMPAIGNS = 200
MOST_SEGMENTS = 100

_TIME = "a local time of the programme's timezone without offset, as 2026-11-27T00:00:00"
_FACTOR = 'a factor above 1 and at most 100 with at most four decimals, as "1.5"'

Stacking = Literal["best", "add", "multiply"]
LocalTime = Annotated[datetime, Meta(tz=False, description=_TIME)]


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """More points for orders placed from `from` until just before `until`."""

    key: Slug
    name: ShortName = ""  # for people; empty: the key
    from_: LocalTime = msgspec.field(name="from")
    until: LocalTime
    multiply: Annotated[Decimal | None, Meta(description=_FACTOR)] = None
    bonus: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_POINTS)] | None,
        Meta(description=f"a whole number from 1 to {MOST_POINTS}"),
    ] = None  # once per order that earns anything under the campaign
    rules: Annotated[
        tuple[Slug, ...], Meta(description='a list of keys of rules, as ["per-unit"]')
    ] = ()  # none named: all on orders
    lines: Lines | None = None  # only these
    except_lines: Lines | None = None  # all but these
    tiers: Annotated[
        tuple[Slug, ...], Meta(description='a list of keys of tiers, as ["gold"]')
    ] = ()  # only for who had one of these
    segments: Annotated[
        tuple[Slug, ...], Meta(description='a list of keys of segments, as ["sleeping"]')
    ] = ()  # only for who was in one of these
    channels: tuple[Channel, ...] = ()
    not_channels: tuple[Channel, ...] = ()
    goods_over: OptionalMoney = None  # of the lines it is for, in the programme's currency
    goods_from: OptionalMoney = None

    @property
    def shown(self) -> str:
        """Return what people call it."""
        return self.name or self.key


def check_campaigns(
    campaigns: Sequence[Campaign],
    timezone: str,
    *,
    on_orders: Collection[str],
    tiers: Collection[str],
    segments: Collection[str],
    taken: Collection[str],
) -> None:
    """Refuse campaigns that never run, change nothing or are for nobody. Raises ConfigError.

    `on_orders` are the keys of rules about single orders, `taken` those of everything else that gives
    points.
    """
    check_tables("campaign", [campaign.key for campaign in campaigns], MOST_CAMPAIGNS)
    for at, campaign in enumerate(campaigns):
        path = f"campaign[{at}]"
        if campaign.key in taken:
            raise wrong(
                f"{path}.key", campaign.key, "another key: a rule, cap, tier or challenge has it"
            )
        if not on_orders:
            raise ConfigError(
                f'{path} has nothing to add to: no rule is on "order.paid" or "order.completed"'
            )
        check_span(path, campaign.from_, campaign.until, timezone)
        _check_gain(path, campaign)
        _check_named(
            f"{path}.rules",
            campaign.rules,
            on_orders,
            'the key of a rule on "order.paid" or "order.completed"',
        )
        _check_named(f"{path}.tiers", campaign.tiers, tiers, "the key of a tier")
        _check_conditions(path, campaign)
        _check_named(
            f"{path}.segments",
            campaign.segments,
            segments,
            "the key of a segment of this document",
        )


def _check_gain(path: str, campaign: Campaign) -> None:
    by = campaign.multiply
    if by is None and campaign.bonus is None:
        raise ConfigError(f'{path} gives nothing; give it the key "multiply" or "bonus"')
    if by is not None and not (by.is_finite() and 1 < by <= 100 and decimals(by) <= 4):
        raise wrong(f"{path}.multiply", by, _FACTOR)


def _check_named(path: str, named: Sequence[str], known: Collection[str], allowed: str) -> None:
    check_named_once(path, named)
    check_known(path, named, known, allowed)


def _check_conditions(path: str, campaign: Campaign) -> None:
    check_lines(f"{path}.lines", campaign.lines)
    check_lines(f"{path}.except_lines", campaign.except_lines)
    check_threshold(path, "goods", campaign.goods_over, campaign.goods_from)
    check_channels(path, campaign.channels, campaign.not_channels)
    if len(campaign.segments) > MOST_SEGMENTS:
        raise wrong(f"{path}.segments", len(campaign.segments), f"at most {MOST_SEGMENTS} segments")
