"""Outbound: one store's trouble is its own, and a wait that cannot end loses nothing."""

from sqlalchemy import delete, select, update

from app.db import tables as t
from connectors.base import ReadAnswer, Ref
from connectors.woocommerce.connector import WooShop
from jobs.drain import drain
from tests.attack.help import order, order_answer
from tests.pipeline import Pipeline
from tests.way.shop import connect, open_way


def _forget_the_key(pipeline: Pipeline, store_id: int) -> None:
    with pipeline.database.transaction() as connection:
        connection.execute(
            update(t.store_secret)
            .where(t.store_secret.c.store_id == store_id)
            .values(ciphertext=b"written with a key that is gone")
        )


def test_a_store_whose_secrets_cannot_be_opened_stops_no_other_store(pipeline: Pipeline) -> None:
    programme = pipeline.programme()
    lost = connect(pipeline, programme, "https://lost.example")
    pipeline.receive(lost, "order.deleted", b'{"id":16}')
    drain(pipeline.runtime)
    _forget_the_key(pipeline, lost.id)
    with open_way(pipeline, programme_id=programme) as way:
        number = way.buy("49.95", email="jan@example.pl")
        way.announce()
        way.shop.trash_order(number)
        assert way.announce()[0][0] == "processed"
        assert way.guest_points("jan@example.pl") == 0


def test_a_refund_counts_when_the_keys_are_taken_away_while_its_lines_are_awaited(
    pipeline: Pipeline,
) -> None:
    programme = pipeline.programme()
    store = pipeline.store(programme, keys=True)
    pipeline.deliver(store, "order.created", order("100.00"))
    told = pipeline.deliver(
        store, "order.updated", order("100.00", modified=5, refunds=((9, "60.00"),))
    )
    assert told[0] == "reading"
    with pipeline.database.transaction() as connection:
        connection.execute(
            delete(t.store_secret).where(
                t.store_secret.c.store_id == store.id, t.store_secret.c.name != "webhook-secret"
            )
        )
    pipeline.settle()
    assert pipeline.balances(programme) == [40]
    with pipeline.database.snapshot() as connection:
        assert connection.execute(select(t.delivery_queue)).all() == []
        assert connection.execute(select(t.outbox_task)).all() == []


def test_a_fault_in_a_reader_is_not_taken_for_missing_keys(pipeline: Pipeline) -> None:
    class Faulty:
        def read(self, ref: Ref) -> ReadAnswer:
            raise KeyError(ref.kind)

    programme = pipeline.programme()
    store = pipeline.store(programme, keys=True)
    signal = pipeline.receive(store, "order.deleted", b'{"id":16}')
    drain(pipeline.runtime)
    shop = pipeline.shops.get(store)
    assert isinstance(shop, WooShop)
    shop.reader = Faulty()  # type: ignore[assignment]  # as a plugin's may be
    for _ in range(6):
        pipeline.settle()
        pipeline.clock.advance(days=1)
    status, reason = pipeline.outcome(signal)
    assert (status, "KeyError" in reason) == ("dead", True)


def test_answers_are_stored_however_often_a_workers_connection_rolled_back(
    pipeline: Pipeline,
) -> None:
    programme = pipeline.programme()
    store = pipeline.store(programme, keys=True)
    for number in range(12):
        with pipeline.database.snapshot() as connection:
            for _ in range(7):  # often enough for the driver to keep the statement
                connection.execute(select(t.store.c.id)).all()
        began_at = pipeline.clock()
        order_answer(pipeline, store, order(number=number + 1), began_at, number=number + 1)
    assert drain(pipeline.runtime) == 12
    assert pipeline.balances(programme) == [1200]
