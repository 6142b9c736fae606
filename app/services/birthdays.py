"""Members' birthdays: a day and a month, told once, found by the day, gone with the member."""

import re
from datetime import date, datetime

from sqlalchemy import Connection, delete, insert, select, update

from app.db import tables as t
from app.errors import Invalid, NotFound
from app.services.audit import Act, note_act

_WRITTEN = re.compile(r"[0-9]{2}-[0-9]{2}")
LEAP_DAY = 229
_LEAP_YEAR = 2000
_HUNDRED = 100


def birthday_of(text: str) -> int:
    """Return a day and month as stored: "02-29" is 229. Raises Invalid for what no calendar has."""
    try:
        if not _WRITTEN.fullmatch(text):
            raise ValueError  # noqa: TRY301 - the same sentence for both
        day = date.fromisoformat(f"{_LEAP_YEAR}-{text}")
    except ValueError:
        raise Invalid(f'{text!r} is no day of the year; give month and day, as "02-29"') from None
    return number_of(day)


def number_of(day: date) -> int:
    """Return a day of the year as stored."""
    return day.month * _HUNDRED + day.day


def month_and_day(number: int) -> tuple[int, int]:
    """Return the month and the day of a stored birthday."""
    return divmod(number, _HUNDRED)


def is_birthday(number: int) -> bool:
    """Say whether a calendar has such a day."""
    try:
        date(_LEAP_YEAR, *month_and_day(number))
    except ValueError:
        return False
    return True


def known_birthday(connection: Connection, member_id: int) -> str | None:
    """Return a member's birthday as "02-29", None if it was not told."""
    number: int | None = connection.execute(
        select(t.birthday.c.day).where(t.birthday.c.member_id == member_id)
    ).scalar()
    return None if number is None else "{:02}-{:02}".format(*month_and_day(number))


def set_birthday(
    connection: Connection,
    *,
    programme_id: int,
    member_id: int,
    birthday: str | None,
    now: datetime,
    actor: str = "manager",
    reason: str = "",
) -> bool:
    """Keep a member's birthday ("02-29"), or forget it (None); returns whether that changed anything.

    It counts from the day after it was told. Call in a writing transaction. Raises Invalid for what is no
    day, NotFound for who is no living member of the programme.
    """
    number = None if birthday is None else birthday_of(birthday)
    state = connection.execute(
        select(t.member.c.state)
        .where(t.member.c.id == member_id, t.member.c.programme_id == programme_id)
        .with_for_update()
    ).scalar()
    if state not in {"member", "guest"}:
        raise NotFound(f"there is no member {member_id} in this programme")
    known = connection.execute(
        select(t.birthday.c.day).where(t.birthday.c.member_id == member_id)
    ).scalar()
    if known == number:
        return False
    forget_birthday(connection, member_id)
    if number is not None:
        connection.execute(
            insert(t.birthday).values(
                member_id=member_id, programme_id=programme_id, day=number, told_at=now
            )
        )
    act = Act(
        programme_id=programme_id,
        actor=actor,
        action="member.birthday",
        subject=f"member {member_id}",
        reason=reason,
        detail={},  # the day itself goes with the member
    )
    note_act(connection, act, now)
    return True


def forget_birthday(connection: Connection, member_id: int) -> None:
    """Remove what is known of a member's birthday."""
    connection.execute(delete(t.birthday).where(t.birthday.c.member_id == member_id))


def carry_birthday(connection: Connection, ending: int, staying: int) -> None:
    """Let the account that stays have the other's birthday, unless it has one of its own."""
    own = select(t.birthday.c.member_id).where(t.birthday.c.member_id == staying)
    if connection.execute(own).first() is None:
        connection.execute(
            update(t.birthday).where(t.birthday.c.member_id == ending).values(member_id=staying)
        )
    forget_birthday(connection, ending)
