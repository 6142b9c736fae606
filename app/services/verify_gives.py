"""What awards give, points and all, as the proof compares it."""

from datetime import datetime

from sqlalchemy import Row

from app.programme.rules import Award

Gives = tuple[int, str | None, int, str | None, datetime | None, str | None]
"""Points, a reward and how often it is given without points, a badge, until when a membership, its perks."""

NOTHING: Gives = (0, None, 0, None, None, None)


def gives_of(award: Award) -> Gives:
    """Return what an award is worth."""
    perks = ",".join(award.perks) or None
    return award.points, award.reward, award.grants, award.badge, award.until, perks


def added(sum_: Gives, row: Row[*tuple[object, ...]]) -> Gives:
    """Add a stored award: of joined accounts each may have one for the same thing."""
    points, reward, grants, badge, until, perks = sum_
    return (
        points + row.points,
        reward or row.reward,
        grants + row.grants,
        badge or row.badge,
        until or row.until,
        perks or row.perks,
    )


def gave(row: Row[*tuple[object, ...]]) -> bool:
    """Say whether a stored award gives anything."""
    return bool(row.points or row.grants or row.badge or row.until)
