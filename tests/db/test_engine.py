"""Opening a database: who waits for whom, and what comes back as it was put in."""

import time
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, MetaData, Table, insert, select, text, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, StatementError

from app.db.engine import Database, open_database
from app.db.tables import data_key, programme
from app.db.types import Moment, big
from app.db.types import text as text_column
from tests.fixtures_db import opened
from tests.threads import at_once

NOON = datetime(2026, 11, 21, 12, 0, 0, 123_456, tzinfo=UTC)


def add_programme(database: Database, number: int, *, key: str | None = None) -> None:
    with database.transaction() as connection:
        connection.execute(
            insert(programme).values(id=number, key=key or f"p{number}", created_at=NOON)
        )


def count_programmes(database: Database) -> int:
    with database.snapshot() as connection:
        return len(connection.execute(select(programme.c.id)).all())


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    add_programme(database, 1)
    twice = insert(programme).values(
        [{"id": number, "key": "kawa", "created_at": NOON} for number in (2, 3)]
    )
    with pytest.raises(IntegrityError), database.transaction() as connection:
        connection.execute(twice)
    assert count_programmes(database) == 1


def test_two_writers_both_get_through(database: Database) -> None:

    def write(numbers: range) -> None:
        for number in numbers:
            add_programme(database, number)

    at_once([partial(write, range(n, n + 20)) for n in (1, 101)])
    assert count_programmes(database) == 40


def test_a_second_writer_sees_what_the_first_committed(database: Database) -> None:
    """Read, add, write, from two threads: one waits for the other instead of losing its change."""
    add_programme(database, 1)
    row = select(programme.c.created_at).where(programme.c.id == 1).with_for_update()

    def push_an_hour() -> None:
        for _ in range(10):
            with database.transaction() as connection:
                later = connection.execute(row).scalar_one() + timedelta(hours=1)
                connection.execute(update(programme).values(created_at=later))

    at_once([push_an_hour] * 2)
    with database.transaction() as connection:
        assert connection.execute(row).scalar_one() == NOON + timedelta(hours=20)


def test_a_reader_neither_waits_for_a_writer_nor_sees_its_work(database: Database) -> None:
    add_programme(database, 1)
    with database.transaction() as connection:
        connection.execute(insert(programme).values(id=2, key="p2", created_at=NOON))
        began = time.monotonic()
        assert count_programmes(database) == 1
        assert time.monotonic() - began < 1
    assert count_programmes(database) == 2


def test_a_writer_does_not_wait_for_a_reader_who_keeps_one_consistent_state(
    database: Database,
) -> None:
    add_programme(database, 1)
    with database.snapshot() as connection:
        assert len(connection.execute(select(programme.c.id)).all()) == 1
        began = time.monotonic()
        add_programme(database, 2)
        assert time.monotonic() - began < 1
        assert len(connection.execute(select(programme.c.id)).all()) == 1


def test_a_snapshot_cannot_write_on_postgresql(postgres_database: Database) -> None:
    with postgres_database.snapshot() as connection, pytest.raises(Exception, match="read-only"):
        connection.execute(insert(programme).values(id=1, key="kawa", created_at=NOON))


def test_what_a_snapshot_writes_is_never_kept(sqlite_database: Database) -> None:
    with sqlite_database.snapshot() as connection:
        connection.execute(insert(programme).values(id=1, key="kawa", created_at=NOON))
    assert count_programmes(sqlite_database) == 0


def test_a_commit_is_on_the_disk_before_it_is_answered(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
    }


def test_a_row_that_points_at_nothing_is_refused(database: Database) -> None:
    orphan = insert(data_key).values(id=1, programme_id=404, day=1, key_id="k", wrapped=b"x")
    with pytest.raises(IntegrityError), database.transaction() as connection:
        connection.execute(orphan)


@pytest.mark.parametrize(
    "moment",
    [
        NOON,
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2028, 2, 29, 23, 59, 59, tzinfo=timezone(timedelta(hours=13))),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ],
)
def test_a_time_comes_back_as_the_same_moment_in_utc(database: Database, moment: datetime) -> None:
    with database.transaction() as connection:
        connection.execute(insert(programme).values(id=1, key="kawa", created_at=moment))
        kept = connection.execute(select(programme.c.created_at)).scalar_one()
    assert kept == moment
    assert kept.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="without a zone"), database.transaction() as c:
        c.execute(insert(programme).values(id=1, key="kawa", created_at=datetime(2026, 1, 1)))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(
    "key",
    [
        "Żółć",
        "☕️👩‍👧",
        "a'b\"c\\d%s:x?",
        " kawa ",
        "KAWA\u0130",
        "line\nend\ttab",
        "\ufeff",
        "\u202e",
    ],
)
def test_text_comes_back_as_it_was(database: Database, key: str) -> None:
    add_programme(database, 1, key=key)
    with database.snapshot() as connection:
        assert connection.execute(select(programme.c.key)).scalar_one() == key
        found = connection.execute(select(programme.c.id).where(programme.c.key == key)).scalar()
        assert found == 1


def test_keys_differ_by_every_byte_and_sort_by_bytes(database: Database) -> None:
    keys = [
        "a",
        "A",
        "ą",
        "Z",
        "z",
        "\u00e9",
        "e\u0301",
        "a ",
        "10",
        "9",
    ]  # é as one character and as two
    for number, key in enumerate(keys, 1):
        add_programme(database, number, key=key)
    with database.snapshot() as connection:
        kept = connection.execute(select(programme.c.key).order_by(programme.c.key)).scalars().all()
    assert kept == sorted(keys, key=lambda key: key.encode())


def test_a_nul_in_text_never_reaches_a_row_cut_short(database: Database) -> None:
    """PostgreSQL cannot keep it; SQLite can. Either way nothing is lost without a word."""
    if database.embedded:
        add_programme(database, 1, key="ka\0wa")
        with database.snapshot() as connection:
            assert connection.execute(select(programme.c.key)).scalar_one() == "ka\0wa"
    else:
        with pytest.raises(DataError, match="NUL"):
            add_programme(database, 1, key="ka\0wa")


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
def test_a_number_of_64_bits_comes_back(database: Database, number: int) -> None:
    add_programme(database, number)
    with database.snapshot() as connection:
        assert connection.execute(select(programme.c.id)).scalar_one() == number


@pytest.mark.parametrize("number", [10**19, 2**63, -(2**63) - 1])
def test_a_number_beyond_64_bits_is_refused(database: Database, number: int) -> None:
    with pytest.raises((OverflowError, DataError)):
        add_programme(database, number)
    assert count_programmes(database) == 0


@pytest.mark.parametrize("wrong", ["'ten'", "1.5", "x'00'"])
def test_a_number_column_keeps_only_numbers(sqlite_database: Database, wrong: str) -> None:
    """STRICT tables: without them SQLite would keep the word ten as a balance."""
    with pytest.raises(IntegrityError, match="cannot store"), sqlite_database.transaction() as c:
        c.execute(text(f"INSERT INTO schedule_run (job, due_at) VALUES ('x', {wrong})"))


def test_the_column_types_are_wide_enough_without_the_schema(empty_database: Database) -> None:
    table = Table("wide", MetaData(), Column("n", big()), Column("words", text_column()),
                  Column("at", Moment()))  # fmt: skip
    with empty_database.transaction() as connection:
        table.create(connection)
        connection.execute(insert(table).values(n=2**62, words="x" * 100_000, at=NOON))
        row = connection.execute(select(table)).one()
    assert (row.n, len(row.words), row.at) == (2**62, 100_000, NOON)


def test_a_new_database_file_gets_its_folder(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/not/yet/there.db") as database, database.snapshot() as c:
        assert c.execute(text("SELECT 1")).scalar() == 1


def test_opening_makes_no_connection_yet() -> None:
    database = open_database("postgresql+psycopg://stempel@/nothing?host=/nowhere")
    with pytest.raises(OperationalError), database.transaction():
        pass
    database.close()


def test_work_that_met_another_writer_is_done_again_from_its_start(database: Database) -> None:
    tries = []

    def work(connection: Connection) -> str:
        tries.append(1)
        if len(tries) < 3:
            # As when another process has taken the key a moment ago.
            raise IntegrityError("insert", {}, Exception("taken"))
        return "done"

    assert database.run(work) == "done"
    assert len(tries) == 3


def test_work_that_is_wrong_is_not_done_again(database: Database) -> None:
    tries = []

    def work(connection: Connection) -> None:
        tries.append(1)
        connection.exec_driver_sql("SELECT nonsense FROM nowhere")

    with pytest.raises(DBAPIError):
        database.run(work)
    assert len(tries) == (5 if database.embedded else 1)  # SQLite has one word for both
