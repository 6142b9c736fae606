"""Gift cards against the sandbox: given once, spent there, taken back while they are whole."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from app.errors import Passing
from connectors.rewards import CodeShown, Credit
from connectors.shopify.sandbox.state import SandboxError
from tests.connectors.shopify.credit_help import Till, till


def given(at: Till, number: int = 1, **values: Any) -> Credit:
    wanted = at.wanted(number, **values)
    made = at.give(wanted)
    assert made.error is None
    return msgspec.structs.replace(wanted, id=made.id)


def test_a_gift_card_has_our_code_its_value_and_its_last_day() -> None:
    with till() as at:
        card = given(at)
        [kept] = at.shop.gift_cards_made()
        shown = at.look(card)
    assert (kept["code"], kept["value"], kept["customer"]) == (card.code, "50.00", at.anna)
    assert kept["note"] == "stempel-9001 Kawa: fifty to spend"
    assert kept["expires_on"] == "2027-02-20"  # by the shop's own clocks, in Warsaw
    assert shown == CodeShown(reference="9001", id=card.id, exists=True, usable=True, uses=0)


def test_a_shop_further_east_lets_it_last_as_long_as_was_promised() -> None:
    with till(timezone="Asia/Tokyo") as at:
        given(at)
        [kept] = at.shop.gift_cards_made()
    assert kept["expires_on"] == "2027-02-21"


def test_any_order_can_be_paid_with_it_and_what_was_paid_is_seen() -> None:
    with till() as at:
        card = given(at)
        order = at.buy(gift_cards=[str(card.code).lower()])
        payment = at.shop.tables.orders[order["id"]].payments[0]
        shown = at.look(card)
        left = at.shop.gift_cards_made()[0]["balance"]
    assert (payment["gateway"], payment["amount"], left) == ("gift_card", "20.00", "30.00")
    assert payment["receipt"]["gift_card_id"] == int(str(card.id))
    assert (shown.exists, shown.usable, shown.uses) == (True, True, 1)


@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "wrong_json", "500"])
def test_a_lost_answer_and_another_try_make_one_card(fault: str) -> None:
    with till() as at:
        at.shop.faults.add(fault, operation="GiftCardCreate")
        wanted = at.wanted()
        with pytest.raises(Passing):
            at.give(wanted)
        again = at.give(msgspec.structs.replace(wanted, tried_at=at.now[0]))
        [kept] = at.shop.gift_cards_made()
    assert again.id == str(kept["id"])


def test_the_search_for_a_card_that_is_taken_may_fail_too() -> None:
    with till() as at:
        card = given(at)
        at.shop.faults.add("429", operation="GiftCardSearch", retry_after="60")
        with pytest.raises(Passing):
            at.give(at.wanted())
        assert at.give(at.wanted()).id == card.id
        assert len(at.shop.gift_cards_made()) == 1


def test_a_code_that_another_card_has_is_taken_unless_it_may_be_ours() -> None:
    with till() as at:
        at.shop.add_gift_card("k7qm3xtd9rwb0001", "10")
        first = at.give(at.wanted())
        doubtful = at.give(at.wanted(tried_at=at.now[0]))
    assert (first.id, first.taken) == (None, True)
    assert (doubtful.id, doubtful.taken, doubtful.never) == (None, False, False)
    assert "without our mark" in str(doubtful.error)


@pytest.mark.parametrize("known", [True, False])
def test_a_whole_card_is_taken_back_for_good(known: bool) -> None:
    with till() as at:
        card = given(at)
        asked = card if known else at.wanted()
        assert at.end(asked) == CodeShown(reference="9001", id=card.id, exists=True, uses=0)
        with pytest.raises(SandboxError, match="not active"):
            at.buy(gift_cards=[str(card.code)])
        assert at.end(asked) == at.look(asked)


def test_a_card_that_was_spent_from_is_never_taken_back() -> None:
    with till() as at:
        card = given(at)
        at.buy(gift_cards=[str(card.code)])
        assert at.end(card).uses == 1
        at.buy(gift_cards=[str(card.code)])
        assert at.shop.gift_cards_made()[0]["balance"] == "10.00"


@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "wrong_json", "500"])
def test_a_lost_answer_to_taking_it_back_harms_nothing(fault: str) -> None:
    with till() as at:
        card = given(at)
        at.shop.faults.add(fault, operation="GiftCardDeactivate")
        with pytest.raises(Passing):
            at.end(card)
        assert not at.end(card).usable


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"customer": "4711"}, "does not know this customer"),
        ({"value": Decimal(10_001)}, "more than one gift card may have"),
        ({"currency": "EUR"}, "in EUR, but the shop's currency is PLN"),
        ({"value": Decimal(0)}, "above 0"),
        ({"code": "K7QM-3XTD-9RWB"}, "letters and digits"),
    ],
)
def test_what_the_shop_refuses_for_ever_is_said_so(values: dict[str, Any], reason: str) -> None:
    with till() as at:
        bad, good = at.role.give([at.wanted(1, **values), at.wanted(2)])
    assert (bad.id, bad.never, good.error) == (None, True, None)
    assert reason in str(bad.error)


def test_without_the_permission_each_result_names_it() -> None:
    with till() as at:
        card = given(at)
        at.shop.revoke("write_gift_cards")
        made = at.give(at.wanted(2))
        assert (made.id, made.never) == (None, False)
        assert "lacks the permission write_gift_cards" in str(made.error)
        assert "lacks the permission" in str(at.look(card).error)
        at.shop.grant(["read_gift_cards"])
        assert at.look(card).usable
        assert "write_gift_cards" in str(at.end(card).error)


def test_a_card_after_its_day_is_worth_nothing_at_the_checkout() -> None:
    with till() as at:
        card = given(at, ends_at=at.now[0] + timedelta(days=1))
        at.later(days=2)
        with pytest.raises(SandboxError, match="expired"):
            at.buy(gift_cards=[str(card.code)])
        assert at.end(card).uses == 0
