"""Pages in a test client, over a shop with a history."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import CodeType

import pytest
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from app.web import create_web
from jobs.runtime import Runtime
from tests.pipeline import Pipeline
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


@pytest.fixture
def story(pipeline: Pipeline) -> Story:
    return tell(pipeline)


@pytest.fixture
def client(pipeline: Pipeline) -> FlaskClient:
    return client_of(pipeline)


@pytest.fixture(params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """Return SQLite alone: what pages ask a database is tested on both in tests/services."""
    name: str = request.param
    return name
