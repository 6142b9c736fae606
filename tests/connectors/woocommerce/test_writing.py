"""Writing balances, setting up webhooks and asking for the shop's health."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from app.errors import Blocked, Passing
from connectors.base import Access, CustomerState, LiveCode, Shop
from connectors.http import GuardedClient
from connectors.woocommerce import connector
from connectors.woocommerce.install import TOPICS
from tests.connectors.loopback import Loopback, Reply, Request, loopback
from tests.connectors.woocommerce.captured import reply
from tests.connectors.woocommerce.shops import KEYS, as_json, path_of, query_of, shop_with

# --- writing -------------------------------------------------------------------------------------


def state(customer: str, balance: int = 120, tier: str | None = "gold") -> CustomerState:
    return CustomerState(customer=customer, programme="kawa", balance=balance, tier=tier)


def test_balances_are_written_as_text_in_one_call() -> None:
    done = as_json({"update": [{"id": 2}, {"id": 4}]})
    with shop_with({"POST /customers/batch": done}) as (shop, server):
        assert shop.writer is not None
        written = shop.writer.push([state("2"), state("4", balance=-5, tier=None)])
    assert [(one.customer, one.error) for one in written] == [("2", None), ("4", None)]
    [request] = server.requests
    first, second = json.loads(request.body)["update"]
    assert first == {
        "id": 2,
        "meta_data": [
            {"key": "stempel_balance", "value": "120"},
            {"key": "stempel_tier", "value": "gold"},
            {"key": "stempel_programme", "value": "kawa"},
            {"key": "stempel_codes", "value": "[]"},
            {"key": "stempel_perks", "value": ""},
        ],
    }
    assert [entry["value"] for entry in second["meta_data"]] == ["-5", "", "kawa", "[]", ""]


def test_the_codes_of_a_customer_are_written_as_one_text() -> None:
    summer = timezone(timedelta(hours=2))
    codes = (
        LiveCode(
            code="K7QM-3XTD-9RWB",
            reward="ten-percent",
            ends_at=datetime(2027, 7, 20, 23, 59, 59, 999_999, tzinfo=summer),
        ),
        LiveCode(code="AAAA-BBBB-CCCC", reward="delivery"),
    )
    done = as_json({"update": [{"id": 2}]})
    with shop_with({"POST /customers/batch": done}) as (shop, server):
        assert shop.writer is not None
        shop.writer.push([msgspec.structs.replace(state("2"), codes=codes)])
    [sent] = json.loads(server.requests[0].body)["update"]
    [value] = [one["value"] for one in sent["meta_data"] if one["key"] == "stempel_codes"]
    assert json.loads(value) == [
        {"code": "K7QM-3XTD-9RWB", "reward": "ten-percent", "ends_at": "2027-07-20T21:59:59Z"},
        {"code": "AAAA-BBBB-CCCC", "reward": "delivery", "ends_at": None},
    ]


def test_of_very_many_codes_the_newest_are_written() -> None:
    codes = tuple(LiveCode(code=f"CODE-{number}", reward="r") for number in range(250))
    done = as_json({"update": [{"id": 2}]})
    with shop_with({"POST /customers/batch": done}) as (shop, server):
        assert shop.writer is not None
        shop.writer.push([msgspec.structs.replace(state("2"), codes=codes)])
    [sent] = json.loads(server.requests[0].body)["update"]
    shown = json.loads(sent["meta_data"][3]["value"])
    assert [one["code"] for one in shown] == [f"CODE-{number}" for number in range(150, 250)]


def test_one_customer_that_is_gone_spoils_nothing_for_the_others() -> None:
    error = {"code": "woocommerce_rest_invalid_id", "message": "x", "data": {"status": 400}}
    forbidden = {"code": "woocommerce_rest_cannot_edit", "message": "x", "data": {"status": 403}}
    done = as_json(
        {"update": [{"id": 9, "error": error}, {"id": 4}, {"id": 1, "error": forbidden}]}
    )
    with shop_with({"POST /customers/batch": done}) as (shop, _):
        assert shop.writer is not None
        gone, fine, refused = shop.writer.push([state("9"), state("4"), state("1")])
    assert (gone.gone, gone.error) == (True, "woocommerce_rest_invalid_id")
    assert (fine.gone, fine.error) == (False, None)
    assert (refused.gone, refused.error) == (False, "woocommerce_rest_cannot_edit")


def test_a_captured_batch_answer_with_an_error_inside_is_understood() -> None:
    with shop_with({"POST /customers/batch": reply("080")}) as (shop, _):
        assert shop.writer is not None
        fine, refused = shop.writer.push([state("377"), state("9999999")])
    assert fine.error is None
    assert refused.error == "woocommerce_rest_shop_order_invalid_id"


def test_an_answer_that_forgets_someone_is_tried_again() -> None:
    with shop_with({"POST /customers/batch": as_json({"update": [{"id": 2}]})}) as (shop, _):
        assert shop.writer is not None
        with pytest.raises(Passing, match="all of them"):
            shop.writer.push([state("2"), state("4")])


def test_nobody_to_write_is_no_call() -> None:
    with shop_with({}) as (shop, server):
        assert shop.writer is not None
        assert list(shop.writer.push([])) == []
        assert server.requests == []


# --- setting up ----------------------------------------------------------------------------------


class Webhooks:
    """The webhooks of a shop, as /webhooks keeps them."""

    def __init__(self, *existing: dict[str, Any]) -> None:
        self.rows = {row["id"]: dict(row) for row in existing}

    def serve(self, request: Request) -> Reply:
        match request.method:
            case "GET":
                rows = sorted(self.rows.values(), key=lambda row: -row["id"])
                return as_json(rows if query_of(request)["page"] == "1" else [])
            case "POST":
                row = json.loads(request.body) | {"id": max(self.rows, default=0) + 1}
                self.rows[row["id"]] = row
                return as_json(row, 201)
            case _:
                row = self.rows[int(path_of(request).rsplit("/", 1)[1])]
                row.update(json.loads(request.body))
                return as_json(row)


@contextmanager
def shop_of(webhooks: Webhooks) -> Iterator[tuple[Shop, Loopback]]:
    def answer_for(request: Request) -> Reply:
        return webhooks.serve(request)

    with loopback(answer_for) as server:
        access = Access(store_key="k", url=server.url, credentials=KEYS)
        shop = connector.connect(access, GuardedClient(allow_private=True))
        yield shop, server
        shop.close()


ADDRESS = "https://stempel.example/webhooks/woocommerce/abc"


def test_every_topic_we_need_is_registered_once() -> None:
    webhooks = Webhooks()
    with shop_of(webhooks) as (shop, _):
        assert shop.installer is not None
        first = shop.installer.register(ADDRESS, "secret")
        again = shop.installer.register(ADDRESS, "secret")
    assert first == again
    assert {one.topic for one in first} == set(TOPICS)
    assert all(one.active and one.address == ADDRESS for one in first)
    assert len(webhooks.rows) == len(TOPICS)
    assert {row["secret"] for row in webhooks.rows.values()} == {"secret"}


def test_a_webhook_that_was_switched_off_is_switched_on_and_gets_the_new_secret() -> None:
    row = {
        "id": 5, "topic": "order.updated", "status": "disabled", "delivery_url": ADDRESS,
        "secret": "old",
    }  # fmt: skip
    webhooks = Webhooks(row)
    with shop_of(webhooks) as (shop, _):
        assert shop.installer is not None
        made = shop.installer.register(ADDRESS, "new")
    assert ("5", "order.updated") in {(one.id, one.topic) for one in made}
    assert (webhooks.rows[5]["status"], webhooks.rows[5]["secret"]) == ("active", "new")
    assert len(webhooks.rows) == len(TOPICS)


def test_the_webhooks_of_others_are_left_alone() -> None:
    theirs = [
        {"id": 1, "topic": "order.updated", "status": "paused", "delivery_url": ADDRESS + "d"},
        {"id": 2, "topic": "coupon.created", "status": "paused", "delivery_url": ADDRESS},
        {
            "id": 3,
            "topic": "order.updated",
            "status": "disabled",
            "delivery_url": "https://x.example/",
        },
    ]
    webhooks = Webhooks(*theirs)
    with shop_of(webhooks) as (shop, _):
        assert shop.installer is not None
        shop.installer.register(ADDRESS, "secret")
    assert [webhooks.rows[number] for number in (1, 2, 3)] == theirs


def test_the_captured_list_of_webhooks_is_understood() -> None:
    created = as_json({"id": 99, "status": "active"}, 201)
    routes = {"GET /webhooks": reply("005"), "POST /webhooks": created}
    with shop_with(routes) as (shop, server):
        assert shop.installer is not None
        made = shop.installer.register(ADDRESS, "secret")
    assert len(made) == len(TOPICS)
    assert [json.loads(one.body)["topic"] for one in server.requests if one.method == "POST"] == [
        *TOPICS
    ]


def test_the_health_of_a_shop_is_one_line() -> None:
    with shop_with({"GET /system_status": reply("068")}) as (shop, server):
        assert shop.health is not None
        assert shop.health.check() == "WooCommerce 11.0.1, PLN, 2 decimals"
    assert query_of(server.requests[0])["_fields"] == "environment,settings"


def test_a_shop_that_refuses_the_key_is_not_healthy() -> None:
    with shop_with({"GET /system_status": reply("043")}) as (shop, _):
        assert shop.health is not None
        with pytest.raises(Blocked, match="does not accept the API key"):
            shop.health.check()


def test_half_a_key_is_no_key() -> None:
    assert connector.can_call(KEYS)
    assert not connector.can_call({"consumer-key": "ck_for_tests"})
    assert not connector.can_call(KEYS | {"consumer-secret": ""})
