"""`stempel export`: everything can be taken away, read by its owner alone, and brought in again."""

import csv
import json
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.cli.export_files import safe
from app.db.engine import Database
from app.errors import Conflict
from app.services.stores import add_store
from app.settings import Settings
from tests.aging import NEW_YEAR, Aging, open_aging
from tests.cli.answers import Run, data, plain
from tests.importing import Moving
from tests.people import JAN, OLA, SOURCE, People, account, order
from tests.pipeline import Pipeline

NewDatabase = Callable[[], AbstractContextManager[Database]]


@pytest.fixture
def aging(pipeline: Pipeline) -> Aging:
    """Ola has points of two ages, Jan a debt, =zoe an odd address and a guest never joined."""
    aging = open_aging(pipeline, "expire_months = 12", stores=2)
    people = aging.people
    people.tell(0, account("5", OLA), account("6", JAN))
    people.tell(1, account("7", OLA))
    aging.buy(1, "300.00")
    aging.at(NEW_YEAR + timedelta(days=40))
    aging.buy(2, "100.00")
    people.tell(0, order(3, "50.00", customer="6"))
    people.spend(people.member(0, "6"), 30)
    people.tell(0, order(3, "50.00", customer="6", refunded="50.00", at=9))
    people.tell(0, order(4, "20.00", email="guest@example.pl"))
    Moving(people).bring("email,points,expires\n=zoe@example.pl,70,never\n")
    return aging


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def holdings(people: People) -> dict[str, tuple[int, list[tuple[int, Any]]]]:
    """Return what the members of a programme have, and until when, by the shop's id or the e-mail."""
    found = {}
    names = {
        people.member(0, "5"): "ola",
        people.member(0, "6"): "jan",
        people.holder("=zoe@example.pl"): "zoe",
    }
    for row in people.rows("member", state="member"):
        lots = [
            (lot.remaining, lot.expires_at)
            for lot in people.rows("lot", member_id=row.id)
            if lot.remaining
        ]
        found[names[row.id]] = (row.balance, sorted(lots, key=str))
    return found


def test_members_are_exported_and_can_be_brought_in_elsewhere(
    run: Run,
    aging: Aging,
    tmp_path: Path,
    new_database: NewDatabase,
    settings: Settings,
) -> None:
    file = tmp_path / "members.csv"
    told = plain(run("export", "members", "-p", "one-wallet", "--file", file))
    assert told == f"4 rows in {file}\nNot in it: 1 guests, who never joined, with 20 points.\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    rows = table(file)
    assert [(row["email"], row["points"], row["customer_id"]) for row in rows] == [
        (OLA, "300", "5"), (OLA, "100", "5"), (JAN, "0", "6"), ("'=zoe@example.pl", "70", ""),
    ]  # fmt: skip
    ola, jan = rows[0], rows[2]
    first, second = aging.people.stores
    assert ola["accounts"] == f"{first.key}:5 {second.key}:7"
    assert (jan["balance"], jan["joined"] != "") == ("-30", True)
    with new_database() as database:
        fresh = Pipeline(database, settings, aging.pipeline.clock)
        people = _same_shops(fresh, aging)
        Moving(people).bring(file.read_bytes(), system="plain")
        expected = holdings(aging.people)
        assert holdings(people) == expected | {"jan": (0, [])}  # a debt does not move
        assert people.problems() == []
        fresh.close()


def _same_shops(fresh: Pipeline, aging: Aging) -> People:
    """Open the same programme with the same shops in another installation."""
    programme_id = fresh.programme(source=SOURCE.format(debt="debt"))
    stores = []
    for store in aging.people.stores:
        with fresh.database.transaction() as connection:
            stores.append(
                add_store(
                    connection,
                    fresh.settings.keyring,
                    programme_id=programme_id,
                    platform=store.platform,
                    url=store.url,
                    values={},
                    now=fresh.clock(),
                    key=store.key,
                )
            )
    return People(fresh, programme_id, stores)


def test_everything_is_exported_at_once(run: Run, aging: Aging, tmp_path: Path) -> None:
    directory = tmp_path / "out"
    counts = data(run("export", "all", "-p", "one-wallet", "--directory", directory, "--json"))[
        "rows"
    ]
    assert counts.keys() | {"contents.json"} == {path.name for path in directory.iterdir()}
    assert {"entry.jsonl", "award.jsonl", "source_object.jsonl", "lot.csv", "audit.jsonl"} <= (
        counts.keys()
    )
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    entries = [json.loads(line) for line in (directory / "entry.jsonl").read_text().splitlines()]
    assert len(entries) == counts["entry.jsonl"] == len(aging.people.rows("entry"))
    members = table(directory / "member.csv")
    assert {row["email"] for row in members} == {OLA, JAN, "'=zoe@example.pl", ""}
    by_member = {row["id"]: int(row["balance"]) for row in members}
    for member, balance in by_member.items():
        assert balance == sum(one["points"] for one in entries if one["member_id"] == member)
    assert "[programme]" in (directory / "version-1.toml").read_text()
    whole = "".join(path.read_text() for path in directory.iterdir())
    assert "s3cr3t" not in whole
    again = run("export", "all", "-p", "one-wallet", "--directory", directory)
    assert isinstance(again.exception, Conflict)


def test_a_file_is_never_written_over_and_never_half(
    run: Run, aging: Aging, tmp_path: Path
) -> None:
    file = tmp_path / "ledger.jsonl"
    export = ("export", "ledger", "-p", "one-wallet", "--file", file)
    assert data(run(*export, "--json"))["rows"] == len(aging.people.rows("entry"))
    assert isinstance(run(*export).exception, Conflict)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"), ("+48 600", "'+48 600"), ("@x", "'@x"), ("-cmd", "'-cmd"),
        ("\tx", "'\tx"), ("-50", "-50"), (-50, "-50"), (None, ""), ("ola", "ola"), ("a=b", "a=b"),
    ],
)  # fmt: skip
def test_no_cell_is_a_formula(cell: Any, written: str) -> None:
    assert safe(cell) == written
