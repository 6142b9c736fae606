"""Whatever order the same messages come in, tiers, gifts and points end the same, and are proved."""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import msgspec
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.db.engine import Database
from app.programme.events import Event, OrderFacts, Refund, Standing
from app.services.tier_run import Slices, recalculate
from app.settings import Settings
from tests.people import REWARDS, People
from tests.pipeline import Pipeline
from tests.services.test_tiers import HEAD, NOON, RULE, judged, placed, tier

TIERS = """
[tiers]
by = "{by}"
window = "rolling"
months = 1
grace_days = 3
[[tier]]
key = "silver"
from = "{silver}"
multiply = "1.5"
gift = 100
[[tier]]
key = "gold"
from = "{gold}"
multiply = "2"
gift = 300
"""
DOCUMENTS = [
    TIERS.format(by="spend", silver="100", gold="300"),
    TIERS.format(by="points", silver="150", gold="400"),
    TIERS.format(by="orders", silver="2", gold="4"),
]

_STORY = st.lists(
    st.tuples(
        st.sampled_from(["5", "6"]),
        st.sampled_from([0, 1, 24, 30, 200, 750]),  # hours after noon
        st.sampled_from(["60.00", "100.00", "250.00"]),
        st.sampled_from(["nothing", "refund", "undated", "cancelled", "moved"]),
        st.sampled_from([1, 26, 220]),  # hours until that
    ),
    min_size=2,
    max_size=6,
)


def told(number: int, drawn: tuple[str, int, str, str, int]) -> list[Event]:
    """An order as it was first, and as it was after something happened to it."""
    customer, hours, amount, what, later = drawn
    first = placed(number, amount, hours=hours, customer=customer)
    first = msgspec.structs.replace(first, modified_at=NOON + timedelta(hours=hours))
    moment = NOON + timedelta(hours=hours + later, seconds=number)
    second = msgspec.structs.replace(first, modified_at=moment)
    facts = first.facts
    assert isinstance(facts, OrderFacts)
    if what == "moved":
        person = msgspec.structs.replace(first.person, customer="7")
        return [first, msgspec.structs.replace(second, person=person)]
    if what == "cancelled":
        facts = msgspec.structs.replace(facts, standing=Standing.CANCELLED)
    elif what != "nothing":
        refund = Refund(
            id="r", amount=facts.total / 2, at=moment if what == "refund" else None, lines=()
        )
        facts = msgspec.structs.replace(facts, refunds=(refund,))
    return [first, msgspec.structs.replace(second, facts=facts)]


def test_any_order_of_messages_ends_the_same(
    new_database: Callable[[], AbstractContextManager[Database]],
    backend: str,
    settings: Settings,
) -> None:
    @hypothesis_settings(
        max_examples=4 if backend == "sqlite" else 1, suppress_health_check=list(HealthCheck)
    )
    @given(
        document=st.sampled_from(DOCUMENTS),
        story=_STORY,
        seed=st.integers(0, 9),
        merged=st.booleans(),
        days=st.sampled_from([0, 25, 40]),
    )
    def ends_the_same(
        document: str,
        story: list[tuple[str, int, str, str, int]],
        seed: int,
        merged: bool,
        days: int,
    ) -> None:
        events = [event for at, drawn in enumerate(story) for event in told(at, drawn)]
        shuffled = events * 2
        random.Random(seed).shuffle(shuffled)
        ends = []
        for messages in (events, shuffled):
            with new_database() as database:
                pipeline = Pipeline(database, settings)
                programme_id = pipeline.programme(source=HEAD + RULE + document + REWARDS)
                people = People(pipeline, programme_id, [pipeline.store(programme_id)])
                for at, event in enumerate(messages):
                    people.tell(0, event)
                    if merged and at == len(messages) // 2:
                        join(people)
                if merged:
                    join(people)
                pipeline.clock.advance(days=days)
                with database.transaction() as connection:
                    recalculate(connection, pipeline.clock(), Slices(100, 100))
                assert people.problems() == []
                ends.append(end(people))
                pipeline.close()
        assert ends[0] == ends[1]

    ends_the_same()


def join(people: People) -> None:
    """Let customers 5 and 6 be one person, where both are known."""
    known = {row.external_id: row.member_id for row in people.rows("store_customer")}
    if {"5", "6"} <= known.keys():
        people.merge(known["5"], known["6"])


def end(people: People) -> object:
    known = sorted(row.external_id for row in people.rows("store_customer"))
    return (
        judged(people),
        sorted(people.windows().items()),
        [(one, tier(people, one)) for one in known],
        sorted(row.balance for row in people.rows("member") if row.balance),
    )
