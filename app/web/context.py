"""What the pages are given by the composition root: only what they use of it."""

from collections.abc import Mapping
from typing import Protocol, cast

from flask import current_app

from app.clock import Clock
from app.db.engine import Database
from app.services.keys import Vault
from app.settings import Settings


class Runtime(Protocol):
    """The database, the keys and the clock of this process."""

    @property
    def database(self) -> Database: ...  # noqa: D102 - named by its type
    @property
    def settings(self) -> Settings: ...  # noqa: D102 - named by its type
    @property
    def vault(self) -> Vault: ...  # noqa: D102 - named by its type
    @property
    def clock(self) -> Clock: ...  # noqa: D102 - named by its type


class WebContext(Protocol):
    """`counts`: how many webhook requests ended how since the start, "stored" or why refused."""

    @property
    def runtime(self) -> Runtime: ...  # noqa: D102 - see above
    @property
    def counts(self) -> Mapping[str, int]: ...  # noqa: D102 - see above


EXTENSION = "stempel"


def here() -> WebContext:
    """Return the context of the application that serves this request."""
    return cast("WebContext", current_app.extensions[EXTENSION])
