"""The set-based run gives everybody the tier that the pure function says they have."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select

from app.db import tables as t
from app.db.ids import new_id
from app.programme.document import Programme
from app.programme.tier_facts import Fact
from app.programme.tier_history import standing_at
from app.services.tier_sums import Accounts, retier
from tests.pipeline import Pipeline
from tests.programme.tiered import START, programme

DOCUMENTS = [
    programme('window = "rolling"\nmonths = 12'),
    programme('window = "rolling"\nmonths = 12\ngrace_days = 30'),
    programme('window = "rolling"\nmonths = 1\ngrace_days = 1'),
    programme('window = "year"'),
    programme('window = "year"\ngrace_days = 31'),
    programme('window = "lifetime"'),
]

_FACTS = st.lists(
    st.tuples(
        st.sampled_from([0, 0.5, 20, 29, 30, 31, 354, 355, 356, 365, 366, 380, 395, 396, 700]),
        st.sampled_from([100, 250, 400, 500, 1200]),
        st.sampled_from([None, 0, 10, 365, 380]),  # days after which half is given back
    ),
    max_size=6,
)


def facts_of(drawn: Sequence[tuple[float, int, int | None]]) -> list[Fact]:
    facts = []
    for day, amount, back in drawn:
        object_id, since = new_id(), START + timedelta(days=day)
        facts.append(Fact(since, object_id, since, amount * 10_000))
        if back is not None:
            at = since + timedelta(days=back, seconds=1)
            facts.append(Fact(at, object_id, since, -amount * 5_000))
    return facts


def test_the_set_based_run_agrees_with_the_pure_function(pipeline: Pipeline, backend: str) -> None:
    programme_id = pipeline.programme()
    store = pipeline.store(programme_id)
    accounts = Accounts(programme_id)
    warsaw = ZoneInfo("Europe/Warsaw")
    midnights = [
        datetime(2027, month, day, tzinfo=warsaw)
        for month, day in ((1, 1), (1, 11), (2, 10), (3, 28))
    ]

    @hypothesis_settings(
        max_examples=25 if backend == "sqlite" else 10, suppress_health_check=list(HealthCheck)
    )
    @given(
        of=st.sampled_from(DOCUMENTS),
        people=st.lists(_FACTS, min_size=1, max_size=8),
        now=st.one_of(
            st.sampled_from([0, 1, 31, 355, 356, 366, 395, 396, 397]).map(
                lambda day: START + timedelta(days=day, seconds=5)
            ),
            st.sampled_from(midnights).flatmap(
                lambda moment: st.sampled_from([moment, moment - timedelta(microseconds=1)])
            ),
        ),
    )
    def agrees(
        of: Programme, people: list[list[tuple[float, int, int | None]]], now: datetime
    ) -> None:
        now = now.astimezone(UTC)
        with pipeline.database.transaction() as connection:
            for table in (t.tier_fact, t.source_object, t.member):
                connection.execute(delete(table))
            expected = {}
            for drawn in people:
                member_id, facts = new_id(), facts_of(drawn)
                held = standing_at(of, facts, now).tier
                expected[member_id] = None if held is None else held.key
                _write(connection, programme_id, store.id, member_id, facts)
            connection.execute(retier(accounts, of, now, now))
            rows = connection.execute(select(t.member.c.id, t.member.c.tier))
            assert {row.id: row.tier for row in rows} == expected
            assert connection.execute(retier(accounts, of, now, now)).rowcount == 0

    agrees()


def _write(
    connection: Connection, programme_id: int, store_id: int, member_id: int, facts: Sequence[Fact]
) -> None:
    connection.execute(
        insert(t.member).values(
            id=member_id,
            programme_id=programme_id,
            state="member",
            head=bytes(32),
            created_at=START,
        )
    )
    for object_id in {fact.object_id for fact in facts}:
        connection.execute(
            insert(t.source_object).values(
                id=object_id,
                programme_id=programme_id,
                store_id=store_id,
                kind="order",
                external_id=str(object_id),
                facts="null",
                accepted_at=START,
                occurred_at=START,
                version=1,
                context="{}",
                rev=1,
                seen_at=START,
            )
        )
    for fact in facts:
        connection.execute(
            insert(t.tier_fact).values(
                programme_id=programme_id,
                member_id=member_id,
                object_id=fact.object_id,
                measure="spend",
                at=fact.at,
                since=fact.since,
                amount=fact.amount,
            )
        )
