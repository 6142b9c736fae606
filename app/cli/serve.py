"""`stempel init`, `stempel up` and `stempel demo`: making keys, serving, showing."""

import logging
import os
import sys

import click

from app import settings as configuration
from app.cli.shared import Context, as_json, pass_context, show
from app.errors import ConfigError
from connectors.registry import load_connectors
from jobs.runtime import Runtime, new_runtime


@click.command()
@as_json
def init(*, as_json: bool) -> None:
    """Make the key file of a new installation (readable by you only).

    Without these keys nobody can read the stored secrets, bodies and e-mails again: keep a copy.
    """
    path = configuration.key_file(os.environ)
    configuration.write_key_file(path)
    show({"key_file": str(path)}, as_json, f"Wrote {path}. Keep a copy in a safe place.")


@click.command()
@click.option("--host", metavar="ADDRESS", help="Listen there (default: HOST or 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Listen there (default: PORT or 8000).")
@click.option("--quiet", is_flag=True, help="Do not print where the pages are.")
@pass_context
def up(context: Context, *, host: str | None, port: int | None, quiet: bool) -> None:
    """Serve: receive webhooks, drain them, write back to the shops, show the pages.

    Migrates the database first and prints where the pages are; if others than this machine could get
    there, with a one-time token in the address. Exits non-zero when a worker process died.
    """
    # Granian's worker process reads its settings from the environment again.
    if host:
        os.environ["HOST"] = host
    if port:
        os.environ["PORT"] = str(port)
    _ = context.database()
    context.close()
    from app.main import serve  # noqa: PLC0415 - the server stack is only needed here
    from app.web.access import entry_address  # noqa: PLC0415 - as above

    settings = configuration.from_env(os.environ)
    if not quiet:
        click.echo(f"Pages: {entry_address(settings, context.clock())}", err=True)
    sys.exit(serve(settings))


@click.command()
@pass_context
def migrate(context: Context) -> None:
    """Bring the database to this version's form. `stempel up` does it too; a release step is safer.

    Safe to run twice, and beside others: one at a time works, the rest wait.
    """
    _ = context.database()
    click.echo("the database is up to date")


@click.command()
@pass_context
def worker(context: Context) -> None:
    """Drain deliveries and write back to shops, beside any number of others.

    For a service on PostgreSQL; the embedded one has its worker inside `stempel up`. Looks into the
    database each second; with REDIS_URL set, RQ wakes it at once.
    """
    from jobs.process import work_until_stopped  # noqa: PLC0415 - Redis and RQ are heavy

    sys.exit(work_until_stopped(_scaled_runtime(context)))


@click.command("clock")
@pass_context
def clock_(context: Context) -> None:
    """Run what is due by the calendar; a second clock does no harm. Workers do it too."""
    from jobs.process import tick_until_stopped  # noqa: PLC0415 - as in `worker`

    sys.exit(tick_until_stopped(_scaled_runtime(context)))


def _scaled_runtime(context: Context) -> Runtime:
    settings = context.settings
    if settings.embedded:
        raise ConfigError("On SQLite `stempel up` has its own worker: there is nothing to add.")
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    return new_runtime(context.database(), settings, load_connectors())


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    show_default=True,
    envvar="PORT",
    help="Listen there (or set PORT).",
)
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 1000),
    default=1.0,
    show_default=True,
    help="Steps per second.",
)
@click.option("--once", is_flag=True, help="End when the story is told, instead of serving on.")
def demo(*, port: int, speed: float, once: bool) -> None:
    """Start Stempel with two sandbox shops whose made-up customers sign up, buy, review and return.

    Nothing else is needed and nothing leaves this machine. Ctrl+C ends it. Each time it starts anew,
    in a folder of its own below STEMPEL_VAR.
    """
    try:
        from app.cli.demo import run_demo  # noqa: PLC0415 - the sandboxes are only needed here
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"The sandbox shops need {error.name}, which is not installed: pip install 'stempel[demo]'"
        ) from error

    sys.exit(run_demo(port=port, speed=speed, once=once))
