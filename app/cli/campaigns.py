"""`stempel campaign`: what runs, what is to come and what is over."""

from typing import Any

import click

from app.cli.shared import Context, as_json, pass_context, programme_option, show, table
from app.programme.campaign_times import phase
from app.programme.campaigns import Campaign
from app.programme.document import Programme
from app.services.programmes import in_force, programme_id_of, versions


@click.group()
def campaign() -> None:
    """See which campaigns give more points, and when."""


@campaign.command("list")
@programme_option
@as_json
@pass_context
def list_campaigns(context: Context, *, programme: str, as_json: bool) -> None:
    """List the campaigns of a programme: running, to come and over, by its own clocks.

    Example: stempel campaign list --programme kawa --json
    """
    now = context.clock()
    with context.database().snapshot() as connection:
        document = in_force(
            versions(connection, programme_id_of(connection, programme)), now
        ).programme
    found = [
        (one, phase(one.from_, one.until, document.timezone, now).value)
        for one in sorted(document.campaigns, key=lambda one: (one.from_, one.key))
    ]
    show(
        [_row(one, document, where) for one, where in found],
        as_json,
        f"The programme {programme} has no campaigns."
        if not found
        else table(
            [
                [
                    one.key,
                    one.shown,
                    where,
                    f"{one.from_:%Y-%m-%d %H:%M:%S}",
                    f"{one.until:%Y-%m-%d %H:%M:%S}",
                    _gain(one),
                    _whom(one),
                ]
                for one, where in found
            ],
            ["campaign", "name", "is", "from", "until", "gives", "for"],
        )
        + f"\n(times of {document.timezone})",
    )


def _row(one: Campaign, document: Programme, where: str) -> dict[str, Any]:
    return {
        "campaign": one.key,
        "name": one.shown,
        "phase": where,
        "from": one.from_.isoformat(),
        "until": one.until.isoformat(),
        "timezone": document.timezone,
        "multiply": None if one.multiply is None else str(one.multiply),
        "bonus": one.bonus,
        "rules": list(one.rules),
        "tiers": list(one.tiers),
        "segments": list(one.segments),
    }


def _gain(one: Campaign) -> str:
    gains = [] if one.multiply is None else [f"{one.multiply.normalize():f} times"]
    if one.bonus is not None:
        gains.append(f"{one.bonus} more an order")
    return ", ".join(gains)


def _whom(one: Campaign) -> str:
    """Say in short what a campaign is for; the document says it in full."""
    parts = []
    for word, named in (("rules", one.rules), ("tiers", one.tiers), ("segments", one.segments)):
        if named:
            parts.append(f"{word} {', '.join(named)}")
    if one.lines is not None or one.except_lines is not None:
        parts.append("certain lines")
    if one.channels or one.not_channels:
        parts.append("certain channels")
    least = one.goods_over if one.goods_from is None else one.goods_from
    if least is not None:
        parts.append(f"{'over' if one.goods_from is None else 'from'} {least}")
    return "; ".join(parts) or "everybody"
