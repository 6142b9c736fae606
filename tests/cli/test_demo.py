"""`make run` as a newcomer meets it: two at once, a port in use, Ctrl+C, and what it leaves behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.sockets import free_port

STEMPEL = [sys.executable, "-m", "app.cli"]
DEMO = [*STEMPEL, "demo", "--speed", "1000"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "STEMPEL_VAR": str(tmp_path),
        "PORT": str(free_port()),
        # What is set for a real service must not reach the demo.
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/real",
        "ALLOW_PRIVATE_ADDRESSES": "0",
        "SECRET_KEYS": "not a key",
    }


@pytest.fixture
def demo(environment: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a demo of its own process group, as a terminal does; wait until its story is told."""
    with (tmp_path / "told.txt").open("w") as told:
        process = subprocess.Popen(
            DEMO, env=environment, stdout=told, stderr=told, text=True, process_group=0
        )
    try:
        deadline = time.monotonic() + 60
        while "Ctrl+C" not in (tmp_path / "told.txt").read_text():
            assert process.poll() is None, (tmp_path / "told.txt").read_text()
            assert time.monotonic() < deadline, (tmp_path / "told.txt").read_text()
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def members(environment: dict[str, str], var: Path) -> str:
    """Return what the command that the demo's last line names prints."""
    mine = {"PATH": environment["PATH"], "STEMPEL_VAR": str(var)}
    done = subprocess.run(
        [*STEMPEL, "member", "list"], env=mine, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_second_demo_leaves_the_first_alone(
    demo: subprocess.Popen[str], environment: dict[str, str], tmp_path: Path
) -> None:
    before = members(environment, tmp_path / "demo")
    # She proved the e-mail in both shops: one account, the other is joined to it.
    assert re.search(r"anna\.nowak@example\.pl +member +261 ", before)
    assert len(re.findall(r"anna\.nowak@example\.pl +member ", before)) == 1
    for port in (environment["PORT"], str(free_port())):
        second = subprocess.run(
            DEMO, env=environment | {"PORT": port}, capture_output=True, text=True, check=False
        )
        assert second.returncode == 1
        assert second.stderr.startswith("stempel: Stempel is running already on")
        assert f"process {demo.pid}" in second.stderr
    assert members(environment, tmp_path / "demo") == before


def test_the_page_names_the_commands_that_see_the_demo(
    demo: subprocess.Popen[str], environment: dict[str, str], tmp_path: Path
) -> None:
    assert demo.poll() is None
    with urlopen(f"http://127.0.0.1:{environment['PORT']}/", timeout=10) as answer:
        page = answer.read().decode()
    assert f"export STEMPEL_VAR={tmp_path}/demo\nstempel events list\n" in page
    told = (tmp_path / "told.txt").read_text()
    assert f"In another terminal: STEMPEL_VAR={tmp_path}/demo " in told


def test_ctrl_c_ends_the_demo_and_all_that_it_started(
    demo: subprocess.Popen[str], environment: dict[str, str], tmp_path: Path
) -> None:
    os.killpg(demo.pid, signal.SIGINT)
    assert demo.wait(timeout=30) == 0
    told = (tmp_path / "told.txt").read_text()
    assert told.splitlines()[-1] == "Ended."
    assert "Traceback" not in told
    assert "Killing" not in told
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", int(environment["PORT"])))


def test_a_port_in_use_is_told_before_anything_is_touched(
    environment: dict[str, str], tmp_path: Path
) -> None:
    kept = tmp_path / "demo" / "stempel.db"
    kept.parent.mkdir()
    kept.write_text("of the last demo")
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(environment["PORT"])))
        other.listen()
        done = subprocess.run(DEMO, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Choose another with PORT or --port." in done.stderr
    assert kept.read_text() == "of the last demo"
