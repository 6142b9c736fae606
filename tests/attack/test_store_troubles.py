"""One store's trouble is its own: the others go on, and nothing of it is lost."""

from sqlalchemy import update

from app.db import tables as t
from jobs.drain import drain
from tests.attack.help import order
from tests.pipeline import Pipeline


def test_a_body_that_cannot_be_decrypted_holds_up_no_other_delivery(pipeline: Pipeline) -> None:
    programme = pipeline.programme()
    store = pipeline.store(programme)
    broken = pipeline.receive(store, "order.created", order(number=1))
    good = pipeline.receive(store, "order.created", order(number=2))
    with pipeline.database.transaction() as connection:
        connection.execute(
            update(t.delivery_body)
            .where(t.delivery_body.c.delivery_id == broken)
            .values(body=b"damaged on the disk, long enough to hold a nonce")
        )
    drain(pipeline.runtime)
    assert pipeline.outcome(good)[0] == "processed"
    status, reason = pipeline.outcome(broken)
    assert status == "failed"
    assert reason.startswith("a person must act")
    assert pipeline.balances(programme) == [100]
