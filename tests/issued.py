"""Redemptions as they stand in the database, for tests of what is told about them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update

from app.db import tables as t
from app.db.ids import new_id
from app.programme.events import RedemptionFacts, RedemptionState
from app.services.facts import encode_facts
from app.services.stores import Store
from app.services.writeback import want_writing
from tests.pipeline import Pipeline

TEN_PERCENT = RedemptionFacts(
    reward="ten-percent",
    cost=100,
    kind="percent",
    value=Decimal(10),
    state=RedemptionState.ISSUED,
)


def member_of(pipeline: Pipeline, store: Store, customer: object) -> int:
    """Return the account behind a customer of the shop."""
    with pipeline.database.snapshot() as connection:
        return int(
            connection.execute(
                select(t.store_customer.c.member_id).where(
                    t.store_customer.c.store_id == store.id,
                    t.store_customer.c.external_id == str(customer),
                )
            ).scalar_one()
        )


def issue(
    pipeline: Pipeline,
    store: Store,
    member_id: int,
    code: str | None = "K7QM-3XTD-9RWB",
    *,
    facts: RedemptionFacts = TEN_PERCENT,
    customer: object = None,
    ends_at: datetime | None = None,
    **columns: Any,
) -> int:
    """Put a redemption whose code is in the shop into the database; returns its id."""
    now, redemption_id, object_id = pipeline.clock(), new_id(), new_id()
    common = {"programme_id": store.programme_id, "store_id": store.id}
    with pipeline.database.transaction() as connection:
        connection.execute(
            insert(t.source_object).values(
                **common,
                id=object_id,
                kind="redemption",
                external_id=str(redemption_id),
                facts=encode_facts(facts),
                accepted_at=now,
                occurred_at=now,
                version=1,
                context="{}",
                owner_id=member_id,
                rev=0,
                seen_at=now,
            )
        )
        row = {
            "id": redemption_id,
            "member_id": member_id,
            "object_id": object_id,
            "reward": facts.reward,
            "kind": facts.kind,
            "state": facts.state.value,
            "customer": None if customer is None else str(customer),
            "code": code,
            "code_key": None if code is None else code.lower(),
            "created_at": now,
            "made_at": now,
            "ends_at": ends_at,
        }
        connection.execute(insert(t.redemption).values({**common, **row, **columns}))
        want_writing(connection, [member_id], now)
    return redemption_id


def change(pipeline: Pipeline, redemption_id: int, **columns: Any) -> None:
    """Change a redemption, and have the shops look at its member anew."""
    with pipeline.database.transaction() as connection:
        member_id = connection.execute(
            update(t.redemption)
            .where(t.redemption.c.id == redemption_id)
            .values(columns)
            .returning(t.redemption.c.member_id)
        ).scalar_one()
        want_writing(connection, [member_id], pipeline.clock())
