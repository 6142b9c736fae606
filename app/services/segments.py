"""Who is in which segment: people read in chunks, judged by the pure function, kept set by set."""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, delete, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from app.db import tables as t
from app.db.upsert import insert_missing
from app.programme.actions import NEWSLETTER
from app.programme.document import Programme
from app.programme.events import ActionFacts
from app.programme.local_time import local_day, midnight_after
from app.programme.segmenting import Fifths, Known, Person, Scores, is_ranked, ranks_buyers
from app.programme.segments import Rfm, asks_for_newsletters
from app.services.facts import decode_facts
from app.services.order_windows import ORDER, ORDER_COLUMNS, order_item
from app.services.programmes import LATEST, Version, all_in_force, in_force
from app.services.simulate import with_stores
from app.services.workset import chunks, pages

KEPT = timedelta(days=90)
"""How long it is known who was in a segment: orders may be told so late and be judged as in time."""

CHUNK = 300
"""Members whose orders are in memory at once."""

AFTER_MIDNIGHT = timedelta(minutes=30)
"""When members are counted: tiers, which segments may ask for, are those of the new day by then."""


Found = Mapping[int, frozenset[str]]
"""Member → the segments that they are in."""


def due(connection: Connection, now: datetime) -> list[int]:
    """Return the programmes whose members are to be counted: a new day there, or another version."""
    newest = all_in_force(now).subquery()
    run = t.segment_run
    query = (
        select(newest.c.programme_id)
        .outerjoin(run, run.c.programme_id == newest.c.programme_id)
        .where(or_(run.c.at.is_(None), run.c.due_at <= now, run.c.version != newest.c.number))
        .order_by(newest.c.programme_id)
    )
    return list(connection.execute(query).scalars())


def people(
    connection: Connection, programme_id: int, known: Sequence[Version], programme: Programme
) -> Iterator[dict[int, Person]]:
    """Yield all members, some hundred at a time, with what the segments of a programme look at."""
    known = with_stores(connection, programme_id, known)
    kinds = _kinds(programme)
    for members in pages(connection, _members(programme_id), t.member.c.id, CHUNK):
        yield _persons(connection, known, members, kinds)


def _persons(
    connection: Connection,
    known: Sequence[Version],
    members: Sequence[Row[Any]],
    kinds: Sequence[ColumnElement[bool]],
) -> dict[int, Person]:
    """Return what segments look at of some members."""
    done: dict[int, list[Any]] = defaultdict(list)
    for row in _objects(connection, [one.id for one in members], kinds):
        done[row.owner_id].append(row)
    return {
        one.id: Person(
            joined_at=one.enrolled_at,
            tier=one.tier,
            newsletter=any(_is_subscription(row) for row in done[one.id]),
            orders=tuple(order_item(known, row) for row in done[one.id] if row.kind == ORDER),
        )
        for one in members
    }


class Census:
    """Who may be in which segment, some 40 bytes a member, until all are known and fifths can be told."""

    def __init__(self, programme: Programme) -> None:
        """Begin with nobody."""
        self._programme = programme
        self._ranks = ranks_buyers(programme)
        self._members, self._places = array("q"), array("q")
        self._candidates: list[frozenset[str]] = []
        self._known: dict[frozenset[str], frozenset[str]] = {}  # one for all who are in the same
        self._scores = Scores()

    def add(self, member_id: int, person: Person, at: datetime) -> None:
        """Take note of a member."""
        known = Known(self._programme, person, at)
        mine = frozenset(one.key for one in self._programme.segments if known.may_be_in(one))
        self._members.append(member_id)
        self._places.append(self._scores.add(known.score() if self._ranks else None))
        self._candidates.append(self._known.setdefault(mine, mine))

    def parts(self, size: int) -> Iterator[Found]:
        """Yield who is in which segment, so many members at a time."""
        fifths = self._scores.fifths()
        rfm = {
            one.key: one.where.rfm for one in self._programme.segments if one.where.rfm is not None
        }
        for start in range(0, len(self._members), size):
            places = range(start, min(start + size, len(self._members)))
            yield {self._members[place]: self._settled(place, rfm, fifths) for place in places}

    def _settled(self, place: int, rfm: Mapping[str, Rfm], fifths: Fifths) -> frozenset[str]:
        found = self._candidates[place]
        if found.isdisjoint(rfm):
            return found
        score = self._scores.at(self._places[place])
        return frozenset(
            key for key in found if key not in rfm or is_ranked(rfm[key], score, fifths)
        )


def take_census(
    connection: Connection,
    programme_id: int,
    known: Sequence[Version],
    programme: Programme,
    at: datetime,
) -> Census:
    """Look at all members of a programme. Call in a snapshot."""
    census = Census(programme)
    for several in people(connection, programme_id, known, programme):
        for member_id, person in several.items():
            census.add(member_id, person, at)
    return census


def keep(connection: Connection, programme_id: int, found: Found, at: datetime) -> None:
    """Store which segments these members are in from `at` on. Call in a writing transaction.

    Whoever is in a segment still was in it since they were found there first.
    """
    rows = t.segment_member
    mine = [rows.c.programme_id == programme_id, rows.c.member_id.in_(list(found))]
    stored = {
        (row.segment, row.member_id)
        for row in connection.execute(
            select(rows.c.segment, rows.c.member_id).where(*mine, rows.c.until.is_(None))
        )
    }
    wanted = {(segment, member) for member, segments in found.items() for segment in segments}
    gone: dict[str, list[int]] = defaultdict(list)
    for segment, member in sorted(stored - wanted):
        gone[segment].append(member)
    for segment, members in gone.items():
        connection.execute(
            update(rows)
            .where(
                rows.c.programme_id == programme_id,
                rows.c.segment == segment,
                rows.c.member_id.in_(members),
                rows.c.until.is_(None),
            )
            .values(until=at)
        )
    insert_missing(
        connection,
        rows,
        [
            {"programme_id": programme_id, "segment": segment, "member_id": member, "since": at}
            for segment, member in sorted(wanted - stored)
        ],
        keys=("programme_id", "segment", "member_id"),
        where=rows.c.until.is_(None),
    )
    connection.execute(delete(rows).where(*mine, rows.c.until < at - KEPT))


def join_segments(
    connection: Connection,
    programme_id: int,
    known: Sequence[Version],
    ending: int,
    staying: int,
    now: datetime,
) -> None:
    """Let the account that stays have been where the other was, and be where both together belong now.

    Whether it is among the best or worst fifth is told at the next count only: until then it is if one of
    the two was. Call in a writing transaction when all else is written; it costs nothing where nobody asks
    for segments.
    """
    if not any(one.programme.segments for one in known):
        return
    held = _carry(connection, programme_id, ending, staying)  # late orders may ask where it was
    version = in_force(known, now)
    counted = select(t.segment_run.c.version).where(t.segment_run.c.programme_id == programme_id)
    if not version.programme.segments or connection.execute(counted).scalar() != version.number:
        return  # there are none any more, or everybody is counted in a moment
    stores = with_stores(connection, programme_id, known)
    rows = connection.execute(_members(programme_id).where(t.member.c.id == staying)).all()
    found: dict[int, frozenset[str]] = {staying: frozenset()}
    for member_id, person in _persons(connection, stores, rows, _kinds(version.programme)).items():
        judged = Known(version.programme, person, now)
        found[member_id] = frozenset(
            one.key
            for one in version.programme.segments
            if judged.may_be_in(one) and (one.where.rfm is None or one.key in held)
        )
    keep(connection, programme_id, found, now)


def _carry(connection: Connection, programme_id: int, ending: int, staying: int) -> set[str]:
    """Give what is stored of two accounts to the one that stays; returns where one of them is now."""
    rows = t.segment_member
    both = (rows.c.programme_id == programme_id, rows.c.member_id.in_((ending, staying)))
    times: dict[tuple[str, datetime], list[datetime | None]] = defaultdict(list)
    for row in connection.execute(select(rows).where(*both)):
        times[row.segment, row.since].append(row.until)
    connection.execute(delete(rows).where(*both))
    held: set[str] = set()
    for (segment, since), ends in sorted(times.items()):
        if segment in held:
            continue  # what follows lies within the time that has no end yet
        until = None if None in ends else max(end for end in ends if end is not None)
        if until is None:
            held.add(segment)
        connection.execute(
            insert(rows).values(
                programme_id=programme_id,
                segment=segment,
                member_id=staying,
                since=since,
                until=until,
            )
        )
    return held


def has_members(connection: Connection, programme_id: int) -> bool:
    """Say whether anything is stored about who is in a segment."""
    query = select(t.segment_member.c.member_id).where(
        t.segment_member.c.programme_id == programme_id
    )
    return connection.execute(query.limit(1)).first() is not None


def finish(connection: Connection, programme_id: int, version: Version, at: datetime) -> None:
    """Note that all members were counted. Accounts that are no members any more are in no segment."""
    rows, run = t.segment_member, t.segment_run
    ended = select(t.member.c.id).where(
        t.member.c.programme_id == programme_id, t.member.c.state.in_(("merged", "erased"))
    )
    connection.execute(
        delete(rows).where(rows.c.programme_id == programme_id, rows.c.member_id.in_(ended))
    )
    connection.execute(delete(run).where(run.c.programme_id == programme_id))
    connection.execute(
        insert(run).values(
            programme_id=programme_id,
            version=version.number,
            at=at,
            due_at=_tonight(version.programme, at) if version.programme.segments else LATEST,
        )
    )


class Memberships(msgspec.Struct, frozen=True):
    """Which segments some accounts were in, and when."""

    of: Mapping[int, Sequence[tuple[str, datetime, datetime | None]]] = {}

    def at(self, member_id: int, moment: datetime) -> tuple[str, ...]:
        """Return the segments that an account was in at a moment, as far as it had been counted."""
        return tuple(
            sorted(
                {
                    segment
                    for segment, since, until in self.of.get(member_id, ())
                    if since <= moment and (until is None or moment < until)
                }
            )
        )


def load_memberships(
    connection: Connection, versions: Sequence[Version], members: Sequence[int]
) -> Memberships:
    """Return the segments of these accounts; nothing is read where no campaign asks for segments."""
    if not any(one.segments for version in versions for one in version.programme.campaigns):
        return Memberships()
    found: dict[int, list[tuple[str, datetime, datetime | None]]] = defaultdict(list)
    for chunk in chunks(sorted(members)):
        query = select(t.segment_member).where(t.segment_member.c.member_id.in_(chunk))
        for row in connection.execute(query):
            found[row.member_id].append((row.segment, row.since, row.until))
    return Memberships(found)


def _members(programme_id: int) -> Select[Any]:
    """Choose those who may be in a segment."""
    return select(t.member.c.id, t.member.c.enrolled_at, t.member.c.tier).where(
        t.member.c.programme_id == programme_id, t.member.c.state == "member"
    )


def _kinds(programme: Programme) -> list[ColumnElement[bool]]:
    if not programme.segments:
        return []
    kinds = [t.source_object.c.kind == ORDER]
    if asks_for_newsletters(programme.segments):
        kinds.append(t.source_object.c.kind == "action")
    return kinds


def _objects(
    connection: Connection, members: Sequence[int], kinds: Sequence[ColumnElement[bool]]
) -> Sequence[Any]:
    if not kinds:
        return []
    query = select(*ORDER_COLUMNS, t.source_object.c.kind, t.source_object.c.gone).where(
        t.source_object.c.owner_id.in_(members), or_(*kinds)
    )
    return connection.execute(query).all()


def _is_subscription(row: Any) -> bool:
    """Say whether this shows that its owner has the newsletter now."""
    facts = None if row.kind == ORDER else decode_facts(row.facts)
    return (
        isinstance(facts, ActionFacts)
        and facts.action == NEWSLETTER
        and not (facts.removed or facts.ended or row.gone)
    )


def _tonight(programme: Programme, at: datetime) -> datetime:
    zone = programme.timezone
    midnight = midnight_after(local_day(at, zone), zone) or LATEST
    return min(midnight, LATEST - AFTER_MIDNIGHT) + AFTER_MIDNIGHT
