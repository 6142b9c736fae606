"""The shop itself, as app/uninstalled and shop/update show it."""

from connectors.shopify.sandbox.apps import Installation
from connectors.shopify.sandbox.state import Row, State


def uninstall(shop: State, installation: Installation) -> None:
    """End an installation: its tokens are dead before its last webhook arrives."""
    shop.tell(("app/uninstalled", shop_body(shop)))
    installation.subscriptions.clear()
    del shop.installations[installation.app.client_id]


def shop_body(shop: State) -> Row:
    """Return the shop's own body."""
    settings = shop.settings
    return {
        "id": shop.id,
        "name": settings.name,
        "email": "owner@example.com",
        "domain": shop.domain,
        "province": None,
        "country": "PL",
        "source": None,
        "phone": None,
        "primary_locale": "pl",
        "created_at": None,
        "updated_at": shop.stamp(),
        "country_code": "PL",
        "country_name": "Poland",
        "currency": settings.currency,
        "customer_email": "owner@example.com",
        "timezone": settings.timezone,
        "iana_timezone": settings.timezone,
        "shop_owner": "Sandbox Owner",
        "weight_unit": "kg",
        "taxes_included": settings.taxes_included,
        "plan_display_name": "Basic",
        "plan_name": "basic",
        "myshopify_domain": shop.domain,
        "enabled_presentment_currencies": [settings.currency],
    }
