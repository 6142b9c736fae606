"""How times, numbers and ledger entries are printed, for people and for scripts."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from app.services.view_ledger import EntryView, ObjectName, sentence
from app.services.view_members import MemberDetail, ObjectView


def moment(value: datetime | None) -> str:
    """Write a time for a table: UTC, to the second."""
    return "" if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def stamp(value: datetime | None) -> str | None:
    """Write a time for a script: ISO 8601, UTC."""
    return None if value is None else value.astimezone(UTC).isoformat()


def counted(number: int, one: str, many: str | None = None) -> str:
    """Say how many there are of a thing; `many` is its plural where that is not made with an s."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def shortened(said: str, longest: int = 60) -> str:
    """Return what fits into a column of a table."""
    return said if len(said) <= longest else f"{said[: longest - 1].rstrip()}…"


def thing(one: ObjectName | ObjectView) -> str:
    """Name a source object as people know it: by the number it has in the shop, if it has one."""
    return f"{one.kind} {one.number or one.external_id}"


def life_row(found: MemberDetail) -> dict[str, Any]:
    """Return for a script what becomes available when, and what expires when."""
    return {
        "available": [{"points": one.points, "at": stamp(one.at)} for one in found.available],
        "expiring": [{"points": one.points, "at": stamp(one.at)} for one in found.expiring],
    }


def life_lines(found: MemberDetail, zone: ZoneInfo) -> list[str]:
    """Say what becomes available when, and through which day points live."""
    lines = [
        f"  {one.points} pending, available from {one.at.astimezone(zone):%Y-%m-%d %H:%M}"
        for one in found.available
    ]
    lines += [
        f"  {one.points} expire after {one.last.astimezone(zone):%Y-%m-%d}"
        for one in found.expiring
    ]
    return ["", f"what comes and goes (days of {zone.key}):", *lines] if lines else []


def entry_row(entry: EntryView, language: str, currency: str | None = None) -> dict[str, Any]:
    """Return a ledger entry for a script. Ids are strings: JSON numbers lose digits in some readers."""
    return {
        "id": str(entry.id),
        "member": str(entry.member_id),
        "seq": entry.seq,
        "kind": entry.kind,
        "points": entry.points,
        "pending": entry.pending,
        "balance": entry.balance,
        "rule": entry.rule,
        "version": entry.version,
        "about": None if entry.about is None else f"{entry.about.kind} {entry.about.external_id}",
        "store": None if entry.about is None else entry.about.store,
        "delivery": None if entry.delivery_id is None else str(entry.delivery_id),
        "occurred_at": stamp(entry.occurred_at),
        "recorded_at": stamp(entry.recorded_at),
        "text": sentence(entry, language, currency),
        "note": entry.note,
        "other_member": None if entry.other is None else str(entry.other),
        "explanation": None
        if entry.explanation is None
        else msgspec.to_builtins(entry.explanation),
    }
