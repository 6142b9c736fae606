"""What a command that succeeded has printed."""

import json
from typing import Any

from click.testing import Result


def data(result: Result) -> Any:
    """Return the JSON that a command printed."""
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def plain(result: Result) -> str:
    """Return the text that a command printed, with ordinary blanks in its numbers."""
    assert result.exit_code == 0, result.output
    return result.stdout.replace("\N{NO-BREAK SPACE}", " ")
