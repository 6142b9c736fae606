"""What refunds take away, told on the captured order 5999000000001 and variations of it."""

from decimal import Decimal
from typing import Any

import pytest

from app.programme.events import Refund, RefundLine
from tests.connectors.outcomes import order
from tests.connectors.shopify.captured import captured, read_file, read_order, told
from tests.connectors.shopify.captured import webhook as told_by
from tests.connectors.shopify.worth import points

SHIRT, MUG, DELIVERY = "6100000000137", "6100000000274", "shipping:6100000000411"


def refund(name: str = "case-life-5-partially-refunded", position: int = 0) -> Any:
    return captured(name).json["refunds"][position]


def with_refunds(*refunds: object, **changes: object) -> Any:
    return told("case-life-5-partially-refunded", refunds=list(refunds), **changes)


def bag(amount: str, currency: str = "EUR") -> Any:
    return {"shop_money": {"amount": amount, "currency_code": currency}}


def test_a_refunded_line_is_told_with_its_money() -> None:
    [found] = order(told("case-life-5-partially-refunded")).refunds
    assert found.at is not None
    assert found.at.isoformat() == "2026-11-22T08:00:00+00:00"
    assert (found.id, found.amount) == ("6900000000001", Decimal("18.33"))
    assert found.lines == (
        RefundLine(line=SHIRT, quantity=1, net=Decimal("15.40"), tax=Decimal("2.93")),
    )


def test_what_was_refunded_stays_a_line_and_is_taken_off_by_its_refund() -> None:
    facts = order(told("case-life-5-partially-refunded"))
    assert [(line.id, line.quantity) for line in facts.lines[:2]] == [(SHIRT, 3), (MUG, 1)]
    assert facts.total == Decimal("71.00")


def test_a_full_refund_leaves_nothing_even_if_the_order_is_not_cancelled() -> None:
    outcome = told("case-life-7-cancelled-refunded", cancelled_at=None)
    assert sum(one.amount for one in order(outcome).refunds) == Decimal("71.00")
    assert points(outcome) == 0


def test_refunds_are_listed_by_id_whatever_their_order_in_the_body() -> None:
    refunds = captured("case-life-7-cancelled-refunded").json["refunds"]
    there, back = (
        told("case-life-7-cancelled-refunded", refunds=list(order))
        for order in (refunds, refunds[::-1])
    )
    assert there == back


def test_a_total_that_is_a_json_number_is_exact() -> None:
    one = refund()
    line = one["refund_line_items"][0]
    del line["subtotal_set"], line["total_tax_set"]
    [found] = order(with_refunds(one)).refunds
    assert found.lines is not None
    assert (found.lines[0].net, found.lines[0].tax) == (Decimal("15.40"), Decimal("2.93"))


def test_with_tax_on_top_a_refunded_lines_tax_comes_beside_it() -> None:
    one = refund()
    [found] = order(with_refunds(one, taxes_included=False)).refunds
    assert found.lines is not None
    assert (found.lines[0].net, found.lines[0].tax) == (Decimal("18.33"), Decimal("2.93"))


# --- delivery ------------------------------------------------------------------------------------


def rest() -> Any:
    return refund("case-life-7-cancelled-refunded", 1)


def delivery_of(found: Refund) -> list[RefundLine]:
    return [line for line in found.lines or () if line.line.startswith("shipping:")]


def test_refunded_delivery_is_told_in_two_forms_and_is_the_same_money() -> None:
    both = rest()
    assert both["refund_shipping_lines"]
    assert both["order_adjustments"]
    new, old = both | {"order_adjustments": []}, both | {"refund_shipping_lines": []}
    assert with_refunds(both) == with_refunds(new) == with_refunds(old)
    [found] = order(with_refunds(both)).refunds
    assert delivery_of(found) == [RefundLine(line=DELIVERY, net=Decimal("5.00"))]
    assert found.amount == Decimal("52.67")


def test_refunded_delivery_of_an_order_with_two_kinds_of_it_is_an_amount_only() -> None:
    lines = captured("case-life-5-partially-refunded").json["shipping_lines"]
    old = rest() | {"refund_shipping_lines": []}
    two = with_refunds(old, shipping_lines=[*lines, lines[0] | {"id": 77}])
    [found] = order(two).refunds
    assert delivery_of(found) == []
    assert found.amount == Decimal("52.67")


def test_refunding_delivery_takes_no_points() -> None:
    shipping = rest() | {
        "refund_line_items": [],
        "transactions": [rest()["transactions"][0] | {"amount": "5.00"}],
    }
    assert points(told("case-life-3-paid", refunds=[shipping])) == 66


def test_delivery_that_an_edit_removed_and_gave_back_takes_no_points() -> None:
    [line] = captured("case-life-5-partially-refunded").json["shipping_lines"]
    shipping = rest() | {
        "refund_line_items": [],
        "transactions": [rest()["transactions"][0] | {"amount": "5.00"}],
    }
    outcome = told(
        "case-life-3-paid", refunds=[shipping], shipping_lines=[line | {"is_removed": True}]
    )
    assert points(outcome) == 66
    assert order(outcome).total == Decimal("71.00")


def test_delivery_that_an_edit_removed_before_it_was_paid_is_no_line() -> None:
    [line] = captured("case-life-3-paid").json["shipping_lines"]
    facts = order(told("case-life-3-paid", shipping_lines=[line | {"is_removed": True}]))
    assert [one.id for one in facts.lines] == [SHIRT, MUG]


# --- money decides -------------------------------------------------------------------------------


def paid_out(**changes: object) -> Any:
    one = refund()
    return one | {"transactions": [one["transactions"][0] | changes]}


@pytest.mark.parametrize(
    "changes", [{"status": "pending"}, {"status": "failure"}, {"kind": "void"}, {"kind": "sale"}]
)
def test_money_that_did_not_go_back_takes_nothing(changes: dict[str, str]) -> None:
    outcome = with_refunds(paid_out(**changes), total_outstanding="-18.33")
    [found] = order(outcome).refunds
    assert found.amount == 0
    assert points(outcome) == 66


def test_lines_that_came_back_without_money_take_nothing() -> None:
    # The shop owes 18.33: what is left to pay is below zero.
    restocked = refund() | {"transactions": []}
    assert points(with_refunds(restocked, total_outstanding="-18.33")) == 66


def test_money_without_lines_comes_off_the_goods() -> None:
    goodwill = captured("case-amount-only-no-lines").json
    outcome = told("case-life-3-paid", refunds=[goodwill])
    [found] = order(outcome).refunds
    assert (found.amount, found.lines) == (Decimal("7.00"), ())
    assert points(outcome) == 59


def test_less_money_than_lines_takes_only_the_money() -> None:
    assert points(with_refunds(paid_out(amount="10.00"))) == 56


def test_two_payments_of_one_refund_are_added() -> None:
    one = refund()
    half = one["transactions"][0] | {"amount": "9.00"}
    both = one | {"transactions": [half, half | {"id": 2, "amount": "9.33"}]}
    assert with_refunds(both) == with_refunds(one)


# --- another currency ----------------------------------------------------------------------------

# The shop counts in dollars, the buyer saw yen: 67.40 USD were 10202 JPY.


def in_yen(amount: str, line: str = "12.50") -> Any:
    body = captured("case-shop-usd-presentment-jpy").json
    number = body["line_items"][1]["id"]
    body["refunds"] = [
        {
            "id": 6900000000009,
            "created_at": "2026-11-22T09:00:00+01:00",
            "refund_line_items": [
                {
                    "line_item_id": number,
                    "quantity": 1,
                    "subtotal": float(line),
                    "subtotal_set": bag(line, "USD"),
                    "total_tax": 0.0,
                }
            ],
            "transactions": [
                {"kind": "refund", "status": "success", "amount": amount, "currency": "JPY"}
            ],
        }
    ]
    return body


def test_a_refund_in_the_buyers_money_counts_in_the_shops() -> None:
    [found] = order(told_by(in_yen("1892"))).refunds
    assert found.amount == Decimal("12.50")  # 1892 yen are 12.4995 dollars


def test_a_refund_in_the_buyers_money_that_is_not_its_lines_is_converted() -> None:
    [found] = order(told_by(in_yen("1000"))).refunds
    assert found.amount == Decimal("6.61")


def test_an_amount_only_refund_in_the_buyers_money_is_converted() -> None:
    body = in_yen("1000")
    body["refunds"][0]["refund_line_items"] = []
    [found] = order(told_by(body)).refunds
    assert found.amount == Decimal("6.61")


def test_without_a_rate_the_refund_counts_as_what_it_states() -> None:
    body = in_yen("1892") | {"total_price_set": None}
    [found] = order(told_by(body)).refunds
    assert found.amount == Decimal("12.50")


def test_a_read_tells_the_same_refund_in_the_shops_money() -> None:
    body = in_yen("1892")
    read = read_file("usd-seen-in-jpy")
    line = read["lineItems"]["nodes"][1]["id"]

    def money(amount: str) -> object:
        return {"shopMoney": {"amount": amount, "currencyCode": "USD"}}

    read["refunds"] = [
        {
            "id": "gid://shopify/Refund/6900000000009",
            "createdAt": "2026-11-22T08:00:00Z",
            "processedAt": "2026-11-22T08:00:00Z",
            "totalRefundedSet": money("12.5"),
            "refundLineItems": {
                "nodes": [
                    {
                        "quantity": 1,
                        "lineItem": {"id": line},
                        "subtotalSet": money("12.5"),
                        "totalTaxSet": money("0.0"),
                    }
                ]
            },
            "refundShippingLines": {"nodes": []},
        }
    ]
    assert order(read_order(read)).refunds == order(told_by(body)).refunds


# --- never paid ----------------------------------------------------------------------------------


def test_a_piece_taken_out_before_it_was_paid_earns_nothing() -> None:
    # One shirt left the order before payment: a refund without money, and 52.67 were paid.
    removed = refund() | {"transactions": []}
    outcome = with_refunds(removed, financial_status="paid", total_outstanding="0.00")
    [found] = order(outcome).refunds
    assert found.amount == Decimal("18.33")
    assert points(outcome) == 47


def test_the_same_is_told_by_a_read() -> None:
    read = read_file("life-5")
    [one] = read["refunds"]
    one["totalRefundedSet"]["shopMoney"]["amount"] = "0.0"
    assert points(read_order(read)) == 47
    read["netPaymentSet"]["shopMoney"]["amount"] = "71.0"  # it was paid, and nothing went back
    assert points(read_order(read)) == 66


def test_an_exchange_counts_what_was_paid_for() -> None:
    # A shirt came back for another thing of 30.00, the difference of 11.67 was paid.
    lines = captured("case-life-5-partially-refunded").json["line_items"]
    new = {"id": 6100000009999, "quantity": 1, "current_quantity": 1, "price": "30.00"}
    exchanged = refund() | {"transactions": []}
    outcome = with_refunds(
        exchanged,
        line_items=[*lines, new],
        current_total_price="82.67",
        current_total_price_set=bag("82.67"),
        total_outstanding="0.00",
    )
    [found] = order(outcome).refunds
    assert found.amount == Decimal("18.33")
    assert points(outcome) == 77  # 55 + 11 - 18.33 + 30


def test_what_was_never_paid_is_shared_by_the_refunds_that_state_it() -> None:
    first = refund() | {"transactions": []}
    second = first | {"id": 6900000000003}
    outcome = with_refunds(first, second, current_total_price_set=None, current_total_price="61.00")
    amounts = [one.amount for one in order(outcome).refunds]
    assert amounts == [Decimal("5.00"), Decimal("5.00")]


def test_an_old_body_that_does_not_tell_what_was_paid_takes_nothing() -> None:
    restocked = refund() | {"transactions": []}
    outcome = with_refunds(restocked, total_outstanding=None)
    assert order(outcome).refunds[0].amount == 0


def test_a_cancelled_order_needs_no_such_reckoning() -> None:
    removed = refund() | {"transactions": []}
    outcome = with_refunds(removed, cancelled_at="2026-11-22T10:00:00Z")
    assert order(outcome).refunds[0].amount == 0
