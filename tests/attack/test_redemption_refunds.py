"""Another code in the place of one whose order was refunded: revoked, kept, given again, never both."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.services.code_answers import Answer
from app.services.redemptions import REFUND_UNDONE, REPLACED
from connectors.rewards import MadeCode
from tests.attack.counter import Shop, open_shop
from tests.pipeline import Pipeline
from tests.services.model import COST
from tests.way.connected import unsound

FREE = "new-code"  # the reward for which a full refund gives another code


@pytest.fixture
def shop(pipeline: Pipeline) -> Iterator[Shop]:
    opened = open_shop(pipeline)
    yield opened
    assert unsound(pipeline) == []


@pytest.fixture
def refunded(shop: Shop) -> tuple[Any, int]:
    """Return a used code whose order was refunded in full, so that another one was made, and the order."""
    shop.earn(5, COST[FREE])
    row = shop.issued(5, FREE)
    number = shop.told(row.code, amount="50.00")
    shop.codes.uses = lambda code: int(code == row.code_key)
    refund(shop, row, number, at=5)
    shop.push()
    assert shop.states() == [("used", None), ("issued", None)]
    return row, number


def refund(shop: Shop, row: Any, number: int, *, at: int, undo: bool = False) -> None:
    refunds = () if undo else ((number + at, "50.00"),)
    shop.told(row.code, number, amount="50.00", modified=at, refunds=refunds)


def test_the_other_code_is_revoked_when_the_refund_is_undone(
    shop: Shop, refunded: tuple[Any, int]
) -> None:
    [code] = shop.alive()
    refund(shop, *refunded, at=6, undo=True)
    shop.push()
    assert shop.states() == [("used", None), ("released", REFUND_UNDONE)]
    assert (shop.codes.usable(code), shop.points(5)) == (False, 50)


def test_the_other_code_is_kept_if_it_was_used_when_the_refund_is_undone(
    shop: Shop, refunded: tuple[Any, int]
) -> None:
    shop.told(shop.newest().code)
    refund(shop, *refunded, at=6, undo=True)
    shop.push()
    assert shop.states() == [("used", None), ("used", None)]
    assert shop.points(5) == 50 + 10


def test_a_refund_that_is_undone_and_done_again_ends_with_one_code_that_works(
    shop: Shop, refunded: tuple[Any, int]
) -> None:
    for at in (6, 8):
        refund(shop, *refunded, at=at, undo=True)
        shop.push()
        assert shop.alive() == []
        refund(shop, *refunded, at=at + 1)
        shop.push()
        assert shop.alive() == [shop.newest().code_key]
    ended = [("released", REFUND_UNDONE)] * 2
    assert shop.states() == [("used", None), *ended, ("issued", None)]
    assert shop.points(5) == 0


def test_a_refund_that_is_done_again_before_its_code_was_revoked_keeps_that_code(
    shop: Shop, refunded: tuple[Any, int]
) -> None:
    code = shop.newest().code_key
    refund(shop, *refunded, at=6, undo=True)
    refund(shop, *refunded, at=7)
    shop.push()
    assert shop.states() == [("used", None), ("issued", None)]
    assert shop.newest().code_key == code


def test_a_refund_that_is_done_again_while_its_code_is_being_revoked_gives_another_one(
    shop: Shop, refunded: tuple[Any, int]
) -> None:
    refund(shop, *refunded, at=6, undo=True)
    [task] = shop.claim()
    asked = MadeCode(reference=str(task.id), code=task.code, id=task.remote_id)
    [shown] = shop.codes.end([asked])
    refund(shop, *refunded, at=7)
    shop.note(Answer(task=task, exists=shown.exists, retry_at=shop.pipeline.clock()))
    shop.push()
    assert shop.states() == [("used", None), ("released", REFUND_UNDONE), ("issued", None)]
    assert shop.codes.usable(shop.newest().code)


def test_a_code_in_the_place_of_one_in_the_place_of_one_is_a_single_code(
    shop: Shop, refunded: tuple[Any, int]
) -> None:
    first, number = refunded
    second = shop.newest()
    other = shop.told(second.code, amount="50.00")
    refund(shop, second, other, at=8)
    refund(shop, first, number, at=9)  # told once more: nothing new follows
    shop.push()
    assert shop.states() == [("used", None), ("used", None), ("issued", None)]
    shop.codes.uses = lambda code: int(code in {first.code_key, second.code_key})
    assert (shop.alive(), shop.points(5)) == ([shop.newest().code_key], 0)
    refund(shop, first, number, at=10, undo=True)  # the first one has its discount after all
    shop.push()
    assert shop.states() == [("used", None), ("used", None), ("released", REFUND_UNDONE)]
    assert shop.alive() == []


@pytest.mark.parametrize("gives_back", [True, False], ids=["use-given-back", "use-kept"])
def test_of_two_codes_for_one_reward_only_one_is_ever_paid_for_and_used(
    shop: Shop, refunded: tuple[Any, int], gives_back: bool
) -> None:
    first, number = refunded
    second = shop.newest()
    shop.told(second.code)
    shop.codes.uses = lambda code: int(code == second.code_key or not gives_back)
    shop.told(first.code, number, amount="50.00", modified=6, status="cancelled")
    shop.push()
    assert [state for state, _ in shop.states()] == ["released", "used"]
    if gives_back:
        assert shop.states()[0][1] == REPLACED
    assert shop.alive() == []
    assert shop.points(5) == 10
