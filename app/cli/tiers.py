"""`stempel tier`: the tiers of a programme and how many have each; and a member's own tier."""

from typing import Any

import click

from app.cli.printing import moment, stamp
from app.cli.shared import Context, as_json, pass_context, programme_option, show, table
from app.services.programmes import programme_id_of
from app.services.texts import texts
from app.services.view_tiers import TierView, missing_words, tier_counts, tier_name


@click.group()
def tier() -> None:
    """See the tiers of a programme."""


@tier.command("list")
@programme_option
@as_json
@pass_context
def list_all(context: Context, *, programme: str, as_json: bool) -> None:
    """List the tiers with how many members have each.

    Example: stempel tier list --programme kawa --json
    """
    with context.database().snapshot() as connection:
        found = tier_counts(connection, programme_id_of(connection, programme), context.clock())
    show(
        [
            {
                "key": one.key,
                "name": None if one.tier is None else one.tier.shown,
                "from": None if one.tier is None else str(one.tier.from_),
                "multiply": None if one.tier is None else str(one.tier.multiply),
                "gift": None if one.tier is None else one.tier.gift,
                "perks": [] if one.tier is None else list(one.tier.perks),
                "members": one.members,
                "guests": one.guests,
            }
            for one in found
        ],
        as_json,
        table(
            [
                [
                    one.key or "(none)",
                    "" if one.tier is None else one.tier.shown,
                    "" if one.tier is None else str(one.tier.from_),
                    "" if one.tier is None else str(one.tier.multiply),
                    str(one.members),
                    str(one.guests),
                ]
                for one in found
            ],
            ["tier", "name", "from", "multiplies by", "members", "guests"],
        ),
    )


def tier_row(told: TierView | None) -> dict[str, Any]:
    """Return a member's tier for a script; without tiers there is none."""
    if told is None:
        return {"tier": None}
    return {
        "tier": {
            "key": told.key,
            "name": told.name,
            "since": stamp(told.since),
            "perks": list(told.perks),
            "by": told.by,
            "reached": str(told.reached),
            "next": told.next_key,
            "missing": None if told.missing is None else str(told.missing),
        }
    }


def tier_lines(told: TierView | None) -> list[str]:
    """Say a member's tier, since when, and what is missing to the next one."""
    if told is None:
        return []
    words = texts("en")
    since = f"since {moment(told.since)} UTC" if told.since else None
    parts = [tier_name(words, told), since, missing_words(words, told)]
    return ["", f"tier: {', '.join(part for part in parts if part)}"]
