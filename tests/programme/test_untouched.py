"""Orders that nothing was taken off are worked out in a shorter way: it must come to the same."""

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.programme.basis import basis_of
from app.programme.document import Switches
from app.programme.events import Line, LineKind, OrderFacts, Standing
from tests.programme.orders import refund, written

amounts = st.decimals(-1000, 10**14, allow_nan=False, places=2) | st.decimals(
    -5, 5, allow_nan=False, places=6
)
lines = st.builds(
    Line,
    id=st.sampled_from("abcd"),
    kind=st.sampled_from(LineKind),
    quantity=st.integers(-1, 3),
    net=amounts,
    tax=amounts,
)


@given(
    sold=st.lists(lines, max_size=5),
    taxed=st.booleans(),
    tax=st.sampled_from(["as-shown", "with", "without"]),
    tips=st.booleans(),
)
def test_an_order_and_one_of_which_nothing_was_given_back_count_alike(
    sold: list[Line], taxed: bool, tax: str, tips: bool
) -> None:
    order = OrderFacts(
        standing=Standing.PAID,
        status="paid",
        currency="PLN",
        prices_include_tax=taxed,
        total=sum((line.net + line.tax for line in sold), Decimal(0)),
        lines=tuple(sold),
    )
    switches = Switches(tax=tax, tips=tips)  # type: ignore[arg-type]
    refunded = msgspec.structs.replace(order, refunds=(refund("9", "0"),))
    assert written(basis_of(order, switches)) == written(basis_of(refunded, switches))
