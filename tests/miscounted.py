"""An account that nothing can be posted to, as one whose row somebody altered."""

from sqlalchemy import update

from app.db import tables as t
from app.db.engine import Database


def count_wrong(database: Database, member_id: int, by: int) -> None:
    """Let an account say that it has more or fewer entries than there are."""
    with database.transaction() as connection:
        connection.execute(
            update(t.member)
            .where(t.member.c.id == member_id)
            .values(entries=t.member.c.entries + by)
        )
