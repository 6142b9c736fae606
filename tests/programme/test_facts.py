"""What follows from facts alone: rounded copies, objects that are gone."""

from decimal import Decimal

import msgspec

from app.programme.events import CustomerFacts, EnrolmentFacts, ReviewFacts, Standing
from app.programme.facts import gone, same_but_coarser, with_finer_amounts
from tests.programme.orders import goods, line, order, refund

EXACT = order(line("1", "173.98", "40.01"), refunds=(refund("7", "13.49", ("1", "10.97", "2.52")),))
ROUNDED = order(line("1", "174", "40"), total="214", refunds=(refund("7", "13", ("1", "11", "3")),))


def test_an_order_read_while_the_store_shows_no_decimals_is_the_same_order() -> None:
    assert same_but_coarser(EXACT, ROUNDED)
    assert with_finer_amounts(EXACT, ROUNDED) == EXACT


def test_a_finer_order_is_not_the_coarser_one() -> None:
    assert not same_but_coarser(ROUNDED, EXACT)
    assert with_finer_amounts(ROUNDED, EXACT) == EXACT


def test_the_same_order_twice_is_not_coarser() -> None:
    assert not same_but_coarser(EXACT, EXACT)


def test_a_real_change_of_the_amounts_is_taken_over() -> None:
    dearer = order(line("1", "200", "46"), total="246")
    assert not same_but_coarser(EXACT, dearer)
    assert with_finer_amounts(EXACT, dearer) == dearer


def test_a_change_that_keeps_the_decimals_is_no_rounding() -> None:
    assert not same_but_coarser(goods("213.99"), goods("214.00"))


def test_a_new_status_is_taken_over_and_the_finer_amounts_are_kept() -> None:
    cancelled = msgspec.structs.replace(ROUNDED, standing=Standing.CANCELLED)
    assert not same_but_coarser(EXACT, cancelled)
    kept = with_finer_amounts(EXACT, cancelled)
    assert (kept.standing, kept.total) == (Standing.CANCELLED, Decimal("213.99"))
    assert kept.refunds == EXACT.refunds


def test_a_new_refund_read_coarsely_is_kept_beside_the_finer_amounts() -> None:
    more = msgspec.structs.replace(ROUNDED, refunds=(*ROUNDED.refunds, refund("8", "5")))
    kept = with_finer_amounts(EXACT, more)
    assert [each.amount for each in kept.refunds] == [Decimal("13.49"), Decimal(5)]


def test_what_is_gone_keeps_what_was_known_of_it() -> None:
    paid = goods("10")
    assert gone(paid) == msgspec.structs.replace(paid, standing=Standing.REMOVED)
    assert gone(CustomerFacts(registered=True)) == CustomerFacts(registered=True, removed=True)
    review = ReviewFacts(product="11", published=True, verified=True)
    assert gone(review) == msgspec.structs.replace(review, removed=True)
    assert gone(EnrolmentFacts()) == EnrolmentFacts()
    assert gone(None) is None
