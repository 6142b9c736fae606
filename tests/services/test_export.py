"""What a programme takes along when it is exported, and what never leaves."""

from sqlalchemy import LargeBinary

from app.db import tables as t
from app.services.export_members import member_rows
from app.services.export_tables import LEFT_OUT, columns_of, exported, table_rows
from tests.people import OLA, account, open_people, order
from tests.pipeline import Pipeline


def test_a_programme_is_exported_without_others(pipeline: Pipeline) -> None:
    people = open_people(pipeline)
    people.tell(0, account("5", OLA), order(1, customer="5"))
    people.spend(people.member(0, "5"), 30)
    other = pipeline.programme("start-100-50-200")
    with pipeline.database.snapshot() as connection:
        vault = pipeline.runtime.vault
        mine, found = (
            {one.name: list(table_rows(connection, vault, of, one)) for one in exported()}
            for of in (people.programme_id, other)
        )
        [row] = member_rows(connection, vault, people.programme_id, pipeline.clock())
    assert (row["email"], row["points"], row["expires"]) == (OLA, "170", "never")
    assert [one["email"] for one in mine["member"]] == [OLA]
    assert all(mine[name] for name in ("entry", "lot", "lot_use", "award", "redemption", "store"))
    assert {name for name, rows in found.items() if rows} <= {
        "programme", "programme_version", "audit",
    }  # fmt: skip
    assert len(found["programme"]) == 1


def test_no_key_and_no_hash_leaves() -> None:
    assert LEFT_OUT.keys() <= t.metadata.tables.keys()
    out = {
        (one.name, name)
        for one in exported()
        for name in columns_of(one)
        if isinstance(one.c[name].type, LargeBinary)
    }
    assert out == {
        ("entry", "mac"), ("checkpoint", "mac"), ("member", "head"), ("member", "email"),
    }  # fmt: skip
