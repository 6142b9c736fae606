"""Search queries of lists, as far as a sync uses them: `field:>=value` joined by AND.

What the sandbox does not know is an error, so that no test passes because a filter was overlooked.
"""

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError

from connectors.shopify.sandbox.state import Row

_TERM = re.compile(r"""(\w+):(>=|<=|>|<)?('[^']*'|"[^"]*"|\S+)(?:\s+AND\s+|\s+|$)""")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
Readers = Mapping[str, Callable[[Row], Any]]
_TIMES = frozenset(["created_at", "updated_at", "processed_at"])


def matcher(query: str | None, readers: Readers, *, by_day: bool = False) -> Callable[[Row], bool]:
    """Return whether a row matches; with `by_day` times are compared by their date only."""
    terms = _terms(query or "")
    for name, _, _ in terms:
        if name not in readers:
            raise GraphQLError(f"the sandbox cannot search by {name}")

    def matches(row: Row) -> bool:
        return all(
            _holds(readers[name](row), sign, value, name, by_day=by_day)
            for name, sign, value in terms
        )

    return matches


def _terms(query: str) -> list[tuple[str, str, str]]:
    found, at, text = [], 0, query.strip()
    while at < len(text):
        term = _TERM.match(text, at)
        if term is None:
            raise GraphQLError(f"the sandbox cannot read the query {query!r}")
        found.append((term[1], term[2] or "", term[3].strip("'\"")))
        at = term.end()
    return found


def _holds(have: Any, sign: str, value: str, name: str, *, by_day: bool) -> bool:
    if name in _TIMES:
        mine, theirs = _time(str(have)), _time(value)
        if by_day:
            return _COMPARE[sign](mine.date(), theirs.date())
        return _COMPARE[sign](mine, theirs)
    if isinstance(have, int):
        return _COMPARE[sign](have, int(value))
    if isinstance(have, list):
        return value.lower() in [str(one).lower() for one in have]
    return _COMPARE[sign](str(have).lower(), value.lower())


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise GraphQLError(f"{text} is no time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
