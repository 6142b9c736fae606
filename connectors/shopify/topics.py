"""Shopify's topics: why some are left alone, and which announce something instead of stating it.

https://shopify.dev/docs/api/admin-graphql/2026-10/enums/WebhookSubscriptionTopic . A topic comes in a
header that nobody signs, so nothing here decides what a body is; that does its shape (normalise).
"""

from collections.abc import Mapping

ORDER_DELETED = "orders/delete"
CUSTOMER_DELETED = "customers/delete"
TAGS_REMOVED = "customer.tags_removed"
UNINSTALLED = "app/uninstalled"
DATA_REQUEST = "customers/data_request"
CUSTOMER_REDACT = "customers/redact"
SHOP_REDACT = "shop/redact"

_OTHER = "nothing in it earns"
# By what a topic begins with; the first that fits.
_WHY: Mapping[str, str] = {
    "subscription_": "renewals come as orders",
    "order_transactions/": "an order says itself whether it is paid",
    "tender_transactions/": "an order says itself whether it is paid",
    "orders/risk_assessment": "a risk moves no points; a cancelled order or a dispute does",
    "orders/": "the body is no order that can be understood",
    "draft_orders/": "a draft earns when it becomes an order",
    "checkouts/": "a checkout earns when it becomes an order",
    "carts/": "a cart earns when it becomes an order",
    "customers/purchasing_summary": "the sums are Shopify's own; points follow from orders",
    "customers_email_marketing_consent/": "the body tells no consent that can be understood",
    "customers_marketing_consent/": "consent to marketing moves no points",
    "customers_whats_app_marketing_consent/": "consent to marketing moves no points",
    "customer.joined_segment": "a segment of the shop's moves no points",
    "customer.left_segment": "a segment of the shop's moves no points",
    "customer_account_settings/": "a setting of the shop moves no points",
    "discounts/": "orders name the codes they used",
    "bulk_operations/": "none of ours is waited for by webhook",
    "shop/update": "the shop's settings are read when they are needed",
}

# They announce something that happens again with the very same bytes, or that must be looked up anew.
_SIGNALS = frozenset(
    {
        ORDER_DELETED,
        CUSTOMER_DELETED,
        CUSTOMER_REDACT,
        DATA_REQUEST,
        SHOP_REDACT,
        "customers/merge",
        "orders/edited",
    }
)
_SIGNAL_BEGINS = ("app/", "disputes/", "products/", "returns/", "refunds/")


def why_ignored(topic: str) -> str:
    """Say why a delivery of this topic changes nothing."""
    found = (why for begin, why in _WHY.items() if topic.lower().startswith(begin))
    return next(found, _OTHER)


def is_signal(topic: str) -> bool:
    """Say whether a topic only announces. Next-generation events have topics without a slash."""
    topic = topic.lower()
    return topic in _SIGNALS or topic.startswith(_SIGNAL_BEGINS) or "/" not in topic
