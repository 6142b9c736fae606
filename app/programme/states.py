"""Which of two states of one source object is the newer truth (DESIGN.md, Object and newest state).

A shop's body says when the shop modified the object; an answer that we read ourselves is the truth of
the moment the read began. Order of receipt never decides.
"""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from app.programme.events import (
    CustomerFacts,
    Dispute,
    DisputeStatus,
    Facts,
    Line,
    LineKind,
    OrderFacts,
    Refund,
)

_EVER = datetime.min.replace(tzinfo=UTC)


class State(msgspec.Struct, frozen=True, kw_only=True):
    """One state with what dates it.

    `read_at` is when a read of ours began: of an incoming state, the read that it is the answer of; of
    the current one, the newest read that counted, also if a message has been accepted since.
    """

    facts: Facts | None  # None: the object is gone
    modified_at: datetime | None
    accepted_at: datetime
    read_at: datetime | None = None


class Verdict(StrEnum):
    """What to do with an incoming state."""

    ACCEPT = "accept"
    SAME = "same"  # nothing new in it
    STALE = "stale"
    CONFLICT = "conflict"  # equally dated and different: only the shop can tell


def compare(current: State, incoming: State) -> Verdict:
    """Say whether `incoming` replaces `current`."""
    if incoming.read_at is not None:
        return _compare_read(current, incoming, incoming.read_at)
    if current.read_at is not None and incoming.accepted_at <= current.read_at:
        return _same_or(Verdict.STALE, current, incoming)
    if current.facts is None:
        # A read found it gone and a body speaks of it afterwards: a restored object, or a late body.
        return Verdict.CONFLICT
    return _by_modification(current, incoming)


def turns_back(current: State, incoming: State) -> bool:
    """Say whether a read finds an older date than we knew, or nothing: a backup, or a deletion.

    Messages that were stale beside what we knew may be news beside that.
    """
    if incoming.read_at is None or current.modified_at is None:
        return False
    return incoming.modified_at is None or incoming.modified_at < current.modified_at


def with_known_refunds(current: Facts | None, incoming: Facts | None) -> Facts | None:
    """Fill in refund lines that an earlier read told us: order bodies carry none (WooCommerce)."""
    if not isinstance(current, OrderFacts) or not isinstance(incoming, OrderFacts):
        return incoming
    known = {refund.id: refund for refund in current.refunds if refund.lines is not None}
    if not known:
        return incoming
    return msgspec.structs.replace(
        incoming, refunds=tuple(_filled(refund, known) for refund in incoming.refunds)
    )


def with_known_products(other: Facts | None, facts: Facts | None) -> Facts | None:
    """Fill in what lines were, where the shop has forgotten it: rules know them by product and SKU.

    Of a product that was deleted since, WooCommerce's bodies name neither, Shopify's no numbers.
    """
    if not isinstance(other, OrderFacts) or not isinstance(facts, OrderFacts):
        return facts
    if all(line.product is not None for line in facts.lines if line.kind == LineKind.GOODS):
        return facts
    known = {line.id: line for line in other.lines if line.product is not None}
    lines = tuple(_named(line, known.get(line.id)) for line in facts.lines)
    return facts if lines == facts.lines else msgspec.structs.replace(facts, lines=lines)


def _named(line: Line, known: Line | None) -> Line:
    if known is None or line.product is not None:
        return line
    return msgspec.structs.replace(
        line, product=known.product, variant=known.variant, sku=line.sku or known.sku
    )


def with_known_disputes(current: Facts | None, incoming: Facts | None) -> Facts | None:
    """Add the disputes that were told of before; of one told twice, the later word."""
    if not isinstance(current, OrderFacts) or not isinstance(incoming, OrderFacts):
        return incoming
    disputes = {dispute.id: dispute for dispute in current.disputes}
    for dispute in incoming.disputes:
        known = disputes.get(dispute.id)
        if known is None or _finality(dispute) > _finality(known):
            disputes[dispute.id] = dispute
    several = tuple(disputes[key] for key in sorted(disputes))
    return msgspec.structs.replace(incoming, disputes=several)


def with_known_referral(current: Facts | None, incoming: Facts | None) -> Facts | None:
    """Keep who recommended the shop where a later state does not tell: reads show less of it."""
    told = (OrderFacts, CustomerFacts)
    if not isinstance(current, told) or not isinstance(incoming, told):
        return incoming
    if incoming.referral is not None or current.referral is None:
        return incoming
    return msgspec.structs.replace(incoming, referral=current.referral)


def _finality(dispute: Dispute) -> tuple[bool, datetime, bool, Decimal, str]:
    """Order words about one dispute: decided after open, later after earlier, then the dearer one."""
    return (
        dispute.status is not DisputeStatus.OPEN,
        dispute.at or _EVER,
        dispute.status is DisputeStatus.LOST,
        dispute.amount,
        dispute.currency,
    )


def has_unread_refunds(facts: Facts | None) -> bool:
    """Say whether an order names refunds whose lines nobody has read yet."""
    return isinstance(facts, OrderFacts) and any(r.lines is None for r in facts.refunds)


def _filled(refund: Refund, known: dict[str, Refund]) -> Refund:
    found = known.get(refund.id)
    if refund.lines is None and found is not None and found.amount == refund.amount:
        return found
    return refund


def _compare_read(current: State, incoming: State, began: datetime) -> Verdict:
    if current.read_at is not None and current.read_at > began:
        return _same_or(Verdict.STALE, current, incoming)
    if current.accepted_at <= began:
        return _same_or(Verdict.ACCEPT, current, incoming)
    if incoming.facts is None:
        return Verdict.CONFLICT  # gone then, spoken of since
    return _by_modification(current, incoming)


def _by_modification(current: State, incoming: State) -> Verdict:
    if current.modified_at is None or incoming.modified_at is None:
        # A platform without modification times: the later statement is the newer one.
        newer = incoming.accepted_at >= current.accepted_at
        return _same_or(Verdict.ACCEPT if newer else Verdict.STALE, current, incoming)
    if incoming.modified_at > current.modified_at:
        return Verdict.ACCEPT
    if incoming.modified_at < current.modified_at:
        return Verdict.STALE
    return _same_or(Verdict.CONFLICT, current, incoming)


def _same_or(verdict: Verdict, current: State, incoming: State) -> Verdict:
    if current.facts == incoming.facts and current.modified_at == incoming.modified_at:
        return Verdict.SAME
    return verdict
