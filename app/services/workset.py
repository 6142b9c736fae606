"""The working set of one batch: rows loaded once, changed in memory, written back in one go.

Everything a batch touches is loaded with a handful of set-based queries and written with a handful of
multi-row statements. On PostgreSQL the loaded rows are locked (objects first, then members, each in id
order). On SQLite they are read without the write lock and `recheck` proves inside it that nobody
changed them meanwhile (facts/recipes.md, SQLite without stalls).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.sql.expression import ColumnElement

from app.db import tables as t
from app.db.dialect import lock_hashes
from app.db.ids import new_id
from app.db.upsert import insert_missing
from app.errors import Conflict
from app.services.rows import (
    AwardRow,
    CustomerRow,
    LotRow,
    MemberRow,
    ObjectKey,
    ObjectRow,
    RedemptionRow,
    Stored,
)

# Once a row is there, only `writeback` and `reminders` change these: as read here they may be old.
_WRITTEN_ELSEWHERE: dict[Table, frozenset[str]] = {
    t.store_customer: frozenset({"wanted_rev", "due_at"}),
    t.lot: frozenset({"reminded"}),
}

CHUNK = 400  # keys in one IN (…): well below every database's limit of parameters


Claim = tuple[int, int, bytes]
"""Who claims, whose account, and the keyed hash of the e-mail (empty: the shop merged them)."""

T = TypeVar("T")


StoredT = TypeVar("StoredT", bound=Stored)


@dataclass
class WorkSet:
    """All rows of one batch. `insert` collects rows of tables that are only ever written."""

    programme_id: int
    now: datetime
    objects: dict[ObjectKey, ObjectRow] = field(default_factory=dict)
    parts: dict[ObjectKey, int] = field(default_factory=dict)  # a refund's key → its order's id
    members: dict[int, MemberRow] = field(default_factory=dict)
    customers: dict[tuple[int, str], CustomerRow] = field(default_factory=dict)
    identities: dict[bytes, int] = field(default_factory=dict)
    homes: set[tuple[int, int]] = field(default_factory=set)  # (account, store it is known in)
    awards: dict[int, AwardRow] = field(default_factory=dict)
    lots: dict[int, LotRow] = field(default_factory=dict)
    redemptions: dict[int, RedemptionRow] = field(default_factory=dict)
    shown_on: dict[int, set[int]] = field(default_factory=dict)  # per redemption: orders
    lots_of: dict[int, list[int]] = field(default_factory=dict)  # per member
    former_owners: dict[int, set[int]] = field(default_factory=dict)  # per object
    moved: set[int] = field(default_factory=set)  # members whose balance may have changed
    # Per award, newest first: (lot, points) its entries took and have not given back.
    uses: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    newest: dict[int, int] = field(
        default_factory=dict
    )  # an award's newest entry, of joined accounts
    links: dict[int, int] = field(default_factory=dict)  # a joined account's lot → where it went
    claims: set[Claim] = field(default_factory=set)  # to be noted once
    proofs: set[Claim] = field(default_factory=set)  # claims that a shop vouches for
    inserts: dict[Table, list[dict[str, Any]]] = field(default_factory=dict)
    # Of these objects, the rows that are there go before the new ones are written.
    replaced: dict[Table, set[int]] = field(default_factory=dict)
    revs: dict[tuple[Table, int], int] = field(default_factory=dict)

    def insert(self, table: Table, **values: Any) -> None:
        """Write a row of an append-only table with the batch."""
        self.inserts.setdefault(table, []).append(values)

    def add_lot(self, row: LotRow) -> None:
        """Make a lot known, so that its member's account includes it."""
        if row.id not in self.lots:
            self.lots[row.id] = row
            self.lots_of.setdefault(row.member_id, []).append(row.id)

    def living_lot(self, lot_id: int) -> int:
        """Return the lot that holds now what is left of this one, following merges."""
        while lot_id in self.links:
            lot_id = self.links[lot_id]
        return lot_id

    def member(self, member_id: int) -> MemberRow:
        """Return the account behind an id, following merges."""
        row = self.members[member_id]
        while row.merged_into is not None:
            row = self.members[row.merged_into]
        return row

    def accounts_of(self, member_id: int) -> list[int]:
        """Return all loaded accounts of a person, those joined to the one that stays included."""
        person = self.member(member_id)
        return sorted(one for one in self.members if self.member(one) is person)


def load_objects(
    connection: Connection, work: WorkSet, keys: Iterable[ObjectKey], *, lock: bool
) -> None:
    """Load source objects by key, and the orders that refund keys belong to."""
    wanted = sorted(keys)
    for chunk in chunks([key for key in wanted if key[1] == "refund"]):
        rows = connection.execute(
            select(t.object_part).where(
                tuple_(
                    t.object_part.c.store_id, t.object_part.c.kind, t.object_part.c.external_id
                ).in_(chunk)
            )
        )
        work.parts |= {(r.store_id, r.kind, r.external_id): r.object_id for r in rows}
    for chunk in chunks([key for key in wanted if key[1] != "refund"]):
        add_objects(
            connection,
            work,
            tuple_(
                t.source_object.c.store_id, t.source_object.c.kind, t.source_object.c.external_id
            ).in_(chunk),
            lock=lock,
        )
    load_objects_by_id(connection, work, list(set(work.parts.values())), lock=lock)


def load_objects_by_id(
    connection: Connection, work: WorkSet, ids: Sequence[int], *, lock: bool
) -> None:
    """Load source objects by their own ids."""
    for chunk in chunks(sorted(ids)):
        add_objects(connection, work, t.source_object.c.id.in_(chunk), lock=lock)


def load_reviews_by_writer(
    connection: Connection, work: WorkSet, hashes: Iterable[bytes], *, lock: bool
) -> None:
    """Load the reviews written under these e-mails: whose they are depends on who has them.

    From here on nobody else deals with these e-mails: of two batches in one moment, one about an account
    and one about what waits for it, the later one must see the other's.
    """
    wanted = sorted(hashes)
    if lock:
        lock_hashes(connection, wanted)
    for chunk in chunks(wanted):
        add_objects(
            connection,
            work,
            and_(
                t.source_object.c.programme_id == work.programme_id,
                t.source_object.c.writer_hash.in_(chunk),
            ),
            lock=lock,
        )


def load_object_awards(connection: Connection, work: WorkSet) -> set[int]:
    """Load the awards of the loaded objects; returns whose they are, former owners included."""
    for chunk in chunks(sorted(row.id for row in work.objects.values() if not row.new)):
        add_awards(connection, work, t.award.c.object_id.in_(chunk))
    return {row.member_id for row in work.awards.values()}


def load_programme(connection: Connection, work: WorkSet, *, lock: bool) -> None:
    """Rely on the programme as it is now: whoever adds a rate waits for us, or we are done anew."""
    query = select(t.programme.c.rev).where(t.programme.c.id == work.programme_id)
    locked = query.with_for_update(read=True) if lock else query
    work.revs[t.programme, work.programme_id] = connection.execute(locked).scalar_one()


def entry_exists(connection: Connection, key: str) -> bool:
    """Say whether an entry with this idempotency key was posted before."""
    return connection.execute(select(t.entry.c.id).where(t.entry.c.key == key)).first() is not None


def recheck(connection: Connection, work: WorkSet) -> None:
    """Raise Conflict if a loaded row has changed since: the batch must be evaluated anew."""
    for table in (t.programme, t.source_object, t.member):
        revs = {row_id: rev for (of, row_id), rev in work.revs.items() if of is table}
        for chunk in chunks(sorted(revs)):
            rows = connection.execute(
                select(table.c.id, table.c.rev).where(table.c.id.in_(chunk))
            ).all()
            if len(rows) != len(chunk) or any(revs[row.id] != row.rev for row in rows):
                raise Conflict(f"{table.name} changed while a batch was evaluated")


def flush(connection: Connection, work: WorkSet) -> None:
    """Write everything that is new or changed, in an order that satisfies foreign keys."""
    _write(connection, t.member, work.members.values(), bump=True)
    _write(connection, t.store_customer, work.customers.values())
    _insert(connection, t.identity, work.inserts.pop(t.identity, []))
    _write_claims(connection, work)
    _write(connection, t.source_object, work.objects.values(), bump=True)
    _write(connection, t.redemption, work.redemptions.values())
    _write(connection, t.award, work.awards.values())
    _insert(connection, t.entry, work.inserts.pop(t.entry, []))
    _write(connection, t.lot, work.lots.values())
    for table in (t.object_part, t.object_delivery, t.redemption_use):
        rows = work.inserts.pop(table, [])
        insert_missing(connection, table, rows, keys=table.primary_key.columns.keys())
    for table, ids in work.replaced.items():
        for chunk in chunks(sorted(ids)):
            connection.execute(delete(table).where(table.c.object_id.in_(chunk)))
    work.replaced.clear()
    for table, rows in work.inserts.items():
        _insert(connection, table, rows)
    work.inserts.clear()


def _write_claims(connection: Connection, work: WorkSet) -> None:
    for claims, status in ((work.proofs, "proved"), (work.claims - work.proofs, "pending")):
        rows = [
            {
                "id": new_id(),
                "programme_id": work.programme_id,
                "member_id": member_id,
                "holder_id": holder_id,
                "email_hash": email_hash,
                "status": status,
                "created_at": work.now,
            }
            for member_id, holder_id, email_hash in sorted(claims)
        ]
        keys = ("member_id", "holder_id", "email_hash")
        insert_missing(connection, t.claim, rows, keys=keys)
    for proof in sorted(work.proofs):
        same = (t.claim.c.member_id, t.claim.c.holder_id, t.claim.c.email_hash)
        connection.execute(
            update(t.claim)
            .where(*(column == value for column, value in zip(same, proof, strict=True)))
            .where(t.claim.c.status == "pending")
            .values(status="proved")
        )
    work.claims.clear()
    work.proofs.clear()


def _write(
    connection: Connection, table: Table, rows: Iterable[Stored], *, bump: bool = False
) -> None:
    names = [f.name for f in fields(_row_class(table)) if f.name not in {"new", "dirty"}]
    kept = _WRITTEN_ELSEWHERE.get(table, frozenset())
    fresh, changed = [], []
    for row in rows:
        if not (row.new or row.dirty):
            continue
        values = {name: getattr(row, name) for name in names}
        if row.new:
            fresh.append(values)
        else:
            if bump:
                values["rev"] += 1
            changed.append({f"_{name}": values[name] for name in names if name not in kept})
        row.new = row.dirty = False
    fresh.sort(key=lambda values: values["id"])
    changed.sort(key=lambda values: values["_id"])
    _insert(connection, table, fresh)
    if changed:
        statement = update(table).where(table.c.id == bindparam("_id"))
        connection.execute(
            statement.values(
                {name: bindparam(f"_{name}") for name in names if name not in {"id", *kept}}
            ),
            changed,
        )


def _insert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), list(rows))


def object_row(row: Row[Any]) -> ObjectRow:
    """Return a selected row of `source_object` as the services work with it."""
    return row_of(ObjectRow, row)


def add_objects(
    connection: Connection, work: WorkSet, where: ColumnElement[bool], *, lock: bool
) -> None:
    """Load objects as they are stored, unless they are loaded."""
    query = select(t.source_object).where(where).order_by(t.source_object.c.id)
    for row in connection.execute(query.with_for_update() if lock else query):
        made = row_of(ObjectRow, row)
        if made.key not in work.objects:
            work.objects[made.key] = made
            work.revs[t.source_object, made.id] = made.rev


def add_awards(connection: Connection, work: WorkSet, where: ColumnElement[bool]) -> None:
    """Load awards as they are stored."""
    for row in connection.execute(select(t.award).where(where)):
        work.awards[row.id] = row_of(AwardRow, row)


def _row_class(table: Table) -> type[Stored]:
    classes: dict[str, type[Stored]] = {
        "member": MemberRow,
        "store_customer": CustomerRow,
        "source_object": ObjectRow,
        "award": AwardRow,
        "lot": LotRow,
        "redemption": RedemptionRow,
    }
    return classes[table.name]


def row_of(kind: type[StoredT], row: Row[Any]) -> StoredT:
    """Return a selected row as the services work with it."""
    values = row._mapping  # noqa: SLF001 - the documented way to a row's names
    return kind(**{f.name: values[f.name] for f in fields(kind) if f.name not in {"new", "dirty"}})


def pages(
    connection: Connection, query: Select[Any], by: ColumnElement[int], size: int
) -> Iterator[Sequence[Row[Any]]]:
    """Yield the rows of a query, so many at a time, in the order of a selected column unique to each."""
    query = query.order_by(by).limit(size)
    rows = connection.execute(query).all()
    while rows:
        yield rows
        last = rows[-1]._mapping[by]  # noqa: SLF001 - the documented way to a column of a row
        rows = connection.execute(query.where(by > last)).all()


def chunks(items: Sequence[T]) -> Iterable[Sequence[T]]:
    """Cut keys into lists that fit one statement."""
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
