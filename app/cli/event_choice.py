"""The options by which a person says which deliveries are meant."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
from sqlalchemy import Connection, select

from app.db import tables as t
from app.errors import ConfigError, Conflict, NotFound
from app.services.chosen import Choice
from app.services.programmes import programme_id_of
from app.services.stores import get_store
from app.services.view_deliveries import STATUSES
from app.services.views import key_of


class Moment(click.ParamType[datetime]):
    """A time: 2026-11-22, or 2026-11-22T10:00, in UTC unless it says otherwise."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return it aware, UTC."""
        if isinstance(value, datetime):
            return value
        try:
            read = datetime.fromisoformat(value)
            return read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a time, as 2026-11-22 or 2026-11-22T10:00", param, ctx)


_OPTIONS = (
    click.argument("ids", type=int, nargs=-1, metavar="[ID]..."),
    click.option("--programme", "-p", metavar="KEY", help="Of this programme."),
    click.option("--store", metavar="KEY", help="From this store."),
    click.option("--topic", metavar="TOPIC", help='Of this topic, as "order.updated".'),
    click.option("--status", type=click.Choice(STATUSES), help="In this state."),
    click.option("--group", metavar="GROUP", help="With this fault (stempel events groups)."),
    click.option(
        "--since", type=Moment(), help="Received then or later, as 2026-11-22T10:00 (UTC)."
    ),
    click.option("--until", type=Moment(), help="Received before."),
    click.option("--member", type=int, metavar="ID", help="About something of this member."),
)


def choice_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; they arrive as the keyword arguments that `chosen` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen(
    connection: Connection, *, programme: str | None, ids: tuple[int, ...], **named: Any
) -> tuple[int, Choice]:
    """Return the programme and what is chosen in it.

    Raises ConfigError if nothing at all is said, NotFound for what there is not, Conflict if it does not
    say which programme is meant.
    """
    if not ids and all(value is None for value in named.values()):
        raise ConfigError(
            "Say which deliveries: their ids, or --store, --status, --group, --since …"
        )
    choice = Choice(ids=tuple(sorted(set(ids))), **named)
    if choice.store is not None:
        own = get_store(connection, choice.store).programme_id
        if programme is not None and programme_id_of(connection, programme) != own:
            raise Conflict(f"The store {choice.store!r} belongs to another programme.")
        return own, choice
    if programme is not None:
        return programme_id_of(connection, programme), choice
    return _only_programme(connection, choice), choice


def _only_programme(connection: Connection, choice: Choice) -> int:
    query = select(t.programme.c.id)
    if choice.ids:
        delivery = t.delivery
        query = select(delivery.c.programme_id).where(
            delivery.c.id.in_([key_of(one) for one in choice.ids])
        )
    elif choice.member is not None:
        query = select(t.member.c.programme_id).where(t.member.c.id == key_of(choice.member))
    found = set(connection.execute(query.distinct().limit(2)).scalars())
    if not found:
        raise NotFound("There is no such delivery, member or programme.")
    if len(found) > 1:
        raise Conflict("There are several programmes: say which with --programme.")
    return int(found.pop())
