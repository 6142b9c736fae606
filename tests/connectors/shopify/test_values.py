"""Values that no shop can mean are refused, and the refusal shows the key, never the value."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from app.errors import Invalid
from connectors.shopify import values
from tests.connectors.outcomes import event, order
from tests.connectors.shopify.captured import captured, raw, read_file, read_order, told, webhook


def with_line(**changes: object) -> Any:
    body = captured("case-life-3-paid").json
    body["line_items"][0] |= changes
    return body


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"price_set": None, "price": "NaN"}, r"line_items\[0\]\.price"),
        ({"price_set": None, "price": "1e400"}, r"line_items\[0\]\.price"),
        ({"price_set": None, "price": "1000000000000"}, r"line_items\[0\]\.price"),
        ({"price_set": None, "price": "0.12345678901"}, r"line_items\[0\]\.price"),
        ({"price_set": None, "price": "12,50"}, "price"),
        ({"price_set": None, "price": ""}, "price"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": 10**10}, "quantity"),
        ({"quantity": 1.5}, "quantity"),
        ({"quantity": "3"}, "quantity"),
        ({"id": 0}, "id"),
        ({"id": -5}, "id"),
        ({"id": 2**63}, "id"),
        ({"id": "١٦"}, "id"),
        ({"id": None}, "id"),
        ({"id": True}, "id"),
        ({"product_id": 8.1e17}, "product_id"),
    ],
)
def test_a_line_that_cannot_be_is_refused_by_its_key(changes: dict[str, object], key: str) -> None:
    with pytest.raises(Invalid, match=key):
        webhook(with_line(**changes))


def test_amounts_that_together_are_more_than_any_shop_sells_are_refused() -> None:
    with pytest.raises(Invalid, match="more than any shop sells"):
        webhook(with_line(price_set=None, price="999999999999", quantity=900, current_quantity=900))


@pytest.mark.parametrize(
    "moment",
    [
        "yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00", "2026-11-21T10:00:00+99:99", "٢٠٢٦-11-21T10:00:00Z",
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_is_refused_by_its_key(moment: str) -> None:
    with pytest.raises(Invalid, match="processed_at"):
        told("case-life-3-paid", processed_at=moment)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-20T08:00:00+01:00", datetime(2026, 11, 20, 7, tzinfo=UTC)),
        ("2026-11-20T08:00:00-0500", datetime(2026, 11, 20, 13, tzinfo=UTC)),
        ("2026-11-20T08:00:00.123456789Z", datetime(2026, 11, 20, 8, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-20 08:00:00", datetime(2026, 11, 20, 8, tzinfo=UTC)),
    ],
)
def test_a_time_is_kept_in_utc(written: str, meant: datetime) -> None:
    assert event(told("case-life-3-paid", processed_at=written)).occurred_at == meant


@pytest.mark.parametrize("currency", ["", " ", "€", "E", "a" * 11, "E-R"])
def test_a_currency_that_is_no_code_is_refused(currency: str) -> None:
    with pytest.raises(Invalid, match="currency should be a code"):
        told("case-life-3-paid", currency=currency)


def test_a_body_with_a_number_that_is_none_is_refused() -> None:
    body = captured("case-life-3-paid").body
    for number in (b"NaN", b"Infinity", b"1e400", b"820982911946154500.5"):
        with pytest.raises(Invalid, match="orders/updated"):
            webhook(body.replace(b'"id":5999000000001', b'"id":' + number))


def test_no_refusal_repeats_what_a_shopper_typed() -> None:
    for changes in ({"created_at": "jan.kowalski"}, {"currency": "jan.kowalski"}):
        with pytest.raises(Invalid) as refused:
            told("case-life-3-paid", processed_at=None, **changes)
        assert "kowalski" not in str(refused.value)
    with pytest.raises(Invalid) as refused:
        webhook(with_line(id="jan.kowalski", price_set=None, price="jan.kowalski"))
    assert "kowalski" not in str(refused.value)


def test_text_from_outside_is_short_and_without_tricks() -> None:
    facts = order(told("case-life-3-paid", source_name="web\u202e\u0000" + "x" * 500))
    assert facts.channel is not None
    assert facts.channel.isprintable()
    assert len(facts.channel) == 64


def test_a_read_that_names_another_kind_of_object_is_refused() -> None:
    body = read_file("life-3") | {"id": "gid://shopify/DraftOrder/5999000000001"}
    with pytest.raises(Invalid, match="id should be a gid of Order"):
        read_order(body)


def test_a_byte_order_mark_is_overlooked() -> None:
    body = captured("case-life-3-paid").json
    assert webhook(b"\xef\xbb\xbf" + raw(body)) == webhook(body)


@pytest.mark.parametrize(
    ("exact", "code", "written"),
    [
        (Fraction(110, 3), "EUR", "36.6667"),
        (Fraction(-110, 3), "EUR", "-36.6667"),
        (Fraction(1, 8), "EUR", "0.125"),
        (Fraction(100, 3), "JPY", "33.3333"),
        (Fraction(7), "KWD", "7.000"),
        (Fraction(0), "JPY", "0"),
    ],
)
def test_a_share_of_an_amount_is_written_with_as_few_decimals_as_it_needs(
    exact: Fraction, code: str, written: str
) -> None:
    assert str(values.written(exact, code)) == written


def test_half_a_cent_is_rounded_up() -> None:
    assert values.rounded(Fraction(Decimal("0.005")), 2) == Decimal("0.01")
    assert values.rounded(Fraction(Decimal("-0.005")), 2) == Decimal("-0.01")
