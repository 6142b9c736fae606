"""A till that reports its sales to Stempel. The living example of connectors/README.md.

The till posts JSON, signed in `X-Till-Signature` with base64(HMAC-SHA256). `X-Till-Event` names the topic.
A sale is told whole each time it changes; of a voided one only the number is told.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, TypeVar

import msgspec

from app.errors import Invalid
from app.programme.events import Event, Line, OrderFacts, Person, Refund, Standing
from connectors import signatures
from connectors.base import (
    CONTRACT_VERSION,
    Access,
    Delivery,
    Field,
    Headers,
    HealthCheck,
    Ignored,
    Installer,
    NeedsRead,
    Observed,
    Origin,
    Outcome,
    Place,
    Reader,
    Ref,
    Shop,
    Writer,
)
from connectors.http import HttpClient
from connectors.rewards import Codes, Credits, RewardKind

_SIGNAL = 64  # bytes; the smallest sale has more

T = TypeVar("T")
Name = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9-]{1,40}$")]
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]


class Item(msgspec.Struct):
    """One line on the receipt; `price` is for all of it, with tax."""

    id: Name
    price: Decimal
    quantity: int = 1


class Sale(msgspec.Struct):
    """A receipt as it stands now."""

    place: Name  # which till this is
    sale: Name
    at: datetime
    changed_at: datetime
    currency: Currency
    items: list[Item]
    card: Name | None = None  # the customer's
    email: str | None = None
    given_back: Decimal = Decimal(0)


class Number(msgspec.Struct, forbid_unknown_fields=True):
    """A sale of which only the number is told."""

    sale: Name


class TillInbound:
    """Understands what a till sends: pure functions over bytes, called at the edge and on replay."""

    def locate(self, headers: Headers) -> str | None:
        """Return the till that the header names: a hint, for only the body is signed."""
        return headers.text("X-Till-Place")

    def verify(self, headers: Headers, body: bytes, secrets: Sequence[bytes]) -> bool:
        """Say whether one of the secrets signed these bytes."""
        return signatures.signed_by_any(body, headers.all("X-Till-Signature"), secrets)

    def topic(self, headers: Headers) -> str:
        """Return the topic header."""
        return (headers.text("X-Till-Event") or "")[:128]

    def content_key(self, topic: str, body: bytes) -> bytes | None:  # noqa: ARG002 - the contract's
        """Return the body: the same receipt told again is a repeat. A mere number is a signal."""
        return body if len(body) > _SIGNAL else None

    def preflight(self, headers: Headers, body: bytes) -> str | None:  # noqa: ARG002 - the contract's
        """Return None: a till sends no test message."""
        return None

    def normalise(self, delivery: Delivery) -> Outcome:
        """Return what a message states. Its shape decides, never the topic."""
        if delivery.source != "webhook":
            raise Invalid(f"{delivery.topic}: a till cannot be read")
        if (number := _decoded(delivery.body, Number)) is not None:
            return NeedsRead((Ref("order", number.sale),), f"sale {number.sale} was voided")
        if (sale := _decoded(delivery.body, Sale)) is not None:
            return Observed((_event(sale),), None, Origin(ref=sale.place))
        return Ignored(f"{delivery.topic}: not a sale")


def _decoded(body: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _event(sale: Sale) -> Event:
    if sale.at.tzinfo is None or sale.changed_at.tzinfo is None:
        raise Invalid("a sale's times must say in which zone they are, as 2026-11-21T20:00:00Z")
    given_back = Refund(id=f"{sale.sale}-back", amount=sale.given_back, lines=())
    lines = tuple(Line(id=one.id, quantity=one.quantity, net=one.price) for one in sale.items)
    return Event(
        kind="order",
        external_id=sale.sale,
        modified_at=sale.changed_at.astimezone(UTC),
        occurred_at=sale.at.astimezone(UTC),
        person=Person(customer=sale.card, email=sale.email),
        facts=OrderFacts(
            standing=Standing.PAID,
            status="paid",
            currency=sale.currency,
            prices_include_tax=True,
            total=sum((line.net for line in lines), Decimal(0)),
            channel="till",
            lines=lines,
            refunds=(given_back,) if sale.given_back else (),
        ),
    )


class Till:
    """An open connection to a till, which can do nothing: nobody can call a till."""

    reader: Reader | None = None
    writer: Writer | None = None
    codes: Codes | None = None
    credits: Credits | None = None
    installer: Installer | None = None
    health: HealthCheck | None = None

    def close(self) -> None:
        """Nothing is open."""


class TillConnector:
    """What the entry point names."""

    name = "till"
    contract = CONTRACT_VERSION
    fields: Sequence[Field] = (
        Field(name="place", help="What the till calls itself.", required=True, locates=True),
        Field(
            name="secret",
            help="What the till signs with.",
            secret=True,
            repeatable=True,
            required=True,
            signs=True,
        ),
    )
    inbound = TillInbound()
    makes: frozenset[RewardKind] = frozenset()
    shows_perks = False

    def place(self, values: Mapping[str, Sequence[str]]) -> Place:
        """Return where the till is: nowhere on the web, so it has a name only."""
        name = values["place"][0]
        if not name.isalnum() or not name.isascii():
            raise Invalid("--place must be letters and digits, as the till's own settings show it.")
        return Place(url=f"https://{name.lower()}.till.invalid", ref=name)

    def can_call(self, credentials: Mapping[str, str]) -> bool:  # noqa: ARG002 - the contract's
        """Return False: a till takes no calls."""
        return False

    def connect(self, access: Access, http: HttpClient) -> Shop:  # noqa: ARG002 - the contract's
        """Open nothing."""
        return Till()


connector = TillConnector()
