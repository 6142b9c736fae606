"""Pages in a test client, over a shop with a history."""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import CodeType

import pytest
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy.engine import make_url

from app.crypto import Keyring
from app.web import create_web
from jobs.runtime import Runtime
from tests.fixtures_db import opened
from tests.pipeline import Pipeline, settings_of
from tests.stories import Story, tell


@dataclass
class Context:
    """What the composition root gives to the pages."""

    runtime: Runtime
    counts: Mapping[str, int] = field(default_factory=Counter)


class _Compiled(BytecodeCache):
    """Templates compiled once for the pages of all tests: it takes longer than to serve them."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._kept[bucket.key, bucket.checksum] = bucket.code


_compiled = _Compiled()


def client_of(pipeline: Pipeline, **counts: int) -> FlaskClient:
    app = create_web(Context(pipeline.runtime, Counter(counts)))
    app.testing = True
    app.jinja_env.bytecode_cache = _compiled
    client = app.test_client()
    client.environ_base["HTTP_HOST"] = "127.0.0.1:8000"
    return client


@dataclass
class Told:
    """A story, and the database and the moment that it ended with."""

    story: Story
    path: str
    moment: datetime


@pytest.fixture(scope="session")
def told(
    tmp_path_factory: pytest.TempPathFactory, migrated_sqlite_file: Path, keyring: Keyring
) -> Told:
    folder = tmp_path_factory.mktemp("told")
    path = shutil.copy(migrated_sqlite_file, folder / "stempel.db")
    with opened(f"sqlite:///{path}") as database:
        pipeline = Pipeline(database, settings_of(database.url, keyring, folder))
        story = tell(pipeline)
        pipeline.close()
    return Told(story, str(path), pipeline.clock.moment)


@pytest.fixture
def story(pipeline: Pipeline, told: Told) -> Story:
    """Return the story in the test's own database; told once, as that takes longer than most tests."""
    target = make_url(pipeline.database.url).database
    assert target is not None
    with closing(sqlite3.connect(told.path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    pipeline.clock.moment = told.moment
    return replace(told.story, pipeline=pipeline)


@pytest.fixture
def client(pipeline: Pipeline) -> FlaskClient:
    return client_of(pipeline)


@pytest.fixture(params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """Return SQLite alone: what pages ask a database is tested on both in tests/services."""
    name: str = request.param
    return name
