"""What every command needs: settings, an open and migrated database, and how results are printed."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, wraps
from os import environ
from typing import Any, ParamSpec, TypeVar

import click
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, OperationalError

from app import clock, settings
from app.db import schema
from app.db.engine import Database, open_database
from app.errors import StempelError
from app.services.keys import Vault, new_vault
from app.services.texts import LANGUAGES
from app.services.views import MOST_PER_PAGE, Page

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Context:
    """Opened when a command first needs it, so that `--help` works anywhere."""

    @cached_property
    def settings(self) -> settings.Settings:
        """Return the settings of this environment; raises ConfigError with what to set."""
        return settings.from_env(environ)

    @cached_property
    def opened(self) -> Database:
        """Return the database, migrated."""
        database = open_database(self.settings.database_url)
        schema.upgrade(database)
        return database

    @cached_property
    def keys(self) -> Vault:
        """Return everything that needs a key."""
        return new_vault(self.settings.keyring)

    def database(self) -> Database:
        """Return the database, migrated."""
        return self.opened

    def vault(self) -> Vault:
        """Return everything that needs a key."""
        return self.keys

    @property
    def clock(self) -> clock.Clock:
        """Return what tells the time."""
        return clock.now

    def close(self) -> None:
        """Close the database if it was opened."""
        if "opened" in self.__dict__:
            self.opened.close()


pass_context = click.make_pass_decorator(Context, ensure=True)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")

programme_option = click.option(
    "--programme", "-p", "programme", required=True, metavar="KEY", help="The programme's key."
)

only_programme_option = click.option(
    "--programme", "-p", metavar="KEY", help="Only of this programme."
)

which_programme_option = click.option(
    "--programme", "-p", metavar="KEY", help="Which programme, if the e-mail is in many."
)

reason_option = click.option("--reason", required=True, help="Why; kept in the audit log.")


def actor_option(who: str = "Who does it; kept in the audit log.") -> Callable[[F], F]:
    """Return the option that names in the audit log who acts."""
    return click.option("--actor", default="command line", show_default=True, help=who)


def language_option(what: str) -> Callable[[F], F]:
    """Return the option for the language that something is told in."""
    return click.option(
        "--language",
        type=click.Choice(list(LANGUAGES)),
        default="en",
        show_default=True,
        help=f"The language of {what}.",
    )


_MOST = 1_000_000
_SHOWN_TO_PEOPLE = 50

limit_option = click.option(
    "--limit",
    type=click.IntRange(1, _MOST),
    help=f"How many, the newest first (default: {_SHOWN_TO_PEOPLE}; with --json all).",
)


def how_many(limit: int | None, as_json: bool) -> int:
    """Return how many rows to list: a script gets all, a person what fits on a page or two."""
    return limit or (_MOST if as_json else _SHOWN_TO_PEOPLE)


def gather(
    fetch: Callable[[int | None, int], Page[T]], most: int, *, before: int | None = None
) -> list[T]:
    """Return up to `most` rows, page after page; `fetch(before, limit)` returns the next page."""
    found: list[T] = []
    while len(found) < most:
        page = fetch(before, min(most - len(found), MOST_PER_PAGE))
        found += page.items
        before = page.older
        if before is None:
            break
    return found


def show(data: Any, as_json: bool, text: str) -> None:
    """Print a result: the data as JSON for scripts, else the text for people."""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))
    elif text:
        click.echo(text)


def table(rows: list[list[str]], heads: list[str]) -> str:
    """Return aligned columns with a head, "(none)" without rows."""
    if not rows:
        return "(none)"
    widths = [max(len(line[n]) for line in [heads, *rows]) for n in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [heads, *rows]
    )


def speaks_plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Turn what people can mend into one sentence on stderr and exit status 1, without a traceback.

    Our own errors, a database that is away or no database, files that cannot be read or written.
    """

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except StempelError as error:
            _complain(str(error))
        except DatabaseError as error:
            if not _is_away(error):
                raise
            _complain(_database_trouble(error))
        except OSError as error:
            if error.filename is None:
                raise
            _complain(f"{error.filename}: {error.strerror}")
        sys.exit(1)

    return wrapped


def _complain(sentence: str) -> None:
    with suppress(BrokenPipeError):
        click.echo(f"stempel: {sentence}", err=True)


def _is_away(error: DatabaseError) -> bool:
    """Say whether the database is the trouble, not a statement of ours."""
    if isinstance(error, OperationalError):
        return bool(getattr(error.orig, "sqlite_errorname", "") != "SQLITE_ERROR")
    return type(error) is DatabaseError  # a file that is no database


def _database_trouble(error: DatabaseError) -> str:
    reason = str(error.orig).strip().splitlines()[0].rstrip(".:")
    try:
        url = settings.from_env(environ).database_url
        named = f"DATABASE_URL is {make_url(url).render_as_string(hide_password=True)}"
    except StempelError:
        named = "See DATABASE_URL"
    return f"The database does not work: {reason}. {named.replace('+psycopg', '')}."
