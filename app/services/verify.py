"""Proves the ledger: chain, balances, lots, awards, and that stored facts are still worth as posted.

Names every altered, removed, moved or cut-off entry it finds (DESIGN.md, Ledger invariants). Tests and
operators call the same code.

What cannot be found, by design: a change that somebody with write access made since the last daily seal
by cutting off a member's newest entries (or a whole member) together with everything that follows from
them; the removal of the newest seals; and changes of what no points follow from (the texts of awards,
facts that are worth the same, when a lot ends, who an object worth nothing belongs to).
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, select

from app.crypto import Keyring
from app.db import tables as t
from app.errors import Invalid, NotFound
from app.programme.rules import Award
from app.programme.windows import WINDOW_KINDS, WindowItem, WindowKey, evaluate_windows
from app.services import chain, seal
from app.services.facts import decode_facts
from app.services.programmes import Version, versions
from app.services.workset import object_row
from app.services.worth import window_item, worth_of

_ROWS = 2_000
UNREADABLE = (msgspec.DecodeError, Invalid, NotFound, ValueError)
"""What evaluating an object raises whose columns were altered from outside."""
_WINDOW_KINDS = frozenset(kind for kinds in WINDOW_KINDS.values() for kind in kinds)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it must be, and where."""

    what: str
    member: int | None = None
    entry: int | None = None
    object: int | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a verification. `ok` means: no problems."""

    ok: bool
    entries: int
    members: int
    objects: int
    problems: list[Problem]


def verify(connection: Connection, keyring: Keyring, *, programme_id: int | None = None) -> Report:
    """Check every invariant of one or all programmes. Changes nothing."""
    query = select(t.programme.c.id).order_by(t.programme.c.id)
    if programme_id is not None:
        query = query.where(t.programme.c.id == programme_id)
    problems: list[Problem] = []
    entries = members = objects = 0
    for one in connection.execute(query).scalars().all():
        known = versions(connection, one)
        sealed = _sealed_heads(connection, keyring, one, problems)
        counted = _chains(connection, keyring, one, sealed, problems)
        entries += counted[0]
        members += counted[1]
        _lots(connection, one, problems)
        _awards(connection, one, problems)
        objects += _objects(connection, one, known, problems)
        _windows(connection, one, known, problems)
    return Report(
        ok=not problems, entries=entries, members=members, objects=objects, problems=problems
    )


def _sealed_heads(
    connection: Connection, keyring: Keyring, programme_id: int, problems: list[Problem]
) -> dict[int, dict[int, bytes]]:
    """Return, per member, the MAC that the entry at a sealed count must have."""
    sealed: dict[int, dict[int, bytes]] = defaultdict(dict)
    rows = connection.execute(
        select(t.checkpoint)
        .where(t.checkpoint.c.programme_id == programme_id)
        .order_by(t.checkpoint.c.day)
    )
    for row in rows:
        packed = seal.decompress_heads(row.heads)
        if packed is None or seal.seal_mac(keyring, programme_id, row.day, packed) != row.mac:
            problems.append(Problem(what=f"the seal of day {row.day} was altered"))
            continue
        for member_id, entries, head in seal.unpack_heads(packed):
            sealed[member_id][entries] = head
    return sealed


def _chains(
    connection: Connection,
    keyring: Keyring,
    programme_id: int,
    sealed: dict[int, dict[int, bytes]],
    problems: list[Problem],
) -> tuple[int, int]:
    entries = connection.execute(
        select(t.entry)
        .where(t.entry.c.programme_id == programme_id)
        .order_by(t.entry.c.member_id, t.entry.c.seq)
        .execution_options(yield_per=_ROWS)
    ).mappings()
    stream = _by_member(iter(entries))
    current = next(stream, None)
    members = connection.execute(
        select(t.member).where(t.member.c.programme_id == programme_id).order_by(t.member.c.id)
    ).all()
    total = 0
    for member in members:
        while current is not None and current[0] < member.id:
            problems.append(
                Problem(what="entries of a member that does not exist", member=current[0])
            )
            current = next(stream, None)
        rows: list[Any] = []
        if current is not None and current[0] == member.id:
            rows = current[1]
            current = next(stream, None)
        total += len(rows)
        _chain(keyring, member, rows, sealed.pop(member.id, {}), problems)
    while current is not None:
        problems.append(Problem(what="entries of a member that does not exist", member=current[0]))
        current = next(stream, None)
    problems.extend(
        Problem(what="a sealed member is missing", member=member_id) for member_id in sealed
    )
    problems.extend(
        Problem(what="was joined to another account and still has points", member=member.id)
        for member in members
        if member.merged_into is not None and (member.balance or member.pending)
    )
    return total, len(members)


def _chain(
    keyring: Keyring,
    member: Row[Any],
    rows: list[Any],
    sealed: dict[int, bytes],
    problems: list[Problem],
) -> None:
    head = chain.GENESIS
    macs: dict[int, bytes] = {}
    for number, row in enumerate(rows, start=1):
        if row["seq"] != number:
            problems.append(
                Problem(
                    what=f"entry {number} is missing: the next one is {row['seq']}",
                    member=member.id,
                    entry=row["id"],
                )
            )
            break
        head = chain.link(keyring, head, row)
        if head != row["mac"]:
            problems.append(
                Problem(
                    what=f"entry {number} was altered or moved", member=member.id, entry=row["id"]
                )
            )
            head = row["mac"]
        macs[number] = row["mac"]
    if len(rows) != member.entries or head != member.head:
        problems.append(
            Problem(
                what=f"the chain ends after {len(rows)} entries, "
                f"the member's head speaks of {member.entries}",
                member=member.id,
            )
        )
    for count, mac in sealed.items():
        if macs.get(count) != mac:
            problems.append(
                Problem(
                    what=f"the chain does not pass the sealed entry {count}: it was cut off",
                    member=member.id,
                )
            )
    for column in ("points", "pending"):
        name = "balance" if column == "points" else column
        total = sum(row[column] for row in rows)
        if total != getattr(member, name):
            problems.append(
                Problem(
                    what=f"{name} is {getattr(member, name)}, its entries add up to {total}",
                    member=member.id,
                )
            )


def _lots(connection: Connection, programme_id: int, problems: list[Problem]) -> None:
    rows = connection.execute(
        select(
            t.member.c.id,
            t.member.c.balance,
            func.coalesce(func.sum(t.lot.c.remaining), 0).label("lots"),
        )
        .outerjoin(t.lot, t.lot.c.member_id == t.member.c.id)
        .where(t.member.c.programme_id == programme_id)
        .group_by(t.member.c.id, t.member.c.balance)
    )
    problems.extend(
        Problem(
            what=f"open lots hold {row.lots} points, the balance is {row.balance}", member=row.id
        )
        for row in rows
        if int(row.lots) != max(row.balance, 0)
    )
    moved = func.coalesce(func.sum(t.lot_use.c.points), 0)
    rows = connection.execute(
        select(t.lot.c.id, t.lot.c.member_id, t.lot.c.points, t.lot.c.remaining, moved.label("sum"))
        .join(t.member, t.member.c.id == t.lot.c.member_id)
        .outerjoin(t.lot_use, t.lot_use.c.lot_id == t.lot.c.id)
        .where(t.member.c.programme_id == programme_id)
        .group_by(t.lot.c.id, t.lot.c.member_id, t.lot.c.points, t.lot.c.remaining)
        .having(t.lot.c.remaining != t.lot.c.points + moved)
    )
    problems.extend(
        Problem(
            what=f"lot {row.id} holds {row.remaining} points, its uses leave "
            f"{row.points + int(row.sum)}",
            member=row.member_id,
        )
        for row in rows
    )


def _awards(connection: Connection, programme_id: int, problems: list[Problem]) -> None:
    forgiven = func.sum(t.entry.c.points).filter(t.entry.c.kind == "forgive")
    posted = func.sum(t.entry.c.points + t.entry.c.pending).filter(
        t.entry.c.kind.in_(("earn", "reverse"))
    )
    rows = connection.execute(
        select(
            t.award.c.id,
            t.award.c.member_id,
            t.award.c.rule,
            t.award.c.points,
            t.award.c.forgiven,
            func.coalesce(posted, 0).label("posted"),
            func.coalesce(forgiven, 0).label("let_off"),
        )
        .outerjoin(t.entry, t.entry.c.award_id == t.award.c.id)
        .where(t.award.c.programme_id == programme_id)
        .group_by(
            t.award.c.id, t.award.c.member_id, t.award.c.rule, t.award.c.points, t.award.c.forgiven
        )
    )
    problems.extend(
        Problem(
            what=f"rule {row.rule!r} gives {row.points} (forgiven {row.forgiven}), "
            f"posted are {row.posted} ({row.let_off})",
            member=row.member_id,
        )
        for row in rows
        if int(row.posted) != row.points or int(row.let_off) != row.forgiven
    )
    merged = _merges(connection, programme_id)
    strangers = connection.execute(
        select(t.award.c.member_id, t.entry.c.member_id.label("posted_to"), t.entry.c.id)
        .join(t.award, t.award.c.id == t.entry.c.award_id)
        .where(t.award.c.programme_id == programme_id, t.award.c.member_id != t.entry.c.member_id)
    )
    problems.extend(
        Problem(
            what="an award's entry was posted to another member",
            member=row.posted_to,
            entry=row.id,
        )
        for row in strangers
        if merged.get(row.member_id, row.member_id) != merged.get(row.posted_to, row.posted_to)
    )


def _objects(
    connection: Connection, programme_id: int, known: list[Version], problems: list[Problem]
) -> int:
    """Evaluate stored facts under their frozen versions: the net must be what was posted."""
    given: dict[int, dict[tuple[int, str], int]] = defaultdict(dict)
    merged = _merges(connection, programme_id)
    awards = connection.execute(
        select(t.award).where(
            t.award.c.programme_id == programme_id, t.award.c.object_id.is_not(None)
        )
    )
    for award in awards:
        if award.points:
            key = (merged.get(award.member_id, award.member_id), award.rule)
            given[award.object_id][key] = given[award.object_id].get(key, 0) + award.points
    count = 0
    rows = connection.execute(
        select(t.source_object)
        .where(t.source_object.c.programme_id == programme_id)
        .execution_options(yield_per=_ROWS)
    )
    for row in rows:
        count += 1
        entitled: dict[tuple[int, str], int] = {}
        if row.owner_id is not None:
            owner = merged.get(row.owner_id, row.owner_id)
            try:
                awarded: tuple[Award, ...] = worth_of(
                    known, object_row(row), decode_facts(row.facts)
                )
            except UNREADABLE as error:
                given.pop(row.id, None)
                problems.append(_unreadable(row, error))
                continue
            entitled = {(owner, award.rule): award.points for award in awarded if award.points}
        if entitled != given.pop(row.id, {}):
            problems.append(
                Problem(
                    what=f"{row.kind} {row.external_id} is not given what its facts are worth",
                    object=row.id,
                    member=row.owner_id,
                )
            )
    problems.extend(
        Problem(what="an object that awards were given for is missing", object=object_id)
        for object_id in given
    )
    return count


def _unreadable(row: Row[Any], error: Exception) -> Problem:
    return Problem(
        what=f"{row.kind} {row.external_id} cannot be judged: its facts, context or version were "
        f"altered ({type(error).__name__})",
        object=row.id,
        member=row.owner_id,
    )


def _windows(
    connection: Connection, programme_id: int, known: list[Version], problems: list[Problem]
) -> None:
    merged = _merges(connection, programme_id)
    items: dict[int, list[WindowItem]] = defaultdict(list)
    rows = connection.execute(
        select(t.source_object).where(
            t.source_object.c.programme_id == programme_id,
            t.source_object.c.kind.in_(sorted(_WINDOW_KINDS)),
            t.source_object.c.owner_id.is_not(None),
        )
    )
    for row in rows:
        try:
            item = window_item(known, object_row(row))
        except UNREADABLE:
            continue  # named with its object
        items[merged.get(row.owner_id, row.owner_id)].append(item)
    given: dict[int, dict[WindowKey, int]] = defaultdict(dict)
    for award in connection.execute(
        select(t.award).where(t.award.c.programme_id == programme_id, t.award.c.object_id.is_(None))
    ):
        if award.points:
            member = merged.get(award.member_id, award.member_id)
            window = WindowKey(award.rule, award.window_key)
            given[member][window] = given[member].get(window, 0) + award.points
    for member in sorted(items.keys() | given.keys()):
        entitled = {
            window: award.points
            for window, award in evaluate_windows(items.get(member, []))
            if award.points
        }
        if entitled != given.get(member, {}):
            problems.append(
                Problem(what="windows are not given what their objects are worth", member=member)
            )


def _merges(connection: Connection, programme_id: int) -> dict[int, int]:
    rows = connection.execute(
        select(t.member.c.id, t.member.c.merged_into).where(
            t.member.c.programme_id == programme_id, t.member.c.merged_into.is_not(None)
        )
    )
    direct = {row.id: row.merged_into for row in rows}
    final = {}
    for start, target in direct.items():
        end, seen = target, {start}
        while end in direct and end not in seen:  # a circle is no end: it was made past the service
            seen.add(end)
            end = direct[end]
        final[start] = end
    return final


def _by_member(rows: Iterator[Any]) -> Iterator[tuple[int, list[Any]]]:
    member: int | None = None
    several: list[Any] = []
    for row in rows:
        if row["member_id"] != member and member is not None:
            yield member, several
            several = []
        member = row["member_id"]
        several.append(row)
    if member is not None:
        yield member, several
