"""Money to pay with as the shop keeps it: gift cards, and accounts of store credit."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

CREDIT = "StoreCreditAccountCreditTransaction"
DEBIT = "StoreCreditAccountDebitTransaction"
REVERT = "StoreCreditAccountDebitRevertTransaction"
EXPIRY = "StoreCreditAccountExpirationTransaction"


@dataclass
class GiftCard:
    """A gift card in the shop's currency. `paid` are the orders that were paid with it, and how much."""

    id: int
    code: str
    value: Decimal
    balance: Decimal
    created_at: datetime
    customer: int | None = None
    note: str | None = None
    expires_on: date | None = None
    deactivated_at: datetime | None = None
    paid: list[tuple[int, Decimal]] = field(default_factory=list)

    @property
    def enabled(self) -> bool:
        """Say whether it was never deactivated; that its day has passed does not matter here."""
        return self.deactivated_at is None


@dataclass
class Entry:
    """A transaction of an account. `kind` is the type in the schema; `amount` is negative where it takes.

    `left` is of a credit: what nobody has spent, also once it has expired. `taken` is of a debit: from
    which credits. `about` is what an expiry or revert is of.
    """

    id: int
    kind: str
    amount: Decimal
    balance: Decimal  # of the account after it
    created_at: datetime
    event: str
    expires_at: datetime | None = None
    left: Decimal = Decimal(0)
    expired: bool = False
    order: int | None = None
    taken: list[tuple[int, Decimal]] = field(default_factory=list)
    about: int | None = None


@dataclass
class Account:
    """A customer's store credit in one currency."""

    id: int
    customer: int
    currency: str
    entries: list[Entry] = field(default_factory=list)

    @property
    def balance(self) -> Decimal:
        """Return what can be spent."""
        return self.entries[-1].balance if self.entries else Decimal(0)
