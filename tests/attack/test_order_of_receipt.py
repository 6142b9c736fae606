"""Two orders of receipt of the same messages, with the same reads, end the same."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import permutations

import msgspec
import pytest
from sqlalchemy import select

from app.db import tables as t
from app.programme.presets import preset_source
from app.services.stores import Store
from connectors.base import ReadAnswer, Ref
from connectors.woocommerce.connector import WooShop
from jobs.drain import drain
from tests.attack.help import GUEST, START, order, order_answer, order_body_of_answer, problems
from tests.pipeline import Pipeline, TestClock

Act = Callable[[Pipeline, Store, datetime], int]
Ending = tuple[tuple[str, int], ...]


def told(body: bytes, at: int) -> Act:
    """A webhook that was received so many seconds after the shop opened, drained whenever."""

    def act(pipeline: Pipeline, store: Store, opened: datetime) -> int:
        pipeline.clock.moment = opened + timedelta(seconds=at)
        return pipeline.receive(store, "order.updated", body)

    return act


def read(body: bytes | None, at: int) -> Act:
    """An answer of ours whose read began so many seconds after the shop opened."""

    def act(pipeline: Pipeline, store: Store, opened: datetime) -> int:
        return order_answer(pipeline, store, body, opened + timedelta(seconds=at))

    return act


@dataclass
class Truth:
    """A reader of a shop that has one order."""

    body: bytes | None
    clock: TestClock

    def read(self, ref: Ref) -> ReadAnswer:
        began_at = self.clock()
        body = order_body_of_answer(self.body) if ref.external_id == "700" else {"order": None}
        return ReadAnswer(
            topic=f"read.{ref.kind}",
            body=msgspec.json.encode({"id": ref.external_id} | body),
            began_at=began_at,
        )


def endings(
    pipeline: Pipeline, acts: Sequence[Act], *, truth: bytes | None, keys: bool
) -> dict[Ending, list[tuple[int, ...]]]:
    """Drain the messages one by one in every order; return who has what at the end of which orders.

    Each order of receipt happens in a programme of its own. `truth` is what the shop says when asked.
    """
    found: dict[Ending, list[tuple[int, ...]]] = {}
    opened = START + timedelta(hours=1)
    for number, turn in enumerate(permutations(range(len(acts)))):
        source = preset_source("one-per-unit", key=f"turn-{number}")
        programme = pipeline.programme(source=source)
        store = pipeline.store(programme, keys=keys)
        for act in turn:
            acts[act](pipeline, store, opened)
            pipeline.clock.moment = max(pipeline.clock.moment, opened + timedelta(hours=1))
            drain(pipeline.runtime)
        if keys:
            shop = pipeline.shops.get(store)
            assert isinstance(shop, WooShop)
            shop.reader = Truth(truth, pipeline.clock)  # type: ignore[assignment]
            pipeline.settle()
        found.setdefault(_ending(pipeline, programme), []).append(turn)
    assert problems(pipeline) == []
    return found


def _ending(pipeline: Pipeline, programme: int) -> Ending:
    people = (GUEST, "a@example.pl", "b@example.pl")
    names = {pipeline.runtime.vault.email_hash(programme, email): email for email in people}
    with pipeline.database.snapshot() as connection:
        rows = connection.execute(
            select(t.identity.c.email_hash, t.member.c.balance)
            .join(t.member, t.member.c.id == t.identity.c.member_id)
            .where(t.member.c.programme_id == programme, t.member.c.balance != 0)
        )
        return tuple(sorted((names[row.email_hash], row.balance) for row in rows))


A, B = order("10.00", modified=5), order("20.00", modified=5)
OLD, NEW = order("30.00", modified=1), order("40.00", modified=9)
DRAFT = order("10.00", modified=6, status="checkout-draft")
DRAFT_AT_ONCE = order("10.00", modified=5, status="checkout-draft")
GIVEN_BACK = order("10.00", modified=7, refunds=((9, "4.00"),))


@pytest.mark.parametrize(
    ("acts", "truth"),
    [
        pytest.param([told(A, 1), read(B, 3), told(A, 5)], A, id="there and back in one second"),
        pytest.param([told(NEW, 1), read(OLD, 3), told(B, 5)], B, id="a backup was restored"),
        pytest.param([told(A, 1), read(None, 3)], None, id="gone"),
        pytest.param([told(A, 1), read(None, 3), told(NEW, 5)], NEW, id="gone and restored"),
        pytest.param([read(A, 1), read(B, 3), told(NEW, 2)], B, id="two reads and a body"),
        pytest.param([told(A, 1), told(DRAFT, 2)], DRAFT, id="back to a draft"),
        pytest.param([told(A, 1), told(DRAFT_AT_ONCE, 2)], A, id="a draft of the same second"),
        pytest.param([told(GIVEN_BACK, 1), told(A, 2)], GIVEN_BACK, id="a refund, told first"),
        pytest.param([read(GIVEN_BACK, 2), told(A, 3)], GIVEN_BACK, id="a refund that was read"),
    ],
)
def test_every_order_of_receipt_ends_as_the_shop_says(
    pipeline: Pipeline, acts: list[Act], truth: bytes | None
) -> None:
    found = endings(pipeline, acts, truth=truth, keys=True)
    body = None if truth is None else json.loads(truth)
    points = 0
    if body is not None and body["status"] == "completed":
        points = int(float(body["total"]) + sum(float(r["total"]) for r in body["refunds"]))
    assert list(found) == [((GUEST, points),) if points else ()], found


@pytest.mark.parametrize(
    "acts",
    [
        pytest.param([told(A, 1), told(B, 3), told(A, 5)], id="there and back in one second"),
        pytest.param([told(A, 1), told(DRAFT, 2)], id="back to a draft"),
        pytest.param([told(A, 1), told(DRAFT_AT_ONCE, 2)], id="a draft of the same second"),
        pytest.param(
            [told(order("49.95", modified=5), 1), told(order("50", modified=9), 2)],
            id="the shop shows fewer decimals",
        ),
    ],
)
def test_every_order_of_receipt_ends_the_same_where_nobody_can_be_asked(
    pipeline: Pipeline, acts: list[Act]
) -> None:
    found = endings(pipeline, acts, truth=None, keys=False)
    assert len(found) == 1, found


@pytest.mark.parametrize("turn", list(permutations(("a@example.pl", "b@example.pl"))))
def test_of_two_e_mails_in_one_second_the_same_one_has_the_order_whichever_came_first(
    pipeline: Pipeline, turn: tuple[str, str]
) -> None:
    programme = pipeline.programme()
    store = pipeline.store(programme)
    for email in turn:
        pipeline.deliver(store, "order.updated", order("10.00", modified=5, email=email))
    owner = max(turn, key=lambda email: pipeline.runtime.vault.email_hash(programme, email))
    assert _ending(pipeline, programme) == ((owner, 10),)
    assert problems(pipeline) == []


def test_a_message_repeated_while_its_read_is_under_way_asks_once_more(pipeline: Pipeline) -> None:
    programme = pipeline.programme()
    store = pipeline.store(programme, keys=True)
    pipeline.deliver(store, "order.updated", B)
    assert pipeline.deliver(store, "order.updated", A)[0] == "reading"
    shop = pipeline.shops.get(store)
    assert isinstance(shop, WooShop)

    class Changing(Truth):
        def read(self, ref: Ref) -> ReadAnswer:
            answer = super().read(ref)
            if self.body == B:  # within this very second the shop goes back to what it was
                pipeline.receive(store, "order.updated", A)
                self.body = A
            return answer

    shop.reader = Changing(B, pipeline.clock)  # type: ignore[assignment]
    pipeline.settle()
    assert pipeline.balances(programme) == [10]
    assert problems(pipeline) == []
