"""Shopify: deliveries in, balances back as customer tags and metafields. For merchants: README.md here."""

from connectors.shopify.connector import connector

__all__ = ["connector"]
