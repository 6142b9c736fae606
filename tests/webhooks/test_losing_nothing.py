"""Whatever dies or goes away: what was answered 200 is stored, once."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from app.crypto import Keyring
from app.db import tables as t
from app.db.engine import Database
from tests.webhooks import raw
from tests.webhooks.conftest import (
    ROOT,
    SECRET,
    Serve,
    Server,
    Shop,
    add_shop,
    environment,
    serving,
)
from tests.webhooks.load import Senders, senders


def missing(database: Database, seen: Senders) -> set[str]:
    """Return what was acknowledged and is not stored, queued and readable."""
    with database.snapshot() as connection:
        stored = connection.execute(
            select(t.delivery.c.topic)
            .join(t.delivery_body, t.delivery_body.c.delivery_id == t.delivery.c.id)
            .join(t.delivery_queue, t.delivery_queue.c.delivery_id == t.delivery.c.id)
        ).scalars()
        return set(seen.acknowledged) - set(stored)


def stored_twice(database: Database) -> list[str]:
    with database.snapshot() as connection:
        twice = select(t.delivery.c.topic).group_by(t.delivery.c.topic).having(func.count() > 1)
        return list(connection.execute(twice).scalars())


def wait_for_answers(seen: Senders, more: int, seconds: float = 30) -> None:
    goal = len(seen.acknowledged) + more
    deadline = time.monotonic() + seconds
    while len(seen.acknowledged) < goal:
        assert time.monotonic() < deadline, f"no more answers: {seen.statuses}"
        time.sleep(0.01)


def gone(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_kill_9_of_the_serving_process_loses_nothing_that_was_acknowledged(
    serve: Serve, shop: Shop, database: Database
) -> None:
    server = serve()
    with senders(server.port, shop) as seen:
        wait_for_answers(seen, 100)
        os.kill(server.serving_pid(), signal.SIGKILL)
        wait_for_answers(seen, 100)  # another one has taken over
    assert missing(database, seen) == set()
    assert stored_twice(database) == []
    assert seen.statuses.keys() <= {200, 0}
    assert server.stop() != 0  # a process died: whoever supervises us must learn of it


def test_stopping_under_load_loses_nothing_and_is_a_success(
    serve: Serve, shop: Shop, database: Database
) -> None:
    server = serve()
    with senders(server.port, shop) as seen:
        wait_for_answers(seen, 100)
        status = server.stop()
    assert status == 0
    assert missing(database, seen) == set()
    assert seen.statuses.keys() <= {200, 0}


def test_deaths_in_a_row_end_the_service_with_an_error(serve: Serve, shop: Shop) -> None:
    server = serve()
    deadline = time.monotonic() + 20
    while server.process.poll() is None and time.monotonic() < deadline:
        with suppress(ProcessLookupError, StopIteration, FileNotFoundError):
            os.kill(server.serving_pid(), signal.SIGKILL)
        time.sleep(0.3)
    assert server.process.wait(20) not in {0, None}


def test_no_orphan_goes_on_serving_when_the_supervisor_is_killed(
    serve: Serve, shop: Shop, database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    server = serve()
    serving_pid = server.serving_pid()
    with senders(server.port, shop, 4) as seen:
        wait_for_answers(seen, 20)
        server.process.kill()
        server.process.wait()
        assert gone(serving_pid)
    assert missing(database, seen) == set()
    with serving(database.url, keyring, tmp_path, port=server.port) as second:
        assert raw.send(second.port, raw.signed(shop.path, b"{}", SECRET)).status == 200


def start_second(
    database: Database, keyring: Keyring, var: Path, port: int
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.webhooks.server"],
        env=environment(database.url, keyring, var, port),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_a_second_start_says_which_one_is_running(
    sqlite_database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    with serving(sqlite_database.url, keyring, tmp_path) as server:
        for port in (server.port, server.port + 1):
            second = start_second(sqlite_database, keyring, tmp_path, port)
            assert second.returncode == 1
            assert f"process {server.process.pid}, http://127.0.0.1:{server.port}" in second.stderr


def test_a_port_in_use_is_refused_in_words(
    postgres_database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    with serving(postgres_database.url, keyring, tmp_path) as server:
        second = start_second(postgres_database, keyring, tmp_path, server.port)
    assert second.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{server.port}: Address already in use" in second.stderr


def administrator(database: Database) -> psycopg.Connection:
    """Connect to the server of `database`, from outside of it."""
    url = make_url(database.url).set(drivername="postgresql", database="postgres")
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


@contextmanager
def away(database: Database) -> Iterator[None]:
    """Take the database away: PostgreSQL refuses everyone, SQLite is locked by somebody else."""
    if database.embedded:
        with database.transaction():
            yield
        return
    url = make_url(database.url)
    with administrator(database) as admin:
        admin.execute(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS false')
        try:
            cut_connections(admin, url.database)
            yield
        finally:
            admin.execute(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS true')


def cut_connections(admin: psycopg.Connection, name: str | None) -> None:
    admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = %s AND pid <> pg_backend_pid()",
        (name,),
    )


class Sending(threading.Thread):
    """One delivery under way."""

    def __init__(self, server: Server, shop: Shop, topic: str) -> None:
        super().__init__()
        self.request = raw.signed(shop.path, b"{}", SECRET, topic.encode())
        self.port = server.port
        self.answer = raw.Answer(0, {}, b"")
        self.took = 0.0
        self.start()

    def run(self) -> None:
        began = time.monotonic()
        self.answer = raw.send(self.port, self.request)
        self.took = time.monotonic() - began


def test_a_delivery_waits_for_a_database_that_comes_back(
    serve: Serve, shop: Shop, database: Database
) -> None:
    server = serve(HOLD_SECONDS="8")
    assert raw.send(server.port, raw.signed(shop.path, b"{}", SECRET)).status == 200
    with away(database):
        sendings = [Sending(server, shop, f"during-{number}") for number in range(5)]
        time.sleep(1.0)
        assert all(sending.is_alive() for sending in sendings)
        health = raw.send(server.port, raw.request("/healthz", method="GET"))
        assert health.status == 200
    for sending in sendings:
        sending.join(10)
    assert [sending.answer.status for sending in sendings] == [200] * 5
    with database.snapshot() as connection:
        assert connection.execute(select(func.count()).select_from(t.delivery)).scalar_one() == 6


def test_a_database_that_stays_away_is_a_503_and_then_all_is_well_again(
    serve: Serve, shop: Shop, database: Database
) -> None:
    server = serve(HOLD_SECONDS="1", HOLD_REQUESTS="5")
    assert raw.send(server.port, raw.signed(shop.path, b"{}", SECRET)).status == 200
    with away(database):
        held = [Sending(server, shop, f"held-{number}") for number in range(5)]
        time.sleep(0.7)
        more = [Sending(server, shop, f"more-{number}") for number in range(3)]
        for sending in held + more:
            sending.join(10)
        assert [sending.answer.status for sending in held + more] == [503] * 8
        assert {sending.answer.headers["retry-after"] for sending in held + more} == {"30"}
        assert all(0.9 < sending.took < 3 for sending in held)
        assert all(sending.took < 0.5 for sending in more)
        # Nobody learns from us whether a store exists while we cannot know it ourselves.
        forged = raw.send(server.port, raw.signed(shop.path, b"{}", b"forged"))
        assert forged.status == 401
    deadline = time.monotonic() + 15
    while raw.send(server.port, raw.signed(shop.path, b"{}", SECRET, b"after")).status != 200:
        assert time.monotonic() < deadline
    with database.snapshot() as connection:
        topics = set(connection.execute(select(t.delivery.c.topic)).scalars())
    assert topics <= {"order.updated", "after", *(f"held-{number}" for number in range(5))}
    assert {"order.updated", "after"} <= topics


def test_a_database_that_hangs_is_a_503_in_time(
    keyring: Keyring, postgres_database: Database, tmp_path: Path
) -> None:
    shop = add_shop(postgres_database, keyring, key="kawa-shop", secrets=[SECRET])
    name = make_url(postgres_database.url).database
    with (
        serving(postgres_database.url, keyring, tmp_path, HOLD_SECONDS="1") as server,
        administrator(postgres_database) as admin,
    ):
        assert raw.send(server.port, raw.signed(shop.path, b"{}", SECRET)).status == 200
        activity = "SELECT pid FROM pg_stat_activity WHERE datname = %s"
        pids = [pid for (pid,) in admin.execute(activity, (name,))]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(5)  # until what was known of the store is old
            hanging = [Sending(server, shop, f"hanging-{number}") for number in range(3)]
            for sending in hanging:
                sending.join(15)
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        assert [sending.answer.status for sending in hanging] == [503] * 3
        assert all(sending.took < 4 for sending in hanging)
        assert raw.send(server.port, raw.signed(shop.path, b"{}", SECRET)).status == 200


def test_connections_cut_in_the_middle_of_a_commit_double_and_lose_nothing(
    keyring: Keyring, postgres_database: Database, tmp_path: Path
) -> None:
    shop = add_shop(postgres_database, keyring, key="kawa-shop", secrets=[SECRET])
    url = make_url(postgres_database.url)
    with (
        serving(postgres_database.url, keyring, tmp_path) as server,
        administrator(postgres_database) as admin,
        senders(server.port, shop) as seen,
    ):
        for _ in range(25):
            wait_for_answers(seen, 10)
            cut_connections(admin, url.database)
    assert seen.statuses.keys() == {200}
    assert missing(postgres_database, seen) == set()
    assert stored_twice(postgres_database) == []
    with postgres_database.snapshot() as connection:
        assert connection.execute(select(func.sum(t.delivery.c.repeats))).scalar_one() == 0
