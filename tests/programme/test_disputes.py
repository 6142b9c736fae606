"""A disputed payment: held back while the bank decides, taken back if the shop loses, else as before."""

import itertools
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce

import msgspec
import pytest

from app.programme.events import Dispute, DisputeStatus, Facts, OrderFacts
from app.programme.explanation import Note, Reason
from app.programme.states import with_known_disputes
from tests.programme.orders import goods, judge, line, order, points, preset, refund

PER_UNIT = preset("one-per-unit")
BEGAN = datetime(2026, 11, 21, tzinfo=UTC)
DECIDED = datetime(2026, 12, 1, tzinfo=UTC)


def disputed(
    facts: OrderFacts,
    status: DisputeStatus,
    amount: str = "80.00",
    *,
    currency: str = "PLN",
    at: datetime = BEGAN,
) -> OrderFacts:
    told = Dispute(id="9", status=status, amount=Decimal(amount), currency=currency, at=at)
    return msgspec.structs.replace(facts, disputes=(told,))


def test_what_an_order_earned_is_held_back_while_its_payment_is_disputed() -> None:
    [award] = judge(PER_UNIT, disputed(goods("80.00"), DisputeStatus.OPEN))
    assert (award.points, award.explanation.reason) == (0, Reason.DISPUTED)


def test_a_dispute_that_the_shop_wins_changes_nothing() -> None:
    assert points(PER_UNIT, disputed(goods("80.00"), DisputeStatus.WON)) == 80


@pytest.mark.parametrize(("amount", "left"), [("80.00", 0), ("30.00", 50), ("100.00", 0)])
def test_a_dispute_that_the_shop_loses_takes_back_as_a_refund_does(amount: str, left: int) -> None:
    [award] = judge(PER_UNIT, disputed(goods("80.00"), DisputeStatus.LOST, amount))
    assert award.points == left
    assert Note.DISPUTE_LOST in award.explanation.notes


def test_a_lost_dispute_in_another_currency_takes_back_everything() -> None:
    lost = disputed(goods("80.00"), DisputeStatus.LOST, "20.00", currency="USD")
    assert points(PER_UNIT, lost) == 0


def test_a_lost_dispute_comes_on_top_of_what_was_refunded_before() -> None:
    facts = order(line("1", "80.00"), refunds=(refund("r", "30.00", ("1", "30.00")),))
    assert points(PER_UNIT, disputed(facts, DisputeStatus.LOST, "20.00")) == 30


def test_an_unpaid_or_cancelled_order_says_so_first() -> None:
    unpaid = msgspec.structs.replace(goods("80.00"), standing="open")
    [award] = judge(PER_UNIT, disputed(unpaid, DisputeStatus.OPEN))
    assert award.explanation.reason is Reason.NOT_PAID


def test_words_about_one_dispute_end_the_same_in_every_order_of_receipt() -> None:
    words = [
        disputed(goods("80.00"), DisputeStatus.OPEN),
        disputed(goods("80.00"), DisputeStatus.WON, at=DECIDED),
        disputed(goods("80.00"), DisputeStatus.LOST, at=DECIDED),
        goods("80.00"),  # the order's own body shows no dispute
    ]
    ends: set[Facts | None] = set()
    for several in itertools.permutations(words):
        found = reduce(with_known_disputes, several[1:], several[0])
        assert isinstance(found, OrderFacts)
        ends.add(found)
        assert found.disputes[0].status is DisputeStatus.LOST
    assert len(ends) == 1
