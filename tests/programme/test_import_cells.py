"""Cells of a file that members come in: what each may say, and what is told of any other."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid
from app.programme.import_columns import Columns, map_columns
from app.programme.import_csv import LONGEST_CELL, Record
from app.programme.import_values import (
    Fault,
    Part,
    Reading,
    Row,
    masked,
    read_customer,
    read_points,
    read_row,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def reading(head: str = "email,points,expires,tier,joined", **values: Any) -> Reading:
    columns = map_columns(head.split(","), system="plain")
    return Reading(columns=columns, zone=ZoneInfo("Europe/Warsaw"), now=NOW, **values)


def read(row: str, how: Reading | None = None) -> Row | tuple[Fault, ...]:
    return read_row(Record(line=2, last=2, cells=tuple(row.split(","))), how or reading())


def fault(row: str, how: Reading | None = None) -> Fault:
    found = read(row, how)
    assert isinstance(found, tuple), found
    [only] = found
    return only


@pytest.mark.parametrize(
    ("cell", "points"),
    [
        ("0", 0), ("", 0), ("49", 49), ("+49", 49), (" 49 ", 49), ("49.0", 49), ("49,00", 49),
        ("1 234", 1234), ("1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567", 1234567),
        ("1000000000", 1_000_000_000), ("007", 7),
    ],
)  # fmt: skip
def test_points_are_whole_numbers(cell: str, points: int) -> None:
    assert read_points(cell.strip()) == points


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("-5", "less than nothing"), ("\N{MINUS SIGN}5", "less than nothing"),
        ("(5)", "less than nothing"), ("12.5", "--round-down"), ("1,234", "a thousand or a decimal"),
        ("1.234.567", "a thousand or a decimal"), ("1e9", "spreadsheet has shortened"),
        ("1,5E+09", "spreadsheet has shortened"), ("=1+1", "formula"), ("@SUM(A1)", "formula"),
        ("1000000001", "at most"), ("9" * 400, "no whole number"), ("five", "no whole number"),
        ("١٢", "no whole number"), ("\N{FULLWIDTH DIGIT FIVE}", "no whole number"),
        ("NaN", "no whole number"), ("Infinity", "no whole number"), ("0x10", "no whole number"),
        ("5\0", "no whole number"), ("1_000", "no whole number"), ("12 34", "no whole number"),
        ("TRUE", "no whole number"), ("#REF!", "no whole number"),
    ],
)  # fmt: skip
def test_what_is_no_number_of_points_is_refused_with_what_to_do(cell: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        read_points(cell)


def test_decimals_are_rounded_down_only_when_told() -> None:
    assert read_points("12.99", round_down=True) == 12
    assert read_points("12,5", round_down=True) == 12
    with pytest.raises(Invalid, match="a thousand or a decimal"):
        read_points("1.234", round_down=True)


@pytest.mark.parametrize(
    ("cell", "ends"),
    [
        ("2027-03-31", datetime(2027, 3, 31, 22, tzinfo=UTC)),  # summer time begins on the 28th
        ("31.03.2027", datetime(2027, 3, 31, 22, tzinfo=UTC)),
        ("2028-02-29", datetime(2028, 2, 29, 23, tzinfo=UTC)),
        ("2027-01-01T10:00:00+02:00", datetime(2027, 1, 1, 8, tzinfo=UTC)),
        ("2027-01-01T10:00:00Z", datetime(2027, 1, 1, 10, tzinfo=UTC)),
        ("2027-01-01 10:00:00", datetime(2027, 1, 1, 9, tzinfo=UTC)),
        ("", None), ("0000-00-00", None), ("NULL", None), ("9999-12-31", None),
    ],
)  # fmt: skip
def test_points_live_through_their_last_day_where_the_shop_is(
    cell: str, ends: datetime | None
) -> None:
    assert read(f"a@example.pl,5,{cell}") == Row(
        line=2, email="a@example.pl", parts=(Part(points=5, expires_at=ends),)
    )


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("2027-02-29", "no such day"), ("30.02.2027", "no such day"), ("2027-13-01", "no such day"),
        ("31/03/2027", "--dates dmy"), ("soon", "no such day"), ("45000", "no such day"),
        ("2026-11-21", "expired already"), ("1999-01-01", "expired already"),
        ("2027-03-31T99:00", "no such day"), ("20270331", "no such day"),
    ],
)  # fmt: skip
def test_a_day_that_is_none_or_over_is_refused(cell: str, sentence: str) -> None:
    found = fault(f"a@example.pl,5,{cell}")
    assert sentence in found.what
    assert (found.column, found.value) == (
        "expires",
        "s… (4 characters)" if cell == "soon" else cell,
    ) or "T99" in cell


def test_the_order_of_day_and_month_is_what_one_says() -> None:
    for order, month in (("dmy", 4), ("mdy", 3)):
        found = read("a@example.pl,5,03/04/2027", reading(order=order))
        assert isinstance(found, Row)
        ends = found.parts[0].expires_at
        assert ends is not None
        assert ends.astimezone(ZoneInfo("Europe/Warsaw")).month == month


def test_never_means_for_ever() -> None:
    found = read("a@example.pl,5,never")
    assert isinstance(found, Row)
    assert found.parts == (Part(points=5, forever=True),)


def test_tier_and_joining_are_kept_as_they_were() -> None:
    found = read("a@example.pl,5,,New Brew,2019-05-01")
    assert isinstance(found, Row)
    assert found.tier == "New Brew"
    assert found.joined_at == datetime(2019, 4, 30, 22, tzinfo=UTC)
    assert "nobody joined then" in fault("a@example.pl,5,,,2031-01-01").what
    assert "nobody joined then" in fault("a@example.pl,5,,,1969-12-31").what
    assert "a word of at most" in fault("a@example.pl,5,,x\0y").what


@pytest.mark.parametrize(
    ("cell", "numbered", "customer"),
    [
        ("17", True, "17"), ("gid://shopify/Customer/17", True, "17"), ("0", True, None),
        ("", True, None), ("till-7/ab", False, "till-7/ab"),
    ],
)  # fmt: skip
def test_a_customers_id_is_what_the_shop_gave(
    cell: str, numbered: bool, customer: str | None
) -> None:
    assert read_customer(cell, numbered=numbered) == customer


@pytest.mark.parametrize("cell", ["017", "17a", "-1", "1" * 21, "gid://shopify/Order/17", "1 7"])
def test_what_is_no_customers_id_is_refused(cell: str) -> None:
    with pytest.raises(Invalid, match="no customer's id"):
        read_customer(cell)


def test_my_creds_user_may_be_an_e_mail_or_a_number_but_no_login() -> None:
    columns: Columns = map_columns(["mycred_user", "mycred_amount", "mycred_ctype"])
    how = Reading(columns=columns, zone=ZoneInfo("UTC"), now=NOW)
    by_mail, by_number = read("a@example.pl,5,gold", how), read("17,5,gold", how)
    assert isinstance(by_mail, Row)
    assert isinstance(by_number, Row)
    assert (by_mail.email, by_number.customer) == ("a@example.pl", "17")
    assert "login name" in fault("ola,5,gold", how).what
    assert "several kinds of points" in fault("17,5,silver", how).what


def test_all_that_is_wrong_with_a_row_is_told_at_once() -> None:
    found = read("nobody,five,soon,,")
    assert isinstance(found, tuple)
    assert [one.column for one in found] == ["email", "points"]
    assert fault(",5").what.startswith("nothing says whose")
    assert "only 1 of the file's 5 cells" in fault("a@example.pl").what
    assert "a quotation mark missing" in fault("a@example.pl,5,,,,,x").what


def test_a_letter_of_another_alphabet_is_another_address() -> None:
    latin, cyrillic = read("ola@example.pl,5"), read("\N{CYRILLIC SMALL LETTER O}la@example.pl,5")
    assert isinstance(latin, Row)
    assert isinstance(cyrillic, Row)
    assert latin.email != cyrillic.email
    assert "--encoding" in fault("o\ufffdla@example.pl,5").what
    for cell in (
        "a@example.pl;5",
        "Ola <a@example.pl>",
        "a\0b@example.pl",
        "a b@example.pl",
        "a@b@example.pl",
        "@example.pl",
        "a@",
    ):
        assert "no e-mail address" in fault(f"{cell},5").what


def test_our_own_mark_against_formulas_is_taken_off() -> None:
    found = read("'=x@example.pl,5")
    assert isinstance(found, Row)
    assert found.email == "=x@example.pl"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("ola.kowalska@example.pl", "o…@e…"), ("Ola Kowalska", "O… (12 characters)"),
        ("1,234", "1,234"), ("", ""), ("31/03/2027", "31/03/2027"), ("\0x", "?… (2 characters)"),
        ("9" * 40, "9… (40 characters)"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_shown_without_what_is_personal(cell: str, shown: str) -> None:
    assert masked(cell) == shown


@given(st.text(max_size=60))
def test_no_cell_makes_a_row_fall_over(cell: str) -> None:
    how = reading()
    for cells in ((cell, "5"), ("a@example.pl", cell), ("a@example.pl", "5", cell, cell, cell)):
        found = read_row(Record(line=2, last=2, cells=cells), how)
        if isinstance(found, Row):
            assert found.parts[0].points >= 0
    assert LONGEST_CELL > 60
