"""WooCommerce: deliveries in, balances and discount codes back. For merchants: README.md here."""

from connectors.woocommerce.connector import connector

__all__ = ["connector"]
