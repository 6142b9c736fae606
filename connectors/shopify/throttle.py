"""How long to wait before a call, from what Shopify says about the cost of the last ones.

A bucket per app and shop holds points; a call takes what it asks for and gets back what it did not use,
and the bucket fills at a steady rate. https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits
"""

from collections.abc import Callable

import msgspec

Seconds = Callable[[], float]
"""A clock that never goes back; only differences mean anything."""


class Bucket(msgspec.Struct, frozen=True, rename="camel"):
    """`throttleStatus`: points, and points per second."""

    maximum_available: float
    currently_available: float
    restore_rate: float


class Cost(msgspec.Struct, frozen=True, rename="camel"):
    """`extensions.cost` of an answer."""

    requested_query_cost: float | None = None
    throttle_status: Bucket | None = None


def seconds_until(bucket: Bucket, elapsed: float, points: float) -> float:
    """Return how long until `points` are there, if the bucket was so `elapsed` seconds ago.

    More than it can ever hold is answered as if it were all it holds.
    """
    wanted = min(points, bucket.maximum_available)
    missing = wanted - bucket.currently_available - elapsed * bucket.restore_rate
    if missing <= 0:
        return 0.0
    return missing / bucket.restore_rate if bucket.restore_rate > 0 else float("inf")


class Throttle:
    """Remembers the bucket as last told, and what each operation asked for.

    Other processes draw from the same bucket, so this is a courtesy, not a promise.
    """

    def __init__(self, clock: Seconds) -> None:
        self._clock = clock
        self._bucket: Bucket | None = None
        self._told_at = 0.0
        self._asked: dict[str, float] = {}

    def wait(self, operation: str, points: float | None = None) -> float:
        """Return the seconds to wait before `operation`, 0 if nothing is known.

        `points` is what it will ask for; if not given, what it asked for last time.
        """
        wanted = self._asked.get(operation) if points is None else points
        if self._bucket is None or wanted is None:
            return 0.0
        return seconds_until(self._bucket, self._clock() - self._told_at, wanted)

    def learn(self, operation: str, cost: Cost) -> None:
        """Take note of what an answer said."""
        if cost.requested_query_cost is not None:
            self._asked[operation] = cost.requested_query_cost
        if cost.throttle_status is not None:
            self._bucket, self._told_at = cost.throttle_status, self._clock()
