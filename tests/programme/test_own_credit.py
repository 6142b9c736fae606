"""What was paid with gift cards and credit of the programme's own earns nothing; all other money does."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.programme.basis import basis_of
from app.programme.cards import evaluate_cards
from app.programme.challenge_windows import evaluate_challenges
from app.programme.document import Programme, Switches
from app.programme.events import CreditBack, CreditUse, LineKind, OrderFacts, Refund, Standing
from app.programme.membership_windows import evaluate_memberships
from app.programme.order_windows import OrderItem, counts
from app.programme.own_credit import (
    Given,
    OwnCredit,
    Paid,
    paid_alike,
    unread_kinds,
    with_cards,
    with_known_credits,
    with_store_credit,
)
from app.programme.person import History
from app.programme.referrals import bought as has_bought
from app.programme.rules import Context
from app.programme.shop_money import MoneyKind
from app.programme.simulate import as_if
from app.programme.tier_facts import facts_of
from app.programme.tiers import UNIT
from tests.programme.orders import PLACED, goods, judge, line, order, points, programme, refund
from tests.programme.tiered import days, item
from tests.programme.tiered import programme as tiered

PER_UNIT = programme('[[rule]]\nkey = "unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n')
OVER_50 = programme(
    '[[rule]]\nkey = "fixed"\non = "order.paid"\npoints = 50\nwhen = { goods_over = "50.00" }\n'
)
PER_PIECE = programme('[[rule]]\nkey = "piece"\non = "order.paid"\npoints = 5\nper_piece = true\n')
MUGS = programme(
    '[[rule]]\nkey = "mugs"\non = "order.paid"\npoints = 1\nper = "1.00"\nlines = { skus = ["MUG"] }\n'
)
MONDAY = datetime(2026, 11, 2, 12, tzinfo=UTC)


def own(amount: str, *back: tuple[int, str]) -> Context:
    """Return the context of an order paid with so much of our credit; (days later, what went back)."""
    changes = [OwnCredit(PLACED, Decimal(amount))]
    changes += [OwnCredit(PLACED + timedelta(days=at), -Decimal(one)) for at, one in back]
    return Context(credit=tuple(changes))


def use(
    kind: MoneyKind,
    amount: str | None,
    *back: tuple[datetime | None, str],
    card: str = "",
) -> CreditUse:
    return CreditUse(
        kind=kind,
        card=card,
        amount=None if amount is None else Decimal(amount),
        back=tuple(CreditBack(amount=Decimal(one), at=at) for at, one in back),
    )


def paid(amount: str, *uses: CreditUse, refunds: tuple[Refund, ...] = ()) -> OrderFacts:
    return msgspec.structs.replace(goods(amount, refunds=refunds), credits=uses)


def test_a_part_paid_with_our_gift_card_earns_nothing() -> None:
    assert points(PER_UNIT, goods("100.00"), own("20.00")) == 80


def test_an_order_paid_with_our_card_altogether_earns_exactly_nothing() -> None:
    for rules in (PER_UNIT, OVER_50, PER_PIECE):
        assert points(rules, goods("100.00"), own("100.00")) == 0
        assert points(rules, goods("100.00"), own("130.00")) == 0


def test_our_credit_pays_for_goods_and_delivery_alike() -> None:
    facts = order(line("1", "80.00"), line("2", "20.00", kind=LineKind.SHIPPING))
    basis = basis_of(facts, Switches(), Decimal(50))
    assert basis.lines == (("1", Decimal("40.00")),)
    assert basis.left_out == (("shipping", Decimal("20.00")),)
    assert basis_of(facts, Switches(shipping=True), Decimal(50)).total == Decimal("50.00")


def test_prices_without_tax_lose_the_same_share() -> None:
    facts = order(line("1", "100.00", "23.00"))
    assert basis_of(facts, Switches(tax="without"), Decimal("61.50")).total == Decimal("50.00")


def test_a_programme_may_let_it_count() -> None:
    assert basis_of(goods("100.00"), Switches(own_credit=True), Decimal(40)).total == 100


def test_thresholds_look_at_the_part_that_was_paid_with_money() -> None:
    assert points(OVER_50, goods("100.00"), own("49.99")) == 50
    assert points(OVER_50, goods("100.00"), own("50.00")) == 0


def test_pieces_count_whole_as_long_as_money_paid_for_any_of_them() -> None:
    facts = order(line("1", "100.00", quantity=4))
    assert points(PER_PIECE, facts, own("99.00")) == 20


def test_a_rule_for_some_goods_says_what_of_these_was_paid_with_it() -> None:
    facts = order(line("1", "60.00", sku="MUG"), line("2", "40.00", sku="TEA"))
    [award] = judge(MUGS, facts, context=own("50.00"))
    assert award.points == 30
    assert award.explanation.left_out == (
        ("not-named", Decimal("40.00")),
        ("own-credit", Decimal("30.00")),
    )


@pytest.mark.parametrize(
    ("refunds", "back", "expected"),
    [
        (("50.00",), (), 10),  # as money: the card has paid for most of what is left
        (("50.00",), ((3, "40.00"),), 50),  # the card first, as if it had never been used
        (("20.00", "30.00"), ((2, "20.00"), (3, "20.00")), 50),
        (("60.00",), (), 0),
        (("100.00",), ((3, "40.00"),), 0),
        (("60.00", "40.00"), ((4, "40.00"),), 0),
    ],
)
def test_after_refunds_it_is_what_the_final_order_would_have_earned(
    refunds: tuple[str, ...], back: tuple[tuple[int, str], ...], expected: int
) -> None:
    several = tuple(refund(str(at), amount) for at, amount in enumerate(refunds))
    assert points(PER_UNIT, goods("100.00", refunds=several), own("40.00", *back)) == expected


CENTS = st.integers(0, 20_000)


@given(lines=st.lists(CENTS, min_size=1, max_size=6), credit=st.integers(0, 30_000))
def test_what_is_left_of_the_lines_adds_up_to_the_whole(lines: list[int], credit: int) -> None:
    facts = order(
        *(line(str(at), str(Decimal(one).scaleb(-2))) for at, one in enumerate(lines)),
        line("d", "9.99", kind=LineKind.SHIPPING),
    )
    whole, before = sum(lines) + 999, basis_of(facts, Switches())
    basis = basis_of(facts, Switches(), Decimal(credit).scaleb(-2))
    exact = Decimal(sum(lines) * 100) * max(whole - credit, 0) / whole
    assert abs(basis.units - exact) <= Decimal("0.5")
    assert sum(basis.parts) == basis.units
    assert all(0 <= left <= part for left, part in zip(basis.parts, before.parts, strict=True))
    if credit and before.units:
        assert tuple(map(sum, zip(basis.parts, basis.credited, strict=True))) == before.parts


def test_only_our_cards_are_taken_off() -> None:
    facts = paid("100.00", use("gift-card", "30.00", card="7"), use("gift-card", "20.00", card="8"))
    mine = with_cards(facts, PLACED, lambda one: one.card == "7")
    assert mine == (OwnCredit(PLACED, Decimal("30.00")),)
    assert with_cards(facts, PLACED, lambda _: False) == ()


def test_no_more_goes_back_to_a_card_than_it_paid() -> None:
    later = PLACED + timedelta(days=2)
    facts = paid("100.00", use("gift-card", "30.00", (later, "20.00"), (later, "20.00")))
    mine = with_cards(facts, PLACED, lambda _: True)
    assert mine == (OwnCredit(PLACED, Decimal(30)), OwnCredit(later, Decimal(-30)))


def bought(key: str, day: int, amount: str, *back: tuple[int, str], store: int = 1) -> Paid:
    """Return an order of that day paid with so much store credit; (day, what went back to it)."""
    later = tuple((MONDAY + timedelta(days=at), one) for at, one in back)
    return Paid(
        store_id=store,
        key=key,
        at=MONDAY + timedelta(days=day),
        order=paid("500.00", use("store-credit", amount, *later)),
    )


def credit(day: int, amount: str, *, store: int = 1, currency: str = "PLN") -> Given:
    at = MONDAY + timedelta(days=day)
    return Given(store_id=store, at=at, currency=currency, amount=Decimal(amount))


def shares(given_: list[Given], orders: list[Paid]) -> dict[str, Decimal]:
    found = with_store_credit(given_, orders)
    return {
        key: sum((one.amount for one in several), Decimal(0)) for (_, key), several in found.items()
    }


def test_orders_use_up_our_store_credit_in_the_order_of_time() -> None:
    orders = [bought("1", 1, "30.00"), bought("2", 2, "40.00"), bought("3", 3, "10.00")]
    expected = {"1": 30, "2": 20, "3": 0}
    assert shares([credit(0, "50.00")], orders) == expected
    assert shares([credit(0, "50.00")], orders[::-1]) == expected


def test_credit_given_after_an_order_cannot_have_paid_for_it() -> None:
    assert shares([credit(2, "50.00")], [bought("1", 1, "30.00"), bought("2", 3, "30.00")]) == {
        "1": 0,
        "2": 30,
    }


def test_what_goes_back_to_the_credit_pays_for_later_orders_but_not_for_earlier_ones() -> None:
    orders = [
        bought("1", 1, "50.00", (4, "20.00")),
        bought("2", 2, "20.00"),
        bought("3", 5, "30.00"),
    ]
    assert shares([credit(0, "50.00")], orders) == {"1": 30, "2": 0, "3": 20}


def test_shops_and_currencies_have_credit_of_their_own() -> None:
    given_ = [credit(0, "50.00", store=2), credit(0, "50.00", currency="EUR")]
    assert shares(given_, [bought("1", 1, "30.00")]) == {"1": 0}


def test_of_two_orders_of_one_second_the_shops_number_decides() -> None:
    orders = [bought("10", 1, "30.00"), bought("9", 1, "30.00")]
    assert shares([credit(0, "40.00")], orders) == {"9": 30, "10": 10}


AMOUNTS = st.integers(1, 50)


@given(
    given_=st.lists(st.tuples(st.integers(0, 9), AMOUNTS), max_size=4),
    orders=st.lists(
        st.tuples(
            st.integers(0, 9), AMOUNTS, st.lists(st.tuples(st.integers(0, 9), AMOUNTS), max_size=2)
        ),
        max_size=6,
    ),
    chance=st.randoms(use_true_random=False),
)
def test_store_credit_is_neither_used_twice_nor_by_the_order_in_which_it_is_told(
    given_: list[tuple[int, int]],
    orders: list[tuple[int, int, list[tuple[int, int]]]],
    chance: object,
) -> None:
    gifts = [credit(day, str(amount)) for day, amount in given_]
    several = [
        bought(str(at), day, str(amount), *((when, str(back)) for when, back in later))
        for at, (day, amount, later) in enumerate(orders)
    ]
    found = with_store_credit(gifts, several)
    for one in several:
        changes, used = found.get((1, one.key), ()), one.order.credits[0]
        left = Decimal(0)
        for change in changes:
            left += change.amount
            assert 0 <= left <= (used.amount or 0)
    spent = sum((one.amount for changes in found.values() for one in changes), Decimal(0))
    assert spent <= sum(amount for _, amount in given_)
    chance.shuffle(gifts)  # type: ignore[attr-defined]
    chance.shuffle(several)  # type: ignore[attr-defined]
    assert with_store_credit(gifts, several) == found


def test_tiers_by_spend_count_money_and_date_what_went_back_to_a_card() -> None:
    one = item(1, days(0), "600.00", tiered(), refunds=((days(20), "200.00"),))
    changes = (OwnCredit(days(0), Decimal(150)), OwnCredit(days(20), Decimal(-150)))
    one = msgspec.structs.replace(one, context=Context(credit=changes))
    facts = facts_of(one, "spend")
    assert [(fact.at, fact.amount // UNIT) for fact in facts] == [(days(0), 450), (days(20), -50)]


def test_a_body_that_only_names_the_way_of_paying_takes_over_what_a_read_told() -> None:
    body = paid("100.00", use("gift-card", None))
    read = paid("100.00", use("gift-card", "30.00", card="7"))
    assert unread_kinds(body) == {"gift-card"}
    assert unread_kinds(msgspec.structs.replace(body, standing=Standing.OPEN)) == set()
    assert with_known_credits(read, body) == read
    assert with_known_credits(body, body) == body
    assert (
        with_known_credits(read, paid("100.00", use("store-credit", None))).credits[0].amount
        is None
    )


def test_a_refund_or_an_edit_may_change_what_an_order_was_paid_with() -> None:
    read = paid("100.00", use("gift-card", "30.00"))
    assert paid_alike(read, paid("100.00", use("gift-card", None)))
    assert not paid_alike(read, paid("90.00", use("gift-card", None)))
    assert not paid_alike(read, paid("100.00", refunds=(refund("1", "10.00"),)))
    assert not paid_alike(msgspec.structs.replace(read, standing=Standing.OPEN), read)


def placed(rules: Programme, facts: OrderFacts, amount: str, day: int = 0) -> OrderItem:
    """Return an order of a day paid with so much of our credit."""
    moment = PLACED + timedelta(days=day)
    return OrderItem(
        object_id=day,
        occurred_at=moment,
        programme=rules,
        version=1,
        context=Context(credit=(OwnCredit(moment, Decimal(amount)),)),
        facts=facts,
    )


def test_what_our_credit_paid_for_altogether_punches_no_card() -> None:
    rules = programme('[[rule]]\nkey = "card"\non = "items.count"\nevery = 2\npoints = 5\n')
    mugs = order(line("1", "20.00", quantity=2))
    assert evaluate_cards([placed(rules, mugs, "20.00")]) == []
    assert len(evaluate_cards([placed(rules, mugs, "19.99")])) == 1


def test_a_challenge_for_orders_of_some_size_looks_at_what_was_paid_with_money() -> None:
    rules = programme(
        '[[challenge]]\nkey = "two"\norders = 2\ndays = 30\ngoods_from = "50.00"\npoints = 5\n'
    )
    for amount, won in (("50.01", 0), ("50.00", 1)):
        items = [placed(rules, goods("100.00"), amount, day) for day in (0, 1)]
        assert len(evaluate_challenges(items)) == won


def test_a_friend_who_paid_with_our_credit_only_has_bought_nothing_yet() -> None:
    assert not has_bought(placed(PER_UNIT, goods("50.00"), "50.00"))
    assert has_bought(placed(PER_UNIT, goods("50.00"), "49.00"))


def test_an_order_counts_and_a_membership_is_bought_however_it_was_paid() -> None:
    rules = programme(
        '[membership]\nkey = "club"\nname = "Club"\ndays = 30\nperks = ["tea"]\nlines = { skus = ["CLUB"] }\n'
    )
    one = placed(rules, order(line("1", "50.00", sku="CLUB")), "50.00")
    assert counts(one)
    assert len(evaluate_memberships([one])) == 1


def test_a_draft_is_tried_on_what_orders_were_really_paid_with() -> None:
    one = placed(PER_UNIT, goods("100.00"), "40.00")
    [tried] = as_if(OVER_50, History(1, (one,), ())).orders
    assert tried.context.credit == one.context.credit
