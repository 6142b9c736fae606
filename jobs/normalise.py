"""Asks the connector what a stored delivery states, and keeps what it must not decide itself."""

import msgspec
from msgspec.structs import replace

from app.errors import ConfigError, Invalid
from app.services import outcomes
from app.services.inbox import Queued
from app.services.ingest import Incoming
from app.services.told import UNSURE_NO_KEYS
from connectors.base import Closed, Delivery, Ignored, NeedsRead, Observed, Origin, Outcome
from jobs import policy
from jobs.origin import Known, Origins, judge, learned, name_of
from jobs.runtime import Runtime


class Understood(msgspec.Struct, frozen=True):
    """A delivery that can be applied, and what its links say about the store."""

    incoming: Incoming
    known: Known
    copy_host: str | None = None


def understand(
    runtime: Runtime, queued: Queued, *, readable: bool, known: Known
) -> Understood | outcomes.Outcome:
    """Normalise one delivery; a failure becomes its outcome and touches no other delivery.

    `known` is what is known of the store by now.
    """
    try:
        return _normalised(runtime, queued, readable=readable, known=known)
    except Exception as error:  # noqa: BLE001 - the edge of the jobs: recorded, never swallowed
        decision = policy.decide(error, tries=queued.tries, now=runtime.clock())
        return outcomes.Outcome(
            delivery_id=queued.id,
            status=decision.status,
            reason=decision.reason,
            error=decision.error,
            retry_at=decision.retry_at,
        )


def _normalised(runtime: Runtime, queued: Queued, *, readable: bool, known: Known) -> Understood:
    outcome = _outcome_of(runtime, queued)
    if isinstance(outcome, NeedsRead) and outcome.otherwise is not None and not readable:
        outcome = outcome.otherwise
    base = Incoming(
        delivery_id=queued.id,
        store_id=queued.store_id,
        source=queued.source,
        received_at=max(queued.received_at, queued.repeated_at or queued.received_at),
        began_at=queued.began_at,
        readable=readable,
    )
    if isinstance(outcome, Ignored):
        return Understood(replace(base, ignored=outcome.reason), known)
    ours = queued.source != "webhook"
    whose = Origins.OURS if ours else judge(known, outcome.origin)
    if outcome.origin is not None and whose in {Origins.ANOTHER, Origins.COPY}:
        return _foreign(base, known, outcome.origin, whose)
    told = known if whose is Origins.UNSURE else learned(known, outcome.origin, read=ours)
    return Understood(_applied(base, outcome, queued.topic, sure=whose is Origins.OURS), told)


def _outcome_of(runtime: Runtime, queued: Queued) -> Outcome:
    connector = runtime.connectors.get(queued.platform)
    if queued.unreadable is not None:
        raise queued.unreadable
    if queued.body is None:
        raise Invalid("its body is no longer kept; read it fresh from the shop instead")
    if connector is None:
        raise ConfigError(
            f"the connector for {queued.platform!r} is not installed here; install it"
        )
    return connector.inbound.normalise(
        Delivery(
            source=queued.source,
            topic=queued.topic,
            body=queued.body,
            received_at=queued.received_at,
            began_at=queued.began_at,
        )
    )


def _applied(
    base: Incoming, outcome: Observed | NeedsRead | Closed, topic: str, *, sure: bool
) -> Incoming:
    match outcome:
        case NeedsRead(refs=refs, reason=reason):
            pairs = tuple((ref.kind, ref.external_id) for ref in refs)
            return replace(base, refs=pairs, note=reason)
        case Closed(reason=reason):
            if sure:
                return replace(base, closed=reason)
            return replace(base, ignored=f"{topic}: {UNSURE_NO_KEYS}")
        case Observed(events=events, note=note, lost=lost):
            gone = tuple((one.customer, one.marks) for one in lost)
            return replace(base, events=events, note=note, sure=sure, lost=gone)


def _foreign(base: Incoming, known: Known, origin: Origin, whose: Origins) -> Understood:
    name = name_of(origin)
    if whose is Origins.COPY:
        reason = f"sent by a copy of the shop ({name})"
        return Understood(replace(base, ignored=reason), known, copy_host=origin.host)
    return Understood(replace(base, ignored=f"sent by another shop ({name})"), known)
