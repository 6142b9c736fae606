"""What a WooCommerce order says, told on the captured ones."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from app.errors import Invalid
from app.programme.events import Event, LineKind, OrderFacts, Person, RefundLine, Standing
from connectors.base import Observed
from tests.connectors.outcomes import event, order
from tests.connectors.woocommerce.captured import answer, captured, deliveries, host, rest, webhook

ORDERS = [delivery for delivery in deliveries() if b'"line_items"' in delivery.body]


def edited(number: str, **changes: object) -> Any:
    return captured(number).json | changes


def without_refund_lines(found: Event) -> Event:
    facts = found.facts
    assert isinstance(facts, OrderFacts)
    bare = tuple(msgspec.structs.replace(one, lines=None, at=None) for one in facts.refunds)
    return msgspec.structs.replace(found, facts=msgspec.structs.replace(facts, refunds=bare))


# --- one order, from beginning to end ------------------------------------------------------------


def test_a_paid_guest_order_is_told_in_full() -> None:
    told = webhook(captured("008").body)
    found = event(told)
    assert (found.kind, found.external_id, found.number) == ("order", "16", "16")
    assert found.occurred_at == datetime(2026, 11, 21, 17, 39, 50, tzinfo=UTC)
    assert found.modified_at == datetime(2026, 11, 21, 17, 39, 53, tzinfo=UTC)
    assert found.person == Person(email="jan.kowalski@example.pl")
    assert host(told) == "shop.example"
    facts = found.facts
    assert isinstance(facts, OrderFacts)
    assert (facts.standing, facts.status) == (Standing.PAID, "processing")
    assert (facts.currency, facts.prices_include_tax) == ("PLN", True)
    assert facts.paid_at == datetime(2026, 11, 21, 17, 39, 53, tzinfo=UTC)
    assert facts.channel == "rest-api"
    assert facts.codes == ("lato10",)
    kinds = [(line.id, line.kind, line.net + line.tax) for line in facts.lines]
    assert kinds == [
        ("1", LineKind.GOODS, Decimal("89.99")),
        ("2", LineKind.GOODS, Decimal("179.09")),
        ("3", LineKind.SHIPPING, Decimal("14.99")),
        ("4", LineKind.FEE, Decimal("6.15")),
    ]
    assert sum(gross for _, _, gross in kinds) == facts.total
    assert (facts.lines[0].product, facts.lines[0].variant) == ("11", None)
    assert (facts.lines[0].sku, facts.lines[0].quantity) == ("KUB-1", 2)


@pytest.mark.parametrize(
    ("number", "status", "standing"),
    [
        ("006", "pending", Standing.OPEN),
        ("042", "on-hold", Standing.OPEN),
        ("008", "processing", Standing.PAID),
        ("011", "completed", Standing.COMPLETED),
        ("016", "refunded", Standing.COMPLETED),
        ("024", "cancelled", Standing.CANCELLED),
        ("057", "checkout-draft", Standing.DRAFT),
    ],
)
def test_a_status_says_how_far_the_order_has_come(
    number: str, status: str, standing: Standing
) -> None:
    facts = order(webhook(captured(number).body))
    assert (facts.status, facts.standing) == (status, standing)


@pytest.mark.parametrize(
    ("status", "standing"),
    [("failed", Standing.CANCELLED), ("trash", Standing.REMOVED), ("auto-draft", Standing.DRAFT)],
)
def test_the_rare_statuses_are_known_too(status: str, standing: Standing) -> None:
    assert order(webhook(edited("008", status=status))).standing is standing


def test_a_plugins_own_status_counts_by_the_payment_date_and_is_noted() -> None:
    paid = webhook(edited("008", status="wc-ready-to-ship"))
    unpaid = webhook(edited("006", status="wc-ready-to-ship"))
    assert order(paid).standing is Standing.PAID
    assert order(unpaid).standing is Standing.OPEN
    assert isinstance(paid, Observed)
    assert "wc-ready-to-ship" in (paid.note or "")


def test_refunds_of_a_webhook_come_with_their_amount_and_unknown_lines() -> None:
    refunds = order(webhook(captured("016").body)).refunds
    assert [(one.id, one.amount, one.lines) for one in refunds] == [
        ("17", Decimal("40.00"), None),
        ("18", Decimal("44.99"), None),
        ("19", Decimal("250.22"), None),
    ]


def test_refunds_of_a_read_name_the_lines_that_were_given_back() -> None:
    body = rest("012")["body"]
    refunds = order(answer("order", id="16", order=body, refunds=rest("013")["body"])).refunds
    assert [one.id for one in refunds] == ["17", "18"]
    assert refunds[0].amount == Decimal("40.00")
    assert refunds[0].lines == ()  # read, and it has none: a refund of an amount
    assert refunds[1].lines == (
        RefundLine(line="1", quantity=1, net=Decimal("36.58"), tax=Decimal("8.41")),
    )
    assert refunds[1].at == datetime(2026, 11, 21, 17, 40, 6, tzinfo=UTC)


def test_a_deleted_refund_is_missing_from_the_next_read_and_nothing_else_moves() -> None:
    before = event(webhook(captured("016").body))
    [later] = [
        body for body in rest("035")["body"] if body["id"] == 16
    ]  # after refund 17 was deleted
    after = event(answer("order", id="16", order=later, refunds=rest("040")["body"]))
    assert after.modified_at == before.modified_at
    assert isinstance(after.facts, OrderFacts)
    assert (after.facts.status, after.facts.standing) == ("refunded", Standing.COMPLETED)
    assert [one.id for one in after.facts.refunds] == ["18", "19"]


def test_returned_shipping_and_fees_are_named_like_goods() -> None:
    refund = rest("013")["body"][0]
    line = refund["line_items"][0]
    moved = refund | {"line_items": [], "shipping_lines": [line], "fee_lines": [line]}
    [found] = order(answer("order", id="16", order=rest("012")["body"], refunds=[moved])).refunds
    assert found.lines is not None
    assert [part.line for part in found.lines] == ["1", "1"]


def test_a_returned_line_that_names_no_line_stays_in_the_amount() -> None:
    refund = rest("013")["body"][0]
    lost = refund | {"line_items": [refund["line_items"][0] | {"meta_data": []}]}
    [found] = order(answer("order", id="16", order=rest("012")["body"], refunds=[lost])).refunds
    assert (found.amount, found.lines) == (Decimal("44.99"), ())


# --- a webhook and a read say the same -----------------------------------------------------------


def rest_orders() -> list[Any]:
    """Every order in the captured REST answers."""
    found = []
    for number in ("008", "009", "012", "014", "017", "035", "036", "052", "053", "081"):
        body = rest(number)["body"]
        found += body if isinstance(body, list) else [body]
    return found


def state(body: Any) -> tuple[object, ...]:
    """Return what tells two states of one order apart; a deleted refund moves no date."""
    refunds = tuple(refund["id"] for refund in body["refunds"])
    return body["id"], body["date_modified_gmt"], body["status"], refunds


def test_webhook_and_read_of_the_same_order_are_the_same_event() -> None:
    read = {state(body): body for body in rest_orders()}
    pairs = 0
    for delivery in ORDERS:
        body = read.get(state(delivery.json))
        if body is not None:
            pairs += 1
            told = event(answer("order", id=str(body["id"]), order=body))
            assert event(webhook(delivery.body)) == told
    assert pairs >= 10


def test_a_read_with_its_refunds_differs_from_the_webhook_in_their_lines_only() -> None:
    body, refunds = rest("012")["body"], rest("013")["body"]
    read = event(answer("order", id="16", order=body, refunds=refunds))
    sent = event(webhook(captured("015").body))
    assert without_refund_lines(read) == sent


def test_the_older_woocommerce_says_the_same_by_webhook_and_by_read() -> None:
    sent = captured("074")
    assert sent.json["version"] == "9.9.5"
    assert event(webhook(sent.body)) == event(answer("order", id="30", order=sent.json))


def test_ids_as_text_and_as_numbers_are_the_same_event() -> None:
    body = captured("008").json
    texts = body | {"id": "16", "customer_id": "0"}
    texts["line_items"] = [
        line | {"id": str(line["id"]), "product_id": str(line["product_id"]), "quantity": "2"}
        for line in body["line_items"]
    ]
    body["line_items"] = [line | {"quantity": 2} for line in body["line_items"]]
    assert event(webhook(texts)) == event(webhook(body))


# --- people --------------------------------------------------------------------------------------


def test_an_account_is_known_by_its_id_whatever_e_mail_was_typed() -> None:
    # Order 29: the account of anna.nowak, another billing e-mail.
    body = rest("052")["body"][0]
    assert event(webhook(body)).person == Person(customer="2", email="inny.adres@example.pl")


def test_a_guests_e_mail_is_kept_as_typed() -> None:
    assert event(webhook(captured("064").body)).person == Person(email="Ola.ZOLC@Example.PL")


def test_an_erased_person_is_nobody() -> None:
    found = event(webhook(captured("077").body))
    assert found.person == Person(erased=True)
    assert isinstance(found.facts, OrderFacts)
    assert found.facts.standing is Standing.COMPLETED


@pytest.mark.parametrize(
    "traces",
    [
        {"meta_data": []},  # by e-mail and name
        {"billing": {"email": "", "first_name": ""}},  # by the mark in the metadata
        {"billing": {"email": "Deleted@Site.Invalid", "first_name": "[usunięto]"}, "meta_data": []},
        {"billing": {"email": "", "first_name": "[deleted]"}, "meta_data": []},
    ],
)
def test_each_trace_of_the_eraser_is_enough(traces: dict[str, object]) -> None:
    assert event(webhook(edited("077", **traces))).person == Person(erased=True)


def test_a_deleted_customers_order_names_nobody_but_the_e_mail() -> None:
    assert event(webhook(edited("017", customer_id=0))).person.customer is None


# --- money and lines -----------------------------------------------------------------------------


def test_amounts_keep_the_decimals_of_the_store() -> None:
    assert str(order(webhook(captured("022").body)).total) == "3690.00"  # JPY, store of 2 decimals
    assert str(order(webhook(captured("023").body)).total) == "3690"  # JPY, store of 0


def test_a_fully_discounted_order_is_paid_and_worth_nothing() -> None:
    facts = order(webhook(captured("065").body))
    assert (facts.standing, facts.total) == (Standing.PAID, Decimal(0))
    assert facts.codes == ("all100",)


def test_a_discount_given_as_a_negative_fee_is_a_negative_fee_line() -> None:
    body = captured("008").json
    fee = body["fee_lines"][0] | {"total": "-5.00", "total_tax": "-1.15"}
    found = order(webhook(body | {"fee_lines": [fee]})).lines[-1]
    assert (found.kind, found.net, found.tax) == (LineKind.FEE, Decimal("-5.00"), Decimal("-1.15"))


def test_an_order_of_fifty_lines_keeps_all_of_them() -> None:
    facts = order(webhook(captured("052").body))
    goods = [line for line in facts.lines if line.kind is LineKind.GOODS]
    assert len(goods) == 50
    assert sum(line.net + line.tax for line in facts.lines) == facts.total


def test_an_order_of_ten_thousand_lines_is_an_order() -> None:
    body = captured("008").json
    lines = [body["line_items"][0] | {"id": number} for number in range(1, 10_001)]
    assert len(order(webhook(body | {"line_items": lines})).lines) == 10_002


@pytest.mark.parametrize("quantity", [0, -1, 1e9, "3", None, ""])
def test_odd_quantities_pass_because_money_decides(quantity: object) -> None:
    body = captured("008").json
    line = body["line_items"][0] | {"quantity": quantity}
    assert order(webhook(body | {"line_items": [line]})).lines[0].net == Decimal("73.16")


def test_what_is_sold_by_weight_counts_whole_pieces_but_at_least_one() -> None:
    body = captured("008").json
    lines = [body["line_items"][0] | {"quantity": quantity} for quantity in (0.25, "2.75")]
    found = order(webhook(body | {"line_items": lines})).lines
    assert [line.quantity for line in found[:2]] == [1, 2]


def test_the_empty_objects_and_gapped_lists_of_php_are_understood() -> None:
    body = captured("008").json
    gapped = {str(position): line for position, line in enumerate(body["line_items"], start=1)}
    quirky = body | {"line_items": gapped, "billing": [], "_links": [], "meta_data": {}}
    told = webhook(quirky)
    found = event(told)
    assert isinstance(found.facts, OrderFacts)
    assert len(found.facts.lines) == 4
    assert (found.person, host(told)) == (Person(), None)


def test_an_amount_that_is_not_there_counts_as_nothing_and_is_noted() -> None:
    body = captured("008").json
    line = body["line_items"][0] | {"total": "", "total_tax": None}
    outcome = webhook(body | {"line_items": [line], "total": None})
    assert order(outcome).lines[0].net == 0
    assert isinstance(outcome, Observed)
    assert outcome.note == "Without an amount, counted as 0: total, line_items[0].total."


def test_codes_are_compared_in_lower_case() -> None:
    body = captured("008").json
    coupon = body["coupon_lines"][0] | {"code": "LATO10"}
    assert order(webhook(body | {"coupon_lines": [coupon]})).codes == ("lato10",)


def test_odd_characters_do_not_reach_the_facts() -> None:
    found = order(webhook(edited("008", created_via="check\u0000out\u202e", status="processing")))
    assert found.channel == "checkout"


# --- gone -----------------------------------------------------------------------------------------


def test_an_order_that_is_gone_is_a_fact_without_facts() -> None:
    found = event(answer("order", id="47", order=None))
    assert (found.kind, found.external_id, found.facts) == ("order", "47", None)
    assert found.modified_at is found.occurred_at is None


def test_an_answer_about_another_order_is_refused() -> None:
    with pytest.raises(Invalid, match="another object"):
        answer("order", id="17", order=rest("012")["body"])


def test_every_captured_order_survives_a_trip_through_json() -> None:
    for delivery in ORDERS:
        facts = order(webhook(delivery.body))
        assert msgspec.json.decode(msgspec.json.encode(facts), type=OrderFacts) == facts
        assert "@" not in json.dumps(msgspec.to_builtins(facts, builtin_types=()), default=str)
