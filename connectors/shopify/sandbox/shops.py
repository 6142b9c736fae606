"""The sandbox: several shops on one platform, their apps, one clock and one sequence of ids."""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from app import clock
from connectors.shopify.sandbox.apps import App, Secret
from connectors.shopify.sandbox.shop import Shop
from connectors.shopify.sandbox.state import SandboxError, Settings
from connectors.shopify.sandbox.topics import header_of

CLIENT_ID = "sandbox-client-id"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - the published secret of a make-believe app
SCOPES = (
    "read_orders",
    "read_all_orders",
    "read_returns",
    "write_customers",
    "write_discounts",
    "write_gift_cards",
    "read_store_credit_accounts",
    "write_store_credit_account_transactions",
    "read_products",
    "read_customer_merge",
    "read_shopify_payments_disputes",
)
DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
FIRST_ID = 5_500_000_000_000  # real ids are long; this one and the next million fit any integer


class Sandbox:
    """A make-believe Shopify; `serve` gives it an address. Ids are unique over all its shops.

    `now` is the time in all shops; `seconds` is what the buckets refill by, so that a test whose clock
    stands still is not throttled for ever.
    """

    def __init__(
        self,
        now: clock.Clock = clock.now,
        seconds: Callable[[], float] = time.monotonic,
        *,
        client_id: str = CLIENT_ID,
        client_secret: str = CLIENT_SECRET,
        scopes: Sequence[str] = SCOPES,
    ) -> None:
        self.lock = threading.RLock()
        self.shops: dict[str, Shop] = {}
        self.apps: dict[str, App] = {}
        self._clock = now
        self._seconds = seconds
        self._ids: Counter[str] = Counter()
        self.add_app(client_id, client_secret, scopes)

    def clock(self) -> datetime:
        """Return this moment."""
        return self._clock()

    def seconds(self) -> float:
        """Return the time by which the buckets refill."""
        return self._seconds()

    def next_id(self, kind: str) -> int:
        """Return an id that no shop has used for this kind."""
        self._ids[kind] += 1
        return FIRST_ID + self._ids[kind]

    def used_id(self, kind: str, number: int) -> None:
        """Note an id given from outside, so that it is not given again."""
        if FIRST_ID < number < 2 * FIRST_ID:
            self._ids[kind] = max(self._ids[kind], number - FIRST_ID)

    @property
    def app(self) -> App:
        """Return the first app: the one that shops are opened with."""
        return next(iter(self.apps.values()))

    def add_app(self, client_id: str, client_secret: str, scopes: Sequence[str] = SCOPES) -> App:
        """Make an app; it is installed in no shop yet."""
        with self.lock:
            number = 1_234_567 + len(self.apps)
            made = App(client_id, number, [Secret(client_secret)], tuple(scopes))
            self.apps[client_id] = made
            return made

    def add_app_webhook(self, topic: str, uri: str) -> None:
        """Subscribe the first app in its own configuration: in all shops, never deleted.

        The compliance topics can be had in no other way.
        """
        with self.lock:
            self.app.webhooks[header_of(topic)] = uri

    def open_shop(
        self,
        name: str = "kawa",
        *,
        shop_id: int | None = None,
        settings: Settings | None = None,
        installed: bool = True,
        **values: Any,
    ) -> Shop:
        """Open `name`.myshopify.com with the first app installed; `values` are settings.

        Raises SandboxError if there is such a shop.
        """
        domain = f"{name.removesuffix('.myshopify.com')}.myshopify.com"
        with self.lock:
            if not DOMAIN.fullmatch(domain) or domain in self.shops:
                raise SandboxError(f"{domain} cannot be opened.")
            number = shop_id or 70_000_100_000 + len(self.shops)
            shop = Shop(self, domain, number, settings or Settings())
            shop.change_settings(**values)
            if installed:
                shop.reinstall()
            self.shops[domain] = shop
            return shop

    def run_queue(self, limit: int | None = 1000) -> int:
        """Send what is due in all shops; returns how many attempts."""
        return sum(shop.run_queue(limit) for shop in list(self.shops.values()))
