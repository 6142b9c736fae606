"""Webhooks as Shopify sends them: what was true when it happened, signed, repeated, in any order.

A delivery that fails is tried 8 more times over 4 hours with the same body; 8 failures in a row delete
a subscription that was made through the API, never one of the app's own configuration.
"""

import base64
import hashlib
import hmac
import json
import random
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta

from connectors.shopify.sandbox import redact, wire
from connectors.shopify.sandbox.apps import Installation, Subscription
from connectors.shopify.sandbox.state import Row, SandboxError, Sent, State, Waiting
from connectors.shopify.sandbox.topics import COMPLIANCE, header_of

RETRIES = tuple(timedelta(minutes=wait) for wait in (1, 2, 4, 8, 16, 32, 64, 113))  # 4 hours in all
FAILURES_ALLOWED = 8


def dumps(body: Row) -> bytes:
    """Write a body as it is sent and signed."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def sign(secret: str, body: bytes) -> str:
    """Return the signature over a body; nothing but the body is signed."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def subscribe(
    shop: State,
    installation: Installation,
    topic: str,
    uri: str,
    *,
    include_fields: Sequence[str] = (),
    name: str | None = None,
) -> Subscription:
    """Make a subscription; raises SandboxError if this topic already goes to this address."""
    if taken(installation, topic, uri):
        raise SandboxError("Address for this topic has already been taken")
    made = Subscription(
        id=shop.next_id("subscription"),
        topic=topic,
        uri=uri,
        created=shop.now(),
        updated=shop.now(),
        version=shop.settings.webhook_version,
        name=name,
        include_fields=list(include_fields),
    )
    installation.subscriptions[made.id] = made
    return made


def taken(installation: Installation, topic: str, uri: str, but: int | None = None) -> bool:
    """Say whether a topic already goes to an address."""
    return any(
        (one.topic, one.uri) == (topic, uri) and one.id != but
        for one in installation.subscriptions.values()
    )


def hear(shop: State, events: Sequence[tuple[str, Row]]) -> None:
    """Queue what one act caused for everybody who subscribed to it."""
    names = [topic for topic, _ in events]
    ordered = list(events)
    if shop.settings.updated_first and "orders/create" in names:
        ordered.sort(key=lambda event: event[0] != "orders/updated")
    event_id = str(uuid.uuid4())
    for topic, body in ordered:
        for installation in shop.installations.values():
            for uri, subscription in _heard_by(installation, topic):
                _queue(shop, installation, topic, uri, subscription, body, event_id)


def _heard_by(installation: Installation, topic: str) -> list[tuple[str, Subscription | None]]:
    found: list[tuple[str, Subscription | None]] = []
    if topic in installation.app.webhooks:
        found.append((installation.app.webhooks[topic], None))
    found += [(one.uri, one) for one in installation.subscriptions.values() if one.topic == topic]
    return found


def _queue(
    shop: State,
    installation: Installation,
    topic: str,
    uri: str,
    subscription: Subscription | None,
    body: Row,
    event_id: str,
) -> None:
    shown = body if topic in COMPLIANCE else redact.body(shop.settings, body)
    fields = subscription.include_fields if subscription else []
    if fields:
        shown = {key: value for key, value in shown.items() if key in fields}
    now = shop.platform.clock()
    waiting = Waiting(
        topic=topic,
        uri=uri,
        body=dumps(shown),
        webhook_id=str(uuid.uuid4()),
        event_id=event_id,
        triggered_at=now,
        client_id=installation.app.client_id,
        subscription_id=subscription.id if subscription else None,
        due=now,
    )
    shop.queue += [replace(waiting) for _ in range(1 + shop.settings.repeats)]


def announce(shop: State, topic: str, body: Row) -> None:
    """Send a body under a topic, as if it had just been triggered; raises ValueError."""
    hear(shop, [(header_of(topic), body)])


def again(shop: State, topic: str) -> None:
    """Queue the newest delivery of a topic once more: the same id and the original payload.

    Raises SandboxError if none was sent.
    """
    found = next((one for one in reversed(shop.sent) if one.topic == topic), None)
    if found is None:
        raise SandboxError(f"nothing was sent under {topic}")
    shop.queue.append(replace(found.delivery, due=shop.platform.clock(), tries=0))


def run_queue(shop: State, limit: int | None = None, *, ahead: bool = False) -> int:
    """Send what is due; returns how many attempts. 0 at once if another runner is busy.

    With `ahead` what waits for its next try is sent too, as if the hours had passed.
    """
    if not shop.runner.acquire(blocking=False):
        return 0
    done = 0
    seed = shop.settings.shuffle
    # A lottery, not a secret: the same seed gives the same order.
    lot = None if seed is None else random.Random(seed)  # noqa: S311 - as said
    try:
        while limit is None or done < limit:
            with shop.lock:
                now = shop.platform.clock()
                ready = [one for one in shop.queue if one.due <= now or (ahead and one.tries)]
                if not ready:
                    break
                waiting = lot.choice(ready) if lot else ready[0]
                shop.queue.remove(waiting)
            _deliver(shop, waiting)
            done += 1
    finally:
        shop.runner.release()
    return done


def headers_of(shop: State, waiting: Waiting, secret: str) -> dict[str, str]:
    """Return a delivery's headers, of the family that is set."""
    moment = waiting.triggered_at.astimezone(UTC)
    values = {
        "topic": waiting.topic,
        "shop-domain": shop.domain,
        "api-version": shop.settings.webhook_version,
        "webhook-id": waiting.webhook_id,
        "event-id": waiting.event_id,
        "triggered-at": f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z",
        "hmac-sha256": sign(secret, waiting.body),
    }
    made = {"Content-Type": "application/json", "User-Agent": "Shopify-Captain-Hook"}
    if shop.settings.header_family in {"X-Shopify", "both"}:
        for name, value in values.items():
            shown = name.title().replace("Api", "API")
            made[f"X-Shopify-{shown}"] = value
    if shop.settings.header_family in {"shopify", "both"}:
        made.update({f"shopify-{name}": value for name, value in values.items()})
    return made


def _deliver(shop: State, waiting: Waiting) -> None:
    with shop.lock:
        secret = shop.platform.apps[waiting.client_id].signing_secret
        headers = headers_of(shop, waiting, secret)
        limits = shop.settings.connect_timeout, shop.settings.total_timeout
    status, error = wire.post(waiting.uri, headers, waiting.body, *limits)
    tried = replace(waiting, tries=waiting.tries + 1)
    sent = Sent(tried, headers, status, error)
    with shop.lock:
        shop.deliveries[f"{waiting.topic} {status or 'none'}"] += 1
        shop.sent.append(sent)
        _count(shop, tried, success=sent.success)


def _count(shop: State, waiting: Waiting, *, success: bool) -> None:
    installation = shop.installations.get(waiting.client_id)
    subscription = (
        installation.subscriptions.get(waiting.subscription_id)
        if installation and waiting.subscription_id is not None
        else None
    )
    if success:
        if subscription:
            subscription.failures = 0
        return
    if subscription:
        subscription.failures += 1
        if installation and subscription.failures >= FAILURES_ALLOWED:
            del installation.subscriptions[subscription.id]
            shop.queue = [one for one in shop.queue if one.subscription_id != subscription.id]
            return
    gone = waiting.subscription_id is not None and subscription is None
    # The last word of an uninstalled app's subscription is still worth repeating.
    if (gone and waiting.topic != "app/uninstalled") or waiting.tries > len(RETRIES):
        return
    wait = RETRIES[waiting.tries - 1] / shop.settings.retry_speed
    shop.queue.append(replace(waiting, due=shop.platform.clock() + wait))
