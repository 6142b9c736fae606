"""Kinds of values that several tables of the programme document have, with what may be written there."""

from typing import Annotated

from msgspec import Meta

MOST_POINTS = 1_000_000_000

Slug = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z0-9]+(-[a-z0-9]+)*\Z",
        max_length=64,
        description='lower-case letters, digits and single hyphens, as "per-unit"',
    ),
]
Points = Annotated[
    int, Meta(ge=0, le=MOST_POINTS, description=f"a whole number from 0 to {MOST_POINTS}")
]
PointsAboveZero = Annotated[
    int, Meta(ge=1, le=MOST_POINTS, description=f"a whole number from 1 to {MOST_POINTS}")
]
