"""Whatever an import brings and whatever happens after it: undone, it has changed nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.engine import Database
from app.errors import Conflict
from app.settings import Settings
from tests.importing import Moving
from tests.memory import measured
from tests.people import account, open_people, order
from tests.pipeline import Pipeline

NewDatabase = Callable[[], AbstractContextManager[Database]]


@pytest.fixture(params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """Return SQLite alone: the two databases are compared by the cases of test_import."""
    name: str = request.param
    return name


customers = st.integers(1, 3)
rows = st.lists(
    st.tuples(customers, st.integers(0, 200), st.sampled_from(["", "never", "2027-05-01"])),
    min_size=1,
    max_size=6,
)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("spend"), customers, st.sampled_from([5, 30, 120])),
        st.tuples(st.just("merge"), customers, customers),
        st.tuples(st.just("refund"), customers, st.just(0)),
        st.tuples(st.just("die"), customers, st.just(0)),
    ),
    max_size=5,
)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows, acts, acts)
def test_an_undone_import_leaves_what_would_be_without_it(
    new_database: NewDatabase, settings: Settings, brought: Any, before: Any, after: Any
) -> None:
    """The same life is lived twice, once with an import that is undone at its end."""
    ends = []
    for imported in (False, True):
        with new_database() as database:
            pipeline = Pipeline(database, settings)
            moving = Moving(open_people(pipeline, stores=1))
            batch = _live(moving, brought if imported else None, before, after)
            if batch is not None:
                moving.slice(batch, limit=2, undo=True)
                moving.undo(batch)
            assert moving.people.problems() == []
            ends.append(sum(moving.people.balances()) + _spent(moving))
            pipeline.close()
    assert ends[0] == ends[1]


def _live(moving: Moving, brought: Any, before: Any, after: Any) -> int | None:
    people, batch = moving.people, None
    for number in (1, 2, 3):
        people.tell(0, account(str(number)), order(number, "50.00", customer=str(number)))
    for act in before:
        _do(moving, act, None)
    if brought is not None:
        lines = "".join(f"{customer},{points},{ends}\n" for customer, points, ends in brought)
        batch = moving.stage(f"customer_id,points,expires\n{lines}", store=0, sum_up=True)
        moving.slice(batch, limit=2)
        moving.apply(batch)
    for act in after:
        _do(moving, act, batch)
    return batch


def _do(moving: Moving, act: Any, batch: int | None) -> None:
    people, (what, one, other) = moving.people, act
    if what == "merge":
        people.merge(people.member(0, str(one)), people.member(0, str(other)))
    elif what == "refund":
        people.tell(0, order(one, "50.00", customer=str(one), refunded="20.00", at=9))
    elif what == "die" and batch is not None:
        moving.slice(batch, limit=1, undo=True, die=True)
    elif what == "spend":
        try:
            people.spend(people.member(0, str(one)), other)
        except Conflict:  # there was not enough
            return


def _spent(moving: Moving) -> int:
    """Return what was spent: with an import there is more that can be."""
    return -sum(row.points for row in moving.people.rows("entry", kind="spend"))


def test_a_long_file_takes_no_more_memory_than_a_short_one(
    new_database: NewDatabase, settings: Settings
) -> None:
    def peak(count: int) -> int:
        content = "email,points\n" + "".join(f"m{n}@example.pl,5\n" for n in range(count))
        with new_database() as database:
            pipeline = Pipeline(database, settings)
            moving = Moving(open_people(pipeline, stores=1))
            with measured() as height:
                batch = moving.stage(content)
                size = height()
            assert moving.check(batch).people == count
            pipeline.close()
        return size - len(content)

    peak(1)  # what is kept from the first time on
    assert peak(3_000) < 1.5 * peak(600)
