"""`stempel store`: connecting shops. The options of a platform are its connector's fields."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import click

from app.cli.shared import Context, as_json, pass_context, programme_option, show, table
from app.errors import ConfigError, Invalid
from app.services import stores, writeback
from app.services.programmes import programme_id_of
from app.services.stores import Store
from connectors.base import Access, Connector, Field
from connectors.http import GuardedClient
from connectors.registry import load_connectors


@click.group()
def store() -> None:
    """Connect shops and see how they are."""


class Platforms(click.Group):
    """One subcommand per installed connector, with the options its fields say."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the platforms by name."""
        return sorted(load_connectors())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command that adds a store of this platform."""
        connector = load_connectors().get(cmd_name)
        return None if connector is None else _add_command(connector)


@store.group(cls=Platforms)
def add() -> None:
    """Connect a shop of one of the platforms below.

    Prints the address that the shop's webhooks must be sent to.
    """


def _add_command(connector: Connector) -> click.Command:
    options: list[click.Parameter] = [_option(field) for field in connector.fields]
    options += [
        click.Option(["--programme", "-p"], required=True, metavar="KEY", help="Its programme."),
        click.Option(
            ["--key"], metavar="KEY", help="The store's key in addresses (default: made up)."
        ),
        click.Option(
            ["--register"], is_flag=True, help="Make the webhooks in the shop, through its API."
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="Print JSON, for scripts."),
    ]

    @pass_context
    def run(context: Context, /, **values: Any) -> None:
        _add(context, connector, values)

    return click.Command(
        connector.name,
        params=options,
        callback=run,
        help=f"Connect a {connector.name} shop; prints id, key and webhook_url.",
    )


def _option(field: Field) -> click.Option:
    return click.Option(
        [f"--{field.name}"],
        required=field.required and not (field.secret and field.repeatable),
        multiple=field.repeatable,
        metavar="SECRET" if field.secret else "VALUE",
        help=field.help + (" May be given several times." if field.repeatable else ""),
    )


def _add(context: Context, connector: Connector, values: dict[str, Any]) -> None:
    fields = {
        field.name: _several(values[field.name.replace("-", "_")]) for field in connector.fields
    }
    for field in connector.fields:
        if values["register"] and field.signs and not fields[field.name]:
            fields[field.name] = [secrets.token_hex(24)]
        if field.required and not fields[field.name]:
            raise ConfigError(f"--{field.name} is missing: {field.help}")
    settings = context.settings
    place = connector.place(fields)
    kept: dict[str, list[str]] = {}
    for field in connector.fields:
        if not field.locates:
            name = stores.WEBHOOK_SECRET if field.signs else field.name
            kept.setdefault(name, []).extend(fields[field.name])
    credentials = {
        name: several[-1]
        for name, several in kept.items()
        if several and name != stores.WEBHOOK_SECRET
    }
    if values["register"] and not connector.can_call(credentials):
        raise ConfigError(
            "--register needs the shop's API credentials; give them, or leave it out."
        )
    with context.database().transaction() as connection:
        added = stores.add_store(
            connection,
            settings.keyring,
            programme_id=programme_id_of(connection, values["programme"]),
            platform=connector.name,
            url=place.url,
            ref=place.ref,
            values=kept,
            now=context.clock(),
            key=values["key"],
        )
    webhook_url = f"{settings.public_url}/webhooks/{connector.name}/{added.key}"
    registered: list[dict[str, str]] = []
    if values["register"]:
        registered = _register(
            context, connector, added, credentials, webhook_url, kept[stores.WEBHOOK_SECRET][0]
        )
    show(
        {
            "id": str(added.id),
            "key": added.key,
            "webhook_url": webhook_url,
            "registered": registered,
        },
        values["as_json"],
        f"store {added.key} is connected.\nIts webhooks go to {webhook_url}",
    )


def _register(
    context: Context,
    connector: Connector,
    added: Store,
    credentials: Mapping[str, str],
    webhook_url: str,
    secret: str,
) -> list[dict[str, str]]:
    http = GuardedClient(allow_private=context.settings.allow_private_addresses)
    shop = connector.connect(
        Access(store_key=added.key, url=added.url, credentials=credentials), http
    )
    try:
        if shop.installer is None:
            raise Invalid(f"{connector.name} cannot make webhooks by itself; see its README.")
        made = shop.installer.register(webhook_url, secret)
    finally:
        shop.close()
    return [{"id": one.id, "topic": one.topic} for one in made]


def _several(value: Any) -> Sequence[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


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


__all__ = ["programme_option", "store"]
