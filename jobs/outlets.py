"""Which rewards the stores of a programme can give now: their platform, and whether it can be called."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from app.crypto import Keyring
from app.programme.by_hand import BY_HAND
from app.programme.redemption import PERK
from app.services.redeem import Outlet
from app.services.stores import Store, credentials, list_stores
from connectors.base import Connector
from jobs.runtime import Runtime


def outlets(
    connection: Connection,
    keyring: Keyring,
    connectors: Mapping[str, Connector],
    programme_id: int,
) -> list[Outlet]:
    """Return the stores of a programme, oldest first, with the kinds of rewards they can give."""
    return [
        Outlet(store, _makes(connection, keyring, connectors, store))
        for store in list_stores(connection, programme_id=programme_id)
    ]


def outlets_of(
    runtime: Runtime, connection: Connection, programmes: Iterable[int]
) -> dict[int, list[Outlet]]:
    """Return the same of several programmes."""
    return {
        one: outlets(connection, runtime.settings.keyring, runtime.connectors, one)
        for one in sorted(programmes)
    }


def _makes(
    connection: Connection, keyring: Keyring, connectors: Mapping[str, Connector], store: Store
) -> frozenset[str]:
    connector = connectors.get(store.platform)
    if connector is None or not connector.can_call(credentials(connection, keyring, store.id)):
        return BY_HAND
    perks = {PERK} if connector.shows_perks else set()
    return frozenset(connector.makes) | perks | BY_HAND
