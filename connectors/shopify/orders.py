"""An order, however it was told → an event."""

from collections.abc import Iterable
from typing import NamedTuple

from app.programme.events import Event, OrderFacts, Standing
from connectors.shopify.lines import edited_out, lines_of, total_of
from connectors.shopify.refunds import refunds_of
from connectors.shopify.stated import OrderStated

KIND = "order"

# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/OrderDisplayFinancialStatus
# A refunded order stays paid: money decides what is left of it.
_PAID = frozenset({"paid", "partially_refunded", "refunded"})
_OPEN = frozenset({"pending", "authorized", "partially_paid", "voided", "expired"})
_DRAFT_CHANNEL = "shopify_draft_order"


class Reading(NamedTuple):
    """An event and what support should know about it."""

    event: Event
    note: str | None


def order_event(order: OrderStated) -> Reading:
    """Return what an order states."""
    standing = _standing(order)
    lines = lines_of(order)
    facts = OrderFacts(
        standing=standing,
        status="cancelled" if order.cancelled else order.financial,
        currency=order.currency,
        prices_include_tax=order.taxes_included,
        total=total_of(lines, order.currency),
        completed_at=order.fulfilled_at if standing is Standing.COMPLETED else None,
        channel=order.channel,
        test=order.test,
        lines=lines,
        refunds=refunds_of(order, lines),
        codes=order.codes,
        credits=order.credits,
        referral=order.referral,
    )
    event = Event(
        kind=KIND,
        external_id=order.id,
        number=order.name,
        modified_at=order.modified_at,
        occurred_at=order.occurred_at,
        person=order.person,
        contact=order.contact,
        facts=facts,
    )
    return Reading(event, " ".join(_notes(order)) or None)


def gone_order(number: str) -> Event:
    """Return the event of an order that the shop does not know (any more)."""
    return Event(kind=KIND, external_id=number, modified_at=None, occurred_at=None, facts=None)


def _standing(order: OrderStated) -> Standing:
    if order.cancelled:
        return Standing.CANCELLED
    if order.financial not in _PAID:
        return Standing.OPEN
    return Standing.COMPLETED if order.fulfilled else Standing.PAID


def _notes(order: OrderStated) -> Iterable[str]:
    if order.test:
        yield "A test order."
    if order.channel == _DRAFT_CHANNEL:
        yield "Made from a draft order."
    if order.entered_at and (order.entered_at - order.occurred_at).days >= 1:
        yield f"Imported: entered on {order.entered_at:%Y-%m-%d}."
    if not order.financial:
        yield "The shop names no payment status; taken as not paid."
    elif order.financial not in _PAID | _OPEN:
        yield f"The payment status {order.financial!r} is unknown; taken as not paid."
    if edited_out(order):
        yield "Edited: some pieces were taken out of it."
