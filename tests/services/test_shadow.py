"""A draft beside the live programme: it follows all that changes, and touches nothing that is paid."""

from datetime import date, timedelta
from functools import partial

import msgspec
import pytest
from sqlalchemy import select, update

from app.db import tables as t
from app.errors import Conflict, NotFound
from app.programme.events import Event
from app.services import shadow
from app.services.programmes import Publication
from app.services.shadow_follow import Found, keep, look
from jobs.schedule import SCHEDULE, Alone
from jobs.shadows import follow_all
from tests.dump import dump
from tests.judgements import judgements
from tests.people import SOURCE, People, account, open_people, order
from tests.pipeline import Pipeline

LIVE = SOURCE.format(debt="debt")
TWICE = LIVE.replace("points = 1\nper", "points = 2\nper").replace(
    'currency = "PLN"', 'currency = "PLN"\ntimezone = "Europe/Warsaw"'
)
FIRST = '\n[[rule]]\nkey = "first"\non = "order.count"\npoints = 50\norders = 1\n'
DAILY = '\n[[cap]]\nkey = "daily"\npoints = 120\nper = "day"\n'
KEY = 'lower-case letters, digits and single hyphens, as "per-unit"'
OWN = {"shadow", "shadow_due", "shadow_award"}
TODAY, TOMORROW = date(2026, 11, 21), date(2026, 11, 22)


def now_placed(people: People, event: Event, hours: float = 0) -> Event:
    """The same order, placed some hours after the shadow began (at 21 o'clock in Warsaw)."""
    moment = people.pipeline.clock.moment + timedelta(hours=hours)
    return msgspec.structs.replace(event, occurred_at=moment)


def begin(people: People, source: str) -> int:
    with people.pipeline.database.transaction() as connection:
        return shadow.start(
            connection,
            programme_id=people.programme_id,
            source=source,
            actor="test",
            reason="a try",
            now=people.pipeline.clock(),
        )


def followed(people: People, limit: int = 2) -> shadow.Status:
    """Follow everything in small steps; return what there is to see."""
    database = people.pipeline.database
    while follow_all(database, limit=limit, lag_seconds=0):
        pass
    with database.snapshot() as connection:
        return shadow.status(connection, people.programme_id)


def look_at(people: People, shadow_id: int) -> Found | None:
    with people.pipeline.database.snapshot() as connection:
        return look(connection, shadow_id, limit=9, lag_seconds=0)


def days(people: People) -> dict[date, tuple[int, int]]:
    return {one.day: (one.live, one.draft) for one in followed(people).days}


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    people = open_people(pipeline, stores=1)
    people.tell(0, account("5"), account("6"), order(1, "40.00", customer="5"))
    return people


def test_each_day_shows_what_both_give(people: People) -> None:
    begin(people, TWICE + DAILY)
    people.tell(0, now_placed(people, order(2, "100.00", customer="5")))
    people.tell(0, now_placed(people, order(3, "30.00", customer="6")))
    people.tell(0, now_placed(people, order(4, "10.00", customer="5"), hours=4))
    found = followed(people)
    # 200 cut to 120, and 60; after midnight in Warsaw 20. The order from before is not looked at.
    assert [(one.day, one.live, one.draft, one.objects, one.people) for one in found.days] == [
        (TODAY, 130, 180, 2, 2),
        (TOMORROW, 10, 20, 1, 1),
    ]
    assert (found.due, found.error) == (0, None)


def test_refunds_and_late_arrivals_change_the_day_of_their_order(people: People) -> None:
    begin(people, TWICE + DAILY)
    people.tell(0, now_placed(people, order(2, "100.00", customer="5")))
    people.tell(0, now_placed(people, order(4, "10.00", customer="5"), hours=4))
    assert days(people) == {TODAY: (100, 120), TOMORROW: (10, 20)}
    people.tell(0, order(2, "100.00", customer="5", refunded="70.00", at=1))
    assert days(people) == {TODAY: (30, 60), TOMORROW: (10, 20)}
    people.tell(0, now_placed(people, order(9, "5.00", customer="5")))
    assert days(people) == {TODAY: (35, 70), TOMORROW: (10, 20)}


def test_earlier_orders_count_where_the_draft_looks_back(people: People) -> None:
    begin(people, LIVE + FIRST)
    people.tell(0, now_placed(people, order(2, "10.00", customer="5")))  # not the first
    people.tell(0, now_placed(people, order(3, "10.00", customer="6")))
    assert days(people) == {TODAY: (20, 70)}


def test_an_order_that_turns_out_to_be_anothers_moves_with_its_points(people: People) -> None:
    begin(people, LIVE + FIRST)
    people.tell(0, now_placed(people, order(2, "10.00", customer="5")))
    assert days(people) == {TODAY: (10, 10)}
    people.tell(0, order(2, "10.00", customer="6", at=1))
    assert days(people) == {TODAY: (10, 60)}
    people.merge(people.member(0, "5"), people.member(0, "6"))
    assert days(people) == {TODAY: (10, 10)}  # the first order is the one from before


def test_a_draft_like_the_live_programme_differs_by_nothing(people: People) -> None:
    begin(people, LIVE)
    people.tell(0, now_placed(people, order(2, "33.00", customer="5")))
    assert [one.difference for one in followed(people).days] == [0]


def test_a_shadow_touches_nothing_but_its_own_tables(people: People) -> None:
    begin(people, TWICE + DAILY + FIRST)
    people.tell(0, now_placed(people, order(2, "100.00", customer="5")))
    before = dump(people.pipeline.database, without=OWN)
    followed(people)
    assert dump(people.pipeline.database, without=OWN) == before
    assert people.problems() == []


def test_what_the_draft_cannot_judge_is_said_and_disturbs_nobody(people: People) -> None:
    begin(people, TWICE)
    people.tell(0, now_placed(people, order(2, "10.00", customer="5")))
    people.tell(0, now_placed(people, order(3, "10.00", customer="6")))
    broken = people.member(0, "5")
    with people.pipeline.database.transaction() as connection:
        connection.execute(
            update(t.source_object)
            .where(t.source_object.c.external_id == "2")
            .values(context='{"rate": "none"}')
        )
    found = followed(people)
    assert [(one.live, one.draft) for one in found.days] == [(10, 20)]
    assert found.error is not None
    assert str(broken) in found.error


def test_a_draft_that_cannot_be_read_any_more_is_said_and_waits(people: People) -> None:
    begin(people, TWICE)
    with people.pipeline.database.transaction() as connection:
        connection.execute(update(t.shadow).values(source="[programme]"))
    people.tell(0, now_placed(people, order(2, "10.00", customer="5")))
    found = followed(people)
    assert (found.days, found.error) == ((), "the document: programme.key is missing: " + KEY)
    with people.pipeline.database.transaction() as connection:
        connection.execute(update(t.shadow).values(source=TWICE))
    assert days(people) == {TODAY: (10, 20)}


def test_nobody_is_judged_while_others_wait_to_write(people: People) -> None:
    shadow_id = begin(people, TWICE + DAILY + FIRST)
    people.tell(0, now_placed(people, order(2, "100.00", customer="5")))
    database = people.pipeline.database
    steps = []
    while (found := look_at(people, shadow_id)) is not None:
        writing = partial(database.run, partial(keep, found=found))
        steps.append((len(found.judged), judgements(writing)))
    assert steps == [(0, 0), (2, 0)]  # who changed is noted, then judged
    assert days(people) == {TODAY: (100, 120)}


def test_what_was_judged_before_something_changed_is_not_written_down(people: People) -> None:
    shadow_id = begin(people, TWICE)
    people.tell(0, now_placed(people, order(2, "100.00", customer="5")))
    database = people.pipeline.database
    noted = look_at(people, shadow_id)
    assert noted is not None
    assert database.run(partial(keep, found=noted)) == noted.done > 0
    assert database.run(partial(keep, found=noted)) == 0  # by two at once: only once
    judged = look_at(people, shadow_id)
    assert judged is not None
    people.tell(0, order(2, "100.00", customer="5", refunded="70.00", at=1))
    assert days(people) == {TODAY: (30, 60)}
    assert database.run(partial(keep, found=judged)) == 0
    assert days(people) == {TODAY: (30, 60)}


def test_the_job_that_follows_is_in_the_schedule(people: People) -> None:
    [job] = [one for one in SCHEDULE if one.name == "follow-shadows"]
    assert isinstance(job, Alone)
    begin(people, TWICE)
    people.tell(0, now_placed(people, order(2, "10.00", customer="5")))
    assert job.run(people.pipeline.runtime) is True
    with people.pipeline.database.snapshot() as connection:
        # What is younger than the longest transaction waits.
        assert shadow.status(connection, people.programme_id).due == 0


def test_a_programme_has_one_shadow_at_a_time_and_it_can_be_stopped(people: People) -> None:
    begin(people, TWICE)
    with pytest.raises(Conflict, match="has a shadow already"):
        begin(people, LIVE)
    with people.pipeline.database.transaction() as connection:
        shadow.stop(
            connection,
            programme_id=people.programme_id,
            actor="test",
            reason="enough",
            now=people.pipeline.clock(),
        )
        with pytest.raises(NotFound, match="has no shadow"):
            shadow.status(connection, people.programme_id)
    begin(people, LIVE)


def test_a_promoted_draft_is_the_next_version(people: People) -> None:
    begin(people, TWICE)
    pipeline = people.pipeline
    with pipeline.database.transaction() as connection:
        done = shadow.promote(
            connection,
            pipeline.runtime.vault,
            programme_id=people.programme_id,
            how=Publication(actor="test", reason="as wished"),
            now=pipeline.clock(),
        )
        acts = connection.execute(select(t.audit.c.action, t.audit.c.reason)).all()
    assert (done.version, done.changed) == (2, True)
    assert ("shadow-promoted", "as wished") in [tuple(act) for act in acts]
    pipeline.clock.advance(hours=1)
    people.tell(0, now_placed(people, order(2, "10.00", customer="6")))
    [balance] = [row.balance for row in people.rows("member", id=people.member(0, "6"))]
    assert balance == 100 + 20
