"""What an outcome about an order is worth at one point for each whole unit of money."""

from app.programme.document import parse
from app.programme.presets import preset_source
from app.programme.rules import Context, evaluate
from connectors.base import Outcome
from tests.connectors.outcomes import event


def points(outcome: Outcome) -> int:
    told = event(outcome)
    assert told.facts is not None
    assert told.occurred_at is not None
    currency = getattr(told.facts, "currency", "EUR")
    programme = parse(preset_source("one-per-unit", currency=currency))
    awards = evaluate(programme, 1, Context(), told.facts, told.occurred_at)
    return sum(award.points for award in awards)
