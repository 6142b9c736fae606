"""Writes a member's state to the customer of the shop, as metadata that themes and apps can read.

The keys have no leading underscore: WooCommerce would hide those in its answers about customers.
Writing a key updates its row, so the same write twice changes nothing but the modification time.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from app.errors import Passing
from connectors.base import CustomerState, Written
from connectors.shown import codes_as_json
from connectors.woocommerce import payloads, values
from connectors.woocommerce.client import Session
from connectors.woocommerce.reader import CUSTOMER_GONE

BALANCE = "stempel_balance"
TIER = "stempel_tier"
PROGRAMME = "stempel_programme"
CODES = "stempel_codes"
PERKS = "stempel_perks"

_BATCH = 100  # WooCommerce answers 413 to more


class _Item(msgspec.Struct):
    id: values.Number = None
    error: payloads.RestError | None = None


class _Batch(msgspec.Struct):
    update: list[_Item] = msgspec.field(default_factory=list)


class WooWriter:
    """WooCommerce's `Writer` role."""

    batch_size = _BATCH

    def __init__(self, session: Session) -> None:
        self._session = session

    def push(self, states: Sequence[CustomerState]) -> Sequence[Written]:
        """Write the states in one call; each has its own result.

        Always by batch: a single PUT would answer 403 for one customer whom the key's user may not
        edit (an administrator), which could not be told from a key that may do nothing at all.
        """
        if not states:
            return []
        body = self._session.send(
            "POST", "customers/batch", {"update": [_update(state) for state in states]}
        )
        answered = payloads.decode(body, _Batch, "the answer to a batch").update
        if len(answered) != len(states):
            raise Passing(
                "The shop's answer to a batch of customers does not speak of all of them."
            )
        # In the order in which they were sent; an item with an error has no id that could be trusted.
        return [
            _written(state.customer, item) for state, item in zip(states, answered, strict=True)
        ]


def _update(state: CustomerState) -> dict[str, Any]:
    return {
        "id": int(values.identifier(state.customer, "the customer's id")),
        "meta_data": [
            {"key": BALANCE, "value": str(state.balance)},
            {"key": TIER, "value": state.tier or ""},
            {"key": PROGRAMME, "value": state.programme},
            {"key": CODES, "value": codes_as_json(state.codes)},
            {"key": PERKS, "value": ",".join(state.perks)},
        ],
    }


def _written(customer: str, item: _Item) -> Written:
    if item.error is None:
        return Written(customer=customer)
    code = values.text(item.error.code, 80) or "an error without a code"
    return Written(customer=customer, error=code, gone=code in CUSTOMER_GONE)
