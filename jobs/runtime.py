"""What every job works with, made once by the composition root."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.clock import Clock, now
from app.db.engine import Database
from app.services.keys import Vault, new_vault
from app.settings import Settings
from connectors.base import Connector
from jobs.failpoints import Reach, armed, unarmed


@dataclass(frozen=True)
class Runtime:
    """The database, the keys and the connectors of one process."""

    database: Database
    settings: Settings
    connectors: Mapping[str, Connector]
    vault: Vault = field(repr=False)
    clock: Clock = now
    reach: Reach = unarmed


def new_runtime(
    database: Database, settings: Settings, connectors: Mapping[str, Connector], clock: Clock = now
) -> Runtime:
    """Return a runtime with an empty cache of data keys.

    Raises ConfigError if shops would be called elsewhere than at their own address, outside the demo.
    """
    for platform in connectors:
        settings.origin_of(platform)
    reach = armed(settings.failpoints)
    return Runtime(database, settings, connectors, new_vault(settings.keyring), clock, reach)
