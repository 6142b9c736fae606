"""An order of WooCommerce → an event. The body of a webhook and the answer of a read say the same."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.errors import Invalid
from app.programme.events import (
    Contact,
    Event,
    Line,
    LineKind,
    OrderFacts,
    Person,
    Refund,
    RefundLine,
    Standing,
)
from connectors import texts
from connectors.woocommerce import payloads, values
from connectors.woocommerce.friends import contact_of, referral_in

KIND = "order"

# https://woocommerce.com/document/managing-orders/order-statuses/ and facts seen on 11.0.1, 9.9.5.
# There is no state machine: any status may follow any other, so only the newest one counts.
STANDINGS = {
    "pending": Standing.OPEN,
    "on-hold": Standing.OPEN,
    "processing": Standing.PAID,  # cash on delivery too: date_paid stays null there
    "completed": Standing.COMPLETED,
    "refunded": Standing.COMPLETED,  # money decides: a refund deleted later leaves the word behind
    "cancelled": Standing.CANCELLED,
    "failed": Standing.CANCELLED,
    "trash": Standing.REMOVED,
    "checkout-draft": Standing.DRAFT,  # also left behind by a checkout that was refused
    "auto-draft": Standing.DRAFT,
    "draft": Standing.DRAFT,
    "new": Standing.DRAFT,
}

# What the privacy eraser of WordPress leaves. The name is translated, the address is not.
ERASED_EMAIL = "deleted@site.invalid"
_ERASED_NAME = "[deleted]"
_ERASED_META = "_anonymized"
_REFUNDED_LINE = "_refunded_item_id"


class Reading(NamedTuple):
    """An event and what support should know about it."""

    event: Event
    note: str | None


def order_event(order: payloads.Order, refunds: Sequence[payloads.Refund] | None = None) -> Reading:
    """Return what an order states. `refunds` are the full ones, if they were read with it."""
    number = values.identifier(order.id, "id")
    standing, status_note = _standing(order)
    facts = OrderFacts(
        standing=standing,
        status=values.text(order.status) or "",
        currency=_currency(order.currency),
        prices_include_tax=values.truth(order.prices_include_tax),
        total=values.amount(order.total, "total"),
        paid_at=values.moment(order.date_paid_gmt, "date_paid_gmt"),
        completed_at=values.moment(order.date_completed_gmt, "date_completed_gmt"),
        channel=values.text(order.created_via, 64),
        lines=tuple(_lines(order)),
        # Sorted, because lists and reads need not agree on an order.
        refunds=tuple(
            sorted(
                _listed_refunds(order) if refunds is None else map(_full_refund, refunds),
                key=lambda refund: int(refund.id),
            )
        ),
        codes=tuple(
            code.lower()
            for coupon in payloads.items(order.coupon_lines)
            if (code := values.text(coupon.code))
        ),
        referral=referral_in(order.meta_data),
    )
    person = _person(order)
    event = Event(
        kind=KIND,
        external_id=number,
        number=values.text(order.number, 64) or number,
        modified_at=values.moment(order.date_modified_gmt, "date_modified_gmt"),
        occurred_at=values.required_moment(order.date_created_gmt, "date_created_gmt"),
        person=person,
        contact=Contact() if person.erased else contact_of(order),
        facts=facts,
    )
    return Reading(event, " ".join(filter(None, (status_note, _empty_amounts(order)))) or None)


def gone_order(number: str) -> Event:
    """Return the event of an order that the shop does not know (any more)."""
    return Event(kind=KIND, external_id=number, modified_at=None, occurred_at=None, facts=None)


def is_erased(email: str | None) -> bool:
    """Say whether an e-mail is the placeholder that all erased people share."""
    return email is not None and email.strip().lower() == ERASED_EMAIL


def _standing(order: payloads.Order) -> tuple[Standing, str | None]:
    status = order.status.strip().lower()
    known = STANDINGS.get(status.removeprefix("wc-"))
    if known is not None:
        return known, None
    # A plugin's own status: the shop says by the payment date whether it was paid.
    paid = values.moment(order.date_paid_gmt, "date_paid_gmt") is not None
    standing = Standing.PAID if paid else Standing.OPEN
    return standing, f"The status {values.text(status, 40)!r} is a plugin's; taken as {standing}."


def _currency(code: str) -> str:
    kept = code.strip().upper()
    if not (kept.isascii() and kept.isalnum() and 2 <= len(kept) <= 10):
        raise Invalid(f"currency should be a code like PLN, but is {values.shape(code)}.")
    return kept


def _person(order: payloads.Order) -> Person:
    billing = order.billing if isinstance(order.billing, payloads.Billing) else payloads.Billing()
    email = texts.email(billing.email)
    if (
        is_erased(email)
        or billing.first_name == _ERASED_NAME
        or any(entry.key == _ERASED_META for entry in payloads.items(order.meta_data))
    ):
        return Person(erased=True)
    return Person(
        customer=values.optional_identifier(order.customer_id, "customer_id"), email=email
    )


def _lines(order: payloads.Order) -> Iterable[Line]:
    # One id space for all of them: WooCommerce keeps them in one table.
    groups = (
        ("line_items", LineKind.GOODS, order.line_items),
        ("shipping_lines", LineKind.SHIPPING, order.shipping_lines),
        ("fee_lines", LineKind.FEE, order.fee_lines),
    )
    for name, kind, lines in groups:
        for position, line in enumerate(payloads.items(lines)):
            key = f"{name}[{position}]"
            yield Line(
                id=values.identifier(line.id, f"{key}.id"),
                kind=kind,
                product=values.optional_identifier(line.product_id, f"{key}.product_id"),
                variant=values.optional_identifier(line.variation_id, f"{key}.variation_id"),
                sku=values.text(line.sku, 100),
                quantity=values.quantity(line.quantity, f"{key}.quantity"),
                net=values.amount(line.total, f"{key}.total"),
                tax=values.amount(line.total_tax, f"{key}.total_tax"),
            )


def _listed_refunds(order: payloads.Order) -> Iterable[Refund]:
    for position, refund in enumerate(payloads.items(order.refunds)):
        key = f"refunds[{position}]"
        yield Refund(
            id=values.identifier(refund.id, f"{key}.id"),
            amount=abs(values.amount(refund.total, f"{key}.total")),
        )


def _full_refund(refund: payloads.Refund) -> Refund:
    number = values.identifier(refund.id, "refund.id")
    key = f"refund {number}"
    groups = (
        ("line_items", refund.line_items),
        ("shipping_lines", refund.shipping_lines),
        ("fee_lines", refund.fee_lines),
    )
    return Refund(
        id=number,
        amount=abs(values.amount(refund.amount, f"{key}.amount")),
        at=values.moment(refund.date_created_gmt, f"{key}.date_created_gmt"),
        lines=tuple(
            found
            for name, lines in groups
            for position, line in enumerate(payloads.items(lines))
            if (found := _refund_line(line, f"{key}.{name}[{position}]")) is not None
        ),
    )


def _refund_line(line: payloads.RefundLine, key: str) -> RefundLine | None:
    """Return a returned line; None if it names no line of the order (it stays in the amount)."""
    named = [entry for entry in payloads.items(line.meta_data) if entry.key == _REFUNDED_LINE]
    if not named:
        return None
    target = payloads.scalar(named[0].value, f"{key}.{_REFUNDED_LINE}")
    return RefundLine(
        line=values.identifier(target, f"{key}.{_REFUNDED_LINE}"),
        quantity=abs(values.quantity(line.quantity, f"{key}.quantity")),
        net=abs(values.amount(line.total, f"{key}.total")),
        tax=abs(values.amount(line.total_tax, f"{key}.total_tax")),
    )


def _empty_amounts(order: payloads.Order) -> str | None:
    """Name the lines without an amount: they count as 0, and not in silence."""
    empty = [
        f"line_items[{position}].total"
        for position, line in enumerate(payloads.items(order.line_items))
        if _is_empty(line.total)
    ]
    if _is_empty(order.total):
        empty.insert(0, "total")
    if not empty:
        return None
    return f"Without an amount, counted as 0: {', '.join(empty[:5])}{' …' if empty[5:] else ''}."


def _is_empty(value: values.Number) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
