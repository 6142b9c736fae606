"""Recalculating everybody's tier on PostgreSQL, against the bare UPDATE that one would write by hand.

    python -m tests.bench.tiers --members 500000

Both change every member, in turns; before each, all tiers are taken away and the table is vacuumed.
The bare UPDATE is one statement; the job takes slices, leaves accounts alone that somebody changes
meanwhile, looks back over the grace, and notes how far it came.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from sqlalchemy import insert, text

from app.clock import to_micros
from app.db import schema
from app.db import tables as t
from app.db.engine import Database, open_database
from app.db.ids import new_id
from app.programme.document import dump, parse
from app.programme.local_time import local_day
from app.programme.tiers import spans
from app.services.tier_run import Slices, recalculate
from tests.servers import start_postgres

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DOCUMENT = """
[programme]
key = "bench"
currency = "PLN"
timezone = "Europe/Warsaw"

[tiers]
window = "rolling"
months = 12
grace_days = {grace}

[[tier]]
key = "bronze"
from = 0

[[tier]]
key = "silver"
from = "500"

[[tier]]
key = "gold"
from = "2000"
"""
ORDERS = 3  # of each member, over 14 months

_MEMBERS = """
INSERT INTO member (id, programme_id, state, head, rev, created_at)
SELECT n, :programme, 'member', decode(repeat('00', 32), 'hex'), 1, :now
FROM generate_series(1, :members) AS n
"""
_FACTS = """
INSERT INTO tier_fact (programme_id, member_id, object_id, measure, at, since, amount)
SELECT :programme, n, n * 8 + k, 'spend', earned, earned, (hashint8(n * 8 + k) & 16383) * 1000
FROM generate_series(1, :members) AS n, generate_series(1, :orders) AS k,
    LATERAL (SELECT :now - (hashint8(n + k * 7919)::bigint & 2147483647) * 17000 AS earned) AS dated
"""
_BARE = """
UPDATE member SET
    tier = CASE WHEN amount >= 20000000 THEN 'gold' WHEN amount >= 5000000 THEN 'silver'
        ELSE 'bronze' END,
    tier_since = :now, tier_at = :now, rev = rev + 1
FROM (
    SELECT seen.id, coalesce(sum(fact.amount), 0) AS amount
    FROM member AS seen LEFT JOIN tier_fact AS fact ON fact.member_id = seen.id
        AND fact.programme_id = :programme AND fact.measure = 'spend'
        AND fact.since >= :first AND fact.since < :until AND fact.at <= :now
    WHERE seen.programme_id = :programme
    GROUP BY seen.id
) AS sums
WHERE member.id = sums.id
"""


@contextmanager
def seeded(members: int, grace: int) -> Iterator[tuple[Database, int]]:
    """Yield a database with so many members, and the id of their programme."""
    with start_postgres(fsync=True) as url:
        database = open_database(url)
        schema.upgrade(database)
        programme_id = new_id()
        document = DOCUMENT.format(grace=grace)
        with database.transaction() as connection:
            # The orders behind the facts are not there: nothing here reads them.
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(
                insert(t.programme).values(id=programme_id, key="bench", created_at=NOW)
            )
            connection.execute(
                insert(t.programme_version).values(
                    programme_id=programme_id,
                    number=1,
                    document=dump(parse(document)),
                    source=document,
                    published_at=NOW,
                )
            )
            figures = {"programme": programme_id, "members": members, "now": to_micros(NOW)}
            connection.execute(text(_MEMBERS), figures)
            connection.execute(text(_FACTS), figures | {"orders": ORDERS})
        yield database, programme_id
        database.close()


def take_away(database: Database, programme_id: int) -> None:
    """Leave everybody without a tier, all facts complete, and the table as if freshly written."""
    with database.transaction() as connection:
        connection.execute(text("UPDATE member SET tier = NULL, tier_at = NULL"))
        connection.execute(text("DELETE FROM tier_run"))
        connection.execute(
            insert(t.tier_run).values(
                programme_id=programme_id, day="", version=0, measures="spend", at=NOW
            )
        )
    with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE member"))
        connection.execute(text("VACUUM ANALYZE tier_fact"))
        connection.execute(text("CHECKPOINT"))


def bare(database: Database, programme_id: int) -> None:
    """Run the UPDATE as one would by hand."""
    tiering = parse(DOCUMENT.format(grace=0)).tiering
    [(first, until)] = spans(tiering, "Europe/Warsaw", local_day(NOW, "Europe/Warsaw"))
    with database.transaction() as connection:
        connection.execute(
            text(_BARE),
            {
                "programme": programme_id,
                "now": to_micros(NOW),
                "first": to_micros(first),
                "until": to_micros(until),
            },
        )


def job(database: Database, _programme_id: int) -> None:
    """Run the periodic job to its end."""
    slices = Slices(100_000, 200)
    while database.run(lambda connection: recalculate(connection, NOW, slices)):
        pass


def took(run: Callable[[Database, int], None], database: Database, programme_id: int) -> float:
    """Return how many seconds a run takes from scratch."""
    take_away(database, programme_id)
    began = time.perf_counter()
    run(database, programme_id)
    return time.perf_counter() - began


def measure(members: int, rounds: int, grace: int) -> float:
    """Return how many times as long as the bare UPDATE the job takes, the median of the rounds."""
    ratios = []
    with seeded(members, grace) as (database, programme_id):
        for _ in range(rounds):
            by_hand = took(bare, database, programme_id)
            ours = took(job, database, programme_id)
            ratios.append(ours / by_hand)
            click.echo(f"  by hand {by_hand:.2f} s, the job {ours:.2f} s: {ratios[-1]:.2f}")
    return statistics.median(ratios)


@click.command()
@click.option("--members", type=click.IntRange(1000), default=500_000, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--grace", type=click.IntRange(0, 365), default=0, show_default=True)
def main(members: int, rounds: int, grace: int) -> None:
    """Measure and print; the goal is a ratio of at most 1.5."""
    ratio = measure(members, rounds, grace)
    click.echo(
        f"{members} members, grace of {grace} days: {ratio:.2f} of the bare UPDATE (goal: at most 1.5)"
    )


if __name__ == "__main__":
    main()
