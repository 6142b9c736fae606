"""Files that members come in: as spreadsheets and other systems write them, and as nobody should."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid
from app.programme.import_columns import SYSTEMS, map_columns
from app.programme.import_csv import Record, records, survey
from tests.memory import measured


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


def test_twenty_thousand_rows_take_no_more_memory_than_two_thousand() -> None:
    def peak(count: int) -> int:
        stream = io.BytesIO(b"email,points\n" + b"someone@example.pl,12\n" * count)

        def every() -> Iterator[Record]:
            yield from records(stream, survey(stream))

        with measured() as height:
            assert sum(1 for _ in every()) == count + 1
            return height()

    assert peak(20_000) < 3 * peak(2_000)
