"""Which version of Shopify's Admin API we speak, and what we must be allowed to do there."""

from collections.abc import Collection

API_VERSION = "2026-10"
"""Pinned here only; a version is supported for 12 months (https://shopify.dev/docs/api/usage/versioning)."""

NEEDED_SCOPES = ("read_orders", "write_customers")
"""Without these nothing is read back and no balance is written. A write scope includes its read."""

ALL_ORDERS = "read_all_orders"
"""Without it an order that is older than 60 days looks as if it did not exist."""


def missing_scopes(granted: Collection[str]) -> list[str]:
    """Return which of the needed permissions are not among the granted ones."""
    return [
        scope
        for scope in NEEDED_SCOPES
        if scope not in granted and scope.replace("read_", "write_", 1) not in granted
    ]
