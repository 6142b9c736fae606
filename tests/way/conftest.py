"""The `way` fixture: a shop at one point per unit and the Stempel it is connected to."""

from collections.abc import Iterator

import pytest

from tests.pipeline import Pipeline
from tests.way.shop import Way, open_way


@pytest.fixture
def way(pipeline: Pipeline) -> Iterator[Way]:
    with open_way(pipeline) as opened:
        yield opened
