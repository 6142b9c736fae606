"""`stempel store`: connecting shops, seeing how they are, letting them go on."""

import click

from app.cli.connect import Platforms
from app.cli.shared import Context, as_json, pass_context, show, table
from app.services import stores, writeback


@click.group()
def store() -> None:
    """Connect shops and see how they are."""


@store.group(cls=Platforms)
def add() -> None:
    """Connect a shop of one of the platforms below, or give a connected one new keys.

    Prints the address that the shop's webhooks must be sent to.
    """


@store.command("list")
@as_json
@pass_context
def list_all(context: Context, *, as_json: bool) -> None:
    """List the connected shops and whether a person must act."""
    with context.database().snapshot() as connection:
        found = stores.list_stores(connection)
    show(
        [
            {
                "id": str(one.id),
                "key": one.key,
                "platform": one.platform,
                "url": one.url,
                "host": one.host,
                "blocked": one.blocked_reason,
                "copy_host": one.copy_host,
            }
            for one in found
        ],
        as_json,
        table(
            [[one.key, one.platform, one.url, one.blocked_reason or "ok"] for one in found],
            ["store", "platform", "address", "state"],
        ),
    )


@store.command()
@click.argument("key")
@pass_context
def moved(context: Context, key: str) -> None:
    """Accept that a shop has moved: deliveries from its new host count from now on.

    Until then they are ignored as those of a copy (a staging clone keeps our address and secret).
    """
    with context.database().transaction() as connection:
        host = stores.accept_move(connection, stores.get_store(connection, key))
    click.echo(f"store {key}: its host is {host} now")


@store.command()
@click.argument("key")
@pass_context
def resume(context: Context, key: str) -> None:
    """Let a store that was blocked work again, after the cause was mended."""
    with context.database().transaction() as connection:
        one = stores.get_store(connection, key)
        writeback.unblock(connection, one.id, context.clock())
    click.echo(f"store {key}: everything that waited is due now")
