"""Open connections to shops: one kept-alive session per store, opened when first needed."""

from types import TracebackType
from typing import Self

from app.errors import Blocked
from app.services.stores import Store, credentials, list_stores
from connectors.base import Access, Shop
from connectors.http import GuardedClient
from jobs.runtime import Runtime


class Shops:
    """The sessions of one worker. Not shared between threads."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._open: dict[int, tuple[Access, Shop]] = {}

    def get(self, store: Store) -> Shop | None:
        """Return the store's session; None if its credentials allow no calls."""
        connector = self._runtime.connectors.get(store.platform)
        if connector is None:
            return None
        with self._runtime.database.snapshot() as connection:
            secrets = credentials(connection, self._runtime.settings.keyring, store.id)
        if not connector.can_call(secrets):
            return None
        access = Access(
            store_key=store.key,
            url=store.url,
            credentials=secrets,
            origin=self._runtime.settings.origin_of(store.platform),
        )
        known = self._open.get(store.id)
        if known is not None and known[0] == access:
            return known[1]
        if known is not None:
            known[1].close()
        http = GuardedClient(allow_private=self._runtime.settings.allow_private_addresses)
        shop = connector.connect(access, http)
        self._open[store.id] = (access, shop)
        return shop

    def store(self, store_id: int) -> Store:
        """Return the store's row; raises Blocked if it was removed."""
        with self._runtime.database.snapshot() as connection:
            found = list_stores(connection, ids=[store_id])
        if not found:
            raise Blocked(f"store {store_id} is not connected any more")
        return found[0]

    def close(self) -> None:
        """Close every session."""
        for _, shop in self._open.values():
            shop.close()
        self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
