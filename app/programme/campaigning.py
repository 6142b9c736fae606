"""What campaigns give for one order: whom and what they are for, what they multiply, their bonus.

A campaign is judged by when the order was placed, under the version in force then and by what was true of
its owner then. So neither when it is told or refunded, nor a later change of the campaign matters.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from app.programme.basis import Basis
from app.programme.basis_units import UNIT
from app.programme.campaign_times import microseconds, moment_of
from app.programme.campaigns import Campaign
from app.programme.channels import channel_of, comes_through
from app.programme.counting import weights
from app.programme.document import Programme
from app.programme.events import OrderFacts
from app.programme.explanation import Explanation, Reason
from app.programme.lines import Matcher, matcher
from app.programme.multipliers import Multiplier
from app.programme.order_worth import Judged
from app.programme.ratio import Ratio, reaches, times
from app.programme.tiers import tier_of

_OF_THE_ORDER = frozenset(
    {
        Reason.BEFORE_START,
        Reason.TEST_ORDER,
        Reason.DRAFT,
        Reason.NOT_PAID,
        Reason.DISPUTED,
        Reason.NOT_COMPLETED,
        Reason.CANCELLED,
        Reason.REMOVED,
        Reason.NO_RATE,
        Reason.NOTHING_COUNTS,
    }
)
"""Reasons for which an order earns nothing, whatever the campaign."""


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """An order, with what was true around it."""

    programme: Programme
    order: OrderFacts
    basis: Basis | None  # None while the order earns nothing whatever it holds
    store: str | None
    tier: str | None
    segments: tuple[str, ...]
    rate: Decimal | None


class Bonus(NamedTuple):
    """What a campaign with a bonus gives for one order."""

    campaign: Campaign
    points: int
    reason: Reason
    occasion: Occasion

    @property
    def key(self) -> str:
        """The campaign's."""
        return self.campaign.key

    def explained(self, version: int) -> Explanation:
        """Return why it gives that."""
        order, basis, reason = self.occasion.order, self.occasion.basis, self.reason
        why = Explanation(rule=self.key, version=version, reason=reason, currency=order.currency)
        if reason is Reason.BONUS:
            return msgspec.structs.replace(why, points_each=self.points)
        if reason is Reason.OTHER_CHANNEL:
            return msgspec.structs.replace(why, channel=channel_of(order.channel))
        if basis is None:
            return why
        if reason is Reason.NOTHING_COUNTS:
            return msgspec.structs.replace(why, refunded=basis.refunded or None)
        if reason is Reason.BELOW_THRESHOLD:
            named = _lines(self.campaign, basis, self.occasion.store)
            return msgspec.structs.replace(
                why,
                basis=basis.written(sum(basis.parts[at] for at in named)),
                with_tax=basis.with_tax,
                lines=tuple(basis.lines[at] for at in named),
                over=self.campaign.goods_over,
                at_least=self.campaign.goods_from,
                rate=self.occasion.rate,
            )
        return why


def running(programme: Programme, occurred_at: datetime) -> tuple[Campaign, ...]:
    """Return the campaigns of a version that an order placed then is under."""
    if not programme.campaigns:
        return ()
    moment, zone = microseconds(occurred_at), programme.timezone
    return tuple(
        campaign
        for campaign in programme.campaigns
        if moment_of(campaign.from_, zone) <= moment < moment_of(campaign.until, zone)
    )


def multipliers(occasion: Occasion, campaigns: Sequence[Campaign]) -> tuple[Multiplier, ...]:
    """Return what multiplies points for an order: its owner's tier then, and campaigns."""
    found = []
    tier = tier_of(occasion.programme, occasion.tier)
    if tier is not None and tier.multiply != 1:
        found.append(Multiplier(kind="tier", key=tier.key, by=tier.multiply))
    found += [
        Multiplier(
            kind="campaign",
            key=campaign.key,
            by=campaign.multiply,
            rules=campaign.rules,
            names=_names(campaign, occasion.store),
        )
        for campaign in campaigns
        if campaign.multiply is not None and _why_not(campaign, occasion) is None
    ]
    return tuple(found)


def bonuses(
    occasion: Occasion, campaigns: Sequence[Campaign], judged: Sequence[Judged]
) -> list[Bonus]:
    """Return what each campaign with a bonus gives for an order, by what its rules gave for it."""
    found = []
    for campaign in campaigns:
        if campaign.bonus is not None:
            reason = _why_no_bonus(occasion, campaign, judged)
            points = campaign.bonus if reason is None else 0
            found.append(Bonus(campaign, points, reason or Reason.BONUS, occasion))
    return found


def _why_no_bonus(
    occasion: Occasion, campaign: Campaign, judged: Sequence[Judged]
) -> Reason | None:
    mine = [one for one in judged if not campaign.rules or one.key in campaign.rules]
    if not any(one.points for one in mine) and mine[0].reason in _OF_THE_ORDER:
        return mine[0].reason
    reason = _why_not(campaign, occasion)
    if reason is None and not any(_earns(campaign, one, occasion.store) for one in mine):
        return Reason.NOTHING_EARNED
    return reason


def _why_not(campaign: Campaign, occasion: Occasion) -> Reason | None:
    """Return why a running campaign is not for an order, None if it is."""
    order = occasion.order
    if campaign.tiers and occasion.tier not in campaign.tiers:
        return Reason.NOT_INVITED
    if campaign.segments and not set(campaign.segments) & set(occasion.segments):
        return Reason.NOT_INVITED
    if not comes_through(order.channel, campaign.channels, campaign.not_channels):
        return Reason.OTHER_CHANNEL
    return _too_small(campaign, occasion)


def _too_small(campaign: Campaign, occasion: Occasion) -> Reason | None:
    over, at_least, basis = campaign.goods_over, campaign.goods_from, occasion.basis
    if (over is None and at_least is None) or basis is None:
        return None
    named = _lines(campaign, basis, occasion.store)
    total: Ratio = (sum(basis.parts[at] for at in named), UNIT)
    if basis.currency != occasion.programme.currency:
        if occasion.rate is None:
            return Reason.NO_RATE
        total = times(total, occasion.rate)
    return None if reaches(total, over, at_least) else Reason.BELOW_THRESHOLD


def _earns(campaign: Campaign, one: Judged, store: str | None) -> bool:
    """Say whether a rule gives points for something that the campaign is for."""
    names = _names(campaign, store)
    if not one.points or one.counted is None or names is None:
        return bool(one.points)
    return any(weight and names(line) for line, weight in weights(one.rule, one.counted, store))


def _lines(campaign: Campaign, basis: Basis, store: str | None) -> list[int]:
    """Return which lines of an order's basis a campaign is for."""
    names = _names(campaign, store)
    return [at for at, line in enumerate(basis.sold) if names is None or names(line)]


def _names(campaign: Campaign, store: str | None) -> Matcher | None:
    """Return what tells which lines a campaign is for, None for all."""
    only = None if campaign.lines is None else matcher(campaign.lines, store)
    never = None if campaign.except_lines is None else matcher(campaign.except_lines, store)
    if never is None:
        return only
    if only is None:
        return lambda line: not never(line)
    return lambda line: only(line) and not never(line)
