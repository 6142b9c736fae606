"""The options by which a person says how a document becomes a version."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import click

from app.cli.shared import actor_option
from app.programme.local_time import moment_of
from app.services.programmes import Publication

_OPTIONS = (
    click.option(
        "--from",
        "since",
        metavar="TIME",
        help="When it shall begin, by the clocks of the programme's time zone, as "
        "2027-01-01T00:00 (default: at once).",
    ),
    click.option(
        "--replace", is_flag=True, help="Have it instead of a version that waits to begin."
    ),
    click.option(
        "--accept-short-notice",
        "short_notice",
        is_flag=True,
        help="Publish although members lose by it sooner than the programme's notice_days.",
    ),
    click.option("--reason", default="", help="Why; kept in the audit log."),
    actor_option("Who publishes."),
)


def publication_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; they arrive as the keyword arguments that `publication` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def publication(zone: ZoneInfo, *, since: str | None, **how: Any) -> Publication:
    """Return how it shall be published; raises ConfigError for a time that is none in that zone."""
    return Publication(since=None if since is None else moment_of(since, zone), **how)
