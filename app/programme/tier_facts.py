"""What each order adds to the sums that tiers are reached by, and from when on: dated facts.

An order counts from the moment it was earned (never before it was placed) until it is cancelled; a
refund or a lost dispute takes off from its own time on, so no later change of an order alters what was
true before it. Where the shop dates nothing, the earliest modification time of a body that shows it
stands in (`OrderItem.shown`). What is given back leaves the window together with its order.

An order that is unpaid again, or whose payment is disputed now, counts for nothing meanwhile.
"""

import math
from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction

import msgspec

from app.programme.basis import basis_of
from app.programme.events import OrderFacts, Standing
from app.programme.order_windows import OrderItem, counts
from app.programme.rules import before_start, evaluate, standing_reason
from app.programme.tier import TierBy
from app.programme.tiers import UNIT

ENDED = ""
"""The key of `OrderItem.shown` for the end of the order itself; others are the ids of refunds."""

_OVER = frozenset({Standing.CANCELLED, Standing.REMOVED})


class Fact(msgspec.Struct, frozen=True, order=True):
    """From `at` on, an order that was earned at `since` counts for so much more, or less."""

    at: datetime
    object_id: int
    since: datetime
    amount: int  # in `UNIT`


def began(item: OrderItem) -> datetime | None:
    """Return from when on an order counts, None if it never did."""
    order = item.facts
    if order is None or item.earned_at is None or before_start(item.programme, item.occurred_at):
        return None
    if order.test or order.standing in {Standing.DRAFT, Standing.OPEN}:
        return None
    return max(item.earned_at, item.occurred_at)


def facts_of(item: OrderItem, by: TierBy) -> tuple[Fact, ...]:
    """Return the facts of one order in one measure, the earliest first."""
    since, order = began(item), item.facts
    if since is None or order is None:
        return ()
    end = max(item.shown.get(ENDED, since), since) if order.standing in _OVER else None
    facts, known = [], 0
    for moment in sorted({since, *_moments(item, order, since, by)}):
        if end is not None and moment >= end:
            break
        amount = _amount(as_of(item, since, moment), by)
        if amount != known:
            facts.append(Fact(moment, item.object_id, since, amount - known))
            known = amount
    if known and end is not None:
        facts.append(Fact(end, item.object_id, since, -known))
    return tuple(facts)


def total(facts: Iterable[Fact]) -> int:
    """Return what is left in the end."""
    return sum(fact.amount for fact in facts)


def _moments(item: OrderItem, order: OrderFacts, since: datetime, by: TierBy) -> Iterable[datetime]:
    for refund in order.refunds:
        yield max(refund.at or item.shown.get(refund.id, since), since)
    for dispute in order.disputes:
        yield max(dispute.at or since, since)
    yield from (max(one.at, since) for one in item.context.credit)
    if by == "points" and order.completed_at is not None:  # some rules pay then
        yield max(order.completed_at, since)


def as_of(item: OrderItem, since: datetime, moment: datetime) -> OrderItem:
    """Return an order that counts from `since` on as it was at that moment, as far as it is known."""
    order = item.facts
    if order is None:
        return item
    completed = order.completed_at is None or order.completed_at <= moment
    standing = Standing.COMPLETED if order.standing in _OVER else order.standing
    late = item.programme.earns_completed(item.store)
    if standing is Standing.COMPLETED and not completed and not late:
        standing = Standing.PAID
    then = msgspec.structs.replace(
        order,
        standing=standing,
        refunds=tuple(
            refund
            for refund in order.refunds
            if max(refund.at or item.shown.get(refund.id, since), since) <= moment
        ),
        disputes=tuple(
            dispute for dispute in order.disputes if max(dispute.at or since, since) <= moment
        ),
    )
    context = item.context
    if context.credit:
        credit = tuple(one for one in context.credit if max(one.at, since) <= moment)
        context = msgspec.structs.replace(context, credit=credit)
    return msgspec.structs.replace(item, facts=then, context=context)


def _amount(item: OrderItem, by: TierBy) -> int:
    order, programme = item.facts, item.programme
    if order is None:
        return 0
    match by:
        case "orders":
            return UNIT if counts(item) else 0
        case "points":
            awards = evaluate(
                programme, item.version, item.context, order, item.occurred_at, store=item.store
            )
            return UNIT * sum(award.points for award in awards if award.beneficiary == "owner")
        case "spend":
            return _spent(item, order)


def _spent(item: OrderItem, order: OrderFacts) -> int:
    programme = item.programme
    if standing_reason(order, completed=programme.earns_completed(item.store)) is not None:
        return 0
    spent = Fraction(basis_of(order, programme.basis, item.context.own_credit).total)
    if order.currency != programme.currency:
        spent *= Fraction(item.context.rate or 0)
    return math.floor(spent * UNIT)
