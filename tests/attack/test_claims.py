"""After two accounts were found to be one person, everything still converges."""

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.programme.presets import preset_source
from app.services.adjust import adjust_points
from tests.attack.help import confirm, customer, order, problems
from tests.pipeline import Pipeline


def test_a_refund_after_a_claim_takes_the_points_back_once(pipeline: Pipeline) -> None:
    programme = pipeline.programme()
    store = pipeline.store(programme)
    pipeline.deliver(store, "order.created", order("100.00"))
    pipeline.deliver(store, "customer.created", customer())
    confirm(pipeline)
    assert pipeline.balances(programme) == [100]
    for modified, (refund, left) in enumerate((("50.00", 50), ("20.00", 80), ("100.00", 0)), 1):
        body = order("100.00", modified=modified, refunds=((9, refund),))
        pipeline.deliver(store, "order.updated", body)
        assert pipeline.balances(programme) == ([left] if left else [])
        assert problems(pipeline) == []


@pytest.mark.parametrize("policy", ["debt", "forgive"])
def test_a_claim_keeps_what_a_manager_took_from_the_guest(pipeline: Pipeline, policy: str) -> None:
    source = preset_source("one-per-unit").replace(
        "[programme]", f'[programme]\ndebt = "{policy}"', 1
    )
    programme = pipeline.programme(source=source)
    store = pipeline.store(programme)
    pipeline.deliver(store, "order.created", order("100.00"))
    with pipeline.database.transaction() as connection:
        guest = connection.execute(select(t.identity.c.member_id)).scalar_one()
        adjust_points(
            connection,
            pipeline.runtime.vault,
            programme_id=programme,
            member_id=guest,
            points=-70,
            reason="given twice",
            key="correction",
            actor="test",
            now=pipeline.clock(),
        )
    pipeline.deliver(store, "customer.created", customer())
    confirm(pipeline)
    assert pipeline.balances(programme) == [30]
    assert problems(pipeline) == []
