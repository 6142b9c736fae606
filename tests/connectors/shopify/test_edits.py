"""An order that was edited after it was placed."""

from decimal import Decimal

from tests.connectors.outcomes import note, order
from tests.connectors.shopify.captured import captured, told
from tests.connectors.shopify.captured import webhook as told_by
from tests.connectors.shopify.worth import points

EDITED = "case-edited-line-swapped-outstanding"


def test_what_an_edit_took_out_is_gone_and_what_it_put_in_counts() -> None:
    facts = order(told(EDITED))
    goods = [(line.id, line.quantity, str(line.net)) for line in facts.lines[:-1]]
    assert goods == [("6100000006713", 2, "50.00"), ("6100000007124", 1, "30.00")]
    assert facts.total == Decimal("84.90") == Decimal(captured(EDITED).json["current_total_price"])


def test_an_edited_order_earns_once_the_difference_is_paid() -> None:
    assert points(told(EDITED)) == 0
    assert points(told(EDITED, financial_status="paid", total_outstanding="0.00")) == 80


def test_a_line_of_which_one_piece_was_taken_out_keeps_its_share_of_discount_and_tax() -> None:
    body = captured("case-life-3-paid").json
    body["line_items"][0]["current_quantity"] = 2
    line = order(told_by(body)).lines[0]
    # (3 x 20.00 - 5.00) / 3 x 2 = 36.6667, of which 8.78 / 3 x 2 = 5.8533 are tax.
    assert (line.quantity, line.net, line.tax) == (2, Decimal("30.8133"), Decimal("5.8533"))
    assert line.net + line.tax == Decimal("36.6666")


def test_a_piece_that_was_refunded_and_one_that_was_edited_out_are_told_apart() -> None:
    body = captured("case-life-5-partially-refunded").json
    body["line_items"][0]["current_quantity"] = 1  # one refunded, one edited out
    outcome = told_by(body)
    assert order(outcome).lines[0].quantity == 2
    assert "Edited" in note(outcome)


def test_a_refund_alone_is_no_edit() -> None:
    assert note(told("case-life-5-partially-refunded")) == ""
