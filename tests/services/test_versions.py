"""Versions of a programme: which one judges what, and what an owner may publish from when."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.errors import Conflict
from app.services.automatic import automatic_programmes
from app.services.programmes import Publication, Published, in_force, publish, versions
from app.services.view_versions import Stage, list_versions
from app.services.views import programme_views
from tests.pipeline import Pipeline, order_body

HEAD = '[programme]\nkey = "kawa"\ncurrency = "PLN"\ntimezone = "Europe/Warsaw"\n'
NEW_YEAR = datetime(2026, 12, 31, 23, tzinfo=UTC)  # in Warsaw
AUTUMN = datetime(2027, 10, 31, 1, 30, tzinfo=UTC)  # the second 02:30 of that night
SPRING = datetime(2027, 3, 28, 1, tzinfo=UTC)  # the second that clocks go from 02:00 to 03:00

ACCOUNT = {
    "id": 7,
    "date_created_gmt": "2026-11-21T17:00:00",
    "date_modified_gmt": "2026-11-21T17:00:00",
    "email": "jan.kowalski@example.pl",
    "role": "customer",
    "username": "jan",
    "billing": {"email": "jan.kowalski@example.pl"},
    "meta_data": [],
}


def per_unit(points: int, *, head: str = HEAD) -> str:
    return f'{head}[[rule]]\nkey = "r"\non = "order.paid"\npoints = {points}\nper = "1.00"\n'


def put(
    pipeline: Pipeline,
    points: int,
    since: datetime | None = None,
    *,
    replace: bool = False,
    short_notice: bool = False,
    head: str = HEAD,
    reason: str = "",
) -> Published:
    how = Publication(
        since=since,
        replace=replace,
        short_notice=short_notice,
        actor="ola@example.pl",
        reason=reason,
    )
    with pipeline.database.transaction() as connection:
        source = per_unit(points, head=head)
        return publish(connection, pipeline.runtime.vault, source, pipeline.clock(), how)


def points_at(pipeline: Pipeline, programme_id: int, moment: datetime) -> int:
    with pipeline.database.snapshot() as connection:
        known = versions(connection, programme_id)
    return in_force(known, moment).programme.rules[0].points


def stages(pipeline: Pipeline, programme_id: int) -> list[Stage]:
    with pipeline.database.snapshot() as connection:
        found = list_versions(connection, programme_id, pipeline.clock())
    return [one.stage for one in found]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("begins", [NEW_YEAR, SPRING, AUTUMN])
def test_a_version_is_in_force_from_its_very_second(pipeline: Pipeline, begins: datetime) -> None:
    programme_id = put(pipeline, 1).programme_id
    assert put(pipeline, 2, begins).effective_at == begins
    blink = timedelta(microseconds=1)
    assert points_at(pipeline, programme_id, begins - blink) == 1
    assert points_at(pipeline, programme_id, begins) == 2
    assert points_at(pipeline, programme_id, begins + timedelta(hours=1)) == 2


def test_an_order_keeps_the_version_of_its_moment_whenever_it_is_heard_of(
    pipeline: Pipeline,
) -> None:
    programme_id = put(pipeline, 1).programme_id
    store = pipeline.store(programme_id)
    put(pipeline, 10, NEW_YEAR)
    pipeline.clock.moment = NEW_YEAR + timedelta(days=1)
    for number, placed in enumerate(("2026-12-31T22:59:59", "2026-12-31T23:00:00")):
        body = order_body(id=70 + number, date_created_gmt=placed)
        assert pipeline.deliver(store, "order.updated", body)[0] == "processed"
    with pipeline.database.snapshot() as connection:
        judged = connection.execute(
            select(t.source_object.c.external_id, t.source_object.c.version).where(
                t.source_object.c.kind == "order"
            )
        )
        assert {row.external_id: row.version for row in judged} == {"70": 1, "71": 2}
    assert pipeline.verified().problems == []


def test_a_version_that_waits_is_not_lost_to_one_published_meanwhile(pipeline: Pipeline) -> None:
    programme_id = put(pipeline, 1).programme_id
    put(pipeline, 2, NEW_YEAR)
    with pytest.raises(Conflict, match=r"Version 2 waits to begin 2027-01-01T00:00:00\+01:00"):
        put(pipeline, 3)
    with pytest.raises(Conflict, match="--replace"):
        put(pipeline, 3, NEW_YEAR)
    assert stages(pipeline, programme_id) == [Stage.IN_FORCE, Stage.TO_COME]
    put(pipeline, 3, NEW_YEAR + timedelta(days=31))
    assert [points_at(pipeline, programme_id, NEW_YEAR + timedelta(days=n)) for n in (0, 31)] == [
        2,
        3,
    ]
    done = put(pipeline, 4, replace=True)
    assert (done.version, done.replaced, done.before) == (4, (2, 3), 1)
    assert points_at(pipeline, programme_id, NEW_YEAR + timedelta(days=99)) == 4
    put(pipeline, 5, NEW_YEAR)  # those that were replaced are in nobody's way
    assert stages(pipeline, programme_id) == [
        Stage.OVER,
        Stage.REPLACED,
        Stage.REPLACED,
        Stage.IN_FORCE,
        Stage.TO_COME,
    ]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_past_is_never_judged_anew(pipeline: Pipeline) -> None:
    with pytest.raises(Conflict, match="earns_from"):
        put(pipeline, 1, NEW_YEAR)
    put(pipeline, 1)
    with pytest.raises(Conflict, match=r"before it is published: 2026-11-21T20:00:00\+01:00"):
        put(pipeline, 2, datetime(2026, 11, 21, 19, tzinfo=UTC))


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_same_document_again_changes_nothing_before_and_after_it_begins(
    pipeline: Pipeline,
) -> None:
    put(pipeline, 1)
    put(pipeline, 2, NEW_YEAR)
    for since in (NEW_YEAR, None):
        done = put(pipeline, 2, since)
        assert (done.version, done.changed, done.effective_at) == (2, False, NEW_YEAR)
    with pytest.raises(Conflict, match="To put it off"):
        put(pipeline, 2, NEW_YEAR + timedelta(days=1))
    with pytest.raises(Conflict, match="--replace"):
        put(pipeline, 2, NEW_YEAR - timedelta(days=1))
    pipeline.clock.moment = NEW_YEAR + timedelta(days=1)
    assert not put(pipeline, 2, NEW_YEAR).changed


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_who_published_a_version_and_why_is_kept(pipeline: Pipeline) -> None:
    programme_id = put(pipeline, 1).programme_id
    put(pipeline, 2, NEW_YEAR, reason="a dearer year")
    with pipeline.database.snapshot() as connection:
        first, second = list_versions(connection, programme_id, pipeline.clock())
    assert (first.reason, first.since, first.until) == ("", None, NEW_YEAR)
    assert (second.actor, second.reason) == ("ola@example.pl", "a dearer year")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_currency_is_for_ever_and_a_refused_document_leaves_the_live_one(
    pipeline: Pipeline,
) -> None:
    programme_id = put(pipeline, 1).programme_id
    for since in (None, NEW_YEAR):
        with pytest.raises(Conflict, match=r"programme.currency.*counts in PLN"):
            put(pipeline, 2, since, head=HEAD.replace("PLN", "EUR"))
    assert stages(pipeline, programme_id) == [Stage.IN_FORCE]
    assert points_at(pipeline, programme_id, NEW_YEAR) == 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_nothing_of_a_version_that_waits_is_true_yet(pipeline: Pipeline) -> None:
    """Who is a member, what is owed, what is issued by itself, how the programme is called."""
    programme_id = put(pipeline, 1).programme_id
    store = pipeline.store(programme_id)
    keys = 'name = "Kawa 2027"\nenrolment = "opt-in"\n'
    reward = '[[reward]]\nkey = "ten"\ncost = 1\nkind = "percent"\nvalue = "10"\nautomatic = true\n'
    put(pipeline, 2, NEW_YEAR, head=HEAD + keys + reward)
    pipeline.deliver(store, "customer.created", ACCOUNT)
    with pipeline.database.snapshot() as connection:
        assert connection.execute(select(t.member.c.enrolled_at)).scalar() is not None
        assert automatic_programmes(connection, pipeline.clock()) == []
        assert programme_views(connection, pipeline.clock())[programme_id].name == "kawa"
        [automatic] = automatic_programmes(connection, NEW_YEAR)
        assert (automatic.version, programme_views(connection, NEW_YEAR)[programme_id].name) == (
            2,
            "Kawa 2027",
        )


PROMISED = HEAD + "notice_days = 14\n"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_members_lose_by_is_announced_as_long_before_as_was_promised(
    pipeline: Pipeline,
) -> None:
    programme_id = put(pipeline, 2, head=PROMISED).programme_id
    with pytest.raises(Conflict, match="gives 1 point instead of 2 points") as refused:
        put(pipeline, 1, head=PROMISED)
    assert "14 days of notice" in str(refused.value)
    pipeline.clock.moment = datetime(2027, 3, 20, 11, tzinfo=UTC)
    later = datetime(2027, 4, 3, 10, 0, 0, 1000, tzinfo=UTC)  # an hour is missing in between
    with pytest.raises(Conflict, match=r"--from 2027-04-03T12:00:00\+02:00"):
        put(pipeline, 1, later - timedelta(seconds=1), head=PROMISED)
    assert stages(pipeline, programme_id) == [Stage.IN_FORCE]
    pipeline.clock.moment = datetime(2027, 3, 20, 11, tzinfo=UTC)
    assert put(pipeline, 1, later, head=PROMISED).changed


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_short_notice_is_for_the_owner_to_decide_and_good_news_need_none(
    pipeline: Pipeline,
) -> None:
    programme_id = put(pipeline, 2, head=PROMISED).programme_id
    put(pipeline, 3, head=PROMISED)
    with pytest.raises(Conflict, match="notice"):  # the promise itself is one
        put(pipeline, 3, head=HEAD)
    put(pipeline, 1, head=HEAD, short_notice=True)
    put(pipeline, 0, head=HEAD)
    assert points_at(pipeline, programme_id, NEW_YEAR) == 0


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_campaign_that_is_over_goes_without_notice(pipeline: Pipeline) -> None:
    campaign = (
        '[[campaign]]\nkey = "advent"\nfrom = 2026-11-01T00:00:00\nuntil = {until}T00:00:00\n'
        'multiply = "2"\n'
    )
    put(pipeline, 2, head=PROMISED + campaign.format(until="2026-11-20"))
    assert put(pipeline, 2, head=PROMISED).changed
    put(pipeline, 2, head=PROMISED + campaign.format(until="2026-12-20"))
    with pytest.raises(Conflict, match="campaign “advent” is gone"):
        put(pipeline, 2, head=PROMISED)
