"""What a shop tells about people: kept encrypted, looked up by hash, and never written to a log."""

import logging
from pathlib import Path

import pytest

from app.db.engine import Database
from app.services.enrol import add_member
from app.services.view_members import list_members
from app.settings import Settings
from tests.pipeline import Pipeline, captured_deliveries

# Names, addresses, phones and e-mails that occur in the captured deliveries.
PERSONAL = (
    *("kowalski", "nowak", "zielinski", "mazur", "wisniewska", "zolc"),
    *("example.pl", "ul. prosta", "ul. długa", "48500100200", "48600100200"),
)
SECRETS = ("s3cr3t-ala", "cs_test", "ck_test")


@pytest.fixture
def told(
    sqlite_database: Database, settings: Settings, caplog: pytest.LogCaptureFixture
) -> Pipeline:
    """An installation that has seen every captured delivery, and the log it wrote meanwhile."""
    caplog.set_level(logging.DEBUG)
    pipeline = Pipeline(sqlite_database, settings)
    programme_id = pipeline.programme()
    store = pipeline.store(programme_id)
    for captured in captured_deliveries():
        if captured.secret:
            pipeline.deliver(store, captured.topic, captured.body)
    pipeline.deliver(store, "order.updated", b'{"id": "jan.kowalski@example.pl"}')
    with pipeline.database.transaction() as connection:
        add_member(
            connection,
            pipeline.runtime.vault,
            programme_id=programme_id,
            email="jan.kowalski@example.pl",
            now=pipeline.clock(),
        )
    return pipeline


def test_no_personal_data_and_no_secret_stands_readable_in_the_database(
    told: Pipeline, tmp_path: Path
) -> None:
    with told.database.snapshot() as connection:
        emails = {one.email for one in list_members(connection, told.runtime.vault).items}
    assert "jan.kowalski@example.pl" in emails  # it is there, for those who have the key
    with told.database.writer.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql(f"VACUUM INTO '{tmp_path}/copy.db'")
        connection.exec_driver_sql("BEGIN")
    stored = (tmp_path / "copy.db").read_bytes().decode("utf-8", "replace").lower()
    assert [word for word in (*PERSONAL, *SECRETS) if word in stored] == []


def test_no_personal_data_and_no_secret_goes_into_the_log(
    told: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    assert told.verified().ok
    logged = "\n".join(f"{r.getMessage()} {r.exc_text or ''}" for r in caplog.records).lower()
    assert [word for word in (*PERSONAL, *SECRETS) if word in logged] == []
