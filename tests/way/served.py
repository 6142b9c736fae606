"""The real service in processes of its own, over the database of a test."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import select

from app.db import tables as t
from tests.pipeline import Pipeline


@contextmanager
def service(settings: dict[str, str], port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `stempel up` in a process group of its own; ends all of it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "up", "--quiet"],
        env=settings,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_healthy(port)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_healthy(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            assert time.monotonic() < deadline, "stempel up does not answer"
            time.sleep(0.05)


def post(port: int, path: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Send one delivery with its own bytes; returns the status it is answered with."""
    kept = {k: v for k, v in headers.items() if k.lower() not in {"host", "content-length"}}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, kept)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def wait_until_done(pipeline: Pipeline, seconds: float = 60) -> None:
    """Wait until nothing is queued, to be read or to be written back."""
    deadline = time.monotonic() + seconds
    while work_is_left(pipeline):
        assert time.monotonic() < deadline, "the work is never done"
        time.sleep(0.05)


def deliveries_wait(pipeline: Pipeline) -> bool:
    with pipeline.database.snapshot() as connection:
        waiting = select(t.delivery_queue.c.delivery_id).limit(1)
        return connection.execute(waiting).first() is not None


def work_is_left(pipeline: Pipeline) -> bool:
    waiting = (
        select(t.delivery_queue.c.delivery_id),
        select(t.outbox_task.c.id),
        select(t.store_customer.c.id).where(
            t.store_customer.c.due_at.is_not(None), t.store_customer.c.gone == 0
        ),
    )
    with pipeline.database.snapshot() as connection:
        return any(connection.execute(query.limit(1)).first() for query in waiting)
