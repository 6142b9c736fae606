"""How imports are printed, for people and for scripts."""

from typing import Any

from app.cli.printing import counted, moment, stamp
from app.programme.import_columns import SYSTEMS
from app.programme.import_values import Fault
from app.services.view_imports import BatchView, Check, WrongRow


def batch_row(one: BatchView) -> dict[str, Any]:
    """Return a batch for a script."""
    return {
        "batch": str(one.id),
        "programme": one.programme,
        "store": one.store,
        "from": one.system,
        "state": one.state,
        "reason": one.reason,
        "actor": one.actor,
        "created_at": stamp(one.created_at),
        "ended_at": stamp(one.ended_at),
        "rows": one.rows,
        "points": one.points,
        "columns": one.settings.columns,
        "unknown_columns": list(one.settings.unknown),
        "notes": list(one.settings.notes),
    }


def check_row(found: Check) -> dict[str, Any]:
    """Return what applying a batch would do, for a script."""
    return batch_row(found.batch) | {
        "people": found.people,
        "new": found.new,
        "known": found.known,
        "by_email": found.by_email,
        "to_be_confirmed": found.unproved,
        "with_one_account": found.single,
        "own_end": found.own_end,
        "tiers": dict(found.tiers),
        "wrong": [
            {
                "line": row.line,
                "state": row.state,
                "faults": [
                    {"column": fault.column, "value": fault.value, "what": fault.what}
                    for fault in row.faults
                ],
            }
            for row in found.wrong
        ],
    }


def told_batch(one: BatchView) -> str:
    """Say what became of a batch."""
    lines = [
        f"import {one.id} into {one.programme}, from {SYSTEMS[one.system].title}: {one.state}",
        f"{moment(one.created_at)} UTC, {one.actor}: {one.reason}",
    ]
    lines += [
        f"  {state}: {counted(rows, 'row')}, {counted(one.points.get(state, 0), 'point')}"
        for state, rows in sorted(one.rows.items())
    ]
    return "\n".join(lines)


def told_check(found: Check) -> str:
    """Say what applying a batch would do, and which of its rows are wrong."""
    batch = found.batch
    ready, bad = batch.rows.get("ready", 0), batch.rows.get("bad", 0)
    columns = ", ".join(f"{field} = {name!r}" for field, name in batch.settings.columns.items())
    lines = [told_batch(batch), "", f"columns: {columns}"]
    if batch.settings.unknown:
        lines.append(f"not read: {', '.join(map(repr, batch.settings.unknown))}")
    if not SYSTEMS[batch.system].sure:
        lines.append(
            f"The columns of {SYSTEMS[batch.system].title} are not confirmed by its documentation: "
            "see that they are the right ones."
        )
    lines += batch.settings.notes
    if batch.state in {"staged", "applying"}:
        own_end = counted(found.own_end, "row")
        lines += [
            "",
            f"{counted(batch.points.get('ready', 0), 'point')} in {counted(ready, 'row')}, "  # noqa: ISC004 - one line
            f"of {counted(found.people, 'person', 'people')}: {found.known} known here, {found.new} new",
            f"last day of their own: {own_end}; other points live as the programme says",
        ]
        lines += _about_emails(found)
    lines += [
        f"tier {tier!r}: {counted(rows, 'row')} (kept, not applied)" for tier, rows in found.tiers
    ]
    if found.wrong:
        lines += ["", f"wrong: {counted(bad, 'row')}" if bad else "left out:"]
    lines += [_wrong(row) for row in found.wrong]
    if bad > len(found.wrong):
        lines.append(f"  … and {bad - len(found.wrong)} more (all of them with --json)")
    if batch.state == "staged":
        skip = " --skip-bad" if bad else ""
        lines += ["", f"Nothing was changed. To do it: stempel import apply {batch.id}{skip}"]
    return "\n".join(lines)


def _about_emails(found: Check) -> list[str]:
    lines = []
    matched = found.single if found.batch.settings.match_accounts else 0
    if matched:
        lines.append(
            f"{counted(matched, 'person', 'people')} named by e-mail alone: the one shop account with that "
            "e-mail gets the points at once (--match-accounts)"
        )
    if found.by_email > matched:
        lines.append(
            f"{counted(found.by_email - matched, 'person', 'people')} named by e-mail alone: a shop "
            "account with that e-mail will have to prove it, or be confirmed"
        )
    if found.unproved and not found.batch.settings.match_accounts:
        lines.append(
            f"shop accounts with these e-mails already: for {found.unproved} of them; for "
            f"{found.single} just one, which --match-accounts would give the points at once"
        )
    return lines


def _wrong(row: WrongRow) -> str:
    return f"  line {row.line}: {'; '.join(map(_fault, row.faults))}"


def _fault(fault: Fault) -> str:
    if not fault.column:
        return fault.what
    return f"{fault.column} {fault.value!r}: {fault.what}"
