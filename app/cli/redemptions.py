"""`stempel redeem` and `stempel redemption`: turning points into codes, and what becomes of them."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import click
from sqlalchemy import Connection

from app.cli.named import member_named, programme_named
from app.cli.printing import moment
from app.cli.redemption_text import (
    called,
    csv_of,
    detail_of,
    row_of,
    shown_as,
    state_of,
    text_of,
)
from app.cli.rewards import outlets_of, unknown_reward
from app.cli.shared import (
    Context,
    actor_option,
    as_json,
    gather,
    how_many,
    limit_option,
    only_programme_option,
    pass_context,
    reason_option,
    show,
    table,
    which_programme_option,
)
from app.errors import ConfigError, NotFound
from app.programme.by_hand import BY_HAND, DOWNLOAD, DRAW
from app.services.draws import closes_at
from app.services.fulfil import fulfil
from app.services.limits import asking_of, supply_of
from app.services.programmes import in_force, versions
from app.services.redeem import redeem as take
from app.services.release import release as give_back
from app.services.settle_credit import settle_credit
from app.services.stores import get_store
from app.services.view_members import MemberView, find_member
from app.services.view_redemptions import (
    STATES,
    RedemptionDetail,
    RedemptionView,
    find_redemption,
    list_redemptions,
    show_redemption,
)


@click.command()
@click.argument("who", metavar="MEMBER")
@click.argument("reward", required=False)
@click.option(
    "--store", metavar="KEY", help="Which shop the code is for, if it can be had in many."
)
@which_programme_option
@click.option(
    "--key", metavar="REQUEST", help="A word of yours for this act: given again, nothing is spent."
)
@actor_option()
@as_json
@pass_context
def redeem(
    context: Context,
    *,
    who: str,
    reward: str | None,
    store: str | None,
    programme: str | None,
    key: str | None,
    actor: str,
    as_json: bool,
) -> None:
    """Turn a member's points into a discount code.

    MEMBER is an id or an e-mail address, REWARD a key out of the programme; without it, those that
    can be had are listed. The points are spent at once and the shop is asked for the code, which works
    as soon as it has it; should it never come into being, the points come back.

    Example: stempel redeem ola@example.pl ten-percent --store kawa-shop --json
    """

    def spend(connection: Connection) -> tuple[RedemptionDetail, MemberView, str]:
        one = member_named(context, connection, who, programme)
        shops = outlets_of(context, connection, one.programme_id)
        now = context.clock()
        version = in_force(versions(connection, one.programme_id), now)
        if reward not in {known.key for known in version.programme.rewards}:
            asking = asking_of(connection, one.id)
            supply = supply_of(connection, one.programme_id, version.programme, now, asking)
            raise NotFound(unknown_reward(reward, version, shops, supply))
        redemption_id = take(
            connection,
            context.vault(),
            programme_id=one.programme_id,
            member_id=one.id,
            reward=reward,
            outlets=shops,
            store_key=store,
            request_key=key,
            actor=actor,
            now=now,
        )
        taken = show_redemption(connection, redemption_id)
        mine = find_member(connection, context.vault(), str(taken.redemption.member_id))
        closes = closes_at(versions(connection, one.programme_id), taken.redemption.reward, now)
        return taken, mine, _onward(taken, closes)

    found, member, onward = context.database().run(spend)
    one = found.redemption
    show(
        row_of(one) | {"balance": member.balance},
        as_json,
        f"redemption {one.id}: {called(one)} for {one.cost} points\n"
        f"{shown_as(one)} for {one.store}, {one.state}: {onward}\n"
        f"member {member.id}: {member.balance} points",
    )


def _onward(found: RedemptionDetail, closes: datetime) -> str:
    """Say what happens with a reward just taken; `closes`: until when a draw has tickets."""
    one = found.redemption
    if one.kind == DOWNLOAD:
        return "the member can open it now"
    if one.kind == DRAW and found.drawn is not None:
        return "its draw was held"
    if one.kind == DRAW:
        return f"the winners are drawn once the time for tickets is over, {moment(closes)} UTC"
    if one.at_once:
        return "people see to it" if one.kind in BY_HAND else "the shop is told"
    return "it works as soon as the shop has it" if one.made_at is None else "the shop has it"


@click.group()
def redemption() -> None:
    """See the rewards that were taken, and give their points back.

    A redemption is reserved (the shop is asked to make the code), issued (the code can be used), used
    (an order shows it), released (nobody can use the code, the points are back) or lapsed (it ended unused,
    and its reward gives nothing back for that).
    """


@redemption.command("list")
@only_programme_option
@click.option("--state", type=click.Choice(STATES), help="Only in this state.")
@click.option("--store", metavar="KEY", help="Only of this store.")
@click.option("--member", "who", metavar="ID|EMAIL", help="Only of this member.")
@click.option("--search", metavar="CODE", help="Only with this code (all of it, in any case).")
@click.option("--before", type=int, metavar="ID", help="Only older ones than this redemption.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, for spreadsheets.")
@limit_option
@as_json
@pass_context
def list_all(
    context: Context,
    *,
    programme: str | None,
    state: str | None,
    store: str | None,
    who: str | None,
    search: str | None,
    before: int | None,
    limit: int | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """List redemptions, newest first.

    Example, codes not used yet: stempel redemption list --state issued --csv > codes.csv
    """
    if as_csv and as_json:
        raise ConfigError("--csv and --json exclude each other.")
    with context.database().snapshot() as connection:
        programme_id = programme_named(connection, programme)
        store_id = None if store is None else get_store(connection, store).id
        member_id = (
            None
            if who is None
            else find_member(connection, context.vault(), who, programme_id=programme_id).id
        )
        found = gather(
            lambda older_than, size: list_redemptions(
                connection,
                programme_id=programme_id,
                state=state,
                store_id=store_id,
                member_id=member_id,
                search=search,
                before=older_than,
                limit=size,
            ),
            how_many(limit, as_json or as_csv),
            before=before,
        )
    rows = [row_of(one) for one in found]
    if as_csv:
        click.echo(csv_of(rows), nl=False)
        return
    show(
        rows,
        as_json,
        table(
            [
                [
                    str(one.id),
                    moment(one.created_at),
                    one.code or "",
                    one.reward,
                    str(one.cost),
                    str(one.member_id),
                    one.store,
                    state_of(one),
                ]
                for one in found
            ],
            ["id", "taken (UTC)", "code", "reward", "cost", "member", "store", "state"],
        ),
    )


@redemption.command("show")
@click.argument("which", metavar="ID|CODE")
@as_json
@pass_context
def show_one(context: Context, *, which: str, as_json: bool) -> None:
    """Show one redemption: its code, its way, what is next, the orders that showed the code.

    Example: stempel redemption show K7QM-3XTD-9RWB
    """
    with context.database().snapshot() as connection:
        found = show_redemption(connection, find_redemption(connection, which))
    mails = context.settings.mail is not None
    show(detail_of(found), as_json, text_of(found, mails=mails))


@redemption.command()
@click.argument("which", metavar="ID|CODE")
@reason_option
@actor_option()
@as_json
@pass_context
def release(context: Context, *, which: str, reason: str, actor: str, as_json: bool) -> None:
    """Take a code back that was not used; its points come back once that is certain.

    The shop is asked to end the code, and to say that nobody used it. Until it has, the redemption
    stays as it is. One that an order has used cannot be released.

    Example: stempel redemption release 385862746112131073 --reason "took the wrong one"
    """
    one = _after(context, give_back, which, reason=reason, actor=actor)
    back = "the points are back" if one.dead_at else "the points come back when the shop confirms"
    show(row_of(one), as_json, f"redemption {one.id}: {one.state}, {back}")


@redemption.command("fulfil")
@click.argument("which", metavar="ID")
@click.option("--reason", required=True, help="Why, or to whom; kept in the audit log.")
@actor_option()
@as_json
@pass_context
def hand_out(context: Context, *, which: str, reason: str, actor: str, as_json: bool) -> None:
    """Note that a prize was handed out (also to who won a draw), or that a member was at an event.

    It cannot be released any more.

    Example: stempel redemption fulfil 385862746112131073 --reason "at the counter"
    """
    one = _after(context, fulfil, which, reason=reason, actor=actor)
    show(row_of(one), as_json, f"redemption {one.id}: {called(one)}, used")


@redemption.command("settle")
@click.argument("which", metavar="ID")
@click.option("--given", metavar="NUMBER", help="The shop has given it: by this transaction.")
@click.option("--not-given", is_flag=True, help="The shop has not given it: it is given anew.")
@click.option("--reason", required=True, help="How you know; kept in the audit log.")
@actor_option()
@as_json
@pass_context
def settle(
    context: Context,
    *,
    which: str,
    given: str | None,
    not_given: bool,
    reason: str,
    actor: str,
    as_json: bool,
) -> None:
    """Say whether the shop has given store credit, where that could not be told.

    Such a redemption says so (stempel redemption show ID), with the numbers of the transactions on the
    customer's account that could be it.

    Example: stempel redemption settle 385862746112131073 --not-given --reason "looked at the account"
    """
    if (given is not None) == not_given:
        raise ConfigError("Give either --given NUMBER or --not-given.")
    act = partial(settle_credit, given=given)
    one = _after(context, act, which, reason=reason, actor=actor)
    then = "the shop is asked about it" if given else "the shop is asked to give it"
    show(row_of(one), as_json, f"redemption {one.id}: {one.state}, {then}")


def _after(
    context: Context, act: Callable[..., object], which: str, *, reason: str, actor: str
) -> RedemptionView:
    """Do something about the redemption with this id or code; returns how it stands then."""

    def write(connection: Connection) -> RedemptionView:
        number = find_redemption(connection, which)
        act(
            connection,
            context.vault(),
            redemption_id=number,
            reason=reason,
            actor=actor,
            now=context.clock(),
        )
        return show_redemption(connection, number).redemption

    return context.database().run(write)
