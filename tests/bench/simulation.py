"""A draft over 100,000 stored orders, against the least that can be done with them.

The yardstick reads the same rows from the same database, decodes their JSON with the standard library and
sums up their lines as Decimals: no rules, no people, no refunds. Both run on one core, in turns.
"""

import json
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import click
import msgspec
from sqlalchemy import Connection, insert, select

from app.db import schema
from app.db import tables as t
from app.db.engine import Database, open_database
from app.db.ids import new_id
from app.programme.document import parse
from app.programme.events import Line, LineKind, OrderFacts, Refund, RefundLine, Standing
from app.programme.outcome import Period
from app.services.keys import new_vault
from app.services.programmes import publish
from app.services.simulate import simulate_stored
from app.services.stores import add_store
from tests.bench.contenders import KEYRING

ORDERS, MEMBERS, ROUNDS = 100_000, 20_000, 3
_CHUNK = 2_000
_BEGIN = datetime(2025, 11, 1, tzinfo=UTC)
_YEAR = Period(date(2025, 11, 1), date(2026, 11, 1), "Europe/Warsaw")

LIVE = """[programme]
key = "bench"
currency = "PLN"
timezone = "Europe/Warsaw"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"
"""

DRAFT = (
    LIVE.replace("points = 1\n", "points = 5\n")
    + """
[[rule]]
key = "big"
on = "order.paid"
points = 50
when = { goods_over = "300.00" }

[[reward]]
key = "voucher"
cost = 500
kind = "fixed"
value = "5"
"""
)


def measure(folder: Path) -> dict[str, float]:
    """Return orders a second of both, and their ratio (medians of the rounds)."""
    database = open_database(f"sqlite:///{folder}/simulation.db")
    schema.upgrade(database)
    programme_id = _seed(database)
    draft = parse(DRAFT)

    def simulated(connection: Connection) -> None:
        outcome = simulate_stored(connection, programme_id, draft, _YEAR)
        if outcome.orders != ORDERS or outcome.total.draft <= outcome.total.live:
            raise RuntimeError("the simulation went wrong")

    figures: dict[str, list[float]] = {"simulate": [], "yardstick": []}
    contenders: dict[str, Callable[[Connection], None]] = {
        "simulate": simulated,
        "yardstick": _yardstick,
    }
    for number in range(ROUNDS):
        for name, work in contenders.items():
            with database.snapshot() as connection:
                began = time.process_time()
                work(connection)
                figures[name].append(ORDERS / (time.process_time() - began))
        click.echo(f"  simulation: round {number + 1} of {ROUNDS}", err=True)
    database.close()
    pairs = zip(figures["simulate"], figures["yardstick"], strict=True)
    ratio = statistics.median(one / other for one, other in pairs)
    return {name: statistics.median(rates) for name, rates in figures.items()} | {"ratio": ratio}


def report(figures: dict[str, float]) -> None:
    """Print the figures."""
    click.echo(f"{ORDERS} stored orders of {MEMBERS} members, one core, medians:")
    click.echo(f"  a draft judged {figures['simulate']:7.0f} orders/s")
    click.echo(
        f"  yardstick      {figures['yardstick']:7.0f} orders/s (read, JSON, sum of Decimals)"
    )


def _yardstick(connection: Connection) -> None:
    rows = connection.execute(
        select(t.source_object.c.id, t.source_object.c.owner_id, t.source_object.c.facts)
        .order_by(t.source_object.c.owner_id)
        .execution_options(yield_per=_CHUNK)
    )
    total = Decimal(0)
    for row in rows:
        lines = json.loads(row.facts)["lines"]
        total += sum(Decimal(line["net"]) + Decimal(line.get("tax", "0")) for line in lines)
    if not total:
        raise RuntimeError("there are no orders")


def _seed(database: Database) -> int:
    chance = random.Random(5)
    vault = new_vault(KEYRING)
    with database.transaction() as connection:
        programme_id = publish(connection, vault, LIVE, _BEGIN).programme_id
        store = add_store(
            connection,
            KEYRING,
            programme_id=programme_id,
            platform="tinyshop",
            url="https://shop.example",
            values={"webhook-secret": ["a secret"]},
            now=_BEGIN,
        )
        members = [new_id() for _ in range(MEMBERS)]
        for start in range(0, MEMBERS, _CHUNK):
            connection.execute(
                insert(t.member),
                [
                    {
                        "id": member,
                        "programme_id": programme_id,
                        "state": "member",
                        "head": b"",
                        "created_at": _BEGIN,
                    }
                    for member in members[start : start + _CHUNK]
                ],
            )
        for start in range(0, ORDERS, _CHUNK):
            rows = []
            for number in range(start, start + _CHUNK):
                moment = _BEGIN + timedelta(minutes=chance.randrange(365 * 24 * 60 - 120))
                rows.append(
                    {
                        "id": new_id(),
                        "programme_id": programme_id,
                        "store_id": store.id,
                        "kind": "order",
                        "external_id": str(number),
                        "facts": msgspec.json.encode(_order(chance, moment)).decode(),
                        "accepted_at": moment,
                        "occurred_at": moment,
                        "earned_at": moment,
                        "version": 1,
                        "context": "{}",
                        "owner_id": chance.choice(members),
                        "rev": 1,
                        "seen_at": moment,
                    }
                )
            connection.execute(insert(t.source_object), rows)
    return programme_id


def _order(chance: random.Random, moment: datetime) -> OrderFacts:
    """An order of one to five lines and delivery; one in twenty is returned in part."""
    lines = [
        Line(
            id=str(n),
            product=str(chance.randrange(900)),
            sku=f"KAWA-{chance.randrange(900)}",
            quantity=chance.randint(1, 3),
            net=Decimal(chance.randrange(1_000, 15_000)).scaleb(-2),
            tax=Decimal(chance.randrange(200, 3_000)).scaleb(-2),
        )
        for n in range(chance.randint(1, 5))
    ]
    delivery = Line(id="d", kind=LineKind.SHIPPING, net=Decimal("12.19"), tax=Decimal("2.80"))
    lines.append(delivery)
    refunds: tuple[Refund, ...] = ()
    if chance.randrange(20) == 0:
        back = lines[0]
        part = RefundLine(line=back.id, quantity=back.quantity, net=back.net, tax=back.tax)
        refunds = (Refund(id="r", amount=back.net + back.tax, at=moment, lines=(part,)),)
    return OrderFacts(
        standing=Standing.COMPLETED,
        status="completed",
        currency="PLN",
        prices_include_tax=True,
        total=sum((line.net + line.tax for line in lines), Decimal(0)),
        paid_at=moment,
        completed_at=moment,
        lines=tuple(lines),
        refunds=refunds,
    )
