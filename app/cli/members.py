"""`stempel member`: enrolling people, looking them up, confirming that two accounts are one person."""

from typing import Any

import click
import msgspec
from sqlalchemy import Connection

from app.cli.claim_text import claim_line, claim_row
from app.cli.member_gifts import gift_lines, gift_rows
from app.cli.named import member_named, programme_named
from app.cli.printing import entry_row, life_lines, life_row, moment, stamp, thing
from app.cli.redemption_text import line_of, row_of
from app.cli.shared import (
    Context,
    actor_option,
    as_json,
    gather,
    how_many,
    limit_option,
    only_programme_option,
    pass_context,
    programme_option,
    show,
    table,
    which_programme_option,
)
from app.cli.tiers import tier_lines, tier_row
from app.services.enrol import add_member, confirm_claim
from app.services.explain import render
from app.services.links import LIFE, claim_link
from app.services.programmes import programme_id_of
from app.services.view_awards import AwardView
from app.services.view_claims import pending_claims
from app.services.view_ledger import EntryView, ledger_of, sentence
from app.services.view_members import (
    MemberDetail,
    MemberView,
    ObjectView,
    find_member,
    list_members,
    show_member,
)
from app.services.view_redemptions import list_redemptions
from app.services.view_tiers import tier_view
from app.services.views import programme_views


@click.group()
def member() -> None:
    """Enrol people, look them up, confirm that two accounts are one person."""


@member.command()
@programme_option
@click.option("--email", required=True, metavar="ADDRESS", help="The person's e-mail address.")
@as_json
@pass_context
def add(context: Context, *, programme: str, email: str, as_json: bool) -> None:
    """Enrol a person; what guests gathered under the e-mail becomes theirs.

    Somebody who is a member already stays the same member.

    Example: stempel member add --programme kawa --email ola@example.pl --json
    """

    def join(connection: Connection) -> MemberView:
        member_id = add_member(
            connection,
            context.vault(),
            programme_id=programme_id_of(connection, programme),
            email=email,
            now=context.clock(),
        )
        return find_member(connection, context.vault(), str(member_id))

    found = context.database().run(join)
    show(_row(found), as_json, f"member {found.id}: {found.balance} points")


@member.command("list")
@only_programme_option
@click.option("--search", metavar="EMAIL|ID", help="Only with this e-mail (all of it) or id.")
@click.option(
    "--state",
    type=click.Choice(["member", "guest", "merged", "erased"]),
    help="Only in this state; guests only gather points.",
)
@click.option("--before", type=int, metavar="ID", help="Only older ones than this member.")
@limit_option
@as_json
@pass_context
def list_all(
    context: Context,
    *,
    programme: str | None,
    search: str | None,
    state: str | None,
    before: int | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List members with their balances, newest first.

    Example: stempel member list --programme kawa --state member --json
    """
    with context.database().snapshot() as connection:
        programme_id = programme_named(connection, programme)
        found = gather(
            lambda older_than, size: list_members(
                connection,
                context.vault(),
                search=search,
                programme_id=programme_id,
                state=state,
                before=older_than,
                limit=size,
            ),
            how_many(limit, as_json),
            before=before,
        )
    show(
        [_row(one) for one in found],
        as_json,
        table(
            [
                [
                    str(one.id),
                    one.programme,
                    one.email or "",
                    one.state,
                    str(one.balance),
                    str(one.pending),
                    moment(one.enrolled_at),
                ]
                for one in found
            ],
            ["id", "programme", "e-mail", "state", "balance", "pending", "enrolled (UTC)"],
        ),
    )


@member.command("show")
@click.argument("who", metavar="ID|EMAIL")
@which_programme_option
@as_json
@pass_context
def show_one(context: Context, *, who: str, programme: str | None, as_json: bool) -> None:
    """Show one member: balance, accounts in the shops, claims, orders, newest entries and rewards.

    Example: stempel member show ola@example.pl --json
    """
    vault = context.vault()
    with context.database().snapshot() as connection:
        one = member_named(context, connection, who, programme)
        found = show_member(connection, vault, one.id, now=context.clock())
        entries = ledger_of(connection, one.id).items
        taken = list_redemptions(connection, member_id=one.id).items
        published = programme_views(connection)[one.programme_id]
        standing = tier_view(connection, one.id, context.clock())
    currency = published.currency
    codes = ["", "rewards taken:", *(f"  {line_of(code)}" for code in taken)] if taken else []
    show(
        _detail(found, entries, currency)
        | life_row(found)
        | tier_row(standing)
        | {"redemptions": [row_of(code) for code in taken]},
        as_json,
        "\n".join(
            [
                _as_text(found, entries, currency),
                *tier_lines(standing),
                *life_lines(found, published.zone),
                *codes,
            ]
        ),
    )


@member.command()
@only_programme_option
@as_json
@pass_context
def claims(context: Context, *, programme: str | None, as_json: bool) -> None:
    """List accounts that may be one person's, waiting for a person's word.

    They carry the same e-mail. Confirming joins them: points and orders of both are one member's then,
    the one that is named to stay. An e-mail alone proves nobody: WooCommerce does not check it. Confirm
    a claim only if you know that both are the same person:

    stempel member confirm CLAIM --reason "called us from the shop's number"
    """
    with context.database().snapshot() as connection:
        programme_id = programme_named(connection, programme)
        found = pending_claims(connection, programme_id=programme_id)
    show(
        [claim_row(one) for one in found],
        as_json,
        table(
            [
                [
                    str(one.id),
                    one.programme,
                    f"{one.member_state} {one.member_id}: {one.member_balance}",
                    f"{one.holder_state} {one.holder_id}: {one.holder_balance}",
                    str(one.staying_id),
                    moment(one.created_at),
                ]
                for one in found
            ],
            ["claim", "programme", "account: points", "is it this one?", "stays", "since (UTC)"],
        ),
    )


@member.command()
@click.argument("claim", type=int, metavar="CLAIM")
@click.option("--reason", required=True, help="How you know; kept in the audit log.")
@actor_option("Who confirms.")
@as_json
@pass_context
def confirm(context: Context, *, claim: int, reason: str, actor: str, as_json: bool) -> None:
    """Join the two accounts of a claim: they are one person's.

    The points, orders and shop accounts of both are one member's from then on, and every shop shows
    that one balance. Cannot be undone.

    Example: stempel member confirm 385862746112131073 --reason "showed the order's receipt"
    """

    def join(connection: Connection) -> MemberView:
        member_id = confirm_claim(
            connection,
            context.vault(),
            claim_id=claim,
            actor=actor,
            reason=reason,
            now=context.clock(),
        )
        return find_member(connection, context.vault(), str(member_id))

    found = context.database().run(join)
    show(_row(found), as_json, f"member {found.id} has it all now: {found.balance} points")


@member.command()
@click.argument("claim", type=int, metavar="CLAIM")
@as_json
@pass_context
def link(context: Context, *, claim: int, as_json: bool) -> None:
    """Print a one-time link and the e-mail to send it to: who opens it and says yes has proved it.

    Send it to that address and to no other, whatever the accounts say meanwhile.

    Example: stempel member link 385862746112131073
    """
    with context.database().snapshot() as connection:
        made = claim_link(
            connection,
            context.vault(),
            public_url=context.settings.public_url,
            claim_id=claim,
            now=context.clock(),
        )
    days = LIFE.days
    show(
        {"link": made.address, "email": made.email, "days": days},
        as_json,
        f"{made.address}\nFor {made.email} alone. It works once, within {days} days.",
    )


def _row(one: MemberView) -> dict[str, Any]:
    """Return a member for a script. Ids are strings: JSON numbers lose digits in some readers."""
    return {
        "id": str(one.id),
        "programme": one.programme,
        "email": one.email,
        "state": one.state,
        "balance": one.balance,
        "pending": one.pending,
        "enrolled_at": stamp(one.enrolled_at),
        "merged_into": None if one.merged_into is None else str(one.merged_into),
    }


def _detail(found: MemberDetail, entries: list[EntryView], currency: str) -> dict[str, Any]:
    return _row(found.member) | {
        "joined": [str(one) for one in found.joined],
        "stores": [
            {
                "store": one.store,
                "customer": one.external_id,
                "gone": one.gone,
                "due": one.due,
                "balance": one.balance,
                "written_at": stamp(one.written_at),
                "error": one.error,
            }
            for one in found.customers
        ],
        "claims": [claim_row(one) for one in found.claims],
        "objects": [_object(one) for one in found.objects.items],
        "windows": [_award(one) for one in found.windows],
        **gift_rows(found.gifts),
        "entries": [entry_row(one, "en", currency) for one in entries],
    }


def _object(one: ObjectView) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "kind": one.kind,
        "external_id": one.external_id,
        "number": one.number,
        "store": one.store,
        "status": one.status,
        "amount": None if one.amount is None else str(one.amount),
        "currency": one.currency,
        "occurred_at": stamp(one.occurred_at),
        "awards": [_award(award) for award in one.awards],
    }


def _award(one: AwardView) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "window": one.window,
        "points": one.points,
        "forgiven": one.forgiven,
        "pending": one.pending,
        "matures_at": stamp(one.matures_at),
        "expired": one.expired,
        "explanation": None if one.explanation is None else msgspec.to_builtins(one.explanation),
    }


def _as_text(found: MemberDetail, entries: list[EntryView], currency: str) -> str:
    one = found.member
    lines = [
        f"member {one.id} of {one.programme}: {one.email or '(no e-mail known)'}",
        f"{one.state}, {one.balance} points, {one.pending} pending"
        + (f", enrolled {moment(one.enrolled_at)} UTC" if one.enrolled_at else ""),
    ]
    if one.merged_into is not None:
        lines.append(f"joined to member {one.merged_into}, who has its points and orders")
    if found.joined:
        lines.append(f"joined to it: {', '.join(map(str, found.joined))}")
    if found.customers:
        lines += ["", "in the shops:"]
    for customer in found.customers:
        shown = "nothing written yet" if customer.balance is None else f"shows {customer.balance}"
        told = [shown, "to be written" if customer.due else "", customer.error or ""]
        lines.append(
            f"  {customer.store}, customer {customer.external_id}: {', '.join(filter(None, told))}"
        )
    if found.claims:
        lines += ["", "claims:"]
    lines += [f"  {claim_line(claim)}" for claim in found.claims]
    if found.objects.items or found.windows:
        lines += ["", "what is worth what:"]
    for item in found.objects.items:
        lines += [f"  {thing(item)}: {_worth(award, currency)}" for award in item.awards]
    lines += [f"  {award.rule}: {_worth(award, currency)}" for award in found.windows]
    lines += gift_lines(found.gifts)
    if entries:
        lines += ["", "newest entries:"]
    lines += [f"  {entry.seq}. {_when(entry)}: {_entry(entry, currency)}" for entry in entries]
    return "\n".join(lines)


def _when(entry: EntryView) -> str:
    """Say when an entry was written, and about what."""
    written = f"{moment(entry.recorded_at)} UTC"
    return written if entry.about is None else f"{written}, {thing(entry.about)}"


def _entry(entry: EntryView, currency: str) -> str:
    told = sentence(entry, "en", currency)
    return told if entry.other is None else f"{told} ({entry.other})"


def _worth(award: AwardView, currency: str) -> str:
    return render(
        award.explanation,
        "award",
        award.points,
        "en",
        window=award.window,
        currency=currency,
        names=award.names,
    )
