"""What became of a credit, told from the transactions of its account.

Shopify says how much of a credit is left, not who took the rest. But it says by which rule debits take:
always from the credit that expires soonest. So the history is gone through once more by that rule.
https://shopify.dev/docs/api/admin-graphql/2026-10/objects/StoreCreditAccountCreditTransaction
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from connectors.shopify.credit_answers import Amount

CREDIT = "StoreCreditAccountCreditTransaction"
DEBIT = "StoreCreditAccountDebitTransaction"
REVERT = "StoreCreditAccountDebitRevertTransaction"
EXPIRY = "StoreCreditAccountExpirationTransaction"

ADJUSTMENT = "ADJUSTMENT"
"""The event of what an app or a person in the shop's admin did."""

_NEVER = datetime.max.replace(tzinfo=UTC)


class _Ref(msgspec.Struct):
    id: str


class Entry(msgspec.Struct, rename="camel"):
    """A transaction, as store_credit_history.graphql asks for it; what is not of its kind is None."""

    kind: str = msgspec.field(name="__typename")
    amount: Amount
    created_at: datetime
    event: str
    id: str | None = None
    expires_at: datetime | None = None
    remaining_amount: Amount | None = None
    debit_transaction: _Ref | None = None
    credit_transaction: _Ref | None = None

    @property
    def size(self) -> Decimal:
        """Return how much it is about, whichever way it went."""
        return abs(self.amount.amount)


def spent_of(history: Sequence[Entry], credit: str) -> Decimal | None:
    """Return how much of a credit customers have spent in orders; `history`: all of it, oldest first.

    What a person or an app took is not spent. None: the history does not come to what is left.
    """
    left: dict[str, Decimal] = {}
    ends: dict[str, datetime] = {}
    spent: dict[str, Decimal] = {}
    taken: dict[str, list[tuple[str, Decimal, bool]]] = {}
    for one in history:
        match one.kind:
            case "StoreCreditAccountCreditTransaction" if one.id is not None:
                left[one.id], ends[one.id] = one.size, one.expires_at or _NEVER
            case "StoreCreditAccountDebitTransaction" if one.id is not None:
                parts = _take(one, left, ends)
                if parts is None:
                    return None
                taken[one.id] = parts
            case "StoreCreditAccountDebitRevertTransaction" if one.debit_transaction is not None:
                back = taken.get(one.debit_transaction.id, [])
                for number, part, _ in back:
                    left[number] += part
                taken[one.debit_transaction.id] = []
            case _:
                continue  # what has expired is left, as Shopify says it too
    for parts in taken.values():
        for number, part, in_order in parts:
            spent[number] = spent.get(number, Decimal(0)) + (part if in_order else 0)
    told = next((one for one in history if one.id == credit and one.kind == CREDIT), None)
    if (
        told is None
        or told.remaining_amount is None
        or told.remaining_amount.amount != left[credit]
    ):
        return None
    return spent.get(credit, Decimal(0))


def _take(
    debit: Entry, left: dict[str, Decimal], ends: dict[str, datetime]
) -> list[tuple[str, Decimal, bool]] | None:
    missing, parts = debit.size, []
    for number in sorted(left, key=lambda one: ends[one]):  # a stable order: equal ones by age
        if ends[number] <= debit.created_at:
            continue
        part = min(left[number], missing)
        if part > 0:
            left[number] -= part
            missing -= part
            parts.append((number, part, debit.event != ADJUSTMENT))
    return None if missing else parts
