"""A member's codes reach the shop: those that work there, for as long as they do."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from app.db import tables as t
from app.services import writeback
from app.services.merge import merge_accounts
from app.services.view_members import show_member
from tests.issued import change, issue, member_of
from tests.pipeline import Pipeline
from tests.way.shop import WRITE, Way, open_way
from tests.way.shopify import open_shopify, platform

OLA, JAN = "ola@example.pl", "jan@example.pl"
END = datetime(2027, 2, 20, 22, 59, 59, tzinfo=UTC)
CODE, OTHER = "K7QM-3XTD-9RWB", "AAAA-BBBB-CCCC"


def codes(way: Way, customer: int) -> list[str]:
    return [one["code"] for one in json.loads(way.shown(customer)["stempel_codes"])]


def member(way: Way, customer: int) -> int:
    return member_of(way.pipeline, way.store, customer)


def give(way: Way, customer: int, code: str = CODE, **columns: Any) -> int:
    values = {"customer": customer, **columns}
    return issue(way.pipeline, way.store, member(way, customer), code, **values)


def merged(way: Way, one: int, other: int) -> int:
    with way.pipeline.database.transaction() as connection:
        return merge_accounts(
            connection,
            way.pipeline.runtime.vault,
            programme_id=way.programme_id,
            one=one,
            other=other,
            now=way.pipeline.clock(),
        )


def test_a_code_is_shown_to_its_customer_and_to_nobody_else(way: Way) -> None:
    ola, jan = way.joins(OLA), way.joins(JAN)
    way.announce()
    give(way, ola, ends_at=END)
    give(way, ola, OTHER)
    way.announce()
    assert json.loads(way.shown(ola)["stempel_codes"]) == [
        {"code": CODE, "reward": "ten-percent", "ends_at": "2027-02-20T22:59:59Z"},
        {"code": OTHER, "reward": "ten-percent", "ends_at": None},
    ]
    assert way.shown(jan)["stempel_codes"] == "[]"


@pytest.mark.parametrize(
    "over",
    [
        {"state": "used"},
        {"state": "released"},
        {"ending": "a person released it"},
        {"dead_at": END},
    ],
    ids=lambda over: next(iter(over)) + "-" + str(next(iter(over.values()))),
)
def test_a_code_that_is_over_is_shown_no_more(way: Way, over: dict[str, Any]) -> None:
    ola = way.joins(OLA)
    way.announce()
    first, _ = give(way, ola), give(way, ola, OTHER)
    way.announce()
    change(way.pipeline, first, **over)
    way.announce()
    assert codes(way, ola) == [OTHER]


def test_a_code_that_the_shop_has_not_confirmed_is_not_shown(way: Way) -> None:
    ola = way.joins(OLA)
    way.announce()
    writes = way.calls(WRITE)
    give(way, ola, state="reserved", made_at=None)
    way.announce()
    assert codes(way, ola) == []
    assert way.calls(WRITE) == writes


def test_the_same_codes_are_written_once(way: Way) -> None:
    ola = way.joins(OLA)
    way.announce()
    given = give(way, ola, ends_at=END)
    way.announce()
    writes = way.calls(WRITE)
    change(way.pipeline, given, uses=0)  # looked at, nothing new
    way.announce()
    assert way.calls(WRITE) == writes
    assert codes(way, ola) == [CODE]


def test_what_was_written_before_there_were_codes_is_not_written_again(way: Way) -> None:
    ola = way.joins(OLA)
    way.buy("49.95", customer=ola)
    way.announce()
    with way.pipeline.database.transaction() as connection:
        stored = connection.execute(select(t.store_customer.c.written)).scalar_one()
        assert stored == '["one-per-unit",49,null]'
        writeback.want_writing(connection, [member(way, ola)], way.pipeline.clock())
    writes = way.calls(WRITE)
    way.settle()
    assert way.calls(WRITE) == writes


def test_support_sees_the_balance_beside_any_codes(way: Way) -> None:
    ola = way.joins(OLA)
    way.buy("49.95", customer=ola)
    way.announce()
    for number in range(2):
        with way.pipeline.database.snapshot() as connection:
            shown = show_member(connection, way.pipeline.runtime.vault, member(way, ola))
        assert [(one.balance, one.tier) for one in shown.customers] == [(49, None)]
        if number == 0:
            give(way, ola)
            way.announce()


def test_a_code_of_an_account_that_was_joined_is_its_new_owner_s(way: Way) -> None:
    accounts = [way.joins(f"p{number}@example.pl") for number in range(3)]
    way.announce()
    first, second, third = (member(way, one) for one in accounts)
    issue(way.pipeline, way.store, third, CODE)  # for whoever gives the e-mail
    assert merged(way, second, third) == second
    assert merged(way, first, second) == first
    way.announce()
    assert codes(way, accounts[0]) == [CODE]


def test_who_has_two_accounts_in_the_shop_sees_a_code_where_it_works(way: Way) -> None:
    ola, also_ola = way.joins(OLA), way.joins("ola+shop@example.pl")
    way.announce()
    give(way, also_ola)
    merged(way, member(way, ola), member(way, also_ola))
    way.announce()
    assert (codes(way, ola), codes(way, also_ola)) == ([], [CODE])


def test_a_code_whose_account_is_gone_is_shown_at_the_other_one(way: Way) -> None:
    ola, also_ola = way.joins(OLA), way.joins("ola+shop@example.pl")
    way.announce()
    give(way, also_ola)
    merged(way, member(way, ola), member(way, also_ola))
    with way.pipeline.database.transaction() as connection:
        connection.execute(
            update(t.store_customer)
            .where(t.store_customer.c.external_id == str(also_ola))
            .values(gone=1, kept_as=str(ola))
        )
    way.announce()
    assert codes(way, ola) == [CODE]


def test_each_shop_shows_its_own_codes(pipeline: Pipeline) -> None:
    with open_way(pipeline) as first, open_way(pipeline, programme_id=first.programme_id) as second:
        here, there = first.joins(OLA), second.joins(OLA)
        first.announce()
        second.announce()
        merged(first, member(first, here), member(second, there))
        give(first, here)
        give(second, there, OTHER)
        first.announce()
        second.announce()
        assert codes(first, here) == [CODE]
        assert codes(second, there) == [OTHER]


def test_on_shopify_a_code_is_in_a_metafield_and_in_no_tag(pipeline: Pipeline) -> None:
    with platform(pipeline) as (connected, sandbox):
        programme_id = connected.programme()
        with open_shopify(connected, sandbox, programme_id) as way:
            ola = way.joins(OLA)
            way.announce()
            home = member_of(connected, way.store, ola)
            given = issue(connected, way.store, home, customer=ola, ends_at=END)
            way.announce()
            shown = way.shop.metafields_of(ola)
            assert json.loads(shown["$app:stempel.codes"]) == [
                {"code": CODE, "reward": "ten-percent", "ends_at": "2027-02-20T22:59:59Z"}
            ]
            assert way.tags(ola) == ["stempel:member", "stempel:points=0"]
            change(connected, given, state="used")
            way.announce()
            assert "$app:stempel.codes" not in way.shop.metafields_of(ola)
