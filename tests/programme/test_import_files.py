"""Files that members come in: as spreadsheets and other systems write them, and as nobody should."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid
from app.programme.import_columns import SYSTEMS, Columns, map_columns
from app.programme.import_csv import LONGEST_CELL, Record, records, survey
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
from tests.memory import measured

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def rows_of(content: bytes, **said: Any) -> list[Record]:
    stream = io.BytesIO(content)
    return list(records(stream, survey(stream, **said)))


def cells_of(content: bytes, **said: Any) -> list[list[str]]:
    return [list(record.cells) for record in rows_of(content, **said)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1250"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_is_read_as_it_was_saved(encoding: str, delimiter: str, end: str) -> None:
    table = [["e-mail", "poziom", "punkty"], ["ola@example.pl", "Złoty święty", "1 200"]]
    content = end.join(delimiter.join(row) for row in table).encode(encoding)
    assert cells_of(content) == table


def test_an_old_code_page_is_guessed_by_its_letters_and_told() -> None:
    polish, french = "imię,łąka,żółw,źdźbło\n", "prénom,élève,à côté,naïf\n"
    [note] = survey(io.BytesIO(polish.encode("cp1250"))).notes
    assert "Windows-1250" in note
    [note] = survey(io.BytesIO(french.encode("cp1252"))).notes
    assert "Windows-1252" in note
    assert cells_of(french.encode("cp1252")) == [["prénom", "élève", "à côté", "naïf"]]
    assert cells_of(polish.encode("iso-8859-2"), encoding="iso-8859-2")[0][1] == "łąka"
    assert survey(io.BytesIO(polish.encode())).notes == ()


def test_line_ends_may_be_mixed_and_cells_hold_them() -> None:
    content = b'email,points\r\na@example.pl,1\n"b\r\n@example.pl",2\rc@example.pl,3\n\n , \n'
    rows = rows_of(content)
    assert [record.line for record in rows] == [1, 2, 3, 5]
    assert rows[2].cells == ("b\r\n@example.pl", "2")
    assert (rows[2].line, rows[2].last) == (3, 4)


def test_a_spreadsheets_word_about_the_delimiter_is_no_row() -> None:
    assert cells_of(b"sep=;\r\nemail;points\r\na@example.pl;1,0\r\n")[0] == ["email", "points"]


def test_a_delimiter_within_quotation_marks_does_not_count() -> None:
    assert cells_of(b'"a,b,c,d";email;points\nx;y;1')[0] == ["a,b,c,d", "email", "points"]


def test_an_endless_cell_is_one_bad_row_and_the_rest_is_read() -> None:
    monster = b"x" * 10_000_000
    rows = rows_of(b"email,points\na@example.pl,1\n" + monster + b",2\nb@example.pl,3\n")
    assert [record.problem is not None for record in rows] == [False, False, True, False]
    assert (rows[2].line, rows[3].cells) == (3, ("b@example.pl", "3"))


def test_a_quotation_mark_that_is_never_closed_is_told_by_its_line() -> None:
    lines = b"".join(b"m%d@example.pl,5\n" % n for n in range(20_000))
    rows = rows_of(b'email,points\na@example.pl,1\n"b@example.pl,2\n' + lines)
    bad = [record for record in rows if record.problem is not None]
    assert bad[0].line == 3
    assert "never closed" in str(bad[0].problem)
    assert rows[-1].cells == ("m19999@example.pl", "5")


def test_a_line_without_an_end_does_not_fill_the_memory() -> None:
    class Endless(io.RawIOBase):
        left = 40_000_000

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            size = min(len(buffer), self.left)
            buffer[:size] = (b"a," * size)[:size]
            self.left -= size
            return size

    stream = io.BufferedReader(Endless())
    how = survey(io.BytesIO(b"a,b\n"))
    stream.seek = lambda *_: 0  # type: ignore[method-assign]
    with measured() as height:
        [record] = records(stream, how)
        peak = height()
    assert record.problem is not None
    assert peak < 60_000_000


def test_an_empty_file_is_refused() -> None:
    for content in (b"", b"\n\r\n", b"\xef\xbb\xbf", b"\xff\xfe"):
        with pytest.raises(Invalid, match="empty"):
            survey(io.BytesIO(content))


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(Invalid, match="no encoding known here"):
        survey(io.BytesIO(b"a"), encoding="klingon")


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
            min_size=2,
            max_size=4,
        ).filter(lambda row: any(cell.strip() for cell in row)),
        min_size=1,
        max_size=5,
    )
)
def test_what_was_written_as_csv_is_what_is_read(table: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *table])
    assert cells_of(text.getvalue().encode(), delimiter=",") == [["a", "b"], *table]


# ---- columns ----


@pytest.mark.parametrize(
    ("head", "system", "columns"),
    [
        ("email,points", "plain", {"email": 0, "points": 1}),
        ("E-mail;Punkty;Ważne do", "plain", {"email": 0, "points": 1, "expires": 2}),
        ("mycred_user,mycred_amount,mycred_ctype", "mycred", {"user": 0, "points": 1, "kind": 2}),
        ("email,points,referral_code", "wployalty", {"email": 0, "points": 1}),
        ("Users Email,Points,User Name", "wp-swings", {"email": 0, "points": 1}),
        (
            "Full Name,Email,Points Balance,Points Spent,Birthday (MM/DD)",
            "yotpo",
            {"email": 1, "points": 2},
        ),
    ],
)
def test_a_system_is_known_by_the_head_of_its_file(
    head: str, system: str, columns: dict[str, int]
) -> None:
    names = head.split(";" if ";" in head else ",")
    found = map_columns(names)
    assert (found.system, dict(found.at)) == (system, columns)


def test_every_system_finds_its_own_columns() -> None:
    for system in SYSTEMS.values():
        head = [names[0] for names in system.columns.values()]
        found = map_columns(head, system=system.key)
        assert found.at.keys() == system.columns.keys() - {"birthday"}
        assert found.unknown == ()


def test_a_column_can_be_named_and_left_out_by_hand() -> None:
    head = ["Login", "Mail", "Stan konta", "Points", "Joined"]
    chosen = {"email": "mail", "points": "STAN KONTA", "joined": ""}
    found = map_columns(head, chosen=chosen)
    assert dict(found.at) == {"email": 1, "points": 2}
    assert found.unknown == ("Login", "Points", "Joined")


def test_further_points_of_a_row_stand_beside_their_days() -> None:
    found = map_columns(["email", "points", "expires", "points_2", "expires_2", "Points 3"])
    assert found.lots == ((1, 2), (3, 4), (5, None))


@pytest.mark.parametrize(
    ("head", "chosen", "sentence"),
    [
        (["email", "name"], {}, "No column of the file is known as the points"),
        (["name", "points"], {}, "No column of the file says whose"),
        (["ola@example.pl", "5"], {}, "must name the columns"),
        (["email", "points", "Points"], {}, "Two columns of the file are called"),
        (["email", "points"], {"points": "score"}, "has no column 'score'"),
        (["PK\x03\x04", "points"], {}, "saved as CSV first"),
        (["email", "points"], {"shoe": "points"}, "--column shoe=… is none"),
    ],
)
def test_a_head_that_leaves_a_doubt_is_refused_with_what_to_do(
    head: list[str], chosen: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        map_columns(head, chosen=chosen)


# ---- cells ----


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


def test_twenty_thousand_rows_take_no_more_memory_than_two_thousand() -> None:
    def peak(count: int) -> int:
        stream = io.BytesIO(b"email,points\n" + b"someone@example.pl,12\n" * count)

        def every() -> Iterator[Record]:
            yield from records(stream, survey(stream))

        with measured() as height:
            assert sum(1 for _ in every()) == count + 1
            return height()

    assert peak(20_000) < 3 * peak(2_000)
