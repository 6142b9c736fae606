"""Which version of Shopify's Admin API we speak, and what we must be allowed to do there."""

API_VERSION = "2026-10"
"""Pinned here only; a version is supported for 12 months (https://shopify.dev/docs/api/usage/versioning)."""

NEEDED_SCOPES = ("read_orders", "write_customers")
"""Without these nothing is read back and no balance is written. A write scope includes its read."""
