"""Punch cards: every n-th piece, whatever the order in which orders and refunds are told."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.programme.cards import MOST_FILLED, Card, card_states, evaluate_cards
from app.programme.document import Programme
from app.programme.events import OrderFacts, Standing
from app.programme.explanation import Reason
from app.programme.order_windows import OrderItem
from app.programme.person_windows import lapsed
from tests.programme.orders import line, order, preset, programme, returned

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
COFFEE = (
    '[[rule]]\nkey = "card"\non = "items.count"\nevery = 10\npoints = 50\n'
    'lines = { skus = ["COFFEE-*"] }\nexcept_lines = { skus = ["COFFEE-CUP"] }\n'
)


def cups(pieces: int, *, back: int = 0, sku: str = "COFFEE-1", **more: object) -> OrderFacts:
    """Return an order of so many pieces at 10.00, of which some went back."""
    refunds = (returned("r", f"{back * 10}.00", ("1", back, f"{back * 10}.00")),) if back else ()
    sold = line("1", f"{pieces * 10}.00", quantity=pieces, sku=sku)
    return order(sold, refunds=refunds, **more)  # type: ignore[arg-type]


def item(number: int, facts: OrderFacts, rules: Programme) -> OrderItem:
    return OrderItem(
        object_id=number,
        occurred_at=NOON + timedelta(days=number),
        programme=rules,
        version=1,
        facts=facts,
    )


def filled(*items: OrderItem) -> dict[str, tuple[int, int]]:
    """Return what each full card gives, and the order that filled it."""
    return {
        window.key: (award.points or award.grants, award.explanation.objects[0])
        for window, award in evaluate_cards(items)
    }


def test_the_tenth_item_gives_a_free_product_and_the_eleventh_begins_a_new_card() -> None:
    rules = preset("punch-card")
    ten = [item(number, cups(1), rules) for number in range(1, 11)]
    assert filled(*ten[:9]) == {}
    [(window, award)] = evaluate_cards(ten)
    assert (window.rule, window.key) == ("tenth-item", "items:1")
    assert (award.points, award.reward, award.grants) == (0, "free-product-card", 1)
    eleven = [*ten, item(11, cups(1), rules)]
    assert filled(*eleven) == {"items:1": (1, 10)}
    assert card_states(eleven, rules) == (Card(rule="tenth-item", punched=1, every=10, full=1),)


def test_a_refund_of_the_fourth_item_un_punches_and_the_eleventh_fills_the_card() -> None:
    rules = preset("punch-card")
    some = [item(number, cups(1), rules) for number in range(1, 11)]
    some[3] = item(4, cups(1, back=1), rules)
    assert filled(*some) == {}
    assert card_states(some, rules)[0].punched == 9
    assert filled(*some, item(11, cups(1), rules)) == {"items:1": (1, 11)}


def test_one_order_may_fill_several_cards_and_begin_another() -> None:
    rules = programme(COFFEE)
    many = item(1, cups(25), rules)
    assert filled(many) == {"items:1": (50, 1), "items:2": (50, 1)}
    assert card_states([many], rules) == (Card(rule="card", punched=5, every=10, full=2),)
    assert filled(item(1, cups(25, back=6), rules)) == {"items:1": (50, 1)}


def test_only_pieces_of_what_the_card_is_for_count() -> None:
    rules = programme(COFFEE)
    others = [
        item(1, cups(10, sku="TEA-1"), rules),
        item(2, cups(10, sku="COFFEE-CUP"), rules),
        item(3, cups(10, standing=Standing.CANCELLED), rules),
        item(4, order(line("1", "0.00", quantity=10, sku="COFFEE-1")), rules),
    ]
    assert filled(*others) == {}
    assert card_states([], rules) == (Card(rule="card", punched=0, every=10, full=0),)


def test_orders_of_versions_without_the_card_punch_nothing() -> None:
    without, rules = programme(COFFEE.replace("card", "other")), programme(COFFEE)
    assert filled(item(1, cups(9), without), item(2, cups(1), rules)) == {}


def test_a_card_that_became_shorter_is_full_with_the_next_piece() -> None:
    long, short = programme(COFFEE), programme(COFFEE.replace("= 10", "= 5"))
    assert card_states([item(1, cups(7), long)], short)[0].punched == 4
    assert filled(item(1, cups(7), long), item(2, cups(1), short)) == {"items:1": (50, 2)}


def test_a_full_card_names_the_orders_that_punched_it_and_one_that_is_not_full_says_so() -> None:
    rules = programme(COFFEE)
    items = [item(1, cups(4), rules), item(2, cups(9), rules), item(3, cups(7), rules)]
    [(window, first), (_, second)] = evaluate_cards(items)
    assert first.explanation.objects == (2, 1)
    assert second.explanation.objects == (3, 2)
    gone = lapsed(window, 3)
    assert (gone.points, gone.explanation.reason) == (0, Reason.NOT_FULL)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 12)), max_size=8))
def test_cards_are_the_pieces_left_divided_by_ten(orders: list[tuple[int, int]]) -> None:
    rules = programme(COFFEE)
    items = [
        item(number, cups(pieces, back=min(back, pieces)), rules)
        for number, (pieces, back) in enumerate(orders, start=1)
    ]
    left = sum(pieces - min(back, pieces) for pieces, back in orders)
    assert len(evaluate_cards(items)) == left // 10
    assert card_states(items, rules)[0].punched == left % 10
    for told in itertools.islice(itertools.permutations(items), 6):
        assert evaluate_cards(told) == evaluate_cards(items)


def test_an_order_of_more_pieces_than_anybody_buys_fills_no_endless_row_of_cards() -> None:
    rules = programme(COFFEE)
    crowd = [item(1, cups(10**12), rules), item(2, cups(10), rules)]
    assert len(filled(*crowd)) == MOST_FILLED + 1
