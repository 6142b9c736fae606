"""Asks the connector what a stored delivery states, and keeps what it must not decide itself."""

import msgspec

from app.errors import ConfigError, Invalid
from app.services import outcomes
from app.services.inbox import Queued
from app.services.ingest import Incoming
from connectors.base import Delivery, Ignored, NeedsRead, Observed
from jobs import policy
from jobs.runtime import Runtime


class Understood(msgspec.Struct, frozen=True):
    """A delivery that can be applied, and what its links say about the store."""

    incoming: Incoming
    host: str | None = None
    copy_host: str | None = None


def understand(
    runtime: Runtime, queued: Queued, *, readable: bool, shop_host: str | None
) -> Understood | outcomes.Outcome:
    """Normalise one delivery; a failure becomes its outcome and touches no other delivery.

    `shop_host` is the host the shop's own links name, if it is known by now.
    """
    try:
        return _normalised(runtime, queued, readable=readable, shop_host=shop_host)
    except Exception as error:  # noqa: BLE001 - the edge of the jobs: recorded, never swallowed
        decision = policy.decide(error, tries=queued.tries, now=runtime.clock())
        return outcomes.Outcome(
            delivery_id=queued.id,
            status=decision.status,
            reason=decision.reason,
            error=decision.error,
            retry_at=decision.retry_at,
        )


def _normalised(
    runtime: Runtime, queued: Queued, *, readable: bool, shop_host: str | None
) -> Understood:
    connector = runtime.connectors.get(queued.platform)
    if queued.unreadable is not None:
        raise queued.unreadable
    if queued.body is None:
        raise Invalid("its body is no longer kept; read it fresh from the shop instead")
    if connector is None:
        raise ConfigError(
            f"the connector for {queued.platform!r} is not installed here; install it"
        )
    received_at = max(queued.received_at, queued.repeated_at or queued.received_at)
    outcome = connector.inbound.normalise(
        Delivery(
            source=queued.source,
            topic=queued.topic,
            body=queued.body,
            received_at=queued.received_at,
            began_at=queued.began_at,
        )
    )
    base = Incoming(
        delivery_id=queued.id,
        store_id=queued.store_id,
        source=queued.source,
        received_at=received_at,
        began_at=queued.began_at,
        readable=readable,
    )
    match outcome:
        case Ignored(reason=reason):
            return Understood(msgspec.structs.replace(base, ignored=reason))
        case NeedsRead(refs=refs, reason=reason):
            pairs = tuple((ref.kind, ref.external_id) for ref in refs)
            return Understood(msgspec.structs.replace(base, refs=pairs, note=reason))
        case Observed(events=events, note=note):
            host = next((event.origin for event in events if event.origin), None)
            if queued.source == "webhook" and host and shop_host not in {None, host}:
                reason = f"sent by a copy of the shop ({host})"
                return Understood(msgspec.structs.replace(base, ignored=reason), copy_host=host)
            told = msgspec.structs.replace(base, events=events, note=note)
            return Understood(told, host=host if queued.source == "webhook" else None)
