"""Birthdays and anniversaries: found day by day, paid once, missed days made up for."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from app.db import tables as t
from app.db.ids import new_id
from app.errors import Invalid, NotFound
from app.services.birthdays import known_birthday, set_birthday
from app.services.celebrate import celebrate
from app.services.chain import GENESIS
from app.services.view_ledger import ledger_of, sentence
from jobs.schedule import run_due
from tests.pipeline import Pipeline
from tests.services.test_actions import Club

SOURCE = """
[programme]
key = "kawa"
currency = "PLN"
timezone = "Europe/Warsaw"

[[rule]]
key = "birthday"
on = "birthday"
points = 50

[[rule]]
key = "years"
on = "anniversary"
points = 10

[[rule]]
key = "app"
on = "action"
action = "app-install"
points = 1

[[rule]]
key = "two-years"
on = "anniversary"
points = 100
years = 2
"""
START = datetime(2026, 2, 10, 12, tzinfo=UTC)


class Feast(Club):
    """A programme whose days are gone through when `until` says so."""

    def __init__(self, pipeline: Pipeline, source: str = SOURCE) -> None:
        pipeline.clock.moment = START
        super().__init__(pipeline, source)
        self.until(START)

    def tell(self, member: int, birthday: str | None) -> bool:
        return self.pipeline.database.run(
            lambda connection: set_birthday(
                connection,
                programme_id=self.programme_id,
                member_id=member,
                birthday=birthday,
                now=self.pipeline.clock(),
            )
        )

    def until(self, moment: datetime, limit: int = 50) -> None:
        """Let the time come and go through all days that have begun."""
        self.pipeline.clock.moment = moment
        while self.pipeline.database.run(
            lambda connection: celebrate(connection, self.vault, self.pipeline.clock(), limit=limit)
        ):
            pass


@pytest.fixture
def feast(pipeline: Pipeline) -> Feast:
    return Feast(pipeline)


def test_a_birthday_is_paid_each_year_from_the_day_after_it_was_told(feast: Feast) -> None:
    ola, jan = feast.join(), feast.join("jan@example.pl")
    feast.tell(ola, "02-29")
    feast.tell(jan, "02-10")  # today: too late for this year
    feast.until(datetime(2026, 2, 27, 22, 59, tzinfo=UTC))
    assert feast.balance() == 0
    feast.pipeline.clock.moment = datetime(2026, 2, 27, 23, 1, tzinfo=UTC)  # 28 February in Warsaw
    run_due(feast.pipeline.runtime)  # as the clock does, each hour
    assert feast.balance() == 50
    feast.until(datetime(2026, 3, 2, tzinfo=UTC))
    assert feast.balance() == 50
    with feast.pipeline.database.snapshot() as connection:
        [entry] = ledger_of(connection, ola).items
    assert sentence(entry, "en", "PLN") == "50 points: for the birthday."
    assert entry.occurred_at == datetime(2026, 2, 27, 23, tzinfo=UTC)
    assert feast.problems() == []


def test_days_that_were_missed_are_made_up_for_in_slices_and_never_paid_twice(
    feast: Feast,
) -> None:
    for day in range(11, 18):
        feast.tell(feast.join(f"member{day}@example.pl"), f"02-{day}")
        feast.tell(feast.join(f"twin{day}@example.pl"), f"02-{day}")
    feast.until(datetime(2026, 2, 15, 12, tzinfo=UTC), limit=1)
    assert feast.balance() == 5 * 2 * 50
    feast.until(datetime(2026, 2, 15, 13, tzinfo=UTC))
    assert feast.balance() == 5 * 2 * 50
    assert feast.problems() == []


def test_an_account_that_cannot_be_posted_to_keeps_nobody_elses_birthday(feast: Feast) -> None:
    ola, jan, ewa = (feast.join(f"{name}@example.pl") for name in ("ola", "jan", "ewa"))
    for member in (ola, jan, ewa):
        feast.tell(member, "02-14")
    feast.record(jan, "app-install", "1", None)
    feast.until(START + timedelta(days=1))
    entries = t.member.update().where(t.member.c.id == jan)
    with feast.pipeline.database.transaction() as connection:
        connection.execute(entries.values(entries=0))  # altered from outside
    feast.until(START + timedelta(days=5))
    assert feast.balance() == 1 + 100
    with feast.pipeline.database.transaction() as connection:
        connection.execute(entries.values(entries=1))
    assert feast.problems() != []
    feast.record(jan, "app-install", "2", None)
    assert feast.balance() == 1 + 150
    assert feast.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("limit", [1, 50])
def test_the_few_anniversaries_among_many_members_are_found_part_by_part(
    feast: Feast, limit: int
) -> None:
    joined = {3: 1, 99: 2, 100: 1, 101: 3, 249: 1}  # which member, how many years ago
    rows = [
        {
            "id": new_id(),
            "programme_id": feast.programme_id,
            "state": "member",
            "enrolled_at": datetime(2026 - joined.get(n, 1), 2, 12 - (n not in joined), tzinfo=UTC),
            "head": GENESIS,
            "created_at": START,
        }
        for n in range(250)
    ]
    with feast.pipeline.database.transaction() as connection:
        connection.execute(insert(t.member), rows)
        connection.execute(update(t.celebration).values(day=t.celebration.c.day + 1))
    feast.until(datetime(2026, 2, 12, 12, tzinfo=UTC), limit=limit)
    assert feast.balance() == 5 * 10 + 100
    assert feast.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_birthday_moved_about_pays_nothing_more_and_one_that_is_forgotten_nothing(
    feast: Feast,
) -> None:
    ola = feast.join()
    assert feast.tell(ola, "03-01")
    assert not feast.tell(ola, "03-01")
    feast.until(datetime(2026, 3, 1, 12, tzinfo=UTC))
    feast.tell(ola, "03-05")
    feast.until(datetime(2026, 3, 5, 12, tzinfo=UTC))
    assert feast.balance() == 50
    feast.tell(ola, "03-01")  # it was a slip: next year it is paid all the same
    feast.until(datetime(2027, 2, 9, 12, tzinfo=UTC))
    assert feast.balance() == 50
    feast.until(datetime(2027, 3, 1, 12, tzinfo=UTC))
    assert feast.balance() == 50 + 50 + 10  # and a year in the programme
    feast.tell(ola, None)
    feast.until(datetime(2028, 2, 9, 12, tzinfo=UTC))
    feast.until(datetime(2028, 3, 1, 12, tzinfo=UTC))
    assert feast.balance() == 110 + 110
    assert [act[0] for act in feast.audited()].count("member.birthday") == 4
    assert feast.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_who_joined_on_29_february_has_the_anniversary_on_28_in_other_years(feast: Feast) -> None:
    ola = feast.join()
    with feast.pipeline.database.transaction() as connection:
        connection.execute(
            update(t.member)
            .where(t.member.c.id == ola)
            .values(enrolled_at=datetime(2024, 2, 28, 23, 30, tzinfo=UTC))  # the 29th in Warsaw
        )
    feast.until(datetime(2026, 2, 27, 22, 30, tzinfo=UTC))
    assert feast.balance() == 0
    feast.until(datetime(2026, 2, 28, 12, tzinfo=UTC))
    assert feast.balance() == 10 + 100
    feast.until(datetime(2027, 3, 10, 12, tzinfo=UTC))
    feast.until(datetime(2028, 2, 28, 12, tzinfo=UTC))
    assert feast.balance() == 110 + 10
    feast.until(datetime(2028, 2, 29, 12, tzinfo=UTC))
    assert feast.balance() == 110 + 20
    assert feast.problems() == []


def test_joined_accounts_have_one_birthday_and_are_paid_once(feast: Feast) -> None:
    ola, also_ola = feast.join(), feast.join("aleksandra@example.pl")
    feast.tell(ola, "02-14")
    feast.tell(also_ola, "02-15")
    feast.until(START + timedelta(days=10))
    assert feast.balance() == 100
    staying = feast.merge(ola, also_ola)
    assert feast.balance() == 50
    with feast.pipeline.database.snapshot() as connection:
        birthdays = {one: known_birthday(connection, one) for one in (ola, also_ola)}
    assert sorted(birthdays.values(), key=str) == (
        ["02-14", None] if staying == ola else ["02-15", None]
    )
    assert feast.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("text", ["02-30", "2-3", "1990-02-03", "13-01", "00-00", ""])
def test_what_is_no_day_of_the_year_is_refused(feast: Feast, text: str) -> None:
    ola = feast.join()
    with pytest.raises(Invalid, match="is no day of the year; give month and day"):
        feast.tell(ola, text)
    with pytest.raises(NotFound, match="there is no member 5"):
        feast.tell(5, "02-03")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_birthdays_of_nobody_are_found(feast: Feast) -> None:
    ola, jan = feast.join(), feast.join("jan@example.pl")
    feast.tell(ola, "02-14")
    with feast.pipeline.database.transaction() as connection:
        connection.execute(
            insert(t.birthday).values(
                member_id=jan, programme_id=feast.programme_id, day=230, told_at=START
            )
        )
        connection.execute(update(t.member).where(t.member.c.id == ola).values(state="erased"))
    problems = " ".join(feast.problems())
    assert "was erased and still has a birthday" in problems
    assert "has a birthday that no calendar has: 230" in problems
