"""The topics that the sandbox sends, as GraphQL and as the header spell them, and their scopes."""

TOPICS: dict[str, tuple[str, str | None]] = {
    "APP_SCOPES_UPDATE": ("app/scopes_update", None),
    "APP_UNINSTALLED": ("app/uninstalled", None),
    "CUSTOMERS_CREATE": ("customers/create", "read_customers"),
    "CUSTOMERS_DELETE": ("customers/delete", "read_customers"),
    "CUSTOMERS_DISABLE": ("customers/disable", "read_customers"),
    "CUSTOMERS_EMAIL_MARKETING_CONSENT_UPDATE": (
        "customers_email_marketing_consent/update",
        "read_customers",
    ),
    "CUSTOMERS_ENABLE": ("customers/enable", "read_customers"),
    "CUSTOMERS_MARKETING_CONSENT_UPDATE": ("customers_marketing_consent/update", "read_customers"),
    "CUSTOMERS_MERGE": ("customers/merge", "read_customer_merge"),
    "CUSTOMERS_PURCHASING_SUMMARY": ("customers/purchasing_summary", "read_customers"),
    "CUSTOMERS_UPDATE": ("customers/update", "read_customers"),
    "CUSTOMER_TAGS_ADDED": ("customer.tags_added", "read_customers"),
    "CUSTOMER_TAGS_REMOVED": ("customer.tags_removed", "read_customers"),
    "DISPUTES_CREATE": ("disputes/create", "read_shopify_payments_disputes"),
    "DISPUTES_UPDATE": ("disputes/update", "read_shopify_payments_disputes"),
    "ORDERS_CANCELLED": ("orders/cancelled", "read_orders"),
    "ORDERS_CREATE": ("orders/create", "read_orders"),
    "ORDERS_DELETE": ("orders/delete", "read_orders"),
    "ORDERS_EDITED": ("orders/edited", "read_orders"),
    "ORDERS_FULFILLED": ("orders/fulfilled", "read_orders"),
    "ORDERS_PAID": ("orders/paid", "read_orders"),
    "ORDERS_PARTIALLY_FULFILLED": ("orders/partially_fulfilled", "read_orders"),
    "ORDERS_UPDATED": ("orders/updated", "read_orders"),
    "REFUNDS_CREATE": ("refunds/create", "read_orders"),
    "RETURNS_APPROVE": ("returns/approve", "read_returns"),
    "RETURNS_CANCEL": ("returns/cancel", "read_returns"),
    "RETURNS_CLOSE": ("returns/close", "read_returns"),
    "RETURNS_DECLINE": ("returns/decline", "read_returns"),
    "RETURNS_PROCESS": ("returns/process", "read_returns"),
    "RETURNS_REOPEN": ("returns/reopen", "read_returns"),
    "RETURNS_REQUEST": ("returns/request", "read_returns"),
    "RETURNS_UPDATE": ("returns/update", "read_returns"),
    "SHOP_UPDATE": ("shop/update", None),
}
BY_HEADER = {header: name for name, (header, _) in TOPICS.items()}
COMPLIANCE = ("customers/data_request", "customers/redact", "shop/redact")
"""Only in an app's own configuration, never through the API."""


def header_of(topic: str) -> str:
    """Return a topic as the header has it, given in either spelling; raises ValueError."""
    if topic in TOPICS:
        return TOPICS[topic][0]
    if topic in BY_HEADER or topic in COMPLIANCE:
        return topic
    raise ValueError(f"the sandbox never sends {topic}; it knows {', '.join(sorted(BY_HEADER))}")
