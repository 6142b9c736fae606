"""Signed but hostile, broken or odd bodies, from the edge's queue to the ledger, on both databases.

The numbers are those of the list of hostile inputs that the project keeps; 1 to 8, 10 and 14 to 23 are
about requests, not bodies, and stand in `tests/webhooks/test_edge.py`.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.pipeline import Pipeline, order_body

FAILS_CLEARLY = {"dead"}
CHANGES_NOTHING = {"dead", "ignored"}
IS_TAKEN = {"processed"}

Body = bytes | dict[str, Any]


def lines(*amounts: str, **changes: Any) -> list[dict[str, Any]]:
    template = order_body()["line_items"][0]
    return [
        template | {"id": number, "total": amount, "total_tax": "0.00"} | changes
        for number, amount in enumerate(amounts, start=1)
    ]


def order(**changes: Any) -> dict[str, Any]:
    return order_body("008", **changes)


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def with_text(old: str, new: str) -> bytes:
    return json.dumps(order()).replace(old, new, 1).encode()


# (number, what it is, body, how it must end, points afterwards)
TABLE: list[tuple[int, str, Body, set[str], int]] = [
    (24, "empty", b"", CHANGES_NOTHING, 0),
    (25, "null", b"null", CHANGES_NOTHING, 0),
    (25, "a list", b"[]", CHANGES_NOTHING, 0),
    (25, "a string", b'"x"', CHANGES_NOTHING, 0),
    (25, "a number", b"0", CHANGES_NOTHING, 0),
    (26, "invalid UTF-8", b'{"id": 1, "status": "\xff\xfe"}', CHANGES_NOTHING, 0),
    (26, "a byte order mark", b"\xef\xbb\xbf" + json.dumps(order()).encode(), IS_TAKEN, 269),
    (26, "a lone surrogate as status", raw('{"id":1,"status":"\\ud800"}'), CHANGES_NOTHING, 0),
    (26, "NUL in a status nobody knows", order(status="proc\u0000essing"), IS_TAKEN, 269),
    (26, "NUL in the number", order(number="1\u00006"), {"dead", "processed"}, -1),
    (26, "a right-to-left override", order(number="\u202e16"), IS_TAKEN, 269),
    (
        26,
        "an emoji for a name",
        order(billing=order()["billing"] | {"first_name": "😀"}),
        IS_TAKEN,
        269,
    ),
    (
        26,
        "10,000 marks on a letter",
        order(number="a" + "\u0301" * 10_000),
        {"dead", "processed"},
        -1,
    ),
    (
        27,
        "a key given twice",
        with_text('"total": "290.22"', '"total": "1.00", "total": "290.22"'),
        {"dead", "processed"},
        -1,
    ),
    (28, "100,000 levels deep", b"[" * 100_000 + b"]" * 100_000, CHANGES_NOTHING, 0),
    (
        28,
        "an order with a deep tail",
        with_text('"meta_data": []', '"meta_data": ' + "[" * 9_000 + "]" * 9_000),
        {"dead", "processed"},
        -1,
    ),
    (29, "1e400 zł", order(line_items=lines("1e400")), FAILS_CLEARLY, 0),
    (29, "NaN zł", order(line_items=lines("NaN")), FAILS_CLEARLY, 0),
    (29, "infinite zł", order(line_items=lines("Infinity")), FAILS_CLEARLY, 0),
    (29, "-0 zł", order(line_items=lines("-0")), {"dead", "processed"}, 0),
    (29, "400 digits", order(line_items=lines("9" * 400)), FAILS_CLEARLY, 0),
    (29, "an id over 64 bits", order(id=10**19), FAILS_CLEARLY, 0),
    (29, "NaN as a number", with_text('"id": 16', '"id": NaN'), CHANGES_NOTHING, 0),
    (30, "an id as text", order(id="16"), IS_TAKEN, 269),
    (30, "a customer id as text", order(customer_id="7"), IS_TAKEN, 269),
    (
        30,
        "an amount as a number",
        order(line_items=lines("0") and [lines("0")[0] | {"total": 50}]),
        IS_TAKEN,
        50,
    ),
    (31, "a decimal comma", order(line_items=lines("10,00")), FAILS_CLEARLY, 0),
    (31, "a blank in thousands", order(line_items=lines("1 000.00")), FAILS_CLEARLY, 0),
    (31, "blanks around", order(line_items=lines(" 10.00")), IS_TAKEN, 10),
    (31, "three decimals", order(line_items=lines("10.005")), IS_TAKEN, 10),
    (31, "a negative price", order(line_items=lines("30.00", "-5.00")), IS_TAKEN, 25),
    (31, "no price", order(line_items=lines("30.00", "")), IS_TAKEN, 30),
    (31, "a null price", order(line_items=[lines("0")[0] | {"total": None}]), IS_TAKEN, 0),
    (32, "yen in a złoty programme", order(currency="JPY"), IS_TAKEN, 0),
    (
        32,
        "dinars with three decimals",
        order(currency="KWD", line_items=lines("10.125")),
        IS_TAKEN,
        0,
    ),
    (32, "a currency that is none", order(currency="XXX"), IS_TAKEN, 0),
    (33, "more back than paid", order(refunds=[{"id": 9, "total": "-9999.00"}]), IS_TAKEN, 0),
    (
        33,
        "two refunds at once",
        order(refunds=[{"id": 9, "total": "-40.00"}, {"id": 8, "total": "-29.08"}]),
        IS_TAKEN,
        200,
    ),
    (33, "a refund of nothing", order(refunds=[{"id": 9, "total": "0.00"}]), IS_TAKEN, 269),
    (34, "an item removed", order(line_items=order()["line_items"][:1]), IS_TAKEN, 89),
    (
        37,
        "e-mail in capitals with blanks",
        order(billing=order()["billing"] | {"email": "  JAN@Example.PL "}),
        IS_TAKEN,
        269,
    ),
    (37, "no e-mail at all", order(billing=order()["billing"] | {"email": ""}), IS_TAKEN, 0),
    (
        37,
        "an e-mail that is a link",
        order(billing=order()["billing"] | {"email": "mailto:j@example.pl"}),
        IS_TAKEN,
        0,
    ),
    (
        37,
        "an e-mail of 321 letters",
        order(billing=order()["billing"] | {"email": "a" * 310 + "@example.pl"}),
        IS_TAKEN,
        0,
    ),
    (
        37,
        "a quoted local part",
        order(billing=order()["billing"] | {"email": '"a b"@example.pl'}),
        IS_TAKEN,
        -1,
    ),
    (38, "paid wholly by a coupon", order(line_items=lines("0.00"), total="0.00"), IS_TAKEN, 0),
    (38, "a draft", order(status="checkout-draft"), {"ignored"}, 0),
    (39, "10,000 lines of 1 zł", order(line_items=lines(*["1.00"] * 10_000)), IS_TAKEN, 10_000),
    (39, "quantity 0", order(line_items=lines("50.00", quantity=0)), IS_TAKEN, 50),
    (39, "a negative quantity", order(line_items=lines("50.00", quantity=-3)), IS_TAKEN, 50),
    (
        39,
        "a thousand million pieces",
        order(line_items=lines("50.00", quantity=10**9)),
        IS_TAKEN,
        50,
    ),
    (40, "no date", order(date_created_gmt=None, date_created=None), FAILS_CLEARLY, 0),
    (40, "the year 1", order(date_created_gmt="0001-01-01T00:00:00"), FAILS_CLEARLY, 0),
    (40, "the year 9999", order(date_created_gmt="9999-12-31T23:59:59"), FAILS_CLEARLY, 0),
    (40, "a date that is no date", order(date_created_gmt="soon"), FAILS_CLEARLY, 0),
    (40, "milliseconds for a date", order(date_created_gmt=1795282792000), FAILS_CLEARLY, 0),
    (40, "a year ahead", order(date_created_gmt="2027-11-21T17:39:50"), IS_TAKEN, 269),
    (
        40,
        "a zone of its own",
        order(date_created_gmt="2026-11-21T17:39:50+14:00"),
        {"dead", "processed"},
        -1,
    ),
    (40, "an hour that DST leaves out", order(date_created="2027-03-28T02:30:00"), IS_TAKEN, 269),
]


@pytest.mark.parametrize(
    ("body", "ends", "points"),
    [row[2:] for row in TABLE],
    ids=[f"{number} {what}" for number, what, *_ in TABLE],
)
def test_a_hostile_body_ends_with_a_reason_and_harms_nobody(
    pipeline: Pipeline, body: Body, ends: set[str], points: int
) -> None:
    programme_id = pipeline.programme()
    store = pipeline.store(programme_id)
    status, reason = pipeline.deliver(store, "order.updated", body)
    assert status in ends
    assert reason
    if points >= 0:
        assert sum(pipeline.balances(programme_id)) == points
    # The next delivery is none the worse for it.
    neighbour = order(id=99, number="99", line_items=lines("7.00"), customer_id=3)
    assert pipeline.deliver(store, "order.updated", neighbour)[0] == "processed"
    assert pipeline.verified().problems == []


Story = Callable[[Pipeline, Any], None]


def test_16_17_18_what_repeats_counts_once(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme()
    store = pipeline.store(programme_id)
    body = json.dumps(order()).encode()
    for topic in ("order.created", "order.updated", "order.updated"):
        assert pipeline.deliver(store, topic, body)[0] == "processed"
    pipeline.clock.advance(days=399)
    assert pipeline.deliver(store, "order.updated", body)[0] == "processed"
    assert pipeline.balances(programme_id) == [269]
    assert pipeline.verified().entries == 1


def test_33_the_same_refund_id_in_two_orders_takes_from_both(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme()
    store = pipeline.store(programme_id)
    refund = [{"id": 9, "total": "-100.00"}]
    for number in (16, 17):
        pipeline.deliver(store, "order.updated", order(id=number, refunds=refund))
    assert pipeline.balances(programme_id) == [2 * 169]
    assert pipeline.verified().problems == []


def test_34_a_total_changed_after_the_award_changes_it(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme()
    store = pipeline.store(programme_id)
    pipeline.deliver(store, "order.updated", order())
    later = order(date_modified_gmt="2026-11-21T18:00:00", line_items=lines("12.34"))
    pipeline.deliver(store, "order.updated", later)
    assert pipeline.balances(programme_id) == [12]
    assert pipeline.verified().problems == []


def test_41_an_event_older_than_the_stored_state_is_stale(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme()
    store = pipeline.store(programme_id)
    pipeline.deliver_captured(store, "011")
    status, reason = pipeline.deliver_captured(store, "008")
    assert status == "stale"
    assert "newer" in reason
    assert pipeline.balances(programme_id) == [314]


def test_amounts_of_a_third_add_up(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme()
    third = str((Decimal(100) / 3).quantize(Decimal("0.0001")))
    pipeline.deliver(
        pipeline.store(programme_id), "order.updated", order(line_items=lines(third, third, third))
    )
    assert pipeline.balances(programme_id) == [99]
