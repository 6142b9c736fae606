"""How a shop shows what has no form of its own there, the same on every platform."""

from collections.abc import Sequence
from datetime import UTC

import msgspec

from connectors.base import LiveCode

MOST_CODES = 100
"""Of the newest codes: some 10 kB, where Shopify takes 128."""


def codes_as_json(codes: Sequence[LiveCode]) -> str:
    """Return a customer's codes as a JSON list, the oldest first; "[]" if there are none.

    Each is {"code", "reward", "ends_at"}: the reward's key in the programme and a time in UTC to the
    second, null for a code that never ends.
    """
    shown = [
        {"code": one.code, "reward": one.reward, "ends_at": _until(one)}
        for one in codes[-MOST_CODES:]
    ]
    return msgspec.json.encode(shown).decode()


def _until(code: LiveCode) -> str | None:
    if code.ends_at is None:
        return None
    return f"{code.ends_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
