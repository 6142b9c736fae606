"""How redemptions are printed: for people, for scripts, for spreadsheets."""

import csv
import io
from typing import Any

from app.cli.printing import entry_row, moment, stamp
from app.cli.spreadsheets import as_text
from app.programme.by_hand import DONATION, DOWNLOAD, DRAW, EVENT, PRIZE
from app.programme.shop_money import SHOP_MONEY, STORE_CREDIT
from app.services.redemption_words import next_words, price_words, refund_words, way
from app.services.reward_words import reward_words
from app.services.view_ledger import sentence
from app.services.view_redemptions import MailView, RedemptionDetail, RedemptionView


def called(one: RedemptionView) -> str:
    """Say what was taken."""
    return reward_words(
        name=one.name, kind=one.kind, value=one.value, currency=one.currency, language="en"
    )


def row_of(one: RedemptionView) -> dict[str, Any]:
    """Return a redemption for a script. Ids are strings: JSON numbers lose digits in some readers."""
    return {
        "id": str(one.id),
        "programme": one.programme,
        "store": one.store,
        "member": str(one.member_id),
        "state": one.state,
        "taken_back": one.taken_back,
        "code": one.code,
        "reward": one.reward,
        "name": called(one),
        "cost": one.cost,
        "granted_by": one.granted_by,
        "kind": one.kind,
        "value": None if one.value is None else str(one.value),
        "currency": one.currency,
        "product": one.product,
        "url": one.url or None,
        "cause": one.cause or None,
        "created_at": stamp(one.created_at),
        "made_at": stamp(one.made_at),
        "ends_at": stamp(one.ends_at),
        "ending": one.ending,
        "dead_at": stamp(one.dead_at),
        "used_in": one.used_in,
        "given_back": one.given_back,
        "replaces": None if one.replaces is None else str(one.replaces),
    }


def state_of(one: RedemptionView) -> str:
    """Say how far a redemption has come."""
    state = f"{one.state}, being taken back" if one.taken_back else one.state
    return f"{state} in {one.used_in}" if one.used_in else state


def shown_as(one: RedemptionView) -> str:
    """Name what the member got: the code, or that there is none."""
    if one.code is not None:
        return f"gift card {one.code}" if one.kind in SHOP_MONEY else f"code {one.code}"
    return {
        EVENT: "a seat",
        PRIZE: "a prize to be handed out",
        DRAW: "a ticket",
        DOWNLOAD: one.url,
        STORE_CREDIT: "credit on the customer's account",
        DONATION: f"a donation for {one.cause}",
    }.get(one.kind, "a perk")


def line_of(one: RedemptionView) -> str:
    """Return a redemption in one line, for a person."""
    return (
        f"{one.id}: {called(one)} {_price(one)}, {shown_as(one)} for {one.store}, {state_of(one)}"
    )


def _price(one: RedemptionView) -> str:
    return price_words(one, "en") if one.granted_by else f"for {one.cost} points"


def csv_of(rows: list[dict[str, Any]]) -> str:
    """Return rows as CSV; what a spreadsheet would take for a formula is marked as text."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    heads = ["id", "created_at", "code", "reward", "name", "cost", "member", "store", "state"]
    heads += ["used_in", "made_at", "ends_at", "ending", "dead_at"]
    writer.writerow(heads)
    for row in rows:
        writer.writerow([as_text("" if row[head] is None else str(row[head])) for head in heads])
    return written.getvalue()


def detail_of(found: RedemptionDetail) -> dict[str, Any]:
    """Return all that is known of a redemption, for a script."""
    step, mail, wish = found.next, found.mail, found.release
    return row_of(found.redemption) | {
        "version": found.version,
        "refunded": found.refunded,
        "cancelled": found.cancelled,
        "customer": found.customer,
        "uses": found.uses,
        "replaced_by": None if found.replaced_by is None else str(found.replaced_by),
        "next": None
        if step is None
        else {
            "what": step.what,
            "due_at": stamp(step.due_at),
            "tries": step.tries,
            "error": step.error,
            "blocked": step.blocked,
            "paused_until": stamp(step.paused_until),
        },
        "release": None
        if wish is None
        else {"at": stamp(wish.at), "actor": wish.actor, "reason": wish.reason},
        "mail": None
        if mail is None
        else {
            "sent_at": stamp(mail.sent_at),
            "due_at": stamp(mail.due_at),
            "tries": mail.tries,
            "error": mail.error,
        },
        "orders": [
            {
                "number": use.number,
                "placed_at": stamp(use.placed_at),
                "standing": use.standing,
                "status": use.status,
                "shows": use.shows,
                "captures": use.captures,
                "gone": use.gone,
            }
            for use in found.orders
        ],
        "way": [{"at": stamp(one.at), "text": one.text} for one in way(found, "en")],
        "entries": [entry_row(entry, "en") for entry in found.entries],
    }


def text_of(found: RedemptionDetail, *, mails: bool) -> str:
    """Return all that is known of a redemption, for a person; `mails`: a mail server is set."""
    one = found.redemption
    lines = [
        f"redemption {one.id}: {called(one)} ({one.reward}) {_price(one)}",
        f"{shown_as(one)} for {one.store}, of member {one.member_id}",
        state_of(one)
        + (f": {one.ended_for.removeprefix(f'{one.state} ')}" if one.ended_for else ""),
    ]
    if refunds := refund_words(found, "en"):
        lines.append(refunds)
    if one.ended_at is not None:
        what = "it" if one.code is None or one.kind in SHOP_MONEY else "the code"
        lines.append(f"{what} {'ended' if one.dead_at else 'ends'} {moment(one.ended_at)} UTC")
    if found.next is not None:
        lines += _next(found)
    if found.mail is not None:
        lines.append(_mail(found.mail, mails=mails))
    lines += ["", "its way:"]
    for step in way(found, "en"):
        at = moment(step.at) or " " * 19
        note = f": {step.note}" if step.note else ""
        lines.append(f"  {at}  {step.text}{note}" + (f" ({step.other})" if step.other else ""))
    if found.entries:
        lines += ["", "ledger:"]
    lines += [
        f"  member {entry.member_id}, entry {entry.seq}: {sentence(entry, 'en')}"
        for entry in found.entries
    ]
    return "\n".join(lines)


def _next(found: RedemptionDetail) -> list[str]:
    step = found.next
    if step is None:
        return []
    tried = f", {step.tries} tries so far" if step.tries else ""
    lines = [
        f"{next_words(step, 'en', restores=found.restores)} Not before {moment(step.due_at)} UTC{tried}."
    ]
    if step.error:
        lines.append(f"the last try: {step.error}")
    if step.paused_until is not None:
        lines.append(f"the shop is left alone until {moment(step.paused_until)} UTC")
    if step.blocked:
        lines.append(f"a person must act first: {step.blocked}")
        lines.append(f"then: stempel store resume {found.redemption.store}")
    return lines


def _mail(mail: MailView, *, mails: bool) -> str:
    if mail.sent_at is not None:
        return f"e-mail sent {moment(mail.sent_at)} UTC"
    if mail.due_at is None:
        told = "not sent"
    elif mails:
        told = f"to be sent, not before {moment(mail.due_at)} UTC"
    else:
        told = "not sent: no mail server is set (SMTP_URL)"
    return f"e-mail {told}" + (f": {mail.error}" if mail.error else "")
