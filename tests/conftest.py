"""What every test has: closed sockets, one Hypothesis profile, keys and settings, and speed.

Databases are in `tests.fixtures_db`, the browser in `tests.browser`.
"""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from app.crypto import Keyring
from app.settings import Settings
from tests.pipeline import settings_of
from tests.sizes import is_left_for_later
from tests.sockets import only_this_machine
from tests.statements import turned_into_sql_once

pytest_plugins = ["tests.scratch", "tests.fixtures_db", "tests.fixtures_pipeline", "tests.browser"]

# To look for circles of garbage as often as usual took a fifth of the time.
gc.set_threshold(50_000, 20, 20)

# Any time limit would fail on a busy machine; in CI the same examples are tried each time.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave a part of the long stories to `make chaos`; pytest tells how many."""
    later = [item for item in items if is_left_for_later(item.nodeid)]
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if not is_left_for_later(item.nodeid)]


def pytest_collection_finish() -> None:
    """Look for garbage not among what stays until the end anyway."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _statements() -> Iterator[None]:
    with turned_into_sql_once():
        yield


@pytest.fixture(scope="session", autouse=True)
def _closed_network() -> Iterator[None]:
    with only_this_machine():
        yield


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    return Keyring(
        secret_keys=("dGVzdHMgdXNlIHRoaXMga2V5LCBub2JvZHkgZWxzZSE=",),
        pepper=b"a pepper for tests",
        ledger_key=b"a ledger key for tests",
    )


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path, keyring: Keyring) -> Settings:
    """Settings over the test's database, or over an SQLite file not yet made if it asks for none."""
    url = f"sqlite:///{tmp_path}/stempel.db"
    for name in ("database", "sqlite_database", "postgres_database"):
        if name in request.fixturenames:
            url = request.getfixturevalue(name).url
    return settings_of(url, keyring, tmp_path)
