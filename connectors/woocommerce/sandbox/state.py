"""The shop's memory: its settings, its tables, its clock and its list of hooks fired.

Rows are dictionaries in the shape of the REST answers, with exact Decimals and aware datetimes
inside; `render` turns them into what a client sees. Keys starting with `_` stay inside.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app import clock
from connectors.woocommerce.sandbox.faults import Faults
from connectors.woocommerce.sandbox.money import Tax

Row = dict[str, Any]
PAID = ("processing", "completed")
"""Statuses in which a shop holds an order to be paid for."""


@dataclass
class Settings:
    """What a merchant sets up, and which version runs. May be changed while serving."""

    home_url: str = ""  # "" until served: then the server's own address
    currency: str = "PLN"
    decimals: int = 2
    tax_rate: Decimal = Decimal("0.23")
    prices_include_tax: bool = True
    timezone: str = "Europe/Warsaw"
    version: str = "11.0.1"
    wordpress: str = "7.1"
    hpos: bool = True  # orders in their own tables; off: as posts, with that mode's odd events
    tls_in_front: bool = False  # behave as if a proxy ended TLS and told WordPress so
    plain_permalinks: bool = False  # /wp-json/ is not routed
    free_delivery_by_coupon: bool = True  # a method "free shipping" that asks for a coupon
    hold_reviews: bool = True  # a first-time author's review waits for approval
    ping_timeout: float = 5.0
    delivery_timeout: float = 60.0

    @property
    def tax(self) -> Tax:
        """Return how money is taxed and rounded."""
        return Tax(self.tax_rate, self.prices_include_tax, self.decimals)

    @property
    def before_10(self) -> bool:
        """Say whether an older generation runs (9.9.5 was looked at): fewer keys, other ghosts."""
        return int(self.version.partition(".")[0]) < 10

    @property
    def zone(self) -> tzinfo:
        """Return the shop's time zone."""
        return ZoneInfo(self.timezone)


@dataclass
class ApiKey:
    """A REST key: `permissions` is read, write or read_write; `rights`: its user runs the shop."""

    key: str
    secret: str
    permissions: str = "read_write"
    rights: bool = True


@dataclass
class Waiting:
    """A delivery that is queued: its body does not exist yet."""

    webhook_id: int
    arg: Any
    hook: str


@dataclass
class Sent:
    """A delivery (or ping) that was attempted."""

    webhook_id: int
    topic: str
    url: str
    headers: dict[str, str]
    body: bytes
    status: int | None  # None: no answer
    error: str
    success: bool
    ping: bool


@dataclass
class Tables:
    """Everything the shop knows, by id."""

    customers: dict[int, Row] = field(default_factory=dict)
    orders: dict[int, Row] = field(default_factory=dict)
    refunds: dict[int, Row] = field(default_factory=dict)
    notes: dict[int, Row] = field(default_factory=dict)
    products: dict[int, Row] = field(default_factory=dict)
    reviews: dict[int, Row] = field(default_factory=dict)
    coupons: dict[int, Row] = field(default_factory=dict)
    webhooks: dict[int, Row] = field(default_factory=dict)


class State:
    """All of one shop. Whoever reads or changes it holds `lock`; nothing slow happens under it."""

    def __init__(self, settings: Settings | None = None, now: clock.Clock = clock.now) -> None:
        self.settings = settings or Settings()
        self.lock = threading.RLock()
        self.tables = Tables()
        self.keys: dict[str, ApiKey] = {}
        self.nonces: deque[tuple[str, str]] = deque(maxlen=10_000)
        self.faults = Faults()
        self.calls: Counter[str] = Counter()  # "PUT /customers/{id}" → how often
        self.queue: dict[tuple[int, str], Waiting] = {}
        self.sent: deque[Sent] = deque(maxlen=10_000)
        self.runner = threading.Lock()  # one queue runner at a time
        self.listeners: list[Callable[[str, Any, str], None]] = []
        self._now = now
        self._last: Counter[str] = Counter()

    def now(self) -> datetime:
        """Return this second: the shop keeps no fractions."""
        return self._now().replace(microsecond=0)

    @contextmanager
    def at(self, moment: datetime | None) -> Iterator[None]:
        """Act as if it were that moment; None is now. Holds the lock."""
        with self.lock:
            kept = self._now
            if moment is not None:
                self._now = lambda: moment
            try:
                yield
            finally:
                self._now = kept

    def next_id(self, sequence: str) -> int:
        """Return the next id of "post", "user", "comment", "webhook", "item" or "meta"."""
        self._last[sequence] += 1
        return self._last[sequence]

    def used_id(self, sequence: str, number: int) -> None:
        """Note an id given from outside, so that it is not given again."""
        self._last[sequence] = max(self._last[sequence], number)

    def fire(self, hook: str, arg: Any, post_type: str = "") -> None:
        """Announce that something happened, as WordPress's do_action does."""
        for listener in self.listeners:
            listener(hook, arg, post_type)
