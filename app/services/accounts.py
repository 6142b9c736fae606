"""Loads accounts into a batch's working set: by shop customer, by e-mail and by id, with their merges."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select, tuple_

from app.db import tables as t
from app.errors import NotFound
from app.services.rows import CustomerRow, MemberRow
from app.services.workset import WorkSet, chunks, row_of


def load_people(
    connection: Connection,
    work: WorkSet,
    *,
    customers: Iterable[tuple[int, str]],
    hashes: Iterable[bytes],
    owners: Iterable[int],
    lock: bool,
    reviewed: Iterable[int] = (),
) -> None:
    """Load accounts by shop customer, by e-mail hash and by id, with every merge target.

    `reviewed` are stores that new reviews are of: who has an account there is loaded too.
    """
    wanted = set(owners) | {row.owner_id for row in work.objects.values() if row.owner_id}
    named = sorted(customers)
    wanted |= _load_customers(connection, work, named)
    carrying = _load_carriers(connection, work, hashes)
    wanted |= carrying
    load_members(connection, work, wanted, lock=lock)
    _load_homes(connection, work, set(reviewed))
    if lock:
        # As they are now that nobody else changes them.
        load_members(connection, work, _load_customers(connection, work, named), lock=lock)
    _load_customers_of(connection, work, {work.member(one).id for one in carrying})


def _load_carriers(connection: Connection, work: WorkSet, hashes: Iterable[bytes]) -> set[int]:
    """Load who holds these e-mails; returns them and all who have one as contact or in a shop."""
    found: set[int] = set()
    for known in chunks(sorted(hashes)):
        held = connection.execute(
            select(t.identity.c.email_hash, t.identity.c.member_id).where(
                t.identity.c.programme_id == work.programme_id, t.identity.c.email_hash.in_(known)
            )
        )
        work.identities |= {row.email_hash: row.member_id for row in held}
        for table, whose in (
            (t.member, t.member.c.id),
            (t.store_customer, t.store_customer.c.member_id),
        ):
            carried = select(whose).where(
                table.c.programme_id == work.programme_id, table.c.email_hash.in_(known)
            )
            found |= set(connection.execute(carried).scalars())
    return found | set(work.identities.values())


def _load_homes(connection: Connection, work: WorkSet, stores: set[int]) -> None:
    """Load who has an account in the shops of reviews: theirs are the reviews first."""
    stores |= {row.store_id for row in work.objects.values() if row.writer_hash is not None}
    for chunk in chunks(sorted(work.members)) if stores else ():
        rows = connection.execute(
            select(t.store_customer.c.member_id, t.store_customer.c.store_id).where(
                t.store_customer.c.member_id.in_(chunk), t.store_customer.c.store_id.in_(stores)
            )
        )
        work.homes |= {(row.member_id, row.store_id) for row in rows}


def _load_customers(
    connection: Connection, work: WorkSet, keys: Sequence[tuple[int, str]]
) -> set[int]:
    """Load accounts in shops as they are; returns whose they are."""
    owners = set()
    for chunk in chunks(keys):
        rows = connection.execute(
            select(t.store_customer).where(
                tuple_(t.store_customer.c.store_id, t.store_customer.c.external_id).in_(chunk)
            )
        )
        for row in rows:
            made = row_of(CustomerRow, row)
            work.customers[made.store_id, made.external_id] = made
            owners.add(made.member_id)
    return owners


def _load_customers_of(connection: Connection, work: WorkSet, members: set[int]) -> None:
    """Load the shop accounts of those who have to do with an e-mail, to see which have it now."""
    for chunk in chunks(sorted(members)):
        rows = connection.execute(
            select(t.store_customer).where(t.store_customer.c.member_id.in_(chunk))
        )
        for row in rows:
            work.customers.setdefault((row.store_id, row.external_id), row_of(CustomerRow, row))


def load_member(connection: Connection, work: WorkSet, member_id: int) -> MemberRow:
    """Load and lock a person by the id of any account; returns the account that stays.

    Raises NotFound for who is not in the programme.
    """
    load_members(connection, work, [member_id], lock=connection.dialect.name != "sqlite")
    if member_id not in work.members or work.members[member_id].programme_id != work.programme_id:
        raise NotFound(f"there is no member {member_id} in this programme")
    return work.member(member_id)


def load_members(connection: Connection, work: WorkSet, ids: Iterable[int], *, lock: bool) -> None:
    """Load accounts in id order, with those they were joined to and those joined to them.

    The latter are never locked: nothing is posted to them any more.
    """
    known = set(work.members)
    missing = sorted(set(ids) - known)
    while missing:
        for chunk in chunks(missing):
            query = select(t.member).where(t.member.c.id.in_(chunk)).order_by(t.member.c.id)
            _add_members(connection, work, query.with_for_update() if lock else query)
        targets = {m.merged_into for m in work.members.values() if m.merged_into is not None}
        missing = sorted(targets - work.members.keys())
    fresh = sorted(work.members.keys() - known)
    while fresh:
        known |= set(fresh)
        for chunk in chunks(fresh):
            _add_members(
                connection, work, select(t.member).where(t.member.c.merged_into.in_(chunk))
            )
        fresh = sorted(work.members.keys() - known)


def _add_members(connection: Connection, work: WorkSet, query: Select[Any]) -> None:
    for row in connection.execute(query):
        if row.id not in work.members:
            work.members[row.id] = row_of(MemberRow, row)
            work.revs[t.member, row.id] = row.rev


def people_of(connection: Connection, members: Iterable[int]) -> dict[int, int]:
    """Return whose each account is now: of all accounts that these people have."""
    return accounts_of(connection, sorted(staying(connection, members)))


def staying(connection: Connection, members: Iterable[int]) -> set[int]:
    """Return the accounts that stay of these people, following merges."""
    asked, found = set(members), set[int]()
    while asked:
        ended: set[int] = set()
        for chunk in chunks(sorted(asked)):
            rows = connection.execute(
                select(t.member.c.id, t.member.c.merged_into).where(t.member.c.id.in_(chunk))
            ).all()
            found |= {row.id for row in rows if row.merged_into is None}
            ended |= {row.merged_into for row in rows if row.merged_into is not None}
        asked = ended
    return found


def accounts_of(connection: Connection, members: Sequence[int]) -> dict[int, int]:
    """Return whose each account is now: of these members and all that were joined to them."""
    homes = {member: member for member in members}
    ends = list(members)
    while ends:
        new: dict[int, int] = {}
        for chunk in chunks(ends):
            rows = connection.execute(
                select(t.member.c.id, t.member.c.merged_into).where(
                    t.member.c.merged_into.in_(chunk)
                )
            )
            new |= {row.id: homes[row.merged_into] for row in rows if row.id not in homes}
        homes |= new
        ends = sorted(new)
    return homes
