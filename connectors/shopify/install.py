"""Sets up the webhooks that we need, and asks the shop whether our credentials work.

The compliance topics (customers/data_request, customers/redact, shop/redact) cannot be made by API:
they belong into the app's own configuration at Shopify.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from app.errors import Blocked, Invalid
from connectors import texts
from connectors.base import Registration
from connectors.shopify.client import Session, shaped
from connectors.shopify.refusals import Denied
from connectors.shopify.version import missing_scopes

# What is enough: everything else a shop announces is contained in these.
TOPICS = (
    "ORDERS_CREATE",
    "ORDERS_UPDATED",  # comes after each change: paid, cancelled, fulfilled, tagged
    "ORDERS_PAID",
    "ORDERS_EDITED",
    "ORDERS_CANCELLED",
    "ORDERS_DELETE",
    "REFUNDS_CREATE",
    "CUSTOMERS_CREATE",
    "CUSTOMERS_UPDATE",
    "CUSTOMERS_DELETE",
    "CUSTOMERS_EMAIL_MARKETING_CONSENT_UPDATE",
    "CUSTOMER_TAGS_REMOVED",
    "APP_UNINSTALLED",
    "APP_SCOPES_UPDATE",
)
# Wanted too, but each needs a permission that many apps do without.
OPTIONAL_TOPICS = ("CUSTOMERS_MERGE", "DISPUTES_CREATE", "DISPUTES_UPDATE")

OUR_PATH = "/webhooks/shopify/"

_PAGES = 20


class _Webhook(msgspec.Struct):
    id: str
    topic: str
    uri: str


class _PageInfo(msgspec.Struct, rename="camel"):
    has_next_page: bool
    end_cursor: str | None = None


class _Webhooks(msgspec.Struct, rename="camel"):
    nodes: list[_Webhook]
    page_info: _PageInfo


class _UserError(msgspec.Struct):
    field: list[str] | None = None


class _Made(msgspec.Struct, rename="camel"):
    webhook_subscription: _Webhook | None
    user_errors: list[_UserError]


class ShopifyInstaller:
    """Shopify's `Installer` role."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def register(self, address: str, secret: str) -> Sequence[Registration]:  # noqa: ARG002  # deliveries are signed with the client secret
        """Make one webhook per topic point at `address`; those of others are not touched.

        Safe to repeat: what is there is kept. One that sends to another address of ours (an earlier
        host of this installation) is moved.
        """
        ours = [webhook for webhook in self._listed() if _is_ours(webhook.uri)]
        made = [self._ensure(topic, ours, address) for topic in TOPICS]
        for topic in OPTIONAL_TOPICS:
            try:
                made.append(self._ensure(topic, ours, address))
            except (Denied, Invalid):
                continue  # the needed ones were taken with this address: it is the topic's permission
        return made

    def _listed(self) -> list[_Webhook]:
        found: list[_Webhook] = []
        after: str | None = None
        for _ in range(_PAGES):
            data = self._session.ask("webhook_subscriptions", {"after": after})
            page = shaped(data.get("webhookSubscriptions"), _Webhooks)
            found.extend(page.nodes)
            after = page.page_info.end_cursor
            if not page.page_info.has_next_page:
                break
        return found

    def _ensure(self, topic: str, ours: Sequence[_Webhook], address: str) -> Registration:
        same = [webhook for webhook in ours if webhook.topic == topic]
        kept = next((webhook for webhook in same if webhook.uri == address), None)
        if kept is None and same:
            wanted = {"id": same[0].id, "webhookSubscription": {"uri": address}}
            kept = self._send("webhookSubscriptionUpdate", "webhook_subscription_update", wanted)
        elif kept is None:
            wanted = {"topic": topic, "webhookSubscription": {"uri": address, "format": "JSON"}}
            kept = self._send("webhookSubscriptionCreate", "webhook_subscription_create", wanted)
        return Registration(
            id=kept.id, topic=kept.topic, address=kept.uri, active=kept.uri == address
        )

    def _send(self, field: str, document: str, variables: dict[str, Any]) -> _Webhook:
        made = shaped(self._session.ask(document, variables).get(field), _Made)
        if made.webhook_subscription is None or made.user_errors:
            named = {part for error in made.user_errors for part in error.field or ["no field"]}
            what = f"The shop refuses the webhook {variables.get('topic', 'that it has')}"
            if "topic" in named:
                raise Denied(f"{what}: the app lacks the permission that this topic needs.")
            raise Invalid(
                f"{what} ({', '.join(sorted(named)) or field}): its address must be https with a valid "
                "certificate, and not be the shop's own."
            )
        return made.webhook_subscription


class _Plan(msgspec.Struct, rename="camel"):
    public_display_name: str


class _Shop(msgspec.Struct, rename="camel"):
    currency_code: str
    plan: _Plan


class _Scope(msgspec.Struct):
    handle: str


class _Installation(msgspec.Struct, rename="camel"):
    access_scopes: list[_Scope]


class _Health(msgspec.Struct, rename="camel"):
    current_app_installation: _Installation
    shop: _Shop


class ShopifyHealth:
    """Shopify's `HealthCheck` role."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def check(self) -> str:
        """Return plan and currency; raises Blocked with what the merchant can do."""
        found = shaped(self._session.ask("health"), _Health)
        granted = {scope.handle for scope in found.current_app_installation.access_scopes}
        missing = missing_scopes(granted)
        if missing:
            raise Blocked(
                f"The app lacks the permission {' and '.join(missing)} in the shop {self._session.shop}. "
                "Add it to the app's access scopes in Shopify's Dev Dashboard, release a version of the "
                "app, and accept it in the shop."
            )
        plan = texts.short(found.shop.plan.public_display_name, 40) or "?"
        return f"Shopify {plan}, {texts.short(found.shop.currency_code, 10)}"


def _is_ours(uri: str) -> bool:
    try:
        return urlsplit(uri).path.startswith(OUR_PATH)
    except ValueError:
        return False
