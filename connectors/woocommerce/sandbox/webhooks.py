"""Webhooks as WooCommerce has them: which hooks a topic hears, what is queued, what is sent.

One queue, one runner, one attempt. The body is made when it is sent, not when it was queued.
"""

import base64
import hashlib
import hmac
import re
import secrets
from typing import Any
from urllib.parse import urlencode

from connectors.woocommerce.sandbox import phpjson, wire
from connectors.woocommerce.sandbox.errors import RestError, invalid_id
from connectors.woocommerce.sandbox.payload import build
from connectors.woocommerce.sandbox.state import Row, Sent, State, Waiting

TOPICS: dict[str, tuple[str, ...]] = {
    "order.created": ("woocommerce_new_order",),
    "order.updated": ("woocommerce_update_order", "woocommerce_order_refunded"),
    "order.deleted": ("wp_trash_post", "woocommerce_trash_order"),
    "order.restored": ("untrashed_post", "woocommerce_untrash_order"),
    "customer.created": (
        "user_register",
        "woocommerce_created_customer",
        "woocommerce_new_customer",
    ),
    "customer.updated": ("profile_update", "woocommerce_update_customer"),
    "customer.deleted": ("delete_user",),
    "product.created": (
        "woocommerce_process_product_meta",
        "woocommerce_new_product",
        "woocommerce_new_product_variation",
    ),
    "product.updated": (
        "woocommerce_process_product_meta",
        "woocommerce_update_product",
        "woocommerce_update_product_variation",
    ),
    "product.deleted": ("wp_trash_post",),
    "product.restored": ("untrashed_post",),
    "product.published": ("woocommerce_product_published",),
    "coupon.created": ("woocommerce_process_shop_coupon_meta", "woocommerce_new_coupon"),
    "coupon.updated": ("woocommerce_process_shop_coupon_meta", "woocommerce_update_coupon"),
    "coupon.deleted": ("wp_trash_post",),
    "coupon.restored": ("untrashed_post",),
}
STATUSES = ["active", "paused", "disabled"]
FAILURES_ALLOWED = 5  # the counter may stand at 6; a failure above that switches the webhook off
_ENTITIES = {"&quot;": '"', "&#039;": "'", "&lt;": "<", "&gt;": ">", "&amp;": "&"}


def hooks_of(topic: str) -> tuple[str, ...]:
    """Return the hooks a topic hears; () for one that the shop would not accept."""
    if topic in TOPICS:
        return TOPICS[topic]
    hook = topic.removeprefix("action.")
    # Whether such a hook exists is never checked: action.wc_anything is fine.
    if hook != topic and hook.startswith(("woocommerce_", "wc_")):
        return (hook,)
    return ()


def create(shop: State, values: Row) -> Row:
    """Make a webhook; the caller pings afterwards, without the lock."""
    topic = str(values.get("topic", ""))
    # In capitals it passes the check, is stored without a topic and never delivers.
    if not hooks_of(topic) and not hooks_of(topic.lower()):
        raise RestError(
            400,
            "woocommerce_rest_shop_webhook_invalid_topic",
            "Webhook topic is required and must be valid.",
        )
    url = str(values.get("delivery_url", ""))
    if not re.match(r"https?://[^/\s]+", url):
        raise RestError(
            400,
            "woocommerce_rest_shop_webhook_invalid_delivery_url",
            "Webhook delivery URL must be a valid URL starting with http:// or https://.",
        )
    row: Row = {
        "id": shop.next_id("webhook"),
        "name": str(values.get("name") or f"Webhook created on {shop.now():%b %d, %Y}"),
        "status": values.get("status", "active"),
        "topic": topic if hooks_of(topic) else "",
        "hooks": hooks_of(topic),
        "delivery_url": url,
        "secret": str(values.get("secret") or secrets.token_urlsafe(36)),
        "created": shop.now(),
        "modified": None,
        "_failures": 0,
        "_pending": True,
        "_owner_has_rights": True,
    }
    shop.tables.webhooks[row["id"]] = row
    return row


def update(shop: State, webhook_id: int, values: Row) -> Row:
    """Change a webhook; setting it active again leaves the count of failures where it was."""
    row = get(shop, webhook_id, missing=400)
    if "topic" in values:
        if not hooks_of(str(values["topic"])):
            raise RestError(
                400, "woocommerce_rest_shop_webhook_invalid_topic", "Webhook topic must be valid."
            )
        row["topic"], row["hooks"] = values["topic"], hooks_of(values["topic"])
    for key in ("name", "status", "delivery_url", "secret"):
        if values.get(key):
            row[key] = str(values[key])
    row["modified"] = shop.now()
    return row


def get(shop: State, webhook_id: int, *, missing: int = 404) -> Row:
    """Return a webhook or raise the shop's answer for one that is not there."""
    row = shop.tables.webhooks.get(webhook_id)
    if row is None:
        raise invalid_id("webhook", missing)
    return row


def hear(shop: State, hook: str, arg: Any, post_type: str) -> None:
    """Queue a delivery for every active webhook that hears this hook; one that waits absorbs it."""
    for row in shop.tables.webhooks.values():
        if row["status"] != "active" or hook not in row["hooks"]:
            continue
        # The shop does not tell the trash of a page, product or coupon apart here, which is why
        # product.deleted and coupon.deleted lie; only order.* looks at what was trashed.
        of_posts = hook in {"wp_trash_post", "untrashed_post"}
        if of_posts and row["topic"].startswith("order.") and post_type != "order":
            continue
        key = (row["id"], phpjson.dumps(arg).decode())
        shop.queue.setdefault(key, Waiting(row["id"], arg, hook))


def run_queue(shop: State, limit: int | None = None) -> int:
    """Send what waits, one after another; returns how many. 0 at once if another runner is busy."""
    if not shop.runner.acquire(blocking=False):
        return 0
    done = 0
    try:
        while limit is None or done < limit:
            with shop.lock:
                if not shop.queue:
                    break
                waiting = shop.queue.pop(next(iter(shop.queue)))
            # Not stopped by a pause or by being switched off: it was queued while active.
            if waiting.webhook_id in shop.tables.webhooks:
                deliver(shop, waiting)
            done += 1
    finally:
        shop.runner.release()
    return done


def delivery_id(webhook_id: int, second: int) -> str:
    """Return the X-WC-Webhook-Delivery-ID: the same for all that one webhook sends in a second."""
    return hashlib.sha256(f"{webhook_id}{second}".encode()).hexdigest()[:32]


def sign(secret: str, body: bytes) -> str:
    """Sign as the shop does: after decoding HTML entities in the secret."""
    plain = re.sub("|".join(_ENTITIES), lambda match: _ENTITIES[match[0]], secret)
    return base64.b64encode(hmac.digest(plain.encode(), body, hashlib.sha256)).decode()


def deliver(shop: State, waiting: Waiting) -> Sent:
    """Render, sign and send one delivery; count a failure, or forget the earlier ones."""
    with shop.lock:
        row = shop.tables.webhooks[waiting.webhook_id]
        body = phpjson.dumps(build(shop, row, waiting))
        topic: str = row["topic"]
        headers = {
            **_agent(shop),
            "Content-Type": "application/json",
            "X-WC-Webhook-Source": f"{shop.settings.home_url}/",
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Resource": topic.partition(".")[0],
            "X-WC-Webhook-Event": topic.partition(".")[2],
            "X-WC-Webhook-Signature": sign(row["secret"], body),
            "X-WC-Webhook-ID": str(row["id"]),
            "X-WC-Webhook-Delivery-ID": delivery_id(row["id"], int(shop.now().timestamp())),
        }
        url, timeout = row["delivery_url"], shop.settings.delivery_timeout
    status, error = wire.post(url, headers, body, timeout)
    # A redirect is not followed and still counts as delivered: the event is lost in silence.
    success = status is not None and (200 <= status < 300 or status in {301, 302})
    sent = Sent(row["id"], topic, url, headers, body, status, error, success, ping=False)
    with shop.lock:
        shop.sent.append(sent)
        _count(row, success=success)
        pending = row["_pending"]
    if pending:
        ping(shop, row)
    return sent


def _count(row: Row, *, success: bool) -> None:
    if success:
        row["_failures"] = 0
    elif row["_failures"] > FAILURES_ALLOWED:
        row["status"] = "disabled"
    else:
        row["_failures"] += 1


def ping(shop: State, row: Row) -> None:
    """Send the unsigned test ping; only exactly 200 ends the pending state. Redirects are followed."""
    body = urlencode({"webhook_id": row["id"]}).encode()
    headers = {**_agent(shop), "Content-Type": "application/x-www-form-urlencoded"}
    url = row["delivery_url"]
    status, error = wire.post(url, headers, body, shop.settings.ping_timeout, redirects=5)
    with shop.lock:
        if status == 200:
            row["_pending"] = False
        sent = Sent(
            row["id"], row["topic"], url, headers, body, status, error, status == 200, ping=True
        )
        shop.sent.append(sent)


def _agent(shop: State) -> dict[str, str]:
    settings = shop.settings
    return {
        "User-Agent": f"WooCommerce/{settings.version} Hookshot (WordPress/{settings.wordpress})",
        "Accept": "*/*",
        "Accept-Encoding": "deflate, gzip, br, zstd",
    }
