"""Finds connectors by the entry-point group `stempel.connectors`; ours use the same door."""

from collections.abc import Mapping
from importlib.metadata import entry_points

from app.errors import ConfigError
from connectors.base import CONTRACT_VERSION, Connector

GROUP = "stempel.connectors"


def load_connectors() -> Mapping[str, Connector]:
    """Return every installed connector by name; raises ConfigError if one does not fit."""
    found: dict[str, Connector] = {}
    for entry in entry_points(group=GROUP):
        connector: Connector = entry.load()
        if connector.contract != CONTRACT_VERSION:
            older = "the connector" if connector.contract < CONTRACT_VERSION else "Stempel"
            raise ConfigError(
                f"The connector {connector.name!r} speaks contract {connector.contract}, this "
                f"Stempel speaks {CONTRACT_VERSION}. Upgrade {older}."
            )
        if connector.name in found:
            raise ConfigError(
                f"Two installed packages offer the connector {connector.name!r}; remove one."
            )
        found[connector.name] = connector
    return found
