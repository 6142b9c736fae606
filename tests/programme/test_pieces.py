"""Points for each piece: how many pieces an order has, and how many are left after refunds."""

import itertools
from decimal import Decimal

import pytest

from app.programme.events import Dispute, DisputeStatus, LineKind, OrderFacts, Refund
from app.programme.explanation import Note, Reason
from app.programme.order_worth import MOST_PER_AWARD
from tests.programme.orders import judge, line, order, points, programme, returned, unread

PIECE = '[[rule]]\nkey = "piece"\non = "order.paid"\npoints = 5\nper_piece = true\n'
RULES = programme(PIECE)

MUGS = line("1", "30.00", sku="MUG", quantity=3)
BEANS = line("2", "60.00", sku="BEANS", quantity=2)


def mugs(*refunds: Refund) -> OrderFacts:
    return order(MUGS, refunds=refunds)


def test_every_piece_of_goods_counts_and_nothing_else_has_pieces() -> None:
    facts = order(
        MUGS,
        BEANS,
        line("3", "10.00", kind=LineKind.SHIPPING),
        line("4", "5.00", kind=LineKind.FEE),
        line("5", "5.00", kind=LineKind.TIP),
    )
    assert points(RULES, facts) == 25
    everything = programme(PIECE, "[basis]\nshipping = true\nfees = true\ntips = true\n")
    assert points(everything, facts) == 25


def test_gift_cards_are_pieces_where_they_count() -> None:
    facts = order(MUGS, line("2", "100.00", kind=LineKind.GIFT_CARD, quantity=2))
    assert points(RULES, facts) == 15
    assert points(programme(PIECE, "[basis]\ngift_cards = true\n"), facts) == 25


def test_a_rule_counts_the_pieces_of_its_lines_times_their_factor() -> None:
    chosen = programme(PIECE + 'lines = { skus = ["MUG"] }\n')
    assert points(chosen, order(MUGS, BEANS)) == 15
    doubled = programme(PIECE + 'multiply = [{ by = "1.5", skus = ["MUG"] }]\n')
    [award] = judge(doubled, order(MUGS, BEANS))
    assert award.points == 32  # 4.5 + 2 pieces
    assert award.explanation.raw == Decimal("32.5")
    assert award.explanation.pieces == (("1", 3), ("2", 2))
    assert award.explanation.factors == (("1", Decimal("1.5")),)
    up = programme(PIECE + 'round = "ceil"\nmultiply = [{ by = "1.5", skus = ["MUG"] }]\n')
    assert points(up, order(MUGS, BEANS)) == 33


def test_points_for_pieces_may_have_a_limit_for_the_order() -> None:
    assert points(programme(PIECE + "max_points = 12\n"), order(MUGS, BEANS)) == 12


@pytest.mark.parametrize(
    ("refunds", "left"),
    [
        ((), 3),
        ((returned("9", "10.00", ("1", 1, "10.00")),), 2),
        ((returned("9", "20.00", ("1", 2, "20.00")),), 1),
        ((returned("9", "30.00", ("1", 3, "30.00")),), 0),
        ((returned("8", "10", ("1", 1, "10")), returned("9", "10", ("1", 1, "10"))), 1),
        # Returned without money it still counts; so does a piece of which the shop kept most.
        ((returned("9", "0.00", ("1", 1, "10.00")),), 3),
        ((returned("9", "4.99", ("1", 1, "10.00")),), 3),
        # A handling fee may be kept.
        ((returned("9", "8.00", ("1", 1, "10.00")),), 2),
        ((returned("9", "5.00", ("1", 1, "10.00")),), 2),
        ((returned("9", "24.00", ("1", 3, "30.00")),), 0),
        # First returned, the money afterwards and without naming the line.
        ((returned("8", "0.00", ("1", 1, "10.00")), unread("9", "10.00")), 2),
        # Money without a return takes no pieces, until it is all of it.
        ((unread("9", "10.00"),), 3),
        ((unread("9", "29.99"),), 3),
        ((unread("9", "30.00"),), 0),
        ((returned("9", "29.00", ("1", 0, "29.00")),), 3),
        ((returned("9", "30.00", ("1", 0, "30.00")),), 0),
        # More returned than bought.
        ((returned("9", "29.00", ("1", 7, "29.00")),), 0),
        ((returned("9", "10.00", ("1", -1, "10.00")),), 3),
    ],
)
def test_pieces_follow_the_money_that_is_given_back(refunds: tuple[Refund, ...], left: int) -> None:
    for chosen in itertools.permutations(refunds):
        assert points(RULES, mugs(*chosen)) == 5 * left
        assert points(RULES, order(MUGS, BEANS, refunds=chosen)) >= 5 * left


def test_a_discount_split_unevenly_over_pieces_takes_back_one_for_one() -> None:
    facts = order(line("1", "20.00", quantity=3))
    for cents in ("6.66", "6.67"):
        back = returned("9", cents, ("1", 1, cents))
        assert points(RULES, order(*facts.lines, refunds=(back,))) == 10


def test_what_cost_nothing_has_no_pieces() -> None:
    free = line("2", "0.00", sku="FREE", quantity=4)
    assert points(RULES, order(MUGS, free)) == 15
    covered = order(line("1", "30.00", quantity=3), line("2", "-30.00", kind=LineKind.FEE))
    [award] = judge(RULES, covered)
    assert (award.points, award.explanation.reason) == (0, Reason.NOTHING_COUNTS)


@pytest.mark.parametrize("quantity", [0, -2])
def test_a_line_without_pieces_earns_nothing_by_pieces(quantity: int) -> None:
    [award] = judge(RULES, order(line("1", "30.00", quantity=quantity)))
    assert (award.points, award.explanation.reason) == (0, Reason.NOTHING_COUNTS)


def test_a_lost_dispute_takes_the_pieces_once_it_takes_all_the_money() -> None:
    for amount, left in (("15.00", 3), ("30.00", 0)):
        lost = Dispute(id="1", status=DisputeStatus.LOST, amount=Decimal(amount), currency="PLN")
        facts = mugs()
        disputed = type(facts)(**{**_fields(facts), "disputes": (lost,)})
        assert points(RULES, disputed) == 5 * left


def _fields(facts: OrderFacts) -> dict[str, object]:
    return {name: getattr(facts, name) for name in facts.__struct_fields__}


def test_three_items_with_a_bonus_each_give_back_what_each_earned() -> None:
    """A 20 zł and 25 points more, B 10 zł and 5 more, C 10 zł: 70 points; C takes back 10, not half."""
    rules = programme(
        '[[rule]]\nkey = "unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
        '[[rule]]\nkey = "a"\non = "order.paid"\npoints = 25\nper_piece = true\n'
        'lines = { skus = ["A"] }\n'
        '[[rule]]\nkey = "b"\non = "order.paid"\npoints = 5\nper_piece = true\n'
        'lines = { skus = ["B"] }\n'
    )
    items = [line(sku, price, sku=sku) for sku, price in (("A", "20"), ("B", "10"), ("C", "10"))]
    assert points(rules, order(*items)) == 70
    for sku, price, taken in (("A", "20", 45), ("B", "10", 15), ("C", "10", 10)):
        back = returned("9", price, (sku, 1, price))
        assert points(rules, order(*items, refunds=(back,))) == 70 - taken


def test_one_award_for_pieces_never_outgrows_the_ledger() -> None:
    rules = programme(PIECE.replace("points = 5", "points = 1000000000"))
    [award] = judge(rules, order(line("1", "30.00", quantity=10**9)))
    assert (award.points, award.explanation.notes) == (MOST_PER_AWARD, (Note.LIMITED,))
