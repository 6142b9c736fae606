"""WooCommerce: deliveries in, balances back as customer metadata. For merchants: README.md here."""

from connectors.woocommerce.connector import connector

__all__ = ["connector"]
