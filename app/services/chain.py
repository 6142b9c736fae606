"""The chain of ledger entries: one canonical form, one MAC over it and the one before.

Computed here and nowhere else, in Python, for single postings and bulk runs alike (DESIGN.md, Ledger
invariants, 3).
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from app.clock import to_micros
from app.crypto import Keyring

GENESIS = bytes(32)
"""The head of a member without entries."""

_FIELDS = (
    "id",
    "programme_id",
    "member_id",
    "seq",
    "kind",
    "points",
    "pending",
    "award_id",
    "rule",
    "version",
    "occurred_at",
    "recorded_at",
    "delivery_id",
    "key",
    "explanation",
)


def canonical(entry: Mapping[str, Any]) -> bytes:
    """Return the bytes that stand for an entry: every column but the MAC, in a fixed order."""
    values = [to_micros(entry[name]) if name.endswith("_at") else entry[name] for name in _FIELDS]
    return msgspec.json.encode(values)


def link(keyring: Keyring, previous: bytes, entry: Mapping[str, Any]) -> bytes:
    """Return the MAC of an entry that follows the one with the MAC `previous`."""
    return keyring.chain(previous, canonical(entry))
