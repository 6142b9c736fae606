"""Commands as people type them."""

import pytest


@pytest.fixture(params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """Return SQLite alone: what commands ask a database is tested on both in tests/services."""
    name: str = request.param
    return name
