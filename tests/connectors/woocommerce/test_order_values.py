"""Dates, amounts and ids of an order: what is read, and what is refused by its key."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.errors import Invalid
from tests.connectors.outcomes import event, order
from tests.connectors.woocommerce.captured import captured, host, webhook


def edited(number: str, **changes: object) -> Any:
    return captured(number).json | changes


# --- times ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "date",
    [
        None, "", "0000-00-00T00:00:00", "-0001-11-30T00:00:00", "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00", "2026-13-01T00:00:00", "2026-02-30T00:00:00", "soon",
        1795283111000, "2026-11-21",
    ],
)  # fmt: skip
def test_an_order_without_a_usable_date_is_refused_by_the_key(date: object) -> None:
    with pytest.raises(Invalid, match="date_created_gmt"):
        webhook(edited("008", date_created_gmt=date))


def test_a_missing_date_is_refused_by_the_key() -> None:
    body = captured("008").json
    del body["date_created_gmt"]
    with pytest.raises(Invalid, match="date_created_gmt"):
        webhook(body)


def test_dates_with_a_zone_are_brought_to_utc() -> None:
    found = event(webhook(edited("008", date_created_gmt="2026-11-21T18:39:50+01:00")))
    assert found.occurred_at == datetime(2026, 11, 21, 17, 39, 50, tzinfo=UTC)
    far = event(webhook(edited("008", date_created_gmt="2026-11-21T18:39:50+14:00")))
    assert far.occurred_at == datetime(2026, 11, 21, 4, 39, 50, tzinfo=UTC)


def test_no_payment_date_is_no_reason_to_refuse() -> None:
    assert order(webhook(edited("008", date_paid_gmt=None))).paid_at is None
    assert order(webhook(edited("008", date_paid_gmt="0000-00-00 00:00:00"))).paid_at is None


# --- what cannot be an order ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "drawn"),
    [
        ("10,00", "99,99"), ("1 000.00", "9 999.99"), ("zł 10", "aa 99"), ("10.0.0", "99.9.9"),
        ("1e3", "9a9"), ("+5", "+9"), ("--5", "--9"), ("٣.00", "9.99"), ("0x10", "9a99"),
        ("9" * 400, "over"), (10**400, "digits"), (10**12, "digits"), ("1000000000000", "digits"),
    ],
)  # fmt: skip
def test_an_amount_that_cannot_be_read_is_refused_by_key_and_shape(
    value: object, drawn: str
) -> None:
    body = captured("008").json
    line = body["line_items"][1] | {"total": value}
    with pytest.raises(Invalid, match=r"line_items\[1\]\.total") as refused:
        webhook(body | {"line_items": [body["line_items"][0], line]})
    assert len(str(refused.value)) < 200
    if len(str(value)) < 20 and isinstance(value, str) and drawn != "digits":
        assert drawn in str(refused.value)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_numbers_that_are_none_are_refused(value: str) -> None:
    body = captured("008").body.replace(b'"total":"73.16"', b'"total":' + value.encode())
    assert body != captured("008").body
    with pytest.raises(Invalid):
        webhook(body)


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (" 10.00", "10.00"), ("10.005", "10.005"), ("-5.00", "-5.00"), ("", "0"), (None, "0"),
        (10, "10"), (10.5, "10.5"), (0.1, "0.1"), (-0.0, "0.0"), ("-0.00", "0.00"), (".5", "0.5"),
        ("999999999999.99", "999999999999.99"),
    ],
)  # fmt: skip
def test_amounts_are_read_exactly_as_they_are_written(value: object, amount: str) -> None:
    body = captured("008").json
    line = body["line_items"][0] | {"total": value}
    found = order(webhook(body | {"line_items": [line]})).lines[0].net
    assert str(found) == amount


@pytest.mark.parametrize(
    "number", [0, -1, "", None, "abc", "16.5", 2**63, 10**19, "9" * 400, "١٦", " "]
)
def test_an_order_needs_an_id_of_the_database(number: object) -> None:
    with pytest.raises(Invalid, match=r"\bid\b"):
        webhook(edited("008", id=number))


@pytest.mark.parametrize("key", ["status", "currency", "prices_include_tax", "total"])
def test_a_missing_key_is_named(key: str) -> None:
    body = captured("008").json
    del body[key]
    with pytest.raises(Invalid, match=key):
        webhook(body)


@pytest.mark.parametrize("currency", ["", "P", "zł", "PLN\u0000", "X" * 11])
def test_a_currency_is_a_code(currency: str) -> None:
    with pytest.raises(Invalid, match="currency"):
        webhook(edited("008", currency=currency))


def test_unknown_currencies_are_left_to_the_rules() -> None:
    assert order(webhook(edited("008", currency="xxx"))).currency == "XXX"


def test_of_a_doubled_key_the_last_counts_as_in_php() -> None:
    body = captured("008").body.replace(b'"total":"290.22"', b'"total":"1.00","total":"290.22"')
    assert order(webhook(body)).total == Decimal("290.22")


def test_no_refusal_repeats_what_a_shopper_typed() -> None:
    with pytest.raises(Invalid) as refused:
        webhook(edited("008", total="jan.kowalski@example.pl"))
    assert "kowalski" not in str(refused.value)


@pytest.mark.parametrize(
    ("href", "origin"),
    [
        ("https://Shop.Example/wp-json/wc/v3/orders/16", "shop.example"),
        ("http://127.0.0.1:8080/x", "127.0.0.1:8080"),
        ("https://shop.example:443/x", "shop.example"),
        ("https://user:secret@shop.example/x", "shop.example"),
        ("http://[::1", None), ("https://shop.example:99999/x", None), ("", None), ("x", None),
    ],
)  # fmt: skip
def test_the_shops_own_link_tells_where_an_order_comes_from(href: str, origin: str | None) -> None:
    links = {"self": [{"href": href}]}
    assert host(webhook(edited("008", _links=links))) == origin
