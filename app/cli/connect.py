"""`stempel store add PLATFORM`: connecting a shop. The options are the fields of the platform's connector."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from itertools import combinations
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec
from sqlalchemy import Connection

from app.cli.shared import Context, pass_context, show
from app.errors import Blocked, ConfigError, Invalid, Passing
from app.services import stores, writeback
from app.services.programmes import programme_id_of
from app.services.stores import Store
from app.settings import Settings
from connectors.base import Access, Connector, Field, Installer, Place, Shop
from connectors.http import GuardedClient
from connectors.registry import load_connectors


class Platforms(click.Group):
    """One subcommand per installed connector, with the options its fields say."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the platforms by name."""
        return sorted(load_connectors())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command that adds a store of this platform."""
        connector = load_connectors().get(cmd_name)
        return None if connector is None else _command(connector)


class _Wish(msgspec.Struct, frozen=True):
    """What was asked for. `kept` are the store's secrets by name, the API credentials among them."""

    place: Place
    kept: dict[str, list[str]]
    programme: str
    key: str | None
    register: bool

    @property
    def credentials(self) -> dict[str, str]:
        """The API credentials that were given."""
        return {
            name: several[-1]
            for name, several in self.kept.items()
            if several and name != stores.WEBHOOK_SECRET
        }


def _command(connector: Connector) -> click.Command:
    options: list[click.Parameter] = [_option(connector.name, field) for field in connector.fields]
    made_up = any(field.signs and not field.calls for field in connector.fields)
    options += [
        click.Option(["--programme", "-p"], required=True, metavar="KEY", help="Its programme."),
        click.Option(
            ["--key"],
            metavar="KEY",
            help="The store's key in addresses (default: made up). That of a connected store gives it "
            "these secrets too.",
        ),
        click.Option(
            ["--register"],
            is_flag=True,
            hidden=not _ways_in(connector),
            help="Make the webhooks in the shop, through its API"
            + (" (and their secret, if none is given)" if made_up else "")
            + ". Safe to repeat with --key: also switches them on again.",
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
        help=f"Connect a shop on {connector.name}; prints its key and where its webhooks go.",
    )


def _option(platform: str, field: Field) -> click.Option:
    return click.Option(
        [f"--{field.name}"],
        required=field.required and not (field.secret and field.repeatable),
        multiple=field.repeatable,
        metavar="SECRET" if field.secret else "VALUE",
        envvar=f"{platform}_{field.name}".upper().replace("-", "_"),
        show_envvar=True,
        help=field.help + (" May be given several times." if field.repeatable else ""),
    )


def _add(context: Context, connector: Connector, values: dict[str, Any]) -> None:
    settings = context.settings
    wish = _wish(connector, values)
    with context.database().snapshot() as connection:
        programme_id = programme_id_of(connection, wish.programme)
        known = _connected(connection, connector, wish, programme_id)
        has = {} if known is None else _secrets(connection, context, known)
    credentials = {name: several[-1] for name, several in has.items()} | wish.credentials
    credentials.pop(stores.WEBHOOK_SECRET, None)
    _require_what_is_needed(connector, wish, has, credentials)
    if wish.register:
        if not wish.kept[stores.WEBHOOK_SECRET] and not has.get(stores.WEBHOOK_SECRET):
            # Allowed only where we may choose it: see _require_what_is_needed.
            wish.kept[stores.WEBHOOK_SECRET].append(secrets.token_hex(24))
        _require_reachable(settings, settings.origin_of(connector.name) or wish.place.url)
        with _open(context, connector, "new", wish.place.url, credentials) as shop:
            _ = _installer(shop, connector)
            if shop.health is not None:
                # Before anything is stored. An answer that cannot be read is not the keys' fault.
                with suppress(Invalid):
                    shop.health.check()
    with context.database().transaction() as connection:
        if known is None:
            added = stores.add_store(
                connection,
                settings.keyring,
                programme_id=programme_id,
                platform=connector.name,
                url=wish.place.url,
                ref=wish.place.ref,
                values=wish.kept,
                now=context.clock(),
                key=wish.key,
            )
        else:
            added = known
            _add_secrets(connection, context, known, wish.kept, has)
    webhook_url = f"{settings.public_url}/webhooks/{connector.name}/{added.key}"
    registered: list[dict[str, str]] = []
    if wish.register:
        secret = (wish.kept[stores.WEBHOOK_SECRET] or has[stores.WEBHOOK_SECRET])[-1]
        registered = _register(context, connector, added, credentials, webhook_url, secret)
    lines = [f"store {added.key} is connected.", f"Its webhooks go to {webhook_url}"]
    if registered:
        lines.append(f"The shop has {len(registered)} webhooks for it.")
    elif known is None:
        again = f", or repeat with --key {added.key} --register" if _ways_in(connector) else ""
        lines.append(f"Make them in the shop, as the connector's page says{again}.")
    show(
        {
            "id": str(added.id),
            "key": added.key,
            "webhook_url": webhook_url,
            "registered": registered,
        },
        values["as_json"],
        "\n".join(lines),
    )


def _wish(connector: Connector, values: Mapping[str, Any]) -> _Wish:
    fields = {
        field.name: _several(values[field.name.replace("-", "_")]) for field in connector.fields
    }
    for field in connector.fields:
        if field.required and not field.signs and not fields[field.name]:
            raise ConfigError(f"--{field.name} is missing: {field.help}")
    kept: dict[str, list[str]] = {stores.WEBHOOK_SECRET: []}
    for field in connector.fields:
        if not field.locates:
            names = [stores.WEBHOOK_SECRET] if field.signs else [field.name]
            if field.calls:
                names.append(field.name)
            for name in dict.fromkeys(names):
                kept.setdefault(name, []).extend(fields[field.name])
    return _Wish(
        place=connector.place(fields),
        kept=kept,
        programme=values["programme"],
        key=values["key"],
        register=values["register"],
    )


def _connected(
    connection: Connection, connector: Connector, wish: _Wish, programme_id: int
) -> Store | None:
    """Return the store that is connected under the wished key, if it is this very shop."""
    if wish.key is None:
        return None
    for one in stores.list_stores(connection, programme_id=programme_id, key=wish.key):
        if one.platform == connector.name and one.url == wish.place.url.rstrip("/"):
            return one
    return None


def _secrets(connection: Connection, context: Context, store: Store) -> dict[str, list[str]]:
    """Return what a connected store has: each credential, and its webhook secrets, newest last."""
    keyring = context.settings.keyring
    has = {
        name: [value] for name, value in stores.credentials(connection, keyring, store.id).items()
    }
    edge = stores.load_edge_store(connection, keyring, store.key)
    newest_first = () if edge is None else edge.secrets
    has[stores.WEBHOOK_SECRET] = [one.value.decode() for one in reversed(newest_first)]
    return has


def _add_secrets(
    connection: Connection,
    context: Context,
    store: Store,
    kept: Mapping[str, Sequence[str]],
    has: Mapping[str, Sequence[str]],
) -> None:
    for name, several in kept.items():
        for value in several:
            if not value:
                raise ConfigError(f"--{name} is empty: an empty secret would sign nothing.")
            if value not in has.get(name, ()):
                stores.add_secret(
                    connection,
                    context.settings.keyring,
                    store_id=store.id,
                    name=name,
                    value=value,
                    now=context.clock(),
                )


def _require_what_is_needed(
    connector: Connector,
    wish: _Wish,
    has: Mapping[str, Sequence[str]],
    credentials: Mapping[str, str],
) -> None:
    """Raise ConfigError naming the options that are missing."""
    calling = [f for f in connector.fields if not (f.locates or f.signs)]
    given = any(wish.credentials.get(field.name) for field in calling)
    ways = ", or ".join(" and ".join(f"--{name}" for name in way) for way in _ways_in(connector))
    if given and not connector.can_call(credentials):
        raise ConfigError(f"That is not enough to call the shop's API: it takes {ways}.")
    if wish.register and not ways:
        raise ConfigError(f"{connector.name} cannot make webhooks by itself: leave --register out.")
    if wish.register and not connector.can_call(credentials):
        raise ConfigError(f"--register calls the shop's API: give {ways}; or leave --register out.")
    for field in connector.fields:
        lacks = field.signs and not (
            wish.kept[stores.WEBHOOK_SECRET] or has.get(stores.WEBHOOK_SECRET)
        )
        if not (field.required and lacks):
            continue
        if field.calls:  # the platform gives it out: none can be made up
            raise ConfigError(f"--{field.name} is missing: {field.help}")
        if not wish.register:
            raise ConfigError(
                f"--{field.name} is missing: the one that the shop's webhooks have. With --register "
                "one is made up."
            )


def _ways_in(connector: Connector) -> list[tuple[str, ...]]:
    """Return the smallest sets of options that allow calls to the shop, as the connector judges."""
    names = [f.name for f in connector.fields if not f.locates and (f.calls or not f.signs)]
    ways: list[tuple[str, ...]] = []
    for size in range(1, len(names) + 1):
        for way in combinations(names, size):
            larger = any(set(known) <= set(way) for known in ways)
            if not larger and connector.can_call(dict.fromkeys(way, "given")):
                ways.append(way)
    return sorted(ways, key=lambda way: names.index(way[0]))


def _require_reachable(settings: Settings, shop: str) -> None:
    """Raise ConfigError for webhooks that a shop elsewhere would send to its own machine."""
    if _is_loopback(settings.public_url) and not _is_loopback(shop):
        raise ConfigError(
            f"The shop cannot reach {settings.public_url}. Set PUBLIC_URL to the https address under "
            "which it reaches Stempel, here and for `stempel up`."
        )


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _register(
    context: Context,
    connector: Connector,
    added: Store,
    credentials: Mapping[str, str],
    webhook_url: str,
    secret: str,
) -> list[dict[str, str]]:
    """Make the webhooks; from then on the store may be called again if it was blocked."""
    try:
        with _open(context, connector, added.key, added.url, credentials) as shop:
            made = _installer(shop, connector).register(webhook_url, secret)
    except (Blocked, Invalid, Passing) as error:
        raise type(error)(
            f"{error} The store is kept, its webhooks are not complete: when that is mended, repeat "
            f"the command with --key {added.key}"
        ) from error
    with context.database().transaction() as connection:
        writeback.unblock(connection, added.id, context.clock())
    return [{"id": one.id, "topic": one.topic} for one in made]


@contextmanager
def _open(
    context: Context, connector: Connector, key: str, url: str, credentials: Mapping[str, str]
) -> Iterator[Shop]:
    http = GuardedClient(allow_private=context.settings.allow_private_addresses)
    access = Access(
        store_key=key,
        url=url,
        credentials=credentials,
        origin=context.settings.origin_of(connector.name),
    )
    shop = connector.connect(access, http)
    try:
        yield shop
    finally:
        shop.close()


def _installer(shop: Shop, connector: Connector) -> Installer:
    if shop.installer is None:
        raise Invalid(f"{connector.name} cannot make webhooks by itself; see its README.")
    return shop.installer


def _several(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)
