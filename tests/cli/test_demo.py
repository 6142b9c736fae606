"""`make run` as a newcomer meets it: two at once, a port in use, Ctrl+C, and what it leaves behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.sockets import free_port

STEMPEL = [sys.executable, "-m", "app.cli"]
DEMO = [*STEMPEL, "demo", "--speed", "1000"]


@dataclass
class Demo:
    process: subprocess.Popen[str]
    environment: dict[str, str]
    folder: Path

    def told(self) -> str:
        return (self.folder / "told.txt").read_text()

    def members(self) -> str:
        """Return what the command that the demo's last line names prints."""
        mine = {"PATH": self.environment["PATH"], "STEMPEL_VAR": str(self.folder / "demo")}
        done = subprocess.run(
            [*STEMPEL, "member", "list"], env=mine, capture_output=True, text=True, check=True
        )
        return done.stdout


def environment_of(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "STEMPEL_VAR": str(folder),
        "PORT": str(free_port()),
        # What is set for a real service must not reach the demo.
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/real",
        "ALLOW_PRIVATE_ADDRESSES": "0",
        "SECRET_KEYS": "not a key",
    }


@contextmanager
def running(folder: Path) -> Iterator[Demo]:
    """Start a demo of its own process group, as a terminal does; wait until its story is told."""
    environment = environment_of(folder)
    with (folder / "told.txt").open("w") as told:
        process = subprocess.Popen(
            DEMO, env=environment, stdout=told, stderr=told, text=True, process_group=0
        )
    demo = Demo(process, environment, folder)
    try:
        deadline = time.monotonic() + 60
        while "Ctrl+C" not in demo.told():
            assert process.poll() is None, demo.told()
            assert time.monotonic() < deadline, demo.told()
            time.sleep(0.1)
        yield demo
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Return one demo for the tests that leave it as it is."""
    with running(tmp_path_factory.mktemp("demo")) as started:
        yield started


def test_a_second_demo_leaves_the_first_alone(demo: Demo) -> None:
    before = demo.members()
    # She proved the e-mail in both shops: one account, the other is joined to it.
    assert re.search(r"anna\.nowak@example\.pl +member +261 ", before)
    assert len(re.findall(r"anna\.nowak@example\.pl +member ", before)) == 1
    for port in (demo.environment["PORT"], str(free_port())):
        second = subprocess.run(
            DEMO, env=demo.environment | {"PORT": port}, capture_output=True, text=True, check=False
        )
        assert second.returncode == 1
        assert second.stderr.startswith("stempel: Stempel is running already on")
        assert f"process {demo.process.pid}" in second.stderr
    assert demo.members() == before


def test_the_page_names_the_commands_that_see_the_demo(demo: Demo) -> None:
    assert demo.process.poll() is None
    with urlopen(f"http://127.0.0.1:{demo.environment['PORT']}/", timeout=10) as answer:
        page = answer.read().decode()
    assert f"export STEMPEL_VAR={demo.folder}/demo\nstempel events list\n" in page
    assert f"In another terminal: STEMPEL_VAR={demo.folder}/demo " in demo.told()


def test_ctrl_c_ends_the_demo_and_all_that_it_started(tmp_path: Path) -> None:
    with running(tmp_path) as demo:
        os.killpg(demo.process.pid, signal.SIGINT)
        assert demo.process.wait(timeout=30) == 0
        told = demo.told()
        assert told.splitlines()[-1] == "Ended."
        assert "Traceback" not in told
        assert "Killing" not in told
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", int(demo.environment["PORT"])))


def test_a_port_in_use_is_told_before_anything_is_touched(tmp_path: Path) -> None:
    environment = environment_of(tmp_path)
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
