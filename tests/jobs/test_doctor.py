"""Looking an installation over, on both databases."""

from sqlalchemy import text

from app.services.checkup import Finding
from jobs.doctor import examine
from tests.pipeline import Pipeline


def look(pipeline: Pipeline) -> dict[str, Finding]:
    return {one.what: one for one in examine(pipeline.runtime, shops=False)}


def test_a_database_that_forgets_commits_is_no_place_for_deliveries(pipeline: Pipeline) -> None:
    found = look(pipeline)["durability"]
    if pipeline.database.embedded:
        assert (found.grade, found.said) == ("ok", "SQLite, WAL, every commit is on the disk")
        return
    # The server of the tests is quick because it does not wait for the disk: just what must be found.
    assert found.grade == "failure"
    assert "fsync is off" in found.said
    assert "synchronous_commit" not in found.said
    with pipeline.database.transaction() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
    pipeline.database.close()  # settings of a database are those of new connections
    assert "synchronous_commit is off" in look(pipeline)["durability"].said


def test_clocks_that_disagree_are_told(pipeline: Pipeline) -> None:
    found = look(pipeline)["clock"]  # the clock of the test is not the machine's
    assert found.grade == ("ok" if pipeline.database.embedded else "warning")
    assert pipeline.database.embedded or "ours" in found.said
