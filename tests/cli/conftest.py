"""Commands as people type them."""

from functools import partial

import pytest

from tests.cli.answers import Run, stempel
from tests.pipeline import Pipeline


@pytest.fixture(params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """Return SQLite alone: what commands ask a database is tested on both in tests/services."""
    name: str = request.param
    return name


@pytest.fixture
def run(pipeline: Pipeline) -> Run:
    """Return what runs `stempel` over the test's database."""
    return partial(stempel, pipeline)
