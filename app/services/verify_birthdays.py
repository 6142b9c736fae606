"""Proves that birthdays are days of a calendar and belong to living accounts alone."""

from sqlalchemy import Connection, select

from app.db import tables as t
from app.services.birthdays import is_birthday
from app.services.problems import Problem

_LIVING = frozenset({"member", "guest"})


def check_birthdays(connection: Connection, programme_id: int, problems: list[Problem]) -> None:
    """Check every birthday of a programme against its member."""
    rows = connection.execute(
        select(t.birthday, t.member.c.state, t.member.c.programme_id.label("home"))
        .join(t.member, t.member.c.id == t.birthday.c.member_id)
        .where(t.birthday.c.programme_id == programme_id)
        .order_by(t.birthday.c.member_id)
    )
    for row in rows:
        if row.state not in _LIVING:
            what = f"was {row.state} and still has a birthday"
            problems.append(Problem(what=what, member=row.member_id))
        if row.home != programme_id:
            what = "has a birthday in a programme that is not its own"
            problems.append(Problem(what=what, member=row.member_id))
        if not is_birthday(row.day):
            what = f"has a birthday that no calendar has: {row.day}"
            problems.append(Problem(what=what, member=row.member_id))
