"""Draws: tickets for points, one secret, winners that nobody chose."""

import hashlib
import threading
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import case, delete, select, update

from app.db import tables as t
from app.errors import Conflict
from app.services.draws import due_draws, hold_draw, join_draw, show_draw
from app.services.fulfil import fulfil
from app.services.letters import letter
from app.services.mail import claim_mail
from app.services.release import release
from app.services.view_redemptions import show_redemption
from jobs.draws import hold_draws
from tests.cli.answers import data, plain, stempel
from tests.people import JAN, OLA, People, account, order
from tests.pipeline import Pipeline
from tests.services.test_by_hand import do, told
from tests.way.connected import unsound

SOURCE = """
[programme]
key = "kawa"
currency = "PLN"
name = "Kawa"
timezone = "Europe/Warsaw"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"

[[reward]]
key = "machine"
name = "An espresso machine"
cost = 50
kind = "draw"
winners = 1
per_member = 2
until = 2026-12-24T18:00:00
"""
CLOSES = datetime(2026, 12, 24, 17, tzinfo=UTC)


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    programme_id = pipeline.programme(source=SOURCE)
    store = pipeline.shopify(programme_id, "shop-1", token=None, key="shop-1")
    people = People(pipeline, programme_id, [store])
    for number, email in (("5", OLA), ("6", JAN)):
        people.tell(0, account(number, email))
        people.tell(0, order(int(number), "300.00", customer=number))
    return people


def hold(people: People) -> tuple[int, list[int | None]]:
    """Let the jobs hold what is due; returns the draw and the places of its tickets, winners first."""
    pipeline = people.pipeline
    hold_draws(pipeline.runtime)
    with pipeline.database.snapshot() as connection:
        draw_id = connection.execute(select(t.draw.c.id).order_by(t.draw.c.id.desc())).scalar()
        assert draw_id is not None
        _, tickets = show_draw(connection, pipeline.settings.keyring, draw_id)
    return draw_id, [one.place for one in tickets]


def test_one_of_the_tickets_wins_when_their_time_is_over_and_anybody_can_check_it(
    people: People,
) -> None:
    pipeline = people.pipeline
    tickets = [people.take(customer, "machine") for customer in ("5", "5", "6")]
    with pytest.raises(Conflict, match="as often as each may"):
        people.take("5", "machine")
    draw_id, places = hold(people)
    assert places == []  # its time is not over
    with pipeline.database.snapshot() as connection:
        before, _ = show_draw(connection, pipeline.settings.keyring, draw_id)
    assert (before.tickets, before.secret) == (3, None)

    pipeline.clock.moment = CLOSES
    with pytest.raises(Conflict, match="its time is over"):
        people.take("6", "machine")
    assert hold(people) == (draw_id, [1, None, None])
    assert hold(people) == (draw_id, [1, None, None])  # once

    with pipeline.database.snapshot() as connection:
        after, drawn = show_draw(connection, pipeline.settings.keyring, draw_id)
    assert after.secret is not None
    assert hashlib.sha256(bytes.fromhex(after.secret)).hexdigest() == before.commitment
    assert {one.number for one in drawn} == set(tickets)
    won, *lost = (one.number for one in drawn)
    assert told(people, won) == ["issued", "50 points spent for a ticket", "Drawn: it has won"]
    with pipeline.database.snapshot() as connection:
        assert not show_redemption(connection, won).releasable
    assert told(people, lost[0]) == ["used", "50 points spent for a ticket", "Drawn: no win"]
    with pytest.raises(Conflict, match="did not win"):
        do(people, fulfil, lost[0])
    with pytest.raises(Conflict, match="is over"):
        do(people, release, lost[0])
    assert do(people, fulfil, won) == "used"
    assert told(people, won)[-1] == "It was handed out"
    assert unsound(pipeline) == []


def test_only_who_won_is_written_to(people: People) -> None:
    pipeline = people.pipeline
    for customer in ("5", "6"):
        people.take(customer, "machine")
    with pipeline.database.transaction() as connection:
        connection.execute(update(t.mail).values(due_at=None))
    pipeline.clock.moment = CLOSES
    hold(people)
    with pipeline.database.transaction() as connection:
        [mail] = claim_mail(connection, pipeline.clock(), limit=10)
        written = letter(connection, pipeline.runtime.vault, mail, pipeline.clock())
    assert written.subject == "You have won: An espresso machine"  # type: ignore[union-attr]
    assert "Tell the shop this number" in written.text  # type: ignore[union-attr]
    assert str(mail.subject_id) in written.text  # type: ignore[union-attr]


def test_a_ticket_that_is_given_back_is_in_no_draw_and_two_accounts_are_one_person(
    people: People,
) -> None:
    pipeline = people.pipeline
    given_back = people.take("5", "machine")
    do(people, release, given_back)
    mine = [people.take(customer, "machine") for customer in ("5", "6")]
    people.merge(people.member(0, "5"), people.member(0, "6"))
    pipeline.programme(source=SOURCE.replace("winners = 1", "winners = 2"))
    pipeline.clock.moment = CLOSES
    draw_id, places = hold(people)
    assert places == [1, None]
    with pipeline.database.snapshot() as connection:
        _, drawn = show_draw(connection, pipeline.settings.keyring, draw_id)
    assert {one.number for one in drawn} == set(mine)
    assert len({one.member_id for one in drawn}) == 1
    assert unsound(pipeline) == []


def test_a_later_end_keeps_the_draw_open_and_one_that_is_dropped_is_held(people: People) -> None:
    pipeline = people.pipeline
    people.take("5", "machine")
    pipeline.programme(source=SOURCE.replace("12-24T18", "12-31T18"))
    pipeline.clock.moment = CLOSES
    assert hold(people)[1] == []
    people.take("6", "machine")
    pipeline.programme(source=SOURCE[: SOURCE.index("[[reward]]")])
    assert hold(people)[1] == [1, None]
    with pipeline.database.snapshot() as connection:
        assert due_draws(connection, pipeline.clock()) == []


def test_who_comes_in_the_moment_that_it_is_held_gets_no_ticket(people: People) -> None:
    pipeline = people.pipeline
    people.take("5", "machine")
    early = pipeline.clock()
    pipeline.clock.moment = CLOSES
    hold(people)
    with (
        pytest.raises(Conflict, match="has been held"),
        pipeline.database.transaction() as connection,
    ):
        join_draw(connection, pipeline.settings.keyring, people.programme_id, "machine", early)


def test_a_ticket_is_in_the_draw_though_somebody_who_asked_later_was_faster(
    people: People,
) -> None:
    pipeline = people.pipeline
    asked = pipeline.clock()
    pipeline.clock.moment = asked + timedelta(seconds=2)
    people.take("5", "machine")
    pipeline.clock.moment = asked
    people.take("6", "machine")
    pipeline.clock.moment = CLOSES
    assert hold(people)[1] == [1, None]


def test_once_the_draw_was_held_no_ticket_gives_its_points_back(
    people: People,
) -> None:
    pipeline = people.pipeline
    for customer in ("5", "6"):
        people.take(customer, "machine")
    pipeline.clock.moment = CLOSES
    [draw] = people.rows("draw")
    pipeline.database.run(
        partial(hold_draw, vault=pipeline.runtime.vault, draw_id=draw.id, now=pipeline.clock())
    )
    with pipeline.database.snapshot() as connection:
        _, [won, lost] = show_draw(connection, pipeline.settings.keyring, draw.id)
    for ticket in (won, lost):
        with pytest.raises(Conflict, match="the draw with this ticket was held"):
            do(people, release, ticket.number)


@pytest.mark.parametrize("backend", ["postgresql"])
def test_a_ticket_that_is_given_back_as_the_draw_is_held_does_not_win(people: People) -> None:
    pipeline = people.pipeline
    ticket = people.take("5", "machine")
    pipeline.clock.moment = CLOSES
    [draw] = people.rows("draw")
    held = threading.Thread(target=hold_draws, args=(pipeline.runtime,))
    with pipeline.database.transaction() as connection:
        release(
            connection,
            pipeline.runtime.vault,
            redemption_id=ticket,
            reason="changed her mind",
            actor="tests",
            now=pipeline.clock(),
        )
        held.start()
        held.join(0.5)
        assert held.is_alive()
    held.join()
    with pipeline.database.snapshot() as connection:
        _, tickets = show_draw(connection, pipeline.settings.keyring, draw.id)
    assert tickets == []


@pytest.mark.parametrize("until", ["9999-12-31T23:59:59", "0001-01-01T00:00:00"])
def test_the_ends_of_the_calendar_hinder_no_draw(people: People, until: str) -> None:
    pipeline = people.pipeline
    people.take("5", "machine")
    zone = "America/New_York" if until[0] == "9" else "Europe/Warsaw"
    pipeline.programme(
        source=SOURCE.replace("2026-12-24T18:00:00", until).replace("Europe/Warsaw", zone)
    )
    assert hold(people)[1] == ([] if until[0] == "9" else [1])


def test_a_ticket_that_was_left_out_is_found(people: People) -> None:
    pipeline = people.pipeline
    for customer in ("5", "6"):
        people.take(customer, "machine")
    pipeline.clock.moment = CLOSES
    draw_id, _ = hold(people)
    rows = t.draw_ticket
    with pipeline.database.transaction() as connection:
        won = connection.execute(
            delete(rows).where(rows.c.place == 1).returning(rows.c.redemption_id)
        ).scalar_one()
        connection.execute(update(rows).values(place=1))
    [problem] = pipeline.verified().problems
    assert problem.what == f"the draw {draw_id} was held without the ticket {won}"


def test_winners_that_somebody_chose_are_found(people: People) -> None:
    pipeline = people.pipeline
    for customer in ("5", "6"):
        people.take(customer, "machine")
    pipeline.clock.moment = CLOSES
    draw_id, _ = hold(people)
    other = case((t.draw_ticket.c.place.is_(None), 1), else_=None)
    with pipeline.database.transaction() as connection:
        connection.execute(update(t.draw_ticket).values(place=other))
    [problem] = pipeline.verified().problems
    assert problem.what == f"the winners of draw {draw_id} are not those that its secret makes"


def test_the_commands_show_what_was_committed_to_and_then_the_secret(people: People) -> None:
    pipeline = people.pipeline

    run = partial(stempel, pipeline)
    assert (
        "a ticket for shop-1, issued: the winners are drawn once the time for tickets is over, "
        "2026-12-24 17:00:00 UTC\n"
    ) in plain(run("redeem", OLA, "machine", "--key", "click"))
    [one] = data(run("draw", "list", "--json"))
    assert (one["tickets"], one["secret"], one["held_at"]) == (1, None, None)
    assert "not held yet" in plain(run("draw", "show", one["draw"]))
    pipeline.clock.moment = CLOSES
    hold(people)
    shown = data(run("draw", "show", one["draw"], "--json"))
    assert hashlib.sha256(bytes.fromhex(shown["secret"])).hexdigest() == one["commitment"]
    assert [ticket["place"] for ticket in shown["drawn"]] == [1]
    assert "  1. ticket" in plain(run("draw", "show", one["draw"]))
    assert "issued: its draw was held\n" in plain(run("redeem", OLA, "machine", "--key", "click"))
    assert one["commitment"] in plain(run("draw", "list", "-p", "kawa"))
