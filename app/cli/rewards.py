"""`stempel reward`: what points can be exchanged for, store by store."""

import click
from sqlalchemy import Connection

from app.cli.shared import Context, as_json, pass_context, programme_option, show, table
from app.programme.limits import Hidden, Supply, left
from app.programme.reward import Reward
from app.programme.rewards import Offer, has_price_duty, offers
from app.services.limits import asking_of, supply_of
from app.services.programmes import Version, in_force, programme_id_of, versions
from app.services.redeem import Outlet
from app.services.reward_words import hidden_words, price_duty_words, reward_words
from app.services.stores import get_store
from app.services.view_members import find_member
from connectors.registry import load_connectors
from jobs.outlets import outlets


@click.group()
def reward() -> None:
    """See what points can be exchanged for."""


@reward.command("list")
@programme_option
@click.option("--store", metavar="KEY", help="Only in this store.")
@click.option("--member", "who", metavar="ID|EMAIL", help="As this member can have them.")
@as_json
@pass_context
def list_rewards(
    context: Context, *, programme: str, store: str | None, who: str | None, as_json: bool
) -> None:
    """List the rewards of a programme store by store; hidden ones with the reason.

    Without --member, those that are for some members only are listed as for everybody.

    Example: stempel reward list --programme kawa --json
    """
    with context.database().snapshot() as connection:
        if store is not None:
            get_store(connection, store)  # a mistyped key is an error, not an empty list
        programme_id = programme_id_of(connection, programme)
        now = context.clock()
        version = in_force(versions(connection, programme_id), now)
        asking = None
        if who is not None:
            one = find_member(connection, context.vault(), who, programme_id=programme_id)
            asking = asking_of(connection, one.id)
        supply = supply_of(connection, programme_id, version.programme, now, asking)
        shops = [
            outlet
            for outlet in outlets_of(context, connection, programme_id)
            if store in {None, outlet.store.key}
        ]
    found = [
        (outlet.store.key, offer)
        for outlet in shops
        for offer in offers(version.programme, outlet.store.key, outlet.makes, supply)
    ]
    currency = version.programme.currency
    if not version.programme.rewards:
        nothing = f"The programme {programme} has no rewards. See: stempel programme presets"
    elif store is not None:
        nothing = f"The store {store} is not in the programme {programme}."
    else:
        nothing = f"No shop is connected to {programme} yet. See: stempel store add --help"
    show(
        [
            {
                "store": key,
                "reward": offer.reward.key,
                "name": _offered(offer.reward, currency),
                "cost": offer.reward.cost,
                "kind": offer.reward.kind,
                "value": None if offer.reward.value is None else str(offer.reward.value),
                "product": offer.product,
                "products": offer.products,
                "lowest_price_duty": has_price_duty(offer.reward),
                "left": left(offer.reward, supply),
                "hidden": offer.hidden,
            }
            for key, offer in found
        ],
        as_json,
        nothing
        if not found
        else table(
            [
                [
                    key,
                    offer.reward.key,
                    str(offer.reward.cost),
                    _offered(offer.reward, currency),
                    "" if (there := left(offer.reward, supply)) is None else str(there),
                    _why(offer.hidden),
                ]
                for key, offer in found
            ],
            ["store", "reward", "cost", "what it is", "left", "hidden because"],
        )
        + "".join(
            f"\n{one.key}: {price_duty_words('en')}"
            for one in version.programme.rewards
            if has_price_duty(one)
        ),
    )


def outlets_of(context: Context, connection: Connection, programme_id: int) -> list[Outlet]:
    """Return the stores of a programme with the codes they can make."""
    return outlets(connection, context.settings.keyring, load_connectors(), programme_id)


def unknown_reward(key: str | None, version: Version, shops: list[Outlet], supply: Supply) -> str:
    """Say which rewards there are, and why some of them cannot be had."""
    several = [
        (outlet.store.key, offer)
        for outlet in shops
        for offer in offers(version.programme, outlet.store.key, outlet.makes, supply)
    ]
    parts = ["Name a reward." if key is None else f"There is no reward {key!r}."]
    had: dict[str, Offer] = {one.reward.key: one for _, one in several if one.hidden is None}
    if had:
        prices = (f"{name} ({offer.reward.cost} points)" for name, offer in had.items())
        parts.append(f"There are: {', '.join(prices)}.")
    hidden = (
        f"{one.reward.key} in {store}: {_why(one.hidden)}" for store, one in several if one.hidden
    )
    if reasons := "; ".join(hidden):
        parts.append(f"Hidden: {reasons}.")
    if not several:
        parts.append(
            "The programme has no store."
            if version.programme.rewards
            else "The programme has none."
        )
    return " ".join(parts)


def _why(hidden: Hidden | None) -> str:
    return "" if hidden is None else hidden_words(hidden, "en")


def _offered(one: Reward, currency: str) -> str:
    return reward_words(
        name=one.name, kind=one.kind, value=one.value, currency=currency, language="en"
    )
