"""The scaled way: PostgreSQL, Redis and separate processes, as the Procfile starts them."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline import captured_delivery
from tests.servers import start_valkey
from tests.sockets import free_port
from tests.way.served import wait_until_healthy

STEMPEL = [sys.executable, "-m", "app.cli"]


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with start_valkey() as url:
        yield url


@pytest.fixture
def environment(postgres_database: Any, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": postgres_database.url,
        "REDIS_URL": redis_url,
        "STEMPEL_DEV": "1",
        "STEMPEL_VAR": str(tmp_path / "var"),
        "PORT": str(free_port()),
        "WEB_CONCURRENCY": "2",
    }


def stempel(environment: dict[str, str], *words: str) -> Any:
    done = subprocess.run(
        [*STEMPEL, *words, "--json"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


_REPEATS = 4


def test_what_comes_to_several_edges_earns_once_through_several_workers(
    environment: dict[str, str],
) -> None:
    stempel(environment, "programme", "apply", "one-per-unit")
    store = stempel(
        environment,
        *("store", "add", "woocommerce", "--url", "https://shop.example"),
        *("--webhook-secret", "s3cr3t-Ala&kota<1>", "--programme", "one-per-unit"),
    )
    processes = [
        subprocess.Popen([*STEMPEL, command], env=environment)
        for command in ("up", "worker", "worker")
    ]
    try:
        wait_until_healthy(int(environment["PORT"]))
        captured = captured_delivery("008")
        headers = {k: v for k, v in captured.headers.items() if k.startswith(("X-", "Content-T"))}
        request = urllib.request.Request(store["webhook_url"], captured.body, headers)
        for _ in range(1 + _REPEATS):  # on a connection of its own each: both processes get some
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert answer.status == 200
        deadline = time.monotonic() + 20
        while not stempel(environment, "ledger", "verify")["entries"]:
            assert time.monotonic() < deadline, "the delivery was never drained"
            time.sleep(0.2)
        [event] = stempel(environment, "events", "list")
        assert (event["status"], event["repeats"]) == ("processed", _REPEATS)
        assert [member["balance"] for member in stempel(environment, "member", "list")] == [269]
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        statuses = [process.wait(timeout=30) for process in processes]
    assert statuses == [0, 0, 0]
