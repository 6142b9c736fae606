"""`stempel ledger`: a member's entries with the reason for each, and the proof that all is as it was."""

import sys

import click
import msgspec

from app.cli.named import member_named, programme_named
from app.cli.printing import counted, entry_row, moment, thing
from app.cli.shared import (
    Context,
    as_json,
    gather,
    how_many,
    language_option,
    limit_option,
    only_programme_option,
    pass_context,
    show,
    which_programme_option,
)
from app.errors import ConfigError
from app.services.rebuild import Difference, rebuild
from app.services.verify import Problem
from app.services.verify import verify as prove
from app.services.view_ledger import ledger_of, sentence
from app.services.views import programme_views


@click.group()
def ledger() -> None:
    """Read the ledger, and prove it."""


@ledger.command("show")
@click.argument("who", metavar="MEMBER")
@which_programme_option
@language_option("the explanations")
@limit_option
@as_json
@pass_context
def show_entries(
    context: Context,
    *,
    who: str,
    programme: str | None,
    language: str,
    limit: int | None,
    as_json: bool,
) -> None:
    """Print a member's entries, oldest first, each with its id and the reason for it.

    MEMBER is an id or an e-mail address; `stempel explain ENTRY` takes an entry's id.

    Example: stempel ledger show ola@example.pl --language pl
    """
    with context.database().snapshot() as connection:
        one = member_named(context, connection, who, programme)
        currency = programme_views(connection)[one.programme_id].currency
        found = gather(
            lambda older_than, size: ledger_of(connection, one.id, before=older_than, limit=size),
            how_many(limit, as_json),
        )
    found.reverse()
    lines = [f"member {one.id} of {one.programme}: {one.balance} points, {one.pending} pending"]
    for entry in found:
        about = f"  {thing(entry.about)}" if entry.about else ""
        waits = f" (pending {entry.pending:+d})" if entry.pending else ""
        change = f"{entry.points:+d} → {entry.balance}{waits}"
        lines += [
            "",
            f"{entry.seq}. {moment(entry.recorded_at)} UTC  {change}{about}  (entry {entry.id})",
            f"   {sentence(entry, language, currency)}",
        ]
        if entry.note:
            lines.append(f"   {entry.note}")
    show(
        {
            "member": str(one.id),
            "balance": one.balance,
            "pending": one.pending,
            "entries": [entry_row(entry, language, currency) for entry in found],
        },
        as_json,
        "\n".join(lines),
    )


@ledger.command()
@only_programme_option
@as_json
@pass_context
def verify(context: Context, *, programme: str | None, as_json: bool) -> None:
    """Prove that no entry was altered, removed or made up, and that every balance is right.

    Checks the chain of every member against the daily seals, the balances and lots against the
    entries, and the entries against what the stored orders are worth. Exit status 1 and one line for
    each problem if anything is wrong. Changes nothing.

    Example, as a nightly check: stempel ledger verify --json
    """
    with context.database().snapshot() as connection:
        programme_id = programme_named(connection, programme)
        report = prove(connection, context.settings.keyring, programme_id=programme_id)
    over = (
        f"{counted(report.entries, 'entry', 'entries')} of {counted(report.members, 'member')}, "
        f"{counted(report.objects, 'object')}"
    )
    lines = [f"All is well: {over}."]
    if not report.ok:
        lines = [f"{counted(len(report.problems), 'problem')} in {over}:"]
        lines += [f"  {_problem(one)}" for one in report.problems]
    show(
        {
            "ok": report.ok,
            "entries": report.entries,
            "members": report.members,
            "objects": report.objects,
            "problems": [
                {
                    "what": one.what,
                    "member": _id(one.member),
                    "entry": _id(one.entry),
                    "object": _id(one.object),
                }
                for one in report.problems
            ],
        },
        as_json,
        "\n".join(lines),
    )
    if not report.ok:
        sys.exit(1)


@ledger.command("rebuild")
@click.option("--check", is_flag=True, help="Compare and change nothing; needed.")
@only_programme_option
@as_json
@pass_context
def rebuild_check(context: Context, *, check: bool, programme: str | None, as_json: bool) -> None:
    """Work out the ledger anew from the stored facts, and name everything that differs.

    For every person, order or window, and rule: what it is worth under the version that judged it,
    against what was posted; and every balance from these, with corrections, expiries, imports and joins
    as they are. Exit status 1 if anything differs. Changes nothing.

    Example: stempel ledger rebuild --check --programme kawa
    """
    if not check:
        raise ConfigError("a ledger is only ever appended to; see what differs with --check")
    with context.database().snapshot() as connection:
        programme_id = programme_named(connection, programme)
        found = rebuild(connection, programme_id=programme_id)
    over = (
        f"{counted(found.members, 'person')}, {counted(found.objects, 'object')}, "
        f"{counted(found.compared, 'award')}"
    )
    lines = [f"Facts and ledger agree: {over}."]
    if not found.ok:
        several = len(found.differences) + len(found.balances) + len(found.referrals)
        lines = [f"{counted(several, 'difference')} in {over}:"]
        lines += [f"  {_difference(one)}" for one in found.differences]
        lines += [
            f"  member {one.member}: the balance is {one.balance}, worked out anew {one.rebuilt}"
            for one in found.balances
        ]
        lines += [f"  {_problem(one)}" for one in found.referrals]
    show(
        {
            "ok": found.ok,
            "members": found.members,
            "objects": found.objects,
            "compared": found.compared,
            "differences": [
                msgspec.to_builtins(one) | {"member": str(one.member), "object": _id(one.object)}
                for one in found.differences
            ],
            "balances": [
                msgspec.to_builtins(one) | {"member": str(one.member)} for one in found.balances
            ],
            "referrals": [{"what": one.what, "member": _id(one.member)} for one in found.referrals],
        },
        as_json,
        "\n".join(lines),
    )
    if not found.ok:
        sys.exit(1)


def _difference(one: Difference) -> str:
    what = one.name or (f"window {one.window}" if one.window else f"object {one.object}")
    rule = f", rule {one.rule}" if one.rule else ""
    worth = "cannot be judged any more" if one.rebuilt is None else f"worth {one.rebuilt}"
    return f"member {one.member}, {what}{rule}: {worth}, posted {one.posted}"


def _problem(one: Problem) -> str:
    where = [
        f"{name} {value}"
        for name, value in msgspec.structs.asdict(one).items()
        if name != "what" and value is not None
    ]
    return f"{', '.join(where)}: {one.what}" if where else one.what


def _id(value: int | None) -> str | None:
    return None if value is None else str(value)
