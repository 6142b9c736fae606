"""The contract between Stempel and a platform: small roles, plain data in and out.

A connector is a module-level object with a `name`, the `fields` its store needs, an `Inbound` role
and `connect()`, which returns a `Shop` with the roles that need the network. A platform implements
what it has; a missing role is None. Connectors know nothing of the database, of points or of Flask.
Failures are raised as `app.errors` classes: Passing, Invalid or Blocked.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from app.programme.events import Event
from connectors.http import HttpClient
from connectors.rewards import Codes, Credits, RewardKind

CONTRACT_VERSION = 3


class Headers:
    """Request headers as they came: names compared without case, doubled ones kept apart."""

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        self._raw = [(name.lower(), value) for name, value in raw]

    def all(self, name: str) -> list[bytes]:
        """Return every value sent under `name`, in order."""
        wanted = name.lower().encode("latin-1")
        return [value for key, value in self._raw if key == wanted]

    def text(self, name: str) -> str | None:
        """Return the only value under `name` as text; None if absent, doubled or not ASCII."""
        values = self.all(name)
        if len(values) != 1 or not values[0].isascii():
            return None
        return values[0].decode("ascii").strip()

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._raw)


class Ref(msgspec.Struct, frozen=True, order=True):
    """A source object to be read from the shop, in our word for its kind."""

    kind: str
    external_id: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One inbound message as stored. `source` is "webhook", "read" or "sync".

    The topic of a webhook is an unsigned hint; that of a read or sync is ours. `began_at` is when a
    read began: its answer is the truth of that moment.
    """

    source: str
    topic: str
    body: bytes
    received_at: datetime
    began_at: datetime | None = None


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Which shop a body itself says it comes from; headers and paths are not signed, bodies are.

    `ref` (as `Place.ref`) and `shop_id` name the shop for good: another one is another shop. `host` is
    what the body's links name where a platform has nothing better: another one is a copy of the shop.
    """

    ref: str | None = None
    shop_id: str | None = None
    host: str | None = None


class Lost(msgspec.Struct, frozen=True):
    """A customer in the shop no longer shows these marks (as in `Written.marks`)."""

    customer: str
    marks: tuple[str, ...]


class Observed(msgspec.Struct, frozen=True):
    """The message states these facts. `note` tells support what was unusual about it."""

    events: tuple[Event, ...]
    note: str | None = None
    origin: Origin | None = None
    lost: tuple[Lost, ...] = ()


class Closed(msgspec.Struct, frozen=True):
    """The shop has cut the connection: nothing is called until a person has connected it anew."""

    reason: str
    origin: Origin | None = None


class NeedsRead(msgspec.Struct, frozen=True):
    """The message only points at objects; they must be read from the shop.

    `otherwise` is what it states by itself, believed only where the shop cannot be asked.
    """

    refs: tuple[Ref, ...]
    reason: str
    origin: Origin | None = None
    otherwise: Observed | Closed | None = None


class Ignored(msgspec.Struct, frozen=True):
    """The message was understood and changes nothing; the reason names the topic."""

    reason: str


Outcome = Observed | NeedsRead | Closed | Ignored


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of a store: an option of `stempel store add <platform>` and of the form."""

    name: str  # as in the option, e.g. "webhook-secret"
    help: str
    secret: bool = False
    repeatable: bool = False
    required: bool = False
    signs: bool = False  # the shop signs its deliveries with it
    calls: bool = (
        False  # of one that signs: calls to the API need it too, so it is a credential as well
    )
    locates: bool = False  # says where the store is (`Connector.place`); not kept as a credential


class Place(msgspec.Struct, frozen=True):
    """Where a store is: its address, and the name its deliveries call it by, if they do.

    `ref` is what `Inbound.locate` returns for its deliveries (a shop domain); unique per platform.
    """

    url: str
    ref: str | None = None


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to talk to one store. `credentials` hold decrypted secrets: never logged.

    `origin` is set in the demo and in tests: the address to call instead of the shop's own, with
    "{shop}" where the shop's name belongs.
    """

    store_key: str
    url: str
    credentials: Mapping[str, str]
    origin: str | None = None

    def __repr__(self) -> str:
        return f"Access({self.store_key})"


class LiveCode(msgspec.Struct, frozen=True, kw_only=True):
    """A discount code that a customer has and has not used. `reward` is its key in the programme."""

    code: str
    reward: str
    ends_at: datetime | None = None


class CustomerState(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop shall show about one customer. `customer` is the platform's id."""

    customer: str
    programme: str
    balance: int
    tier: str | None = None
    codes: tuple[LiveCode, ...] = ()  # of this shop, the oldest first
    perks: tuple[str, ...] = ()  # that last now, sorted: rewards without a code, memberships' own


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """The result of writing one customer's state: None is success, else the reason.

    `marks` are what the shop now shows that a person could take away there (tags), see `Lost`.
    """

    customer: str
    error: str | None = None
    marks: tuple[str, ...] = ()
    gone: bool = False  # the customer does not exist in the shop any more


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """One webhook as the platform has it."""

    id: str
    topic: str
    address: str
    active: bool


class ReadAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to be stored as a delivery of source "read" and normalised like any other."""

    topic: str
    body: bytes
    began_at: datetime


class Inbound(Protocol):
    """Understands deliveries. Pure functions over bytes: called at the edge and again on replay."""

    def locate(self, headers: Headers) -> str | None:
        """Return the `Place.ref` that the headers name when the path has no store key (not trusted)."""

    def verify(self, headers: Headers, body: bytes, secrets: Sequence[bytes]) -> bool:
        """Say whether one of the active secrets signed these exact bytes.

        Must do the same work for no secrets as for one, never raise, and refuse doubled headers.
        """

    def topic(self, headers: Headers) -> str:
        """Return the (unsigned) topic, "" if there is none; at most 128 characters."""

    def content_key(self, topic: str, body: bytes) -> bytes | None:
        """Return the bytes by which a repeat is known, without parsing; None for a signal."""

    def preflight(self, headers: Headers, body: bytes) -> str | None:
        """Return a short note if this is the platform's unsigned test ping, else None."""

    def normalise(self, delivery: Delivery) -> Outcome:
        """Turn a delivery into statements. Raises Invalid when the content cannot be understood."""


class Reader(Protocol):
    """Reads the truth of this moment from the shop."""

    def read(self, ref: Ref) -> ReadAnswer:
        """Read one object; an object that is gone is an answer too, not an error."""


class Writer(Protocol):
    """Writes customer states back to the shop. Writing the same state twice changes nothing."""

    batch_size: int

    def push(self, states: Sequence[CustomerState]) -> Sequence[Written]:
        """Write up to `batch_size` states in as few calls as the platform allows."""


class Installer(Protocol):
    """Sets up what the platform must send us."""

    def register(self, address: str, secret: str) -> Sequence[Registration]:
        """Make every webhook we need point at `address`, changing only our own."""


class HealthCheck(Protocol):
    """Asks the shop whether the credentials work."""

    def check(self) -> str:
        """Return one line about the shop (version, currency); raises Blocked with what to do."""


class Shop(Protocol):
    """An open connection to one store: one kept-alive session. A role it lacks is None."""

    reader: Reader | None
    writer: Writer | None
    codes: Codes | None
    credits: Credits | None
    installer: Installer | None
    health: HealthCheck | None

    def close(self) -> None:
        """Close the session."""


class Connector(Protocol):
    """What an entry point of the group `stempel.connectors` names."""

    name: str
    contract: int
    fields: Sequence[Field]
    inbound: Inbound
    makes: frozenset[RewardKind]  # the kinds of rewards that its shops can make
    shows_perks: bool  # its writer shows `CustomerState.perks`

    def place(self, values: Mapping[str, Sequence[str]]) -> Place:
        """Return where the store with these field values is; raises Invalid with what to give."""

    def can_call(self, credentials: Mapping[str, str]) -> bool:
        """Say whether these credentials allow calls to the shop's API."""

    def connect(self, access: Access, http: HttpClient) -> Shop:
        """Open a session to the store. No network yet."""
