"""The `pipeline` fixture: an installation without a web server, on both databases."""

from collections.abc import Iterator

import pytest

from app.db.engine import Database
from app.settings import Settings
from tests.pipeline import Pipeline


@pytest.fixture
def pipeline(database: Database, settings: Settings) -> Iterator[Pipeline]:
    made = Pipeline(database, settings)
    yield made
    made.close()
