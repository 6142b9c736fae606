"""What people hand out: a prize that was given, donations that were paid to their cause."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
from sqlalchemy import Connection, select

from app.db import tables as t
from app.errors import Conflict, Invalid, NotFound
from app.programme.by_hand import DONATION, DRAW, EVENT, PRIZE
from app.programme.events import RedemptionFacts, RedemptionState
from app.services.audit import Act, note_act
from app.services.draws import drawn
from app.services.facts import decode_facts
from app.services.keys import Vault
from app.services.redemptions import commit_change, facts_of, object_of, open_redemptions
from app.services.release import open_redemption

_OPEN, _PAID = RedemptionState.ISSUED, RedemptionState.USED


class Pledge(msgspec.Struct, frozen=True, kw_only=True):
    """What members gave for one cause: `open` is what is yet to be paid to it, `paid` what was."""

    cause: str
    currency: str | None
    open: int = 0  # donations
    open_points: int = 0
    open_money: Decimal = Decimal(0)
    paid: int = 0
    paid_points: int = 0
    paid_money: Decimal = Decimal(0)


def fulfil(
    connection: Connection,
    vault: Vault,
    *,
    redemption_id: int,
    reason: str,
    actor: str,
    now: datetime,
) -> str:
    """Note that a prize was handed out, or that the member was at the event; returns its state then.

    Done twice it is done once.
    Call in a writing transaction. Raises NotFound, Invalid without a reason, and Conflict for what is
    neither or was released.
    """
    _need(reason)
    work, row = open_redemption(connection, redemption_id, now)
    kind = facts_of(object_of(work, row)).kind
    if kind == DONATION:
        raise Conflict(
            f"Redemption {redemption_id} is a donation: stempel donation settle does it for a cause."
        )
    if kind not in {EVENT, PRIZE, DRAW}:
        raise Conflict(f"Redemption {redemption_id} is nothing that anybody hands out.")
    if kind == DRAW:
        _must_have_won(connection, redemption_id)
    if row.state == RedemptionState.RELEASED:
        raise Conflict(f"Redemption {redemption_id} was released: its points are back.")
    if row.state == _PAID:
        return row.state
    row.uses, row.dirty = 1, True
    commit_change(connection, vault, work)
    _note(
        connection,
        row.programme_id,
        "redemption.fulfil",
        f"redemption {redemption_id}",
        reason,
        actor,
        now,
    )
    return row.state


def _must_have_won(connection: Connection, redemption_id: int) -> None:
    told = drawn(connection, redemption_id)
    if told is None:
        raise Conflict(f"Redemption {redemption_id} is a ticket of a draw that was not held yet.")
    if told.place is None:
        raise Conflict(f"Redemption {redemption_id} is a ticket that did not win.")


def pledges(connection: Connection, programme_id: int) -> list[Pledge]:
    """Return what was given for each cause, by its name; released donations are none."""
    book: dict[tuple[str, str | None], Pledge] = {}
    for _, state, facts in _donations(connection, programme_id):
        key = facts.cause, facts.currency
        one = book.get(key) or Pledge(cause=facts.cause, currency=facts.currency)
        money = facts.value or Decimal(0)
        if state == _OPEN:
            one = msgspec.structs.replace(
                one,
                open=one.open + 1,
                open_points=one.open_points + facts.cost,
                open_money=one.open_money + money,
            )
        else:
            one = msgspec.structs.replace(
                one,
                paid=one.paid + 1,
                paid_points=one.paid_points + facts.cost,
                paid_money=one.paid_money + money,
            )
        book[key] = one
    return [book[key] for key in sorted(book, key=lambda key: (key[0], key[1] or ""))]


def settle_donations(
    connection: Connection,
    vault: Vault,
    *,
    programme_id: int,
    cause: str,
    reason: str,
    actor: str,
    now: datetime,
) -> Pledge:
    """Note that everything given for a cause until now was paid to it; returns what that was.

    From then on none of it can be released. Call in a writing transaction. Raises NotFound for a cause
    that nobody gave for, Invalid without a reason.
    """
    _need(reason)
    donations = [one for one in _donations(connection, programme_id) if one[2].cause == cause]
    if not donations:
        causes = ", ".join(repr(one.cause) for one in pledges(connection, programme_id))
        raise NotFound(f"Nobody gave for {cause!r}. There are: {causes or 'none yet'}.")
    ids = [redemption_id for redemption_id, state, _ in donations if state == _OPEN]
    work = open_redemptions(connection, programme_id, ids, now)
    done = Pledge(cause=cause, currency=donations[0][2].currency)
    for row in (work.redemptions[one] for one in ids):
        if row.state != _OPEN:
            continue  # released in this moment
        facts = facts_of(object_of(work, row))
        row.uses, row.dirty = 1, True
        done = msgspec.structs.replace(
            done,
            paid=done.paid + 1,
            paid_points=done.paid_points + facts.cost,
            paid_money=done.paid_money + (facts.value or 0),
        )
    commit_change(connection, vault, work)
    if done.paid:
        subject = f"donations for {cause}"
        detail = {
            "donations": str(done.paid),
            "points": str(done.paid_points),
            "money": f"{done.paid_money:f} {done.currency}",
        }
        _note(connection, programme_id, "donation.settle", subject, reason, actor, now, detail)
    return done


def _donations(
    connection: Connection, programme_id: int
) -> Sequence[tuple[int, str, RedemptionFacts]]:
    rows = connection.execute(
        select(t.redemption.c.id, t.redemption.c.state, t.source_object.c.facts)
        .join(t.source_object, t.source_object.c.id == t.redemption.c.object_id)
        .where(
            t.redemption.c.programme_id == programme_id,
            t.redemption.c.code.is_(None),
            t.redemption.c.state.in_([_OPEN, _PAID]),
            t.source_object.c.facts.contains(f'"{DONATION}"'),
        )
        .order_by(t.redemption.c.id)
    )
    told = [(row.id, row.state, decode_facts(row.facts)) for row in rows]
    return [
        (one, state, facts)
        for one, state, facts in told
        if isinstance(facts, RedemptionFacts) and facts.kind == DONATION
    ]


def _need(reason: str) -> None:
    if not reason.strip():
        raise Invalid("this needs a reason: it is kept in the audit log")


def _note(
    connection: Connection,
    programme_id: int,
    action: str,
    subject: str,
    reason: str,
    actor: str,
    now: datetime,
    detail: dict[str, str] | None = None,
) -> None:
    act = Act(
        programme_id=programme_id,
        actor=actor,
        action=action,
        subject=subject,
        reason=reason,
        detail=detail or {},
    )
    note_act(connection, act, now)
