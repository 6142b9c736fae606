"""Sets up the webhooks that we need, and asks the shop whether our key works."""

from collections.abc import Sequence

import msgspec

from connectors.base import Registration
from connectors.woocommerce import payloads, values
from connectors.woocommerce.client import Session

# What is enough: everything else a shop announces is contained in these (facts of 11.0.1 and 9.9.5).
TOPICS = (
    "order.created",
    "order.updated",
    "order.deleted",
    "order.restored",
    "customer.created",
    "customer.updated",
    "customer.deleted",
    "product.updated",  # reviews have no topic of their own
    "action.woocommerce_delete_order",  # deleting for good fires no order.deleted
    "action.woocommerce_refund_deleted",  # deleting a refund fires no order.updated
)

_PAGES = 20


class _Webhook(msgspec.Struct):
    id: values.Number
    topic: str = ""
    status: str = ""
    delivery_url: str = ""


class WooInstaller:
    """WooCommerce's `Installer` role."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def register(self, address: str, secret: str) -> Sequence[Registration]:
        """Make one active webhook per topic point at `address`; no other webhook is touched.

        Safe to repeat: what exists is kept. The secret is always set anew, since the shop never shows
        the one it has. While a webhook is being created the shop sends its ping to `address`.
        """
        ours = {
            webhook.topic: webhook for webhook in self._listed() if webhook.delivery_url == address
        }
        return [self._ensure(topic, ours.get(topic), address, secret) for topic in TOPICS]

    def _listed(self) -> list[_Webhook]:
        listed, _whole = self._session.pages("webhooks", {}, _PAGES)
        found = [payloads.decode(item, _Webhook, "the shop's webhooks") for item in listed]
        # The oldest of two with the same topic and address comes last and is the one kept up.
        return sorted(found, key=lambda webhook: -int(values.identifier(webhook.id, "id")))

    def _ensure(
        self, topic: str, existing: _Webhook | None, address: str, secret: str
    ) -> Registration:
        wanted = {"status": "active", "secret": secret}
        if existing is None:
            wanted |= {"name": f"Stempel: {topic}", "topic": topic, "delivery_url": address}
            body = self._session.send("POST", "webhooks", wanted)
        else:
            number = values.identifier(existing.id, "id")
            body = self._session.send("PUT", f"webhooks/{number}", wanted)
        webhook = payloads.decode(body, _Webhook, "the shop's webhook")
        return Registration(
            id=values.identifier(webhook.id, "id"),
            topic=webhook.topic or topic,
            address=webhook.delivery_url or address,
            active=webhook.status == "active",
        )


class _Environment(msgspec.Struct):
    version: str = "?"


class _Settings(msgspec.Struct):
    currency: str = "?"
    number_of_decimals: values.Number = None


class _Status(msgspec.Struct):
    environment: _Environment
    settings: _Settings


class WooHealth:
    """WooCommerce's `HealthCheck` role."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def check(self) -> str:
        """Return version, currency and decimals; raises Blocked with what the merchant can do."""
        body = self._session.get("system_status", {"_fields": "environment,settings"})
        status = payloads.decode(body, _Status, "the shop's status")
        decimals = values.quantity(status.settings.number_of_decimals, "number_of_decimals")
        version = values.text(status.environment.version, 40)
        currency = values.text(status.settings.currency, 10)
        return f"WooCommerce {version}, {currency}, {decimals} decimals"
