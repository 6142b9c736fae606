"""The tests' own tools: clean databases, closed sockets, servers that leave nothing behind."""

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import redis
from sqlalchemy import Connection, text

from app.db import migrating
from app.db.engine import Database, open_database
from app.settings import Settings
from tests.db.rows import insert_one_of_each
from tests.fixtures_db import PostgresCluster
from tests.servers import start_postgres, start_valkey
from tests.sockets import NetworkRefusedError

NewDatabase = Callable[[], AbstractContextManager[Database]]


def test_each_test_gets_a_migrated_database_without_rows(new_database: NewDatabase) -> None:
    for _ in range(3):
        with new_database() as database:
            assert migrating.check(database) == []
            with database.transaction() as connection:
                assert entries(connection) == 0
                insert_one_of_each(connection)
                assert entries(connection) == 1


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TRIGGER entry_refuses_update ON entry",
        "ALTER TABLE entry DISABLE TRIGGER ALL",
        "ALTER TABLE member ADD COLUMN shoe_size bigint",
        "ALTER TABLE lot DROP CONSTRAINT ck_lot_remaining_in_range",
        "UPDATE alembic_version SET version_num = '9999'",
    ],
)
def test_a_database_whose_schema_a_test_changed_is_not_used_again(
    postgres_database: Database, postgres_cluster: PostgresCluster, damage: str
) -> None:
    for _ in range(2):
        with postgres_cluster.migrated() as url:
            other = open_database(url)
            assert migrating.check(other) == []
            with other.transaction() as connection:
                connection.execute(text(damage))
            other.close()


def test_the_settings_name_the_database_of_the_test(settings: Settings, database: Database) -> None:
    assert settings.database_url == database.url
    assert settings.embedded is database.embedded


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "shop.example"])
def test_a_test_cannot_reach_another_machine(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as outside, pytest.raises(NetworkRefusedError, match=host):
        outside.connect((host, 80))


def test_a_test_can_reach_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_a_postgresql_that_ends_leaves_no_files() -> None:
    with start_postgres(fsync=True) as url:
        folder = Path(parse_qs(urlsplit(url).query)["host"][0])
        database = open_database(url)
        with database.snapshot() as connection:
            assert connection.execute(text("SHOW fsync")).scalar() == "on"
        database.close()
    assert not folder.exists()


def test_a_redis_comes_from_a_wheel() -> None:
    with start_valkey() as url:
        client = redis.Redis.from_url(url)
        client.set("stempel", "1")
        assert client.get("stempel") == b"1"
        client.close()
    assert not Path(url.removeprefix("unix://")).exists()


def entries(connection: Connection) -> int:
    count: int = connection.execute(text("SELECT count(*) FROM entry")).scalar_one()
    return count
