"""What each shop shall show about its customers, and whether it does.

A customer's remote state is one row with `wanted_rev` and `written_rev`; unequal means due. The value
is computed when it is written, so ten orders in a minute become one write (DESIGN.md, Outbound).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, case, select, update

from app.db import tables as t
from app.db.leases import is_free
from app.services.live_codes import Live, LiveCodes

LEASE = timedelta(minutes=5)
RESTORE_EVERY = timedelta(days=1)
_CHUNK = 400


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One customer's state to be written. `written` is what the shop shows by our last word."""

    id: int
    store_id: int
    customer: str
    programme: str
    balance: int
    tier: str | None
    codes: tuple[Live, ...] = ()  # perks too
    rev: int
    tries: int
    fence: int
    written: str | None

    def value(self) -> str:
        """Return the state as JSON, to be compared with what was written last."""
        state: list[Any] = [self.programme, self.balance, self.tier]
        if self.codes:
            state.append([(one.code, one.reward, one.ends_at) for one in self.codes])
        return msgspec.json.encode(state).decode()


def claim_due(connection: Connection, store_id: int, now: datetime, *, limit: int) -> list[Wanted]:
    """Lease the customers of a store whose state is due; call in a short transaction."""
    rows = connection.execute(
        select(t.store_customer.c.id)
        .where(
            t.store_customer.c.store_id == store_id,
            t.store_customer.c.gone == 0,
            is_free(t.store_customer, now),
        )
        .order_by(t.store_customer.c.due_at, t.store_customer.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(rows.scalars())
    if not ids:
        return []
    found = connection.execute(
        select(
            t.store_customer,
            t.member.c.balance,
            t.member.c.state,
            t.member.c.tier,
            t.programme.c.key.label("programme"),
        )
        .join(t.member, t.member.c.id == t.store_customer.c.member_id)
        .join(t.programme, t.programme.c.id == t.store_customer.c.programme_id)
        .where(t.store_customer.c.id.in_(ids))
        .order_by(t.store_customer.c.id)
    ).all()
    codes = LiveCodes(connection, store_id, [row.member_id for row in found], now)
    wanted = []
    for row in found:
        one = Wanted(
            id=row.id,
            store_id=row.store_id,
            customer=row.external_id,
            programme=row.programme,
            balance=row.balance,
            tier=row.tier,
            codes=codes.of(row.member_id, row.external_id),
            rev=row.wanted_rev,
            tries=row.tries,
            fence=row.fence,
            written=row.written,
        )
        if row.state != "member" or one.written == one.value():
            # Nothing to say about people who have not joined, nothing to say twice.
            _done(connection, one, written=row.written)
        else:
            wanted.append(msgspec.structs.replace(one, fence=row.fence + 1))
    connection.execute(
        update(t.store_customer)
        .where(t.store_customer.c.id.in_([one.id for one in wanted]))
        .values(lease_until=now + LEASE, fence=t.store_customer.c.fence + 1)
    )
    return wanted


def want_writing(connection: Connection, member_ids: Sequence[int], now: datetime) -> None:
    """Make the shops' view of these members due, wherever they have an account."""
    for start in range(0, len(member_ids), _CHUNK):
        # Locked in id order, as the pusher takes them: two who lock in other orders may deadlock.
        ids = list(
            connection.execute(
                select(t.store_customer.c.id)
                .where(
                    t.store_customer.c.member_id.in_(member_ids[start : start + _CHUNK]),
                    t.store_customer.c.gone == 0,
                )
                .order_by(t.store_customer.c.id)
                .with_for_update()
            ).scalars()
        )
        connection.execute(
            update(t.store_customer)
            .where(t.store_customer.c.id.in_(ids))
            .values(wanted_rev=t.store_customer.c.wanted_rev + 1, due_at=now)
        )


def written(connection: Connection, one: Wanted, now: datetime, marks: Sequence[str] = ()) -> bool:
    """Note that the shop shows this state now, by these marks; False if the lease was lost meanwhile."""
    return _done(
        connection,
        one,
        # What changed while the state was on its way may be a mark that is gone again: even the same
        # state is looked at once more.
        written=case((t.store_customer.c.wanted_rev == one.rev, one.value())),
        written_at=now,
        marks=msgspec.json.encode(list(marks)).decode() if marks else None,
    )


def restore_marks(
    connection: Connection, store_id: int, customer: str, gone: Sequence[str], now: datetime
) -> None:
    """Have what a person took away from a customer in the shop put back, at most once a day.

    Our own removal of a mark that has been replaced comes back as a message too: it is none of those
    that the shop shall show.
    """
    row = connection.execute(
        select(t.store_customer)
        .where(t.store_customer.c.store_id == store_id, t.store_customer.c.external_id == customer)
        .with_for_update()
    ).one_or_none()
    if row is None or row.gone or row.marks is None:
        return
    if not set(gone) & set(msgspec.json.decode(row.marks, type=list[str])):
        return
    last = row.restored_at
    at = now
    if last is not None:
        at = max(now, last if last > now else last + RESTORE_EVERY)
    connection.execute(
        update(t.store_customer)
        .where(t.store_customer.c.id == row.id)
        .values(
            wanted_rev=t.store_customer.c.wanted_rev + 1,
            written=None,  # or it would seem to be shown already
            due_at=at if row.due_at is None else min(at, row.due_at),
            restored_at=at,
        )
    )


def look_again(connection: Connection, store_id: int, customer: str, now: datetime) -> None:
    """Have a customer's state compared with what the shop shows: it may have changed that by itself."""
    connection.execute(
        update(t.store_customer)
        .where(
            t.store_customer.c.store_id == store_id,
            t.store_customer.c.external_id == customer,
            t.store_customer.c.gone == 0,
        )
        .values(wanted_rev=t.store_customer.c.wanted_rev + 1, written=None, due_at=now)
    )


def gone(connection: Connection, one: Wanted) -> None:
    """Note that the shop has no such customer any more: nothing is written to it again."""
    connection.execute(
        update(t.store_customer)
        .where(t.store_customer.c.id == one.id)
        .values(gone=1, due_at=None, lease_until=None, error="the customer is gone")
    )


def postpone(
    connection: Connection, several: Sequence[Wanted], *, due_at: datetime, error: str
) -> None:
    """Put writes that failed back for later."""
    for one in several:
        connection.execute(
            update(t.store_customer)
            .where(t.store_customer.c.id == one.id, t.store_customer.c.fence == one.fence)
            .values(
                due_at=due_at, lease_until=None, error=error, tries=t.store_customer.c.tries + 1
            )
        )


def block(connection: Connection, store_id: int, reason: str) -> None:
    """Stop a store's outbound until a person has acted."""
    connection.execute(
        update(t.store).where(t.store.c.id == store_id).values(blocked_reason=reason)
    )


def unblock(connection: Connection, store_id: int, now: datetime) -> None:
    """Resume a store's outbound; everything that waited is due at once."""
    connection.execute(
        update(t.store)
        .where(t.store.c.id == store_id)
        .values(blocked_reason=None, paused_until=None)
    )
    connection.execute(
        update(t.outbox_task)
        .where(t.outbox_task.c.store_id == store_id, t.outbox_task.c.answer_id.is_(None))
        .values(due_at=now)
    )
    connection.execute(
        update(t.store_customer)
        .where(t.store_customer.c.store_id == store_id, t.store_customer.c.due_at.is_not(None))
        .values(due_at=now)
    )
    connection.execute(
        update(t.redemption)
        .where(
            t.redemption.c.store_id == store_id,
            t.redemption.c.due_at.is_not(None),
            t.redemption.c.error.is_not(None),
        )
        .values(due_at=now)
    )


def pause(connection: Connection, store_id: int, until: datetime) -> None:
    """Let a store rest: it asked for it, or it fails again and again."""
    connection.execute(update(t.store).where(t.store.c.id == store_id).values(paused_until=until))


def _done(connection: Connection, one: Wanted, **values: Any) -> bool:
    """Note that nothing more is to be done, unless something changed meanwhile.

    One statement: PostgreSQL checks a row's foreign keys when a transaction writes it a second time, and
    would wait for whoever has the member locked and waits for this row.
    """
    done = connection.execute(
        update(t.store_customer)
        .where(t.store_customer.c.id == one.id, t.store_customer.c.fence == one.fence)
        .values(
            written_rev=one.rev,
            lease_until=None,
            tries=0,
            error=None,
            due_at=case(
                (t.store_customer.c.wanted_rev != one.rev, t.store_customer.c.due_at), else_=None
            ),
            **values,
        )
    )
    return done.rowcount == 1
