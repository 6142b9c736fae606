"""When points that are posted now become available and when they expire, by a programme's versions."""

from collections.abc import Sequence
from datetime import datetime

from app.programme.document import Programme
from app.programme.life import available_from, expires_at
from app.services.posting import Cause
from app.services.programmes import Version, in_force, version_of
from app.services.rows import ObjectRow


def earning(versions: Sequence[Version], row: ObjectRow, now: datetime) -> Cause:
    """Return the cause of what an object is worth, with the life of its points under its own version."""
    programme = version_of(versions, row.version).programme
    available_at, expiry = life_of(programme, row.kind, row.earned_at or row.occurred_at, now)
    return Cause(
        occurred_at=row.occurred_at,
        delivery_id=row.delivery_id,
        version=row.version,
        available_at=available_at,
        expires_at=expiry,
    )


def life_of(
    programme: Programme, kind: str, earned_at: datetime, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Return when points for such an object can be spent (None: at once) and when they are gone.

    Both hold and expiry begin when it was earned, never later than now. Only orders are held: they
    alone can be sent back.
    """
    life, began = programme.life, min(earned_at, now)
    held = life.hold_days and kind == "order"
    return (
        available_from(life, began) if held else None,
        expires_at(life, programme.timezone, began),
    )


def restoring(versions: Sequence[Version], row: ObjectRow, now: datetime) -> Cause:
    """Return the cause of what a redemption takes or gives back now.

    Points that no lot takes back open a new one: it lives like one of today.
    """
    return Cause(
        occurred_at=now,
        delivery_id=row.delivery_id,
        version=row.version,
        expires_at=expiry_of_today(versions, now),
    )


def expiry_of_today(versions: Sequence[Version], now: datetime) -> datetime | None:
    """Return when points that come from no order, given now, expire."""
    programme = in_force(versions, now).programme
    return expires_at(programme.life, programme.timezone, now)
