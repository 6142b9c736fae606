"""Proves that every member's entries are those that were posted: none altered, moved, missing or cut off."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, select

from app.crypto import Keyring
from app.db import tables as t
from app.services import chain, seal
from app.services.problems import Problem

_ROWS = 2_000


def sealed_heads(
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


def check_chains(
    connection: Connection,
    keyring: Keyring,
    programme_id: int,
    sealed: dict[int, dict[int, bytes]],
    problems: list[Problem],
) -> tuple[int, int]:
    """Follow every member's chain to its head; returns how many entries and members there are."""
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
