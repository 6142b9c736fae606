"""What a redemption has come to, by its code and the orders that show it, in whatever order that is known."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.programme.events import OrderFacts, RedemptionState, Refund, Standing
from app.programme.redemption import Use, Verdict, judge, refunded_in_full
from app.programme.reward import Cancelled

CODE = "k7qm-3xtd-9rwb"
START = datetime(2026, 11, 21, 12, tzinfo=UTC)
RESERVED, ISSUED, USED, RELEASED, LAPSED = RedemptionState

CANCELLED: tuple[Cancelled, ...] = ("code", "points", "none")
Refunded = Literal["none", "points", "new-code"]
POLICIES: tuple[Refunded, ...] = ("none", "points", "new-code")


def order(
    standing: Standing = Standing.PAID,
    *,
    total: str = "100.00",
    refunds: tuple[str, ...] = (),
    codes: tuple[str, ...] = (CODE,),
) -> OrderFacts:
    """Return an order as far as it matters here."""
    return OrderFacts(
        standing=standing,
        status=standing.value,
        currency="PLN",
        prices_include_tax=True,
        total=Decimal(total),
        refunds=tuple(
            Refund(id=str(number), amount=Decimal(amount)) for number, amount in enumerate(refunds)
        ),
        codes=codes,
    )


def use(number: int, facts: OrderFacts | None, *, second: int = 0, gone: bool = False) -> Use:
    """Return an order with its own number, placed at a second."""
    return Use(
        object_id=1000 + number,
        number=str(number),
        placed_at=START + timedelta(seconds=second),
        facts=facts,
        gone=gone,
    )


def said(*uses: Use, made: bool = True, dead: bool = False, refunded: Refunded = "none") -> Verdict:
    return judge(CODE, uses, made=made, dead=dead, refunded=refunded)


@pytest.mark.parametrize(
    ("made", "dead", "state"),
    [
        (False, False, RESERVED),
        (True, False, ISSUED),
        (True, True, RELEASED),
        (False, True, RELEASED),
    ],
)
def test_a_code_that_no_order_shows_is_what_the_shop_says_of_it(
    made: bool, dead: bool, state: RedemptionState
) -> None:
    assert said(made=made, dead=dead) == Verdict(state=state)


@pytest.mark.parametrize("standing", [Standing.OPEN, Standing.PAID, Standing.COMPLETED])
@pytest.mark.parametrize(("made", "dead"), [*itertools.product((False, True), repeat=2)])
def test_an_order_that_shows_the_code_captures_it_even_if_it_was_released(
    standing: Standing, made: bool, dead: bool
) -> None:
    verdict = said(use(1, order(standing)), made=made, dead=dead)
    assert verdict == Verdict(state=USED, used_by=1001)


@pytest.mark.parametrize(
    ("shown", "spent"),
    [
        (use(1, order(Standing.CANCELLED)), 1),
        (use(1, order(Standing.REMOVED)), 1),
        (use(1, order(Standing.PAID), gone=True), 1),
        (use(1, order(Standing.DRAFT)), 0),  # a cart uses nothing up
        (use(1, None, gone=True), 0),
        (use(1, order(codes=())), 0),  # the code was taken off the order
        (use(1, order(codes=("another",))), 0),
    ],
)
def test_an_order_that_came_to_nothing_does_not_capture(shown: Use, spent: int) -> None:
    assert said(shown) == Verdict(state=ISSUED, spent=spent)
    assert said(shown, dead=True) == Verdict(state=RELEASED, spent=spent)


def test_of_two_orders_the_newest_that_was_not_cancelled_captures() -> None:
    first, second = use(1, order(), second=1), use(2, order(), second=2)
    cancelled = msgspec.structs.replace(second, facts=order(Standing.CANCELLED))
    assert said(first, second).used_by == 1002
    assert said(first, cancelled) == Verdict(state=USED, used_by=1001, spent=1)


def test_of_two_orders_of_one_second_the_shop_s_numbers_decide_not_which_came_first() -> None:
    older, newer = use(9, order()), use(10, order())
    came_late = msgspec.structs.replace(older, object_id=99_999)
    assert said(came_late, newer).used_by == newer.object_id


@pytest.mark.parametrize(
    ("total", "refunds", "full"),
    [
        ("100.00", (), False),
        ("100.00", ("99.99",), False),
        ("100.00", ("60.00", "40.00"), True),
        ("100.00", ("110.00",), True),
        ("0.00", (), False),  # all of it was the discount: nothing was given back
        ("0.00", ("0.00",), False),
    ],
)
def test_a_refund_is_full_when_all_that_was_paid_is_back(
    total: str, refunds: tuple[str, ...], full: bool
) -> None:
    assert refunded_in_full(order(total=total, refunds=refunds)) is full
    verdict = said(use(1, order(total=total, refunds=refunds)), refunded="points")
    assert verdict == Verdict(state=USED, used_by=1001, given_back=full)


@pytest.mark.parametrize("refunded", POLICIES)
def test_what_a_full_refund_gives_back_is_as_the_reward_says(refunded: Refunded) -> None:
    verdict = said(use(1, order(refunds=("100.00",))), refunded=refunded)
    assert (verdict.given_back, verdict.replaced) == (refunded == "points", refunded == "new-code")


def test_the_refund_of_an_order_that_does_not_capture_gives_nothing_back() -> None:
    first = use(1, order(refunds=("100.00",)), second=1)
    assert not said(first, use(2, order(), second=2), refunded="points").given_back
    cancelled = use(1, order(Standing.CANCELLED, refunds=("100.00",)))
    assert said(cancelled, refunded="new-code") == Verdict(state=ISSUED, spent=1)


facts = st.one_of(
    st.none(),
    st.builds(
        order,
        st.sampled_from(Standing),
        refunds=st.sampled_from([(), ("40.00",), ("60.00", "40.00")]),
        codes=st.sampled_from([(), (CODE,), ("another", CODE), ("another",)]),
    ),
)
states = st.lists(
    st.tuples(facts, st.integers(0, 2), st.booleans()), max_size=4
)  # facts, second, gone
shops: dict[str, Any] = {
    "made": st.booleans(),
    "dead": st.booleans(),
    "refunded": st.sampled_from(POLICIES),
    "cancelled": st.sampled_from(CANCELLED),
}


@given(seen=states, data=st.data(), **shops)
def test_the_answer_is_the_same_in_whatever_order_the_orders_became_known(
    seen: list[tuple[OrderFacts | None, int, bool]], data: st.DataObject, **shop: Any
) -> None:
    numbers = range(len(seen))
    answers = []
    for received in (numbers, data.draw(st.permutations(numbers))):
        uses = [
            Use(
                object_id=came,  # ours, as they came
                number=str(number),
                placed_at=START + timedelta(seconds=seen[number][1]),
                facts=seen[number][0],
                gone=seen[number][2],
            )
            for came, number in enumerate(received, start=1)
        ]
        verdict = judge(CODE, uses, **shop)
        captor = next((one.number for one in uses if one.object_id == verdict.used_by), None)
        answers.append((msgspec.structs.replace(verdict, used_by=None), captor))
    assert answers[0] == answers[1]


@given(seen=states, **shops)
def test_a_verdict_never_says_two_things_at_once(
    seen: list[tuple[OrderFacts | None, int, bool]], **shop: Any
) -> None:
    uses = [
        use(number, said_of, second=second, gone=gone)
        for number, (said_of, second, gone) in enumerate(seen, start=1)
    ]
    verdict = judge(CODE, uses, **shop)
    assert (verdict.state is USED) == (verdict.used_by is not None)
    assert not (verdict.given_back and verdict.replaced)
    if verdict.given_back or verdict.replaced:
        assert verdict.state is USED
    if verdict.state is RELEASED:
        assert shop["dead"]
    if verdict.state is ISSUED:
        assert shop["made"]
    assert 0 <= verdict.spent <= len(uses)


def test_what_ran_out_unused_keeps_its_points_only_if_nobody_could_help_it() -> None:
    def ended(*uses: Use, made: bool = True, dead: bool = True) -> RedemptionState:
        return judge(CODE, uses, made=made, dead=dead, refunded="none", lapsed=True).state

    assert ended() is LAPSED
    assert ended(made=False) is RELEASED  # it never was in the shop
    assert ended(use(1, order(Standing.CANCELLED))) is RELEASED  # it was used in time
    assert ended(use(1, order())) is USED  # an order that came late
    assert ended(dead=False) is ISSUED


@pytest.mark.parametrize("cancelled", CANCELLED)
def test_what_a_cancelled_order_gives_back_is_as_the_reward_says(cancelled: Cancelled) -> None:
    def seen(*uses: Use, dead: bool = False, lapsed: bool = False) -> Verdict:
        return judge(
            CODE, uses, made=True, dead=dead, refunded="none", lapsed=lapsed, cancelled=cancelled
        )

    gone = use(1, order(Standing.CANCELLED))
    ends, over = cancelled != "code", LAPSED if cancelled == "none" else RELEASED
    assert seen(gone) == Verdict(state=ISSUED, spent=1, undone=ends)
    assert seen(gone, dead=True) == Verdict(state=over, spent=1, undone=ends)
    assert seen(gone, dead=True, lapsed=True).state is over  # it was used before its time was over
    assert seen(gone, use(2, order()), dead=True).state is USED  # another order has it
    assert seen(dead=True).state is RELEASED  # no order ever showed it
