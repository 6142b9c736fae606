"""Whoever writes into the database past the service is found, and what he touched is named."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, text, update

from app.clock import EPOCH
from app.db import tables as t
from app.db.dialect import APPEND_ONLY
from app.services.adjust import adjust_points
from app.services.seal import seal_heads
from tests.pipeline import Pipeline, order_body
from tests.way.shop import connect

JAN, OLA = "jan@example.pl", "ola@example.pl"


@pytest.fixture
def ledger(pipeline: Pipeline) -> Pipeline:
    """Two guests: one with three orders, a refund and a gift by hand, one with an order."""
    programme_id = pipeline.programme()
    store = connect(pipeline, programme_id, "https://shop.example", keys=None)
    for number, email in ((1, JAN), (2, JAN), (3, JAN), (4, OLA)):
        order = order_body("008") | {"id": number, "billing": {"email": email}}
        assert pipeline.deliver(store, "order.updated", order)[0] == "processed"
    refunded = order_body("015") | {"id": 1, "billing": {"email": JAN}}
    assert pipeline.deliver(store, "order.updated", refunded)[0] == "processed"
    with pipeline.database.transaction() as connection:
        adjust_points(
            connection,
            pipeline.runtime.vault,
            programme_id=programme_id,
            member_id=member(pipeline, JAN),
            points=25,
            reason="sorry",
            key="one",
            actor="support",
            now=pipeline.clock(),
        )
    assert pipeline.verified().problems == []
    assert pipeline.verified().entries == 6
    return pipeline


def member(pipeline: Pipeline, email: str) -> int:
    with pipeline.database.snapshot() as connection:
        programme_id = connection.execute(select(t.programme.c.id)).scalar_one()
        hashed = pipeline.runtime.vault.email_hash(programme_id, email)
        found: int = connection.execute(
            select(t.identity.c.member_id).where(t.identity.c.email_hash == hashed)
        ).scalar_one()
    return found


def entries(pipeline: Pipeline, email: str = JAN) -> list[int]:
    with pipeline.database.snapshot() as connection:
        query = select(t.entry.c.id).where(t.entry.c.member_id == member(pipeline, email))
        return list(connection.execute(query.order_by(t.entry.c.seq)).scalars())


@contextmanager
def tampering(pipeline: Pipeline) -> Iterator[Connection]:
    """Write past triggers and references, as somebody with the database's password can."""
    if pipeline.database.embedded:
        with pipeline.database.writer.connect() as connection:
            # A pragma that has no effect inside a transaction.
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA foreign_keys = OFF")
            with connection.begin():
                for table in APPEND_ONLY:
                    for change in ("update", "delete"):
                        connection.execute(text(f"DROP TRIGGER {table}_refuses_{change}"))
                yield connection
            raw.execute("PRAGMA foreign_keys = ON")
        return
    with pipeline.database.transaction() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection


def found(pipeline: Pipeline) -> list[str]:
    report = pipeline.verified()
    assert not report.ok
    return [problem.what for problem in report.problems]


def test_the_database_itself_refuses_to_change_what_is_append_only(ledger: Pipeline) -> None:
    for statement in (update(t.entry).values(points=1), delete(t.entry), delete(t.lot_use)):
        with pytest.raises(Exception, match="append-only"), ledger.database.transaction() as c:
            c.execute(statement)
    assert ledger.verified().ok


@pytest.mark.parametrize(
    "change",
    [
        {"points": 1_000},
        {"explanation": "{}"},
        {"kind": "adjust"},
        {"version": 7},
        {"rule": "another"},
        {"pending": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_altered_entry_is_named(ledger: Pipeline, change: dict[str, Any]) -> None:
    target = entries(ledger)[1]
    with tampering(ledger) as connection:
        connection.execute(update(t.entry).where(t.entry.c.id == target).values(**change))
    report = ledger.verified()
    assert [p.what for p in report.problems if p.entry == target] == [
        "entry 2 was altered or moved"
    ]


def test_a_deleted_entry_is_named(ledger: Pipeline) -> None:
    target = entries(ledger)[1]
    with tampering(ledger) as connection:
        connection.execute(delete(t.entry).where(t.entry.c.id == target))
    assert "entry 2 is missing: the next one is 3" in found(ledger)


def test_a_deleted_entry_whose_successors_were_renumbered_is_found(ledger: Pipeline) -> None:
    ids = entries(ledger)
    with tampering(ledger) as connection:
        connection.execute(delete(t.entry).where(t.entry.c.id == ids[1]))
        for number, entry in enumerate(ids[2:], start=2):
            connection.execute(update(t.entry).where(t.entry.c.id == entry).values(seq=number))
    assert "entry 2 was altered or moved" in found(ledger)


def test_an_entry_moved_to_another_member_is_found_at_both(ledger: Pipeline) -> None:
    target, other = entries(ledger)[-1], member(ledger, OLA)
    with tampering(ledger) as connection:
        connection.execute(
            update(t.entry).where(t.entry.c.id == target).values(member_id=other, seq=2)
        )
    report = ledger.verified()
    assert {p.member for p in report.problems} >= {member(ledger, JAN), other}
    assert "entry 2 was altered or moved" in [p.what for p in report.problems if p.entry == target]


def test_two_entries_that_changed_places_are_found(ledger: Pipeline) -> None:
    first, second = entries(ledger)[:2]
    with tampering(ledger) as connection:
        for entry, number in ((first, 99), (second, 1), (first, 2)):
            connection.execute(update(t.entry).where(t.entry.c.id == entry).values(seq=number))
    assert "entry 1 was altered or moved" in found(ledger)


def test_a_cut_off_chain_is_found_by_its_head(ledger: Pipeline) -> None:
    with tampering(ledger) as connection:
        connection.execute(delete(t.entry).where(t.entry.c.id == entries(ledger)[-1]))
    assert "the chain ends after 4 entries, the member's head speaks of 5" in found(ledger)


def test_a_chain_cut_off_with_its_head_is_found_by_the_seal_of_the_day(ledger: Pipeline) -> None:
    with ledger.database.transaction() as connection:
        assert seal_heads(connection, ledger.settings.keyring, ledger.clock()) == 1
    assert ledger.verified().ok
    ids, jan = entries(ledger), member(ledger, JAN)
    with tampering(ledger) as connection:
        cut = connection.execute(
            select(t.entry.c.points, t.entry.c.mac)
            .where(t.entry.c.id.in_(ids[-2:]))
            .order_by(t.entry.c.seq)
        ).all()
        connection.execute(delete(t.lot_use).where(t.lot_use.c.entry_id == ids[-1]))
        connection.execute(delete(t.lot).where(t.lot.c.entry_id == ids[-1]))
        connection.execute(delete(t.entry).where(t.entry.c.id == ids[-1]))
        connection.execute(
            update(t.member)
            .where(t.member.c.id == jan)
            .values(entries=4, head=cut[0].mac, balance=t.member.c.balance - cut[1].points)
        )
    assert found(ledger) == ["the chain does not pass the sealed entry 5: it was cut off"]


def test_an_altered_seal_and_a_member_that_vanished_are_found(ledger: Pipeline) -> None:
    with ledger.database.transaction() as connection:
        seal_heads(connection, ledger.settings.keyring, ledger.clock())
    ola = member(ledger, OLA)
    with tampering(ledger) as connection:
        for table, column in (
            (t.entry, t.entry.c.member_id),
            (t.lot, t.lot.c.member_id),
            (t.award, t.award.c.member_id),
            (t.identity, t.identity.c.member_id),
            (t.source_object, t.source_object.c.owner_id),
            (t.member, t.member.c.id),
        ):
            connection.execute(delete(table).where(column == ola))
    assert "a sealed member is missing" in found(ledger)
    with tampering_again(ledger) as connection:
        connection.execute(update(t.checkpoint).values(heads=b"not what was sealed"))
    day = (ledger.clock.moment - EPOCH).days
    assert f"the seal of day {day} was altered" in found(ledger)


@contextmanager
def tampering_again(pipeline: Pipeline) -> Iterator[Connection]:
    if pipeline.database.embedded:  # the triggers are gone already
        with pipeline.database.transaction() as connection:
            yield connection
        return
    with tampering(pipeline) as connection:
        yield connection


@pytest.mark.parametrize("column", ["balance", "pending", "entries"])
def test_a_changed_column_of_a_member_is_named(ledger: Pipeline, column: str) -> None:
    jan = member(ledger, JAN)
    with ledger.database.transaction() as connection:
        connection.execute(
            update(t.member).where(t.member.c.id == jan).values(**{column: t.member.c[column] + 1})
        )
    report = ledger.verified()
    assert {problem.member for problem in report.problems} == {jan}
    assert any(column in problem.what or "head" in problem.what for problem in report.problems)


def test_a_changed_lot_is_found(ledger: Pipeline) -> None:
    with ledger.database.transaction() as connection:
        connection.execute(
            update(t.lot)
            .where(t.lot.c.id == biggest_lot(connection))
            .values(remaining=t.lot.c.remaining - 1)
        )
    assert any("lot" in what for what in found(ledger))


def test_points_moved_from_one_lot_to_another_of_the_same_person_are_found(
    ledger: Pipeline,
) -> None:
    jan = member(ledger, JAN)
    with ledger.database.transaction() as connection:
        # To a lot that never expires, say. The sum stays right.
        refunded = connection.execute(
            select(t.lot.c.id).where(t.lot.c.member_id == jan, t.lot.c.remaining < t.lot.c.points)
        ).scalar_one()
        full = (
            connection.execute(
                select(t.lot.c.id).where(
                    t.lot.c.member_id == jan, t.lot.c.remaining == t.lot.c.points
                )
            )
            .scalars()
            .first()
        )
        for lot, change in ((refunded, 1), (full, -1)):
            connection.execute(
                update(t.lot).where(t.lot.c.id == lot).values(remaining=t.lot.c.remaining + change)
            )
    assert any("lot" in what for what in found(ledger))


def biggest_lot(connection: Connection) -> int:
    found: int = connection.execute(
        select(t.lot.c.id).order_by(t.lot.c.remaining.desc()).limit(1)
    ).scalar_one()
    return found


def test_a_changed_award_is_found(ledger: Pipeline) -> None:
    with ledger.database.transaction() as connection:
        connection.execute(update(t.award).values(points=t.award.c.points + 1))
    assert any(what.startswith("rule 'per-unit' gives 270") for what in found(ledger))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("facts", None),
        ("facts", "not JSON"),
        ("facts", '{"type":"order"}'),
        ("context", "not JSON"),
        ("version", 99),
        ("version", 0),
        ("owner_id", "another"),
        ("currency", "EUR"),
    ],
)
def test_a_changed_object_is_named_and_the_rest_is_still_proved(
    ledger: Pipeline, column: str, value: Any
) -> None:
    with ledger.database.transaction() as connection:
        row = connection.execute(
            select(t.source_object).where(t.source_object.c.external_id == "2")
        ).one()
        if column == "facts" and value is None:
            value = row.facts.replace('"standing":"paid"', '"standing":"open"')
            assert value != row.facts
        if value == "another":
            value = (
                connection.execute(select(t.member.c.id).where(t.member.c.id != row.owner_id))
                .scalars()
                .first()
            )
        if value == "EUR":
            column, value = "facts", row.facts.replace("PLN", "EUR")
        connection.execute(
            update(t.source_object).where(t.source_object.c.id == row.id).values({column: value})
        )
    report = ledger.verified()
    assert {problem.object for problem in report.problems} == {row.id}
    assert report.entries == 6
    assert report.objects == 4
