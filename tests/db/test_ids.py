"""Ids: increasing in one process, never the same in two threads or processes."""

import subprocess
import sys
import threading
import time

import pytest

from app.db import ids


def test_ids_increase() -> None:
    made = [ids.new_id() for _ in range(50_000)]
    assert made == sorted(set(made))


def test_ids_fit_the_database_and_are_positive_for_decades(monkeypatch: pytest.MonkeyPatch) -> None:
    in_2090 = 3_786_912_000.5
    monkeypatch.setattr(time, "time", lambda: in_2090)
    monkeypatch.setattr(ids, "_last", [0, 0])
    assert 0 < ids.new_id() < 2**63


def test_ids_increase_when_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ids.new_id()
    an_hour_ago = time.time() - 3_600
    monkeypatch.setattr(time, "time", lambda: an_hour_ago)
    assert ids.new_id() > before


def test_more_ids_than_a_second_holds_go_on_in_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    second = int(now) - ids._START
    monkeypatch.setattr(ids, "_last", [second, 2**ids._LOW_BITS - 1])
    made = [ids.new_id() for _ in range(3)]
    assert made == sorted(set(made))
    assert [number >> ids._LOW_BITS for number in made] == [
        second,
        second + 1,
        second + 1,
    ]


def test_threads_never_make_the_same_id() -> None:
    made: list[list[int]] = [[] for _ in range(8)]

    def make(mine: list[int]) -> None:
        mine.extend(ids.new_id() for _ in range(5_000))

    threads = [threading.Thread(target=make, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({number for mine in made for number in mine}) == 40_000
    assert all(mine == sorted(mine) for mine in made)


def test_processes_make_different_ids() -> None:
    script = (
        "import sys, time; from app.db.ids import new_id\n"
        "sys.stdin.readline()\n"
        "for _ in range(25):\n"
        "    print(new_id())\n"
        "    time.sleep(0.001)\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    made = [
        number for process in processes for number in process.communicate(timeout=60)[0].split()
    ]
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert len(set(made)) == len(made) == 100
