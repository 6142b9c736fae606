"""Loads what people hold: their objects, the awards of their windows, their lots and who took from them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, and_, func, select

from app.db import tables as t
from app.services.rows import LotRow
from app.services.workset import WorkSet, add_awards, add_objects, chunks, row_of

_When = tuple[datetime, int]


def load_worth(connection: Connection, work: WorkSet) -> None:
    """Load what the loaded members have been given; call before anything is posted for an award."""
    member_ids = sorted(row.id for row in work.members.values() if not row.new)
    for chunk in chunks(member_ids):
        add_awards(
            connection, work, and_(t.award.c.member_id.in_(chunk), t.award.c.object_id.is_(None))
        )
    load_open_lots(connection, work)
    load_uses(connection, work)


def load_uses(connection: Connection, work: WorkSet) -> None:
    """Load what the loaded awards took from lots, and which of joined accounts' awards was paid last."""
    _load_uses(connection, work)
    _load_newest(connection, work)


def load_open_lots(connection: Connection, work: WorkSet) -> None:
    """Load what the loaded members can spend from."""
    for chunk in chunks(sorted(row.id for row in work.members.values() if not row.new)):
        open_lots = and_(t.lot.c.member_id.in_(chunk), t.lot.c.remaining > 0)
        for row in connection.execute(select(t.lot).where(open_lots)):
            work.add_lot(row_of(LotRow, row))


def load_window_objects(
    connection: Connection, work: WorkSet, member_ids: Iterable[int], kinds: Iterable[str]
) -> None:
    """Load the other objects of these members that share windows with the batch's objects.

    Who only looks at them needs no lock: whoever changes them locks their owner first.
    """
    for chunk in chunks(sorted(member_ids)):
        add_objects(
            connection,
            work,
            and_(t.source_object.c.owner_id.in_(chunk), t.source_object.c.kind.in_(sorted(kinds))),
            lock=False,
        )


def _load_uses(connection: Connection, work: WorkSet) -> None:
    """Sum up what each award's entries took from each lot, and where that lot is now."""
    award_ids = sorted(row.id for row in work.awards.values() if row.postings)
    used: list[tuple[int, int, int, _When]] = []  # award, lot, change of the lot, when last
    for chunk in chunks(award_ids):
        sums = (
            select(
                t.entry.c.award_id,
                t.lot_use.c.lot_id,
                func.sum(t.lot_use.c.points).label("sum"),
                func.max(t.entry.c.recorded_at).label("at"),
                func.max(t.entry.c.seq).label("seq"),
            )
            .join(t.entry, t.entry.c.id == t.lot_use.c.entry_id)
            # What expired was not taken by the award.
            .where(t.entry.c.award_id.in_(chunk), t.entry.c.kind != "expire")
            .group_by(t.entry.c.award_id, t.lot_use.c.lot_id)
        )
        used += [
            (row.award_id, row.lot_id, int(row.sum), (row.at, row.seq))
            for row in connection.execute(sums)
        ]
    load_lots(connection, work, {lot_id for _, lot_id, _, _ in used})
    taken: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    newest: dict[tuple[int, int], _When] = {}
    for award_id, lot_id, points, when in used:
        living = work.living_lot(lot_id)
        taken[award_id][living] -= points
        newest[award_id, living] = max(when, newest.get((award_id, living), when))
    work.uses = {}
    for award_id, lot_id in sorted(newest, key=newest.__getitem__, reverse=True):
        points = taken[award_id][lot_id]
        if points > 0:
            work.uses.setdefault(award_id, []).append((lot_id, points))


def _load_newest(connection: Connection, work: WorkSet) -> None:
    """Note when joined accounts, each with an award for one thing, were last posted to."""
    same: dict[tuple[int, int | None, str, str], list[int]] = defaultdict(list)
    for row in work.awards.values():
        if row.postings:
            person = work.member(row.member_id).id
            same[person, row.object_id, row.rule, row.window_key].append(row.id)
    several = [award_id for ids in same.values() if len(ids) > 1 for award_id in ids]
    for chunk in chunks(sorted(several)):
        query = (
            select(t.entry.c.award_id, func.max(t.entry.c.id).label("newest"))
            .where(t.entry.c.award_id.in_(chunk))
            .group_by(t.entry.c.award_id)
        )
        work.newest |= {row.award_id: row.newest for row in connection.execute(query)}


def load_lots(connection: Connection, work: WorkSet, ids: set[int]) -> None:
    """Load emptied lots, and those that hold what was left of them in the account joined to."""
    for chunk in chunks(sorted(ids - work.lots.keys())):
        for row in connection.execute(select(t.lot).where(t.lot.c.id.in_(chunk))):
            work.add_lot(row_of(LotRow, row))
    known: set[int] = set()
    while ended := [
        lot.id
        for lot in work.lots.values()
        if lot.id not in known and lot.id not in work.links and _has_ended(work, lot)
    ]:
        known.update(ended)
        for chunk in chunks(sorted(ended)):
            for row in connection.execute(select(t.lot).where(t.lot.c.origin_id.in_(chunk))):
                linked = row_of(LotRow, row)
                work.add_lot(linked)
                work.links[row.origin_id] = linked.id


def _has_ended(work: WorkSet, lot: LotRow) -> bool:
    holder = work.members.get(lot.member_id)
    return holder is None or holder.merged_into is not None
