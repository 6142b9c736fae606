"""Whoever writes to the database past the service to gain by a reward is found."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from app.db import tables as t
from app.programme.events import RedemptionFacts, RedemptionState
from app.services.facts import decode_facts, encode_facts
from tests.people import JAN, account
from tests.pipeline import Pipeline
from tests.taken import Counter, open_counter
from tests.way.test_proof import found, tampering


@pytest.fixture
def counter(pipeline: Pipeline) -> Counter:
    """A member with four redemptions: reserved, issued, used in an order, and released."""
    counter = open_counter(pipeline, points=600, stores=2)
    used, released = counter.made(), counter.made()
    counter.order(900, used)
    counter.release(released)
    counter.shop_says(exists=False)
    counter.made()
    counter.take("fifty")
    counter.people.tell(0, account("6", JAN))
    assert counter.pipeline.verified().problems == []
    return counter


def one(counter: Counter, connection: Connection, state: str) -> Any:
    """Return the only redemption in a state."""
    query = select(t.redemption).where(t.redemption.c.state == state)
    return connection.execute(query).one()


def change(counter: Counter, state: str, columns: dict[str, Any]) -> None:
    """Write to the only redemption in a state."""
    with counter.pipeline.database.transaction() as connection:
        row = one(counter, connection, state)
        this = t.redemption.c.id == row.id
        connection.execute(update(t.redemption).where(this).values(**columns))


def change_facts(counter: Counter, state: str, facts: dict[str, Any]) -> None:
    with counter.pipeline.database.transaction() as connection:
        this = t.source_object.c.id == one(counter, connection, state).object_id
        stored = connection.execute(select(t.source_object.c.facts).where(this)).scalar_one()
        told = decode_facts(stored)
        assert isinstance(told, RedemptionFacts)
        values = {name: getattr(told, name) for name in told.__struct_fields__} | facts
        changed = encode_facts(RedemptionFacts(**values))
        connection.execute(update(t.source_object).where(this).values(facts=changed))


@pytest.mark.parametrize(
    ("state", "columns"),
    [
        ("used", {"state": "issued"}),
        ("used", {"used_by": None}),
        ("used", {"code_key": "aaaa-bbbb-cccc"}),
        ("used", {"code": "AAAA-BBBB-CCCC"}),
        ("used", {"code": "AAAA-BBBB-CCCC", "code_key": "aaaa-bbbb-cccc"}),
        ("issued", {"code": None, "code_key": None}),
        ("issued", {"made_at": None}),
        ("issued", {"code": "AAAA-BBBB-CCCC"}),
        ("issued", {"state": "released"}),
        ("issued", {"due_at": None}),
        ("reserved", {"due_at": None}),
        ("reserved", {"state": "issued"}),
        ("released", {"dead_at": None}),
        ("released", {"state": "issued", "dead_at": None}),
    ],
)
def test_a_changed_redemption_is_found(
    counter: Counter, state: str, columns: dict[str, Any]
) -> None:
    change(counter, state, columns)
    assert any("redemption" in what for what in found(counter.pipeline))


@pytest.mark.parametrize(
    ("state", "facts"),
    [
        ("issued", {"cost": 1}),
        ("issued", {"state": RedemptionState.RELEASED}),
        ("used", {"given_back": True}),
        ("released", {"state": RedemptionState.ISSUED}),
        ("released", {"cost": 1}),
        ("used", {"reward": "fifty"}),
    ],
)
def test_facts_of_a_redemption_that_were_changed_are_found(
    counter: Counter, state: str, facts: dict[str, Any]
) -> None:
    change_facts(counter, state, facts)
    assert found(counter.pipeline)


def _to_another_member(counter: Counter, connection: Connection) -> None:
    jan = connection.execute(
        select(t.member.c.id).where(t.member.c.id != counter.member_id)
    ).scalar_one()
    this = t.redemption.c.id == one(counter, connection, "issued").id
    connection.execute(update(t.redemption).where(this).values(member_id=jan))


def _to_another_store(counter: Counter, connection: Connection) -> None:
    this = t.redemption.c.id == one(counter, connection, "issued").id
    other = counter.people.stores[1].id
    connection.execute(update(t.redemption).where(this).values(store_id=other))


def _without_its_use(_counter: Counter, connection: Connection) -> None:
    connection.execute(delete(t.redemption_use))


def _free_of_charge(counter: Counter, connection: Connection) -> None:
    used, issued = one(counter, connection, "used"), one(counter, connection, "issued")
    this = t.redemption.c.id == issued.id
    connection.execute(update(t.redemption).where(this).values(replaces_id=used.id))


def _in_a_circle(counter: Counter, connection: Connection) -> None:
    used, issued = one(counter, connection, "used"), one(counter, connection, "issued")
    for this, other in ((used.id, issued.id), (issued.id, used.id)):
        row = t.redemption.c.id == this
        connection.execute(update(t.redemption).where(row).values(replaces_id=other))


def _used_in_what_is_no_order(counter: Counter, connection: Connection) -> None:
    issued, used = one(counter, connection, "issued"), one(counter, connection, "used")
    connection.execute(
        insert(t.redemption_use).values(redemption_id=issued.id, object_id=used.object_id)
    )


def _removed(counter: Counter, connection: Connection) -> None:
    connection.execute(
        delete(t.redemption).where(t.redemption.c.id == one(counter, connection, "issued").id)
    )


def _removed_with_its_object(counter: Counter, connection: Connection) -> None:
    row = one(counter, connection, "issued")
    connection.execute(delete(t.redemption).where(t.redemption.c.id == row.id))
    connection.execute(delete(t.source_object).where(t.source_object.c.id == row.object_id))


def _renamed_object(counter: Counter, connection: Connection) -> None:
    this = t.source_object.c.id == one(counter, connection, "issued").object_id
    connection.execute(update(t.source_object).where(this).values(external_id="1"))


def _given_away(counter: Counter, connection: Connection) -> None:
    jan = connection.execute(
        select(t.member.c.id).where(t.member.c.id != counter.member_id)
    ).scalar_one()
    this = t.source_object.c.id == one(counter, connection, "issued").object_id
    connection.execute(update(t.source_object).where(this).values(owner_id=jan))


@pytest.mark.parametrize(
    "how",
    [
        _to_another_member,
        _to_another_store,
        _without_its_use,
        _free_of_charge,
        _in_a_circle,
        _used_in_what_is_no_order,
        _removed,
        _removed_with_its_object,
        _renamed_object,
        _given_away,
    ],
)
def test_a_redemption_that_was_moved_or_removed_is_found(
    counter: Counter, how: Callable[[Counter, Connection], None]
) -> None:
    with tampering(counter.pipeline) as connection:
        how(counter, connection)
    assert found(counter.pipeline)
