"""`python -m tests.bench`: the edge, what-if and tiers against their yardsticks, as ratios.

Absolute rates say more about the machine than about us; so all contenders run at once, take turns in
shuffled rounds, and only ratios within one round count. The median of the rounds is the value.
Writes `var/bench.json`, an array of {goal, value, floor, stretch, met}.
"""

import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from tests.bench import simulation, tiers
from tests.bench.contenders import Contender, Figures, run_contender, seeded
from tests.servers import start_postgres

ROOT = Path(__file__).parents[2]
CONNECTIONS = 16

GOALS = (
    # goal, what it is measured against, floor, stretch
    ("G1", "insert", 2.0, 3.0),
    ("G2", "plain", 0.6, 0.8),
)

SIMULATION = (0.2, 0.3)
"""Floor and stretch of what-if against merely reading and summing up the same orders."""

TIERS = (0.67, 0.9)
"""Floor and stretch of the bare UPDATE's time against that of recalculating 500,000 members' tiers."""


@contextmanager
def _contenders(database: str) -> Iterator[dict[str, Contender]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=_var(), prefix="bench-")))
        if database == "postgresql":
            url = stack.enter_context(start_postgres(fsync=True))
        else:
            url = f"sqlite:///{folder}/stempel.db"
        seeded(url)
        yield {
            "edge": stack.enter_context(run_contender("edge", url, folder)),
            "insert": stack.enter_context(run_contender(database, url, folder)),
            "plain": stack.enter_context(run_contender("plain", url, folder)),
        }


def _measure(database: str, rounds: int, seconds: float) -> dict[str, list[Figures]]:
    figures: dict[str, list[Figures]] = {}
    with _contenders(database) as contenders:
        for contender in contenders.values():
            contender.load(1.0, CONNECTIONS)  # warm
        for number in range(rounds):
            order = list(contenders)
            random.shuffle(order)
            for name in order:
                figures.setdefault(name, []).append(contenders[name].load(seconds, CONNECTIONS))
            click.echo(f"  {database}: round {number + 1} of {rounds}", err=True)
    return figures


def _report(database: str, figures: dict[str, list[Figures]]) -> None:
    click.echo(f"{database}, {CONNECTIONS} connections, medians:")
    for name, rounds in figures.items():
        middle = {
            field: statistics.median(getattr(one, field) for one in rounds)
            for field in ("rate", "p50", "p99", "server_cpu", "client_share")
        }
        click.echo(
            f"  {name:7} {middle['rate']:7.0f} requests/s, p50 {middle['p50']:5.1f} ms,"
            f" p99 {middle['p99']:6.1f} ms, server {middle['server_cpu']:4.0f} µs CPU a request,"
            f" client {middle['client_share']:4.0%} of a core"
        )
        if errors := sum(one.errors for one in rounds):
            click.echo(f"  {name}: {errors} answers were not 200", err=True)
            sys.exit(1)


def _simulation() -> dict[str, object]:
    """Measure what-if; the goal is a ratio, 20,000 orders a second on a quiet core go with it."""
    with tempfile.TemporaryDirectory(dir=_var(), prefix="bench-") as folder:
        figures = simulation.measure(Path(folder))
    simulation.report(figures)
    value = round(figures["ratio"], 2)
    floor, stretch = SIMULATION
    click.echo(f"  simulation: {value} of the yardstick (floor {floor}, stretch {stretch})")
    return {
        "goal": "simulation sqlite",
        "value": value,
        "floor": floor,
        "stretch": stretch,
        "met": value >= floor,
        "orders_per_second": round(figures["simulate"]),
    }


def _tiers() -> dict[str, object]:
    """Measure the recalculation of tiers; at most 1.5 times the bare UPDATE."""
    click.echo("tiers of 500,000 members, on postgresql:")
    value = round(1 / tiers.measure(500_000, 3, 0), 2)
    floor, stretch = TIERS
    click.echo(f"  tiers: {value} of the yardstick (floor {floor}, stretch {stretch})")
    return {
        "goal": "tiers postgresql",
        "value": value,
        "floor": floor,
        "stretch": stretch,
        "met": value >= floor,
    }


def _disk_milliseconds() -> float:
    """Return the median time of one fsync: a slow disk hides what the servers do."""
    took = []
    with tempfile.NamedTemporaryFile(dir=_var()) as file:
        for _ in range(200):
            file.write(b"x" * 16_384)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return 1000 * statistics.median(took)


def _var() -> Path:
    (ROOT / "var").mkdir(exist_ok=True)
    return ROOT / "var"


@click.command()
@click.option("--rounds", type=click.IntRange(5), default=7, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.2), default=2.0, show_default=True)
def main(rounds: int, seconds: float) -> None:
    """Measure, print, and write var/bench.json. Exits with 1 if a floor is not met."""
    results = []
    click.echo(f"One fsync on this disk takes {_disk_milliseconds():.2f} ms (median of 200).")
    for database in ("sqlite", "postgresql"):
        figures = _measure(database, rounds, seconds)
        _report(database, figures)
        for goal, against, floor, stretch in GOALS:
            pairs = zip(figures["edge"], figures[against], strict=True)
            value = round(statistics.median(edge.rate / other.rate for edge, other in pairs), 2)
            results.append(
                {
                    "goal": f"{goal} {database}",
                    "value": value,
                    "floor": floor,
                    "stretch": stretch,
                    "met": value >= floor,
                }
            )
            click.echo(f"  {goal}: {value} of {against} (floor {floor}, stretch {stretch})")
    results.append(_simulation())
    results.append(_tiers())
    (_var() / "bench.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    sys.exit(0 if all(result["met"] for result in results) else 1)


if __name__ == "__main__":
    main()
