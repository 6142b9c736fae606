"""A shop's memory: settings, tables, and who is told when something happens.

Orders and customers are kept in the shape that the webhooks send, so that a body that was loaded goes
out again as it came; what no webhook shows (payments, tags, metafields) stands beside it.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from connectors.shopify.sandbox.apps import App, Bucket, Installation
from connectors.shopify.sandbox.faults import Faults
from connectors.shopify.sandbox.given import Account, GiftCard
from connectors.shopify.sandbox.money import Exchange
from connectors.shopify.sandbox.offers import Discount

Row = dict[str, Any]


class SandboxError(Exception):
    """The shop refuses an act, in the words its admin would use."""


@dataclass
class Settings:
    """What a merchant and Shopify set up. May be changed while serving."""

    name: str = "Sandbox"
    currency: str = "PLN"
    timezone: str = "Europe/Warsaw"
    tax_rate: Decimal = Decimal("0.23")
    taxes_included: bool = True
    approved_level: int = 2  # protected customer data: 2 with name and e-mail, 1 without, 0 none
    redacted_as: str = "absent"  # what webhooks do with data not approved: "absent" or "null"
    versions: tuple[str, ...] = ("2026-01", "2026-04", "2026-07", "2026-10", "unstable")
    webhook_version: str = "2026-10"
    header_family: str = "X-Shopify"  # or "shopify" as of next-generation Events, or "both"
    shuffle: int | None = None  # a seed: what is due is sent in a random order
    updated_first: bool = True  # orders/updated goes out before orders/create of the same second
    repeats: int = 0  # how many more times each delivery is sent, with the original payload
    connect_timeout: float = 1.0
    total_timeout: float = 5.0
    retry_speed: float = 1.0  # 60: an hour of waiting for the next try takes a minute
    usage_delay: float = (
        30.0  # seconds until asyncUsageCount tells of a use; the checkout knows at once
    )
    sells_subscriptions: bool = False
    bucket_size: float = 2000.0
    restore_rate: float = 100.0  # points per second
    max_query_cost: int = 1000
    gift_card_limit: Decimal = Decimal(10_000)  # the most that one card may be worth
    store_credit_limit: Decimal = Decimal(10_000)  # the most that may be on one account
    store_credit_enabled: bool = True  # whether customers can pay with it
    linear_cost: bool = (
        True  # a connection costs 2 + first x child; False: as staff told, see `cost`
    )

    @property
    def zone(self) -> tzinfo:
        """Return the shop's time zone."""
        return ZoneInfo(self.timezone)


@dataclass
class Order:
    """An order: the body that webhooks show, and what they don't."""

    body: Row
    rate: Decimal = Decimal(1)  # one unit of shop money in the buyer's
    payments: list[Row] = field(default_factory=list)  # transactions, each with `_shop`: its amount
    refunded: dict[int, Decimal] = field(default_factory=dict)  # by transaction, in shop money
    edited: bool = False
    metafields: list[Row] = field(default_factory=list)

    @property
    def exchange(self) -> Exchange:
        """Return the order's two currencies."""
        shop = str(self.body["currency"])
        return Exchange(shop, str(self.body.get("presentment_currency") or shop), self.rate)


@dataclass
class Person:
    """A customer: the body that webhooks show, and what they don't."""

    body: Row
    tags: list[str] = field(default_factory=list)
    metafields: list[Row] = field(default_factory=list)


@dataclass
class Waiting:
    """A delivery on its way: the body is what was true when it was triggered."""

    topic: str
    uri: str
    body: bytes
    webhook_id: str
    event_id: str
    triggered_at: datetime
    client_id: str
    subscription_id: int | None  # None: from the app's own configuration
    due: datetime
    tries: int = 0


@dataclass(frozen=True)
class Sent:
    """One attempt at a delivery and how it was answered; status None: not at all."""

    delivery: Waiting
    headers: dict[str, str]
    status: int | None
    error: str

    @property
    def topic(self) -> str:
        """Return the topic as the header has it."""
        return self.delivery.topic

    @property
    def url(self) -> str:
        """Return where it was sent."""
        return self.delivery.uri

    @property
    def body(self) -> bytes:
        """Return what was sent."""
        return self.delivery.body

    @property
    def success(self) -> bool:
        """Say whether the receiver took it: any 2xx, no redirect."""
        return self.status is not None and 200 <= self.status < 300


@dataclass
class Tables:
    """Everything in the shop, by id."""

    orders: dict[int, Order] = field(default_factory=dict)
    people: dict[int, Person] = field(default_factory=dict)
    products: dict[int, Row] = field(default_factory=dict)
    collections: dict[int, Row] = field(default_factory=dict)
    discounts: dict[int, Discount] = field(default_factory=dict)  # deleted ones too
    codes: dict[str, int] = field(default_factory=dict)  # lower case → discount, of those there
    gift_cards: dict[int, GiftCard] = field(default_factory=dict)
    credit_accounts: dict[int, Account] = field(default_factory=dict)
    returns: dict[int, Row] = field(default_factory=dict)
    disputes: dict[int, Row] = field(default_factory=dict)
    shop_metafields: list[Row] = field(default_factory=list)
    definitions: list[Row] = field(default_factory=list)


class Platform(Protocol):
    """What a shop needs of the platform it is on."""

    lock: threading.RLock
    apps: dict[str, App]

    def next_id(self, kind: str) -> int:
        """Return an id that no shop has used for this kind."""

    def used_id(self, kind: str, number: int) -> None:
        """Note an id given from outside, so that it is not given again."""

    def clock(self) -> datetime:
        """Return this moment, aware, UTC."""

    def seconds(self) -> float:
        """Return the time by which the buckets refill."""


class State:
    """Whoever reads or changes it holds `lock`; nothing slow happens under it."""

    def __init__(self, platform: Platform, domain: str, shop_id: int, settings: Settings) -> None:
        self.platform = platform
        self.lock = platform.lock
        self.domain = domain  # kawa.myshopify.com
        self.id = shop_id
        self.settings = settings
        self.tables = Tables()
        self.installations: dict[str, Installation] = {}  # by client id
        self.faults = Faults()
        self.calls: Counter[str] = (
            Counter()
        )  # by operation name; "fault 500"; "token refresh_token"
        self.mutations: Counter[str] = Counter()  # by field of the mutation type
        self.deliveries: Counter[str] = Counter()  # "orders/paid 200"; "orders/paid none"
        self.queue: list[Waiting] = []
        self.sent: deque[Sent] = deque(maxlen=10_000)
        self.runner = threading.Lock()  # one queue runner at a time
        self.listeners: list[Callable[[Sequence[tuple[str, Row]]], None]] = []
        self._numbers = 1000

    def now(self) -> datetime:
        """Return this second: objects keep no fractions."""
        return self.platform.clock().replace(microsecond=0)

    def stamp(self, moment: datetime | None = None) -> str:
        """Write a moment as the webhooks do: in the shop's own time."""
        return (moment or self.now()).astimezone(self.settings.zone).isoformat()

    def next_number(self) -> int:
        """Return the next order number, as people know it."""
        self._numbers += 1
        return self._numbers

    def next_id(self, kind: str) -> int:
        """Return a new id; ids are unique over all shops."""
        return self.platform.next_id(kind)

    def install(self, app: App, scopes: Sequence[str]) -> Installation:
        """Install an app, or give an installed one these scopes."""
        known = self.installations.get(app.client_id)
        if known is not None:
            known.scopes = tuple(scopes)
            return known
        made = Installation(
            app=app,
            number=self.next_id("installation"),
            scopes=tuple(scopes),
            installed=self.now(),
            bucket=Bucket(self.settings.bucket_size, self.platform.seconds()),
        )
        self.installations[app.client_id] = made
        return made

    def tell(self, *events: tuple[str, Row]) -> None:
        """Announce what one act caused: (topic, body) each, in the order they leave."""
        for listener in self.listeners:
            listener(events)


def utc(text: str | None) -> str | None:
    """Write a REST time as GraphQL does: in UTC, with Z."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def gid(kind: str, number: int) -> str:
    """Return a GraphQL id."""
    return f"gid://shopify/{kind}/{number}"
