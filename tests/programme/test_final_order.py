"""However an order came to be what it is, it is worth what it would be if placed so at once."""

import itertools
from dataclasses import dataclass
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.programme.events import Line, LineKind, OrderFacts, Refund, RefundLine, Standing
from app.programme.explanation import Explanation
from tests.programme.orders import judge, order, programme

RULES = programme(
    '[[rule]]\nkey = "unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
    'except_lines = { skus = ["*-SALE"] }\n'
    'multiply = [{ by = "1.5", skus = ["A*"] }, { by = "0.25", skus = ["B"] }]\n'
    '[[rule]]\nkey = "piece"\non = "order.paid"\npoints = 25\nper_piece = true\n'
    'lines = { skus = ["A", "B*"] }\nmultiply = [{ by = "2", skus = ["B"] }]\n'
    '[[rule]]\nkey = "product"\non = "order.paid"\npoints = 7\n'
    'lines = { products = [{ store = "kawa-shop", id = "3" }] }\n'
    '[[rule]]\nkey = "web"\non = "order.paid"\npoints = 1\nper = "10.00"\nstep = true\n'
    'lines = { skus = ["A", "B"] }\nwhen = { channels = ["web"], goods_from = "5.00" }\n'
)
SKUS = ("A", "B", "A-SALE", "B-SALE", "C", None)


@dataclass(frozen=True)
class Bought:
    """A line as it was bought, and what became of it."""

    sku: str | None
    pieces: int
    price: int  # of a piece, in grosz
    returned: tuple[int, ...]  # pieces given back, refund by refund
    reduced: tuple[int, ...]  # money given back on it besides, in grosz


@st.composite
def bought(draw: st.DrawFn) -> Bought:
    pieces, price = draw(st.integers(0, 5)), draw(st.integers(0, 5_000))
    returned = []
    for _ in range(draw(st.integers(0, 3))):
        returned.append(draw(st.integers(0, pieces - sum(returned))))
    reduced: list[int] = []
    for _ in range(draw(st.integers(0, 2))):
        left = (pieces - sum(returned)) * price - sum(reduced)
        reduced.append(draw(st.integers(0, left)))
    return Bought(draw(st.sampled_from(SKUS)), pieces, price, tuple(returned), tuple(reduced))


def money(grosz: int) -> Decimal:
    return Decimal(grosz).scaleb(-2)


def sold(at: int, one: Bought, pieces: int, grosz: int) -> Line:
    return Line(id=str(at), product=str(at), sku=one.sku, quantity=pieces, net=money(grosz))


def part(at: int, pieces: int, grosz: int) -> RefundLine:
    return RefundLine(line=str(at), quantity=pieces, net=money(grosz))


@given(
    lines=st.lists(bought(), min_size=1, max_size=4),
    delivery=st.integers(0, 1_500),
    shares=st.lists(st.integers(0, 100), max_size=3),
    together=st.lists(st.booleans(), min_size=40, max_size=40),
    channel=st.sampled_from(["web", "checkout", "pos", None]),
    chance=st.randoms(use_true_random=False),
)
def test_refunds_in_any_split_and_sequence_leave_what_the_final_order_earns(
    lines: list[Bought],
    delivery: int,
    shares: list[int],
    together: list[bool],
    channel: str | None,
    chance: object,
) -> None:
    """Lines returned piece by piece, money given back on lines and on the whole, cancelled, restored."""
    extra = Line(id="d", kind=LineKind.SHIPPING, net=money(delivery))
    parts = [
        part(at, pieces, pieces * one.price)
        for at, one in enumerate(lines)
        for pieces in one.returned
    ] + [part(at, 0, grosz) for at, one in enumerate(lines) for grosz in one.reduced]
    chance.shuffle(parts)  # type: ignore[attr-defined]
    left = [(one.pieces - sum(one.returned)) * one.price - sum(one.reduced) for one in lines]
    amounts = [sum(left) * share // 300 for share in shares]
    bundles = [
        [each for _, each in group]
        for _, group in itertools.groupby(
            zip(itertools.accumulate(together), parts, strict=False), key=lambda pair: pair[0]
        )
    ]
    refunds = [
        Refund(
            id=f"l{at}", amount=sum((one.net for one in bundle), Decimal(0)), lines=tuple(bundle)
        )
        for at, bundle in enumerate(bundles)
    ]
    refunds += [
        Refund(id=f"a{at}", amount=money(grosz), lines=()) for at, grosz in enumerate(amounts)
    ]
    placed = order(
        *(sold(at, one, one.pieces, one.pieces * one.price) for at, one in enumerate(lines)),
        extra,
        channel=channel,
    )
    final = order(
        *(
            sold(at, one, one.pieces - sum(one.returned), grosz)
            for at, (one, grosz) in enumerate(zip(lines, left, strict=True))
        ),
        extra,
        Line(id="f", kind=LineKind.FEE, net=money(-sum(amounts))),
        channel=channel,
    )
    at_once = worth(final)
    known: list[Refund] = []
    for refund in refunds:
        known.append(refund)
        chance.shuffle(known)  # type: ignore[attr-defined]
        state = msgspec.structs.replace(placed, refunds=tuple(known))
        cancelled = msgspec.structs.replace(state, standing=Standing.CANCELLED)
        assert {points for points, _ in worth(cancelled).values()} == {0}
    assert worth(msgspec.structs.replace(placed, refunds=tuple(known))) == at_once
    assert all(points >= 0 for points, _ in at_once.values())


def worth(facts: OrderFacts) -> dict[str, tuple[int, object]]:
    """Return of each rule its points, and of each line what they are given for."""
    return {
        award.rule: (award.points, traced(award.explanation))
        for award in judge(RULES, facts, store="kawa-shop")
    }


def traced(why: Explanation) -> object:
    left = tuple((line_id, amount) for line_id, amount in why.lines if amount)
    counted = {line_id for line_id, _ in left}
    factors = tuple(factor for factor in why.factors if factor[0] in counted)
    return left, factors, why.pieces, why.basis or 0
