"""`stempel referral`: members' codes, who brought whom, and deciding about what is held for review."""

from typing import Any

import click

from app.cli.named import member_named, programme_named
from app.cli.printing import moment, stamp
from app.cli.shared import (
    Context,
    actor_option,
    as_json,
    gather,
    how_many,
    language_option,
    limit_option,
    only_programme_option,
    pass_context,
    reason_option,
    show,
    table,
    which_programme_option,
)
from app.programme.referrals import Verdict
from app.services.referral_desk import claim, decide, invitation_of
from app.services.view_referrals import (
    SHOWN_STATES,
    ReferralView,
    list_referrals,
    reasons,
    sentence,
    show_referral,
)


@click.group()
def referral() -> None:
    """Members who recommend the shop: their codes, their friends, and what waits for a decision."""


@referral.command()
@click.argument("who", metavar="ID|EMAIL")
@which_programme_option
@as_json
@pass_context
def code(context: Context, *, who: str, programme: str | None, as_json: bool) -> None:
    """Show a member's code and links; the code is drawn when it is first asked for.

    Example: stempel referral code ola@example.pl --programme kawa
    """
    database = context.database()
    with database.snapshot() as connection:
        found = member_named(context, connection, who, programme)
    made = database.run(lambda connection: invitation_of(connection, found.id, context.clock()))
    show(
        {"member": str(found.id), "code": made.code, "links": dict(made.links)},
        as_json,
        "\n".join([made.code, *(f"{store}: {address}" for store, address in made.links)]),
    )


@referral.command("list")
@only_programme_option
@click.option("--state", type=click.Choice(SHOWN_STATES), help="Only in this state.")
@click.option("--before", type=int, metavar="ID", help="Only older ones than this referral.")
@language_option("the reasons")
@limit_option
@as_json
@pass_context
def list_all(
    context: Context,
    *,
    programme: str | None,
    state: str | None,
    before: int | None,
    language: str,
    limit: int | None,
    as_json: bool,
) -> None:
    """List referrals, newest first. Those that wait for a decision: --state held.

    Example: stempel referral list --programme kawa --state held --json
    """
    with context.database().snapshot() as connection:
        programme_id = programme_named(connection, programme)
        found = gather(
            lambda older_than, size: list_referrals(
                connection, programme_id=programme_id, state=state, before=older_than, limit=size
            ),
            how_many(limit, as_json),
            before=before,
        )
    show(
        [_row(one, language) for one in found],
        as_json,
        table(
            [
                [
                    str(one.id),
                    one.programme,
                    str(one.referrer or ""),
                    str(one.friend),
                    one.order or "",
                    one.state,
                    sentence(one, language),
                ]
                for one in found
            ],
            ["id", "programme", "referrer", "friend", "first order", "state", "score"],
        ),
    )


@referral.command("show")
@click.argument("referral_id", metavar="ID", type=int)
@language_option("the reasons")
@as_json
@pass_context
def show_one(context: Context, *, referral_id: int, language: str, as_json: bool) -> None:
    """Show one referral with what speaks against it.

    Example: stempel referral show 12345 --language pl
    """
    with context.database().snapshot() as connection:
        found = show_referral(connection, referral_id)
    show(_row(found, language), as_json, _text(found, language))


@referral.command()
@click.argument("referral_id", metavar="ID", type=int)
@reason_option
@actor_option()
@as_json
@pass_context
def approve(context: Context, *, referral_id: int, reason: str, actor: str, as_json: bool) -> None:
    """Let a referral pay whatever speaks against it.

    Example: stempel referral approve 12345 --reason "two sisters, I have asked them"
    """
    _decide(context, referral_id, Verdict.APPROVED, reason, actor, as_json=as_json)


@referral.command()
@click.argument("referral_id", metavar="ID", type=int)
@reason_option
@actor_option()
@as_json
@pass_context
def refuse(context: Context, *, referral_id: int, reason: str, actor: str, as_json: bool) -> None:
    """Let a referral pay nothing; what was paid is taken back.

    Example: stempel referral refuse 12345 --reason "one person with two mailboxes"
    """
    _decide(context, referral_id, Verdict.REFUSED, reason, actor, as_json=as_json)


@referral.command("claim")
@click.argument("friend", metavar="ID|EMAIL")
@click.argument("code", metavar="CODE")
@which_programme_option
@reason_option
@actor_option()
@as_json
@pass_context
def claim_one(
    context: Context,
    *,
    friend: str,
    code: str,
    programme: str | None,
    reason: str,
    actor: str,
    as_json: bool,
) -> None:
    """Note who recommended the shop to a person; it counts if the shop itself says nothing of it.

    Example: stempel referral claim jan@example.pl K7QM3-XTD9R --reason "told at the till"
    """
    database = context.database()
    with database.snapshot() as connection:
        found = member_named(context, connection, friend, programme)
    case = database.run(
        lambda connection: claim(
            connection,
            context.vault(),
            found.id,
            code,
            reason=reason,
            actor=actor,
            now=context.clock(),
        )
    )
    _print(context, case.main.id, as_json=as_json)


def _decide(
    context: Context, referral_id: int, verdict: Verdict, reason: str, actor: str, *, as_json: bool
) -> None:
    context.database().run(
        lambda connection: decide(
            connection,
            context.vault(),
            referral_id,
            verdict,
            reason=reason,
            actor=actor,
            now=context.clock(),
        )
    )
    _print(context, referral_id, as_json=as_json)


def _print(context: Context, referral_id: int, *, as_json: bool) -> None:
    with context.database().snapshot() as connection:
        found = show_referral(connection, referral_id)
    show(_row(found, "en"), as_json, _text(found, "en"))


def _text(found: ReferralView, language: str) -> str:
    given = f"{found.referrer_points} points for the referrer, {found.friend_points} for the friend"
    if found.pending:
        given += f", pending until {moment(found.matures_at)} UTC"
    lines = [
        f"referral {found.id} ({found.programme}): {found.state}",
        f"referrer {found.referrer or 'unknown'}, friend {found.friend}",
        f"first order {found.order or 'none yet'}",
        given,
        f"score {found.score}",
        *(f"  {weight:>3}  {text}" for text, weight in reasons(found, language)),
    ]
    if found.verdict is not None:
        lines.append(f"{found.verdict} by a person on {moment(found.decided_at)} UTC")
    return "\n".join(lines)


def _row(found: ReferralView, language: str) -> dict[str, Any]:
    return {
        "id": str(found.id),
        "programme": found.programme,
        "referrer": None if found.referrer is None else str(found.referrer),
        "friend": str(found.friend),
        "first_order": found.order,
        "stated_at": stamp(found.stated_at),
        "state": found.state,
        "score": found.score,
        "signals": [signal.value for signal in found.signals],
        "reasons": [text for text, _ in reasons(found, language)],
        "verdict": found.verdict,
        "decided_at": stamp(found.decided_at),
        "points": {"referrer": found.referrer_points, "friend": found.friend_points},
        "pending": found.pending,
        "available_at": stamp(found.matures_at),
    }
