"""Money to pay with as the shop keeps it: gift cards."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


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
