"""Orders in whole ten-thousandths are worked out in a shorter way: it must come to the same."""

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid
from app.programme.basis import basis_of
from app.programme.basis_units import whole_units
from app.programme.document import Switches
from app.programme.events import (
    Dispute,
    DisputeStatus,
    Line,
    LineKind,
    OrderFacts,
    Refund,
    RefundLine,
    Standing,
)
from tests.programme.orders import line, order, returned, written

amounts = st.decimals(-1000, 10**14, allow_nan=False, places=2) | st.decimals(
    -5, 5, allow_nan=False, places=6
)
odd = st.sampled_from(["0E-20", "0E+30", "-0.00", "1E+14", "1E+15", "NaN", "1E-5", "3.1400000"])
lines = st.builds(
    Line,
    id=st.sampled_from("abcd"),
    kind=st.sampled_from(LineKind),
    quantity=st.integers(-1, 3),
    net=amounts | odd.map(Decimal),
    tax=amounts,
)
prices = st.decimals(0, 40, allow_nan=False, places=2)
few = st.lists(
    st.builds(
        Line,
        id=st.sampled_from("abcd"),
        kind=st.sampled_from([LineKind.GOODS, LineKind.GOODS, LineKind.SHIPPING]),
        quantity=st.integers(0, 3),
        net=prices,
        tax=prices,
    ),
    min_size=1,
    max_size=4,
)
backs = st.builds(
    RefundLine,
    line=st.sampled_from("abcde"),
    quantity=st.integers(0, 2),
    net=prices,
    tax=st.decimals(-1, 9, allow_nan=False, places=2),
)


def the_long_way(facts: OrderFacts) -> OrderFacts:
    """Return the same order with a dispute that the shop lost over nothing: no short way has those."""
    nothing = Dispute(id="9", status=DisputeStatus.LOST, amount=Decimal(0), currency=facts.currency)
    return msgspec.structs.replace(facts, disputes=(nothing,))


def told(facts: OrderFacts, switches: Switches) -> str:
    try:
        return written(basis_of(facts, switches))
    except Invalid:
        return "refused"


@given(
    sold=st.lists(lines, max_size=5),
    taxed=st.booleans(),
    tax=st.sampled_from(["as-shown", "with", "without"]),
    tips=st.booleans(),
)
def test_an_order_of_which_nothing_was_given_back_counts_alike_in_both_ways(
    sold: list[Line], taxed: bool, tax: str, tips: bool
) -> None:
    facts = OrderFacts(
        standing=Standing.PAID,
        status="paid",
        currency="PLN",
        prices_include_tax=taxed,
        total=Decimal(100),
        lines=tuple(sold),
    )
    switches = Switches(tax=tax, tips=tips)  # type: ignore[arg-type]
    assert told(facts, switches) == told(the_long_way(facts), switches)


@given(
    sold=few,
    parts=st.lists(st.lists(backs, max_size=3), min_size=1, max_size=2),
    beyond=st.sampled_from(["0", "0", "0", "0.01", "-0.01"]),
    taxed=st.booleans(),
)
def test_an_order_of_which_lines_were_given_back_counts_alike_in_both_ways(
    sold: list[Line], parts: list[list[RefundLine]], beyond: str, taxed: bool
) -> None:
    refunds = tuple(
        Refund(
            id=str(number),
            amount=sum((one.net + one.tax for one in part), Decimal(beyond)),
            lines=tuple(part),
        )
        for number, part in enumerate(parts)
    )
    facts = order(*sold, refunds=refunds, prices_include_tax=taxed)
    assert told(facts, Switches()) == told(the_long_way(facts), Switches())


def test_a_line_given_back_for_its_money_takes_the_short_way() -> None:
    facts = order(
        line("1", "60.00", "13.80", quantity=3),
        line("2", "20.00", "4.60"),
        refunds=(returned("9", "20.00", ("1", 1, "20.00")),),
    )
    left = whole_units(facts, with_tax=True)
    assert left is not None
    assert [(units, pieces) for _, units, pieces in left] == [(538_000, 2), (246_000, 1)]
    assert (
        whole_units(the_long_way(facts), with_tax=True) == left
    )  # it is basis.py that looks at disputes
