"""Bodies that only point at something: ids, hooks with an id, errors in an envelope.

A signal says where to look, never what is true: the object is read before anything is believed.
"""

import re
from collections.abc import Mapping

import msgspec

from app.errors import Invalid
from connectors.base import Ignored, NeedsRead, Observed, Outcome, Ref
from connectors.woocommerce import payloads, products, values

REVIEWS = "product_reviews"

# {"id": N} by the topic's resource. WooCommerce announces the trashing of a coupon as product.deleted,
# of a product as coupon.deleted, and with orders kept as posts that of an order as either of them
# (seen on both versions). So both ask for an order; one that does not exist changes nothing.
ID_TOPICS: Mapping[str, str] = {
    "order": "order",
    "customer": "customer",
    "coupon": "order",
    "product": "order",
}

# Hook of a custom topic → what its first argument is. https://woocommerce.github.io/code-reference/
HOOKS: Mapping[str, str] = {
    "woocommerce_new_order": "order",
    "woocommerce_update_order": "order",
    "woocommerce_delete_order": "order",  # the only word of a deletion for good
    "woocommerce_before_delete_order": "order",
    "woocommerce_trash_order": "order",
    "woocommerce_untrash_order": "order",
    "woocommerce_cancelled_order": "order",
    "woocommerce_payment_complete": "order",
    "woocommerce_pre_payment_complete": "order",
    "woocommerce_order_refunded": "order",  # the refund's own id is its second argument: lost
    "woocommerce_order_fully_refunded": "order",
    "woocommerce_order_partially_refunded": "order",
    "woocommerce_thankyou": "order",
    "woocommerce_checkout_order_processed": "order",
    "woocommerce_checkout_update_order_meta": "order",
    "woocommerce_refund_created": "refund",
    "woocommerce_refund_deleted": "refund",
    "woocommerce_delete_order_refund": "refund",
    "woocommerce_created_customer": "customer",
    "woocommerce_new_customer": "customer",
    "woocommerce_update_customer": "customer",
    "woocommerce_delete_customer": "customer",
    "woocommerce_save_account_details": "customer",
    "woocommerce_customer_save_address": "customer",
    "woocommerce_update_product": REVIEWS,
    "woocommerce_rest_insert_product_review": REVIEWS,  # its argument is the comment itself
}
# One hook per status, plugins' own included, and per step between two.
_STATUS_HOOK = re.compile(r"woocommerce_order_status_[a-z0-9_-]{1,60}")


def id_signal(topic: str, key: msgspec.Raw) -> Outcome:
    """Return what {"id": N} under a topic asks for."""
    number = values.identifier(payloads.scalar(key, "id"), "id")
    resource = topic.split(".", 1)[0]
    kind = ID_TOPICS.get(resource)
    if kind is None:
        return Ignored(f"{topic}: an id alone, of a kind that earns nothing")
    return NeedsRead((Ref(kind, number),), f"{topic} names {kind} {number} only")


def action_signal(topic: str, body: bytes) -> Outcome:
    """Return what a custom topic asks for. The hook in the signed body counts, not the header."""
    action = payloads.decode(body, payloads.Action, topic)
    hook = values.text(action.action, 80) or "a hook without a name"
    kind = "order" if _STATUS_HOOK.fullmatch(action.action) else HOOKS.get(action.action)
    if kind is None:
        return Ignored(f"{topic}: the hook {hook} says nothing that earns")
    number = _argument(action.arg)
    if number is None:
        return Ignored(f"{topic}: the hook {hook} came without an id")
    return NeedsRead((Ref(kind, number),), f"the hook {hook} names {kind} {number} only")


def product_signal(topic: str, key: msgspec.Raw, body: bytes) -> Outcome:
    """Return what a product asks for: its reviews, which have no topic of their own, and itself.

    What it says of itself is believed where the shop cannot be asked.
    """
    if topic != "product.updated":
        return Ignored(f"{topic}: a product earns nothing")
    number = values.identifier(payloads.scalar(key, "id"), "id")
    return NeedsRead(
        (Ref(REVIEWS, number), Ref(products.KIND, number)),
        f"{topic}: product {number} or its reviews may have changed",
        otherwise=_stated(topic, body),
    )


def _stated(topic: str, body: bytes) -> Observed | None:
    """Return what a product says of itself, None if that cannot be understood."""
    try:
        product = payloads.decode(body, payloads.Product, topic)
        event = products.product_event(product)
    except Invalid:
        return None
    origin = payloads.origin_of(product.links)
    return Observed((event,), "its reviews cannot be read, no API keys", origin)


def signed_error(topic: str, body: bytes) -> Outcome:
    """Say what an error object means that came, correctly signed, in the place of an object."""
    error = payloads.decode(body, payloads.RestError, topic)
    code = values.text(error.code, 80)
    status = error_status(error)
    if status == 404:
        return Ignored(
            f"{topic}: an error instead of the object ({code}, 404): it was deleted in the shop "
            "before this message was sent"
        )
    if status in {401, 403}:
        return Ignored(
            f"{topic}: an error instead of the object ({code}, {status}): the WordPress user who owns "
            "the webhook lost the right to see it. Give that user the role shop manager again, or "
            "delete the webhook and set it up anew with a key of another user"
        )
    return Ignored(f"{topic}: an error instead of the object ({code}, {status or 'no status'})")


def error_status(error: payloads.RestError) -> int | None:
    """Return the HTTP status in an error object; `data` is an object or the bare number."""
    data = error.data.get("status") if isinstance(error.data, dict) else error.data
    return data if isinstance(data, int) and not isinstance(data, bool) else None


def _argument(arg: object) -> str | None:
    if isinstance(arg, dict):
        try:
            arg = msgspec.convert(arg, payloads.CommentArg).product
        except msgspec.ValidationError:
            return None
    if isinstance(arg, bool) or not isinstance(arg, str | int):
        return None
    try:
        return values.identifier(arg, "arg")
    except Invalid:
        return None
