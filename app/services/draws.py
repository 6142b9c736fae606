"""Draws: a ticket is a redemption; when the time is over the winners are drawn, once, and told.

Who takes a ticket, who gives one back and who holds the draw lock the same row: so a ticket is either in
a draw, and nobody has its points back, or in none.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, insert, select, update

from app.clock import from_micros, to_micros
from app.crypto import Keyring
from app.db import tables as t
from app.db.ids import new_id
from app.db.upsert import insert_missing
from app.errors import Conflict, NotFound
from app.programme.by_hand import DRAW
from app.programme.campaign_times import moment_of
from app.programme.draw import Ticket, commitment, new_secret, winners
from app.programme.events import RedemptionState
from app.programme.reward import Reward
from app.services.accounts import people_of
from app.services.audit import Act, note_act
from app.services.keys import Vault
from app.services.mail import DRAWN, want_mail
from app.services.programmes import Version, in_force, versions
from app.services.redemptions import commit_change, open_redemptions
from app.services.views import key_of

_STILL_IN = (RedemptionState.ISSUED, RedemptionState.USED)

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class TicketView(msgspec.Struct, frozen=True, kw_only=True):
    """One ticket that a draw was held with. `place` is None for one that did not win."""

    number: int
    member_id: int
    place: int | None


class DrawView(msgspec.Struct, frozen=True, kw_only=True):
    """One draw. The secret is shown once it was held, never before."""

    id: int
    programme: str
    reward: str
    commitment: str
    secret: str | None  # hexadecimal
    created_at: datetime
    closed_at: datetime | None
    held_at: datetime | None
    prizes: int | None
    tickets: int


class Drawn(msgspec.Struct, frozen=True):
    """What became of a ticket."""

    at: datetime
    place: int | None


def join_draw(
    connection: Connection, keyring: Keyring, programme_id: int, reward: str, now: datetime
) -> None:
    """Let a ticket be taken until this transaction ends: no draw is held meanwhile.

    With the first ticket the secret is drawn. Raises Conflict if this draw was held in this moment.
    """
    secret = new_secret()
    key_id, wrapped = keyring.wrap(secret)
    insert_missing(
        connection,
        t.draw,
        [
            {
                "id": new_id(),
                "programme_id": programme_id,
                "reward": reward,
                "key_id": key_id,
                "secret": wrapped,
                "commitment": commitment(secret),
                "created_at": now,
            }
        ],
        keys=("programme_id", "reward"),
        where=t.draw.c.held_at.is_(None),
    )
    mine = (t.draw.c.programme_id == programme_id, t.draw.c.reward == reward)
    over = select(t.draw.c.id).where(*mine, t.draw.c.closed_at > now).limit(1)
    if (
        not keep_open(connection, programme_id, reward)
        or connection.execute(over).first() is not None
    ):
        raise Conflict(f"The draw for {reward!r} has been held: there are no tickets any more.")


def keep_open(connection: Connection, programme_id: int, reward: str) -> bool:
    """Let no draw for a reward be held until this transaction ends; returns False if none is open."""
    query = select(t.draw.c.id).where(
        t.draw.c.programme_id == programme_id,
        t.draw.c.reward == reward,
        t.draw.c.held_at.is_(None),
    )
    return connection.execute(query.with_for_update(read=True)).first() is not None


def due_draws(connection: Connection, now: datetime) -> list[int]:
    """Return the draws that have tickets and whose time is over."""
    rows = connection.execute(
        select(t.draw.c.id, t.draw.c.programme_id, t.draw.c.reward)
        .where(t.draw.c.held_at.is_(None))
        .order_by(t.draw.c.id)
    ).all()
    known = {one: versions(connection, one) for one in {row.programme_id for row in rows}}
    return [row.id for row in rows if closes_at(known[row.programme_id], row.reward, now) <= now]


def hold_draw(connection: Connection, vault: Vault, draw_id: int, now: datetime) -> bool:
    """Draw the winners among the tickets that are in, once; call in a writing transaction.

    Returns False if somebody else has held it, or its time is not over any more.
    """
    draw = connection.execute(
        select(t.draw).where(t.draw.c.id == draw_id, t.draw.c.held_at.is_(None)).with_for_update()
    ).one_or_none()
    if draw is None:
        return False
    known = versions(connection, draw.programme_id)
    closes = closes_at(known, draw.reward, now)
    if closes > now:
        return False
    tickets = _tickets(connection, draw)
    prizes = _last_terms(known, draw.reward, now)
    won = winners(vault.keyring.unwrap(draw.secret), tickets, prizes)
    places = {number: place for place, number in enumerate(won, start=1)}
    if tickets:
        connection.execute(
            insert(t.draw_ticket),
            [
                {
                    "draw_id": draw_id,
                    "redemption_id": ticket.number,
                    "person": ticket.person,
                    "place": places.get(ticket.number),
                }
                for ticket in tickets
            ],
        )
    connection.execute(
        update(t.draw)
        .where(t.draw.c.id == draw_id)
        .values(held_at=now, closed_at=closes, prizes=prizes)
    )
    note_act(
        connection,
        Act(
            programme_id=draw.programme_id,
            actor="schedule",
            action="draw.hold",
            subject=f"draw {draw_id}",
            reason="the time for tickets is over",
            detail={"tickets": str(len(tickets)), "winners": ", ".join(map(str, won))},
        ),
        now,
    )
    return True


def tell_tickets(connection: Connection, vault: Vault, now: datetime, *, limit: int) -> int:
    """End tickets that did not win and write to those that did; returns how many.

    A slice of at most `limit`; call in a writing transaction.
    """
    rows = connection.execute(
        select(t.draw_ticket, t.draw.c.programme_id)
        .join(t.draw, t.draw.c.id == t.draw_ticket.c.draw_id)
        .where(t.draw_ticket.c.told_at.is_(None))
        .order_by(t.draw_ticket.c.draw_id, t.draw_ticket.c.redemption_id)
        .limit(limit)
    ).all()
    if not rows:
        return 0
    programme_id = rows[0].programme_id  # the next one's come with the next slice
    rows = [row for row in rows if row.programme_id == programme_id]
    lost = [row.redemption_id for row in rows if row.place is None]
    work = open_redemptions(connection, programme_id, lost, now)
    for one in lost:
        row = work.redemptions[one]
        if row.state == RedemptionState.ISSUED:
            row.uses, row.dirty = 1, True  # nobody can have its points back any more
    commit_change(connection, vault, work)
    for ticket in rows:
        if ticket.place is not None:
            want_mail(
                connection,
                programme_id=programme_id,
                member_id=ticket.person,
                kind=DRAWN,
                subject_id=ticket.redemption_id,
                now=now,
            )
    connection.execute(
        update(t.draw_ticket)
        .where(t.draw_ticket.c.redemption_id.in_([row.redemption_id for row in rows]))
        .values(told_at=now)
    )
    return len(rows)


def drawn(connection: Connection, redemption_id: int) -> Drawn | None:
    """Return what became of a ticket, None if it was in no draw (yet)."""
    row = connection.execute(
        select(t.draw.c.held_at, t.draw_ticket.c.place)
        .join(t.draw, t.draw.c.id == t.draw_ticket.c.draw_id)
        .where(t.draw_ticket.c.redemption_id == redemption_id)
    ).one_or_none()
    return None if row is None else Drawn(row.held_at, row.place)


def list_draws(
    connection: Connection, keyring: Keyring, *, programme_id: int | None = None
) -> list[DrawView]:
    """Return the draws, newest first."""
    query = (
        select(t.draw, t.programme.c.key.label("programme"))
        .join(t.programme, t.programme.c.id == t.draw.c.programme_id)
        .order_by(t.draw.c.id.desc())
    )
    if programme_id is not None:
        query = query.where(t.draw.c.programme_id == programme_id)
    return [_view(connection, keyring, row) for row in connection.execute(query).all()]


def show_draw(
    connection: Connection, keyring: Keyring, draw_id: int
) -> tuple[DrawView, list[TicketView]]:
    """Return a draw with the tickets that it was held with, the winners first; raises NotFound."""
    row = connection.execute(
        select(t.draw, t.programme.c.key.label("programme"))
        .join(t.programme, t.programme.c.id == t.draw.c.programme_id)
        .where(t.draw.c.id == key_of(draw_id))
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no draw {draw_id}. See: stempel draw list")
    tickets = connection.execute(
        select(t.draw_ticket)
        .where(t.draw_ticket.c.draw_id == draw_id)
        .order_by(
            t.draw_ticket.c.place.is_(None), t.draw_ticket.c.place, t.draw_ticket.c.redemption_id
        )
    )
    found = [
        TicketView(number=one.redemption_id, member_id=one.person, place=one.place)
        for one in tickets
    ]
    return _view(connection, keyring, row), found


def _tickets(connection: Connection, draw: Row[tuple[object, ...]]) -> list[Ticket]:
    """Return the tickets that are in and that no draw was held with before."""
    rows = connection.execute(
        select(t.redemption.c.id, t.source_object.c.owner_id)
        .join(t.source_object, t.source_object.c.id == t.redemption.c.object_id)
        .where(
            t.redemption.c.programme_id == draw.programme_id,
            t.redemption.c.reward == draw.reward,
            is_free_ticket(),
        )
        .order_by(t.redemption.c.id)
    ).all()
    homes = people_of(connection, [row.owner_id for row in rows])
    return [Ticket(row.id, homes.get(row.owner_id, row.owner_id)) for row in rows]


def is_free_ticket() -> ColumnElement[bool]:
    """Say whether a redemption is a ticket that was not given back and that no draw was held with."""
    return and_(
        t.redemption.c.kind == DRAW,
        t.redemption.c.state.in_([str(one) for one in _STILL_IN]),
        t.redemption.c.id.not_in(select(t.draw_ticket.c.redemption_id)),
    )


def _offered(version: Version, key: str) -> Reward | None:
    return next(
        (one for one in version.programme.rewards if one.key == key and one.kind == DRAW), None
    )


def closes_at(known: Sequence[Version], key: str, now: datetime) -> datetime:
    """Return until when there are tickets, as the version in force says; now if it has no such draw."""
    version = in_force(known, now)
    reward = _offered(version, key)
    if reward is None or reward.until is None:
        return now
    closes = moment_of(reward.until, version.programme.timezone)
    # The first and the last hours of a local calendar are beyond that of UTC.
    return from_micros(max(to_micros(_FIRST), min(closes, to_micros(_LAST))))


def _last_terms(known: Sequence[Version], key: str, now: datetime) -> int:
    """Return how many can win, by the newest version so far that has the draw."""
    newest = in_force(known, now).number
    for version in sorted(known, key=lambda one: -one.number):
        reward = _offered(version, key) if version.number <= newest else None
        if reward is not None and reward.winners is not None:
            return reward.winners
    return 1


def _view(connection: Connection, keyring: Keyring, row: Row[tuple[object, ...]]) -> DrawView:
    held = row.held_at is not None
    if held:
        tickets = connection.execute(
            select(t.draw_ticket.c.redemption_id).where(t.draw_ticket.c.draw_id == row.id)
        ).all()
    else:
        tickets = _tickets(connection, row)  # type: ignore[assignment]
    return DrawView(
        id=row.id,
        programme=row.programme,
        reward=row.reward,
        commitment=row.commitment,
        secret=keyring.unwrap(row.secret).hex() if held else None,
        created_at=row.created_at,
        closed_at=row.closed_at,
        held_at=row.held_at,
        prizes=row.prizes,
        tickets=len(tickets),
    )
