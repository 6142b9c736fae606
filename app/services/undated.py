"""When something was first seen that no shop dates: that an order is over, a refund without its time.

Kept beside the order as JSON, the earliest modification time of a body that shows it, in microseconds.
So it is the same in every order of receipt.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from app.clock import from_micros, to_micros
from app.programme.events import Facts, OrderFacts, Standing
from app.programme.tier_facts import ENDED
from app.services.rows import ObjectRow

_DECODER = msgspec.json.Decoder(dict[str, int])


def note_undated(row: ObjectRow, facts: Facts | None, seen_at: datetime) -> bool:
    """Note what a body of this time shows of an order without a date; say if that is news."""
    if row.kind != "order":
        return False
    known = {} if row.undated is None else _DECODER.decode(row.undated)
    at = to_micros(seen_at)
    earlier = {what: at for what in _undated(facts) if at < known.get(what, at + 1)}
    if not earlier:
        return False
    row.undated, row.dirty = msgspec.json.encode(known | earlier, order="sorted").decode(), True
    return True


def shown_of(undated: str | None) -> Mapping[str, datetime]:
    """Return what was noted, as the rules take it."""
    if undated is None:
        return {}
    return {what: from_micros(at) for what, at in _DECODER.decode(undated).items()}


def _undated(facts: Facts | None) -> Iterator[str]:
    if facts is None:
        yield ENDED
    if isinstance(facts, OrderFacts):
        if facts.standing in {Standing.CANCELLED, Standing.REMOVED}:
            yield ENDED
        yield from (refund.id for refund in facts.refunds if refund.at is None)
