"""Commands as people type them, and what one that succeeded has printed."""

import json
from collections.abc import Callable
from typing import Any

from click.testing import CliRunner, Result

from app.cli import cli
from app.cli.shared import Context
from tests.pipeline import Pipeline

Run = Callable[..., Result]


def stempel(pipeline: Pipeline, *words: object, **settings: str) -> Result:
    """Run `stempel` over the test's database and keys, set as in the environment."""
    context = Context()
    try:
        return CliRunner().invoke(
            cli, [str(word) for word in words], obj=context, env=pipeline.environment() | settings
        )
    finally:
        context.close()


def data(result: Result) -> Any:
    """Return the JSON that a command printed."""
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def plain(result: Result) -> str:
    """Return the text that a command printed, with ordinary blanks in its numbers."""
    assert result.exit_code == 0, result.output
    return result.stdout.replace("\N{NO-BREAK SPACE}", " ")
