"""The switches that make the sandbox fail, in process and over its control desk."""

import http.client
import json
import time
from collections.abc import Iterator

import pytest

from connectors.shopify.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox, serve
from tests.connectors.shopify.sandbox_help import (
    Client,
    Got,
    World,
    gid,
    open_world,
    receiving,
)


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as made:
        yield made


def write(world: World) -> Got:
    return world.client.ask("tags_add", id=gid("Customer", world.anna), tags=["gold"])


@pytest.mark.parametrize("after", ["2", "Sat, 21 Nov 2026 18:00:00 GMT", "99999999", "-1", "soon"])
def test_too_many_requests_says_when_in_any_way(world: World, after: str) -> None:
    world.shop.faults.add("429", retry_after=after)
    got = write(world)
    assert (got.status, got.headers["Retry-After"]) == (429, after)
    assert write(world).status == 200  # used up


@pytest.mark.parametrize("kind", ["401", "402", "403", "404", "423", "500"])
def test_a_shop_in_trouble_answers_with_its_status(world: World, kind: str) -> None:
    world.shop.faults.add(kind, times=2)
    assert [write(world).status for _ in range(3)] == [int(kind), int(kind), 200]
    assert world.shop.calls[f"fault {kind}"] == 2


def test_what_stands_in_front_answers_with_a_page(world: World) -> None:
    world.shop.faults.add("html")
    world.shop.faults.add("429", html=True)
    for status in (503, 429):
        got = write(world)
        assert got.status == status
        assert got.headers["Content-Type"].startswith("text/html")


def test_trouble_may_come_inside_a_200(world: World) -> None:
    world.shop.faults.add("internal_error")
    world.shop.faults.add("throttled")
    got = write(world)
    assert (got.status, got.codes) == (200, ["INTERNAL_SERVER_ERROR"])
    got = write(world)
    assert (got.status, got.codes) == (200, ["THROTTLED"])
    assert world.shop.tags_of(world.anna) == []


def test_a_fault_meets_only_what_it_was_set_for(world: World) -> None:
    world.shop.faults.add("500", times=None, operation="TagsAdd")
    world.shop.faults.add("403", times=None, path="/oauth")
    assert world.client.ask("shop_get").status == 200
    assert write(world).status == 500
    app = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    assert world.client.grant(grant_type="client_credentials", **app).status == 403
    world.shop.faults.clear()
    assert write(world).status == 200


def test_a_reset_after_the_write_leaves_the_write_done(world: World) -> None:
    world.shop.faults.add("reset_after")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        write(world)
    assert world.shop.tags_of(world.anna) == ["gold"]
    assert world.again().ask("shop_get").status == 200


def test_a_reset_before_the_write_leaves_nothing_done(world: World) -> None:
    world.shop.faults.add("reset_before")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        write(world)
    assert world.shop.tags_of(world.anna) == []


def test_half_a_body_is_not_the_whole(world: World) -> None:
    world.shop.faults.add("half_body")
    with pytest.raises(http.client.IncompleteRead):
        write(world)


def test_a_hang_lets_go_when_the_server_stops() -> None:
    sandbox = Sandbox()
    shop = sandbox.open_shop("kawa")
    running = serve(sandbox)
    shop.faults.add("hang", seconds=60)
    client = Client(running, shop)
    path = f"/{shop.domain}/admin/api/2026-10/graphql.json"
    client._connection.request("POST", path, b"{}")
    began = time.monotonic()
    while not shop.calls["fault hang"]:
        time.sleep(0.01)
    running.stop()
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        client._connection.getresponse()
    client.close()
    assert time.monotonic() - began < 5


def test_a_fault_that_does_not_exist_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="no fault"):
        world.shop.faults.add("earthquake")


# --- the desk -----------------------------------------------------------------------------------------


def test_the_desk_steers_a_shop_in_another_process(world: World) -> None:
    def do(action: str, **arguments: object) -> object:
        got = world.client.desk("do", {"action": action, "args": arguments})
        assert got.status == 200, got.body
        return got.body["result"]

    with receiving() as receiver:
        do("add_webhook", topic="ORDERS_PAID", uri=receiver.url)
        items = {str(world.mug): 2}
        placed = do("place_order", items=items, customer_id=world.anna, shipping="12.00")
        assert isinstance(placed, dict)
        line = placed["line_items"][0]["id"]
        do("refund", order_id=placed["id"], lines={str(line): 1})
        assert do("tag_customer", customer_id=world.anna, tags=["VIP"]) == ["VIP"]
        assert world.client.desk("run-queue", {}).body == {"sent": 1}
        assert json.loads(receiver.heard[0].body) == placed
    [sent] = world.client.desk("sent", method="GET").body
    assert (sent["topic"], sent["status"], sent["tries"]) == ("orders/paid", 200, 1)
    world.client.desk("settings", {"tax_rate": "0.08", "shuffle": 3})
    assert str(world.shop.settings.tax_rate) == "0.08"
    world.client.desk("faults", {"kind": "500"})
    assert write(world).status == 500
    counted = world.client.desk("calls", method="GET").body
    assert counted["calls"] == {"fault 500": 1}
    assert counted["deliveries"] == {"orders/paid 200": 1}
    assert world.client.desk("calls", method="DELETE").status == 200
    assert not world.shop.calls


def test_the_desk_opens_shops_and_lists_them(world: World) -> None:
    sent = json.dumps({"name": "herbata", "currency": "EUR"}).encode()
    made = world.client.send("POST", "/_sandbox/shops", sent).body
    assert made["domain"] == "herbata.myshopify.com"
    listed = world.client.send("GET", "/_sandbox/shops").body
    assert [one["domain"] for one in listed] == ["kawa.myshopify.com", "herbata.myshopify.com"]
    again = world.client.send("POST", "/_sandbox/shops", sent)
    assert (again.status, "cannot be opened" in again.body["error"]) == (400, True)


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("do", {"action": "run_queue"}),
        ("do", {"action": "place_order", "args": {"nonsense": 1}}),
        ("do", {"action": "pay", "args": {"order_id": 1}}),
        ("do", {"action": "place_order", "args": {"items": [], "codes": ["NONE"]}}),
        ("do", {"action": "tag_customer", "args": {"customer_id": 1, "tags": ["x"]}}),
        ("faults", {"kind": "earthquake"}),
        ("settings", {"nonsense": 1}),
        ("nonsense", {}),
        ("do", []),
    ],
)
def test_the_desk_says_what_it_cannot_do(world: World, path: str, sent: object) -> None:
    got = world.client.desk(path, sent)
    assert got.status == 400
    assert got.body["error"]


def test_the_page_shows_customers_and_orders(world: World) -> None:
    world.shop.tag_customer(world.anna, "<b>VIP</b>")
    world.buy(2)
    page = world.client.send("GET", "/kawa.myshopify.com/").raw.decode()
    assert "anna@example.com (verified)" in page
    assert "2 x Mug" in page
    assert "&lt;b&gt;VIP&lt;/b&gt;" in page
    assert "kawa.myshopify.com" in world.client.send("GET", "/").raw.decode()
    assert world.client.send("GET", "/herbata.myshopify.com/").status == 404
