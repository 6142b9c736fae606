"""An import that is killed, as by a power cut: whoever calls again finds all of it done once."""

import os
import signal

import pytest
from sqlalchemy import Connection

from app.db.engine import open_database
from app.services.import_apply import apply_slice
from app.services.import_undo import undo_slice
from app.services.keys import new_vault
from app.settings import Settings
from tests.attack.mortal import KILLED, run
from tests.importing import Moving
from tests.people import open_people
from tests.pipeline import Pipeline, TestClock


def die_in_third_slice(settings: Settings, batch: int, undo: bool, committed: bool) -> None:
    """Do slices of two rows, and die in the third: just before its commit, or just after it."""
    database, vault = open_database(settings.database_url), new_vault(settings.keyring)
    clock, one = TestClock(), undo_slice if undo else apply_slice

    def work(connection: Connection) -> None:
        one(connection, vault, batch, now=clock(), limit=2)

    database.run(work)
    database.run(work)
    with database.transaction() as connection:
        work(connection)
        if not committed:
            os.kill(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("committed", [False, True])
def test_an_import_is_done_once_whoever_dies(pipeline: Pipeline, committed: bool) -> None:
    moving = Moving(open_people(pipeline, stores=1))
    content = "email,points\n" + "".join(f"m{n}@example.pl,{n}\n" for n in range(1, 10))
    batch = moving.stage(content)
    moving.slice(batch, limit=1)
    assert run(die_in_third_slice, (pipeline.settings, batch, False, committed)) == [KILLED]
    moving.apply(batch)
    assert moving.people.balances() == list(range(1, 10))
    moving.slice(batch, limit=1, undo=True)
    assert run(die_in_third_slice, (pipeline.settings, batch, True, committed)) == [KILLED]
    moving.undo(batch)
    assert moving.people.balances() == [0] * 9
    assert moving.people.problems() == []
