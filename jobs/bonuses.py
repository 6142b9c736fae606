"""Prepares a bonus to a segment, slice by slice; it is applied and undone as imports are."""

from app.clock import Clock
from app.db.engine import Database
from app.services.batches import finish_stage
from app.services.bonuses import BonusWish, begin_bonus, plan_bonus, stage_members
from jobs.slices import Size

_STAGED = Size(200, 2_000)


def prepare_bonus(database: Database, clock: Clock, wish: BonusWish) -> int:
    """Fix who would get a bonus; returns the id of its batch. Nobody's points change.

    One that is stopped in the middle can only be discarded. Raises as `plan_bonus` does.
    """
    with database.snapshot() as connection:
        settings, members = plan_bonus(connection, wish, clock())
    batch_id = database.run(lambda connection: begin_bonus(connection, wish, settings, clock()))

    size = _STAGED.of(database)

    def stage(start: int) -> None:
        part = members[start : start + size]
        database.run(
            lambda connection: stage_members(
                connection, batch_id, part, wish.points, first=start + 1
            )
        )

    for start in range(0, len(members), size):
        stage(start)
    database.run(lambda connection: finish_stage(connection, batch_id))
    return batch_id
