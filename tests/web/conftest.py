"""Pages in a test client, over a shop with a history."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from flask.testing import FlaskClient

from app.web import create_web
from jobs.runtime import Runtime
from tests.pipeline import Pipeline
from tests.stories import Story, tell


@dataclass
class Context:
    """What the composition root gives to the pages."""

    runtime: Runtime
    counts: Mapping[str, int] = field(default_factory=Counter)


def client_of(pipeline: Pipeline, **counts: int) -> FlaskClient:
    app = create_web(Context(pipeline.runtime, Counter(counts)))
    app.testing = True
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
