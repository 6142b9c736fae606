"""The `stempel` command: for people and, with `--json`, for scripts. Exit status 0 means all is well."""

import sys

import click

from app.cli.actions import action
from app.cli.birthdays import birthday
from app.cli.bonuses import bonus
from app.cli.campaigns import campaign
from app.cli.deliver import deliver
from app.cli.doctor import doctor
from app.cli.donations import donation
from app.cli.draws import draw
from app.cli.events import events
from app.cli.explain import explain
from app.cli.exports import exports
from app.cli.imports import imports
from app.cli.ledger import ledger
from app.cli.members import member
from app.cli.points import points
from app.cli.programme_diff import compare, export
from app.cli.programme_versions import versions
from app.cli.programmes import programme
from app.cli.quizzes import quiz
from app.cli.redemptions import redeem, redemption
from app.cli.referrals import referral
from app.cli.replays import discard_events, groups, read_event, replay_events, replay_group
from app.cli.rewards import reward
from app.cli.segments import segment
from app.cli.serve import clock_, demo, init, migrate, up, worker
from app.cli.shadow import shadow
from app.cli.shared import Context, speaks_plainly
from app.cli.simulate import simulate
from app.cli.stores import store
from app.cli.tiers import tier
from app.cli.waiting import leave, list_waiting, wait


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="stempel")
@click.pass_context
def cli(context: click.Context) -> None:
    """Loyalty for online shops: a ledger of points that can be proved.

    Settings come from the environment (see .env.example). To try Stempel with two made-up shops:

        stempel demo

    For a real one: `stempel init` makes the keys, `stempel programme apply one-per-unit` starts a
    programme, `stempel up` serves it, `stempel store add shopify ...` (or woocommerce) connects the
    shop.
    """
    shared = context.ensure_object(Context)
    context.call_on_close(shared.close)


for command in (
    init,
    migrate,
    up,
    worker,
    clock_,
    demo,
    doctor,
    deliver,
    programme,
    store,
    member,
    tier,
    action,
    quiz,
    ledger,
    explain,
    points,
    imports,
    exports,
    events,
    replay_group,
    redeem,
    redemption,
    donation,
    draw,
    reward,
    referral,
    campaign,
    segment,
    bonus,
):
    cli.add_command(command)

for part in (wait, leave, list_waiting):
    reward.add_command(part)

for part in (versions, compare, export, simulate, shadow):
    programme.add_command(part)

for part in (groups, replay_events, read_event, discard_events):
    events.add_command(part)

member.add_command(birthday)


@speaks_plainly
def main() -> None:
    """Run the command line."""
    cli.main(prog_name="stempel", standalone_mode=True)


if __name__ == "__main__":
    sys.exit(main())
