"""What became of a message, taken out of its outcome: each asserts that it is of the kind asked for."""

import msgspec

from app.programme.events import Contact, Event, OrderFacts
from connectors.base import Ignored, NeedsRead, Observed, Outcome


def event(outcome: Outcome) -> Event:
    """Return the one event of an outcome."""
    assert isinstance(outcome, Observed), outcome
    [found] = outcome.events
    return found


def event_of_all(outcome: Outcome) -> Event:
    """Return the one event without what only webhooks tell: reads ask for no telephone and address."""
    return msgspec.structs.replace(event(outcome), contact=Contact())


def order(outcome: Outcome) -> OrderFacts:
    """Return the facts of the one order of an outcome."""
    facts = event(outcome).facts
    assert isinstance(facts, OrderFacts)
    return facts


def note(outcome: Outcome) -> str:
    """Return what support is told about an outcome."""
    assert isinstance(outcome, Observed), outcome
    return outcome.note or ""


def refs(outcome: Outcome) -> list[tuple[str, str]]:
    """Return what an outcome wants to be read."""
    assert isinstance(outcome, NeedsRead), outcome
    return [(ref.kind, ref.external_id) for ref in outcome.refs]


def reason(outcome: Outcome) -> str:
    """Return why an outcome changes nothing."""
    assert isinstance(outcome, Ignored), outcome
    return outcome.reason
