"""The switches that make the sandbox fail, in process and over its control desk."""

import http.client
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from connectors.woocommerce.sandbox import Running, Sandbox, Settings, serve
from tests.connectors.woocommerce.sandbox_help import Client, Receiver


@dataclass
class World:
    """A served shop with one customer."""

    shop: Sandbox
    running: Running
    client: Client

    def again(self) -> Client:
        """Return a fresh connection: the old one may be broken."""
        self.client.close()
        self.client = Client(self.running)
        return self.client


@pytest.fixture
def world() -> Iterator[World]:
    shop = Sandbox(Settings(tls_in_front=True))
    shop.register_customer("anna@example.pl")
    with serve(shop) as running:
        made = World(shop, running, Client(running))
        yield made
        made.client.close()


@pytest.mark.parametrize("after", ["2", "Sat, 21 Nov 2026 18:00:00 GMT", "99999999", "-1", "soon"])
def test_too_many_requests_says_when_in_any_way(world: World, after: str) -> None:
    world.shop.faults.add("429", retry_after=after)
    got = world.client.call("GET", "/customers")
    assert (got.status, got.headers["Retry-After"]) == (429, after)
    assert world.client.call("GET", "/customers").status == 200  # used up


def test_a_host_s_429_is_often_a_page(world: World) -> None:
    world.shop.faults.add("429", html=True)
    got = world.client.call("GET", "/customers")
    assert got.headers["Content-Type"].startswith("text/html")
    assert "Retry-After" not in got.headers


def test_a_burst_of_500_ends(world: World) -> None:
    world.shop.faults.add("500", times=3)
    statuses = [world.client.call("GET", "/customers").status for _ in range(4)]
    assert statuses == [500, 500, 500, 200]
    assert world.shop.calls["fault 500"] == 3


def test_a_fault_meets_only_the_calls_it_was_set_for(world: World) -> None:
    world.shop.faults.add("500", times=None, method="PUT", path="/customers")
    assert world.client.call("GET", "/customers/1").status == 200
    assert world.client.call("PUT", "/customers/1", {}).status == 500
    assert world.client.call("PUT", "/orders/1", {}).status == 400
    world.shop.faults.clear()
    assert world.client.call("PUT", "/customers/1", {}).status == 200


def _write(client: Client) -> None:
    client.call("PUT", "/customers/1", {"meta_data": [{"key": "balance", "value": "1"}]})


def test_a_reset_after_the_write_leaves_the_write_done(world: World) -> None:
    world.shop.faults.add("reset_after")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        _write(world.client)
    assert world.shop.meta_of(1) == {"balance": "1"}
    assert world.again().call("GET", "/customers/1").status == 200


def test_a_reset_before_the_write_leaves_nothing_done(world: World) -> None:
    world.shop.faults.add("reset_before")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        _write(world.client)
    assert world.shop.meta_of(1) == {}


def test_half_a_body_is_not_the_whole(world: World) -> None:
    world.shop.faults.add("half_body")
    with pytest.raises(http.client.IncompleteRead):
        world.client.call("GET", "/customers/1")


@pytest.mark.parametrize("fault", ["wrong_json", "wrong_page"])
def test_a_wrong_body_hides_that_the_write_is_done(world: World, fault: str) -> None:
    world.shop.faults.add(fault)
    got = world.client.call(
        "PUT", "/customers/1", {"meta_data": [{"key": "balance", "value": "1"}]}
    )
    assert got.status == 200
    assert b"balance" not in got.raw
    assert world.shop.meta_of(1) == {"balance": "1"}


def test_rights_end_in_the_middle_of_the_work(world: World) -> None:
    world.shop.faults.add("no_rights", after=2, times=None)
    statuses = [world.client.call("GET", "/customers/1").status for _ in range(4)]
    assert statuses == [200, 200, 403, 403]


def _weather(world: World, seed: int, odds: dict[str, float]) -> list[int]:
    world.shop.faults.storm(seed, odds, path="/customers", retry_after="1")
    return [world.client.call("GET", "/customers/1").status for _ in range(60)]


def test_a_storm_strikes_by_chance_and_the_same_way_for_the_same_seed(world: World) -> None:
    odds = {"429": 0.2, "500": 0.2}
    first = _weather(world, 7, odds)
    assert set(first) == {200, 429, 500}
    assert _weather(world, 7, odds) == first
    assert _weather(world, 8, odds) != first
    world.shop.faults.storm(7, {"500": 1.0}, path="/orders")
    assert world.client.call("GET", "/customers/1").status == 200
    assert world.client.call("GET", "/orders").status == 500
    world.shop.faults.clear()
    assert world.client.call("GET", "/orders").status == 200


@pytest.mark.parametrize("odds", [{"500": 0.7, "429": 0.4}, {"500": -0.1}, {"earthquake": 0.1}])
def test_a_storm_of_impossible_odds_is_refused(odds: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"odds|no fault"):
        Sandbox().faults.storm(1, odds)


def test_a_hang_lets_go_when_the_server_stops() -> None:
    shop = Sandbox(Settings(tls_in_front=True))
    running = serve(shop)
    shop.faults.add("hang", seconds=60)
    client = Client(running)
    connection = client._connection
    connection.request("GET", "/wp-json/wc/v3/customers")
    began = time.monotonic()
    while not shop.calls["fault hang"]:
        time.sleep(0.01)
    running.stop()
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        connection.getresponse()
    client.close()
    assert time.monotonic() - began < 5


def test_maintenance_is_a_page_that_asks_for_ten_minutes(world: World) -> None:
    world.shop.faults.add("maintenance")
    got = world.client.call("GET", "/customers")
    assert (got.status, got.headers["Retry-After"]) == (503, "600")
    assert b"Maintenance" in got.raw


def test_rights_can_be_taken_away(world: World) -> None:
    world.shop.faults.add("read_only", times=None)
    assert world.client.call("GET", "/customers/1").status == 200
    refused = world.client.call("PUT", "/customers/1", {})
    assert (refused.status, refused.body["code"]) == (401, "woocommerce_rest_authentication_error")
    world.shop.faults.clear()
    world.shop.faults.add("no_rights")
    assert world.client.call("GET", "/customers/1").status == 403


def test_a_fault_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no fault"):
        Sandbox().faults.add("earthquake")


def test_the_desk_steers_a_shop_in_another_process(world: World) -> None:
    client = Client(world.running, {})

    def desk(path: str, sent: object) -> object:
        got = client.call("POST", f"/_sandbox/{path}", sent)
        assert got.status == 200
        return got.body

    with Receiver() as receiver:
        hook = {"topic": "order.updated", "delivery_url": receiver.url, "secret": "s"}
        desk("do", {"action": "add_webhook", "args": hook})
        desk("do", {"action": "add_product", "args": {"name": "Mug", "price": "49.99"}})
        placed = {"items": {"1": 2}, "customer_id": 1}
        made = desk("do", {"action": "place_order", "args": placed})
        assert desk("run-queue", {}) == {"sent": 1}
        assert made["result"]["total"] == "99.98"  # type: ignore[index]
        assert receiver.heard[0].json == made["result"]  # type: ignore[index]
    [sent] = client.call("GET", "/_sandbox/sent").body
    assert (sent["topic"], sent["status"]) == ("order.updated", 200)
    desk("settings", {"decimals": 0, "tax_rate": "0.08"})
    assert world.shop.settings.tax.decimals == 0
    desk("faults", {"kind": "500"})
    assert world.client.call("GET", "/customers").status == 500
    assert client.call("GET", "/_sandbox/calls").body == {"fault 500": 1}
    desk("storm", {"seed": 1, "odds": {"500": 1.0}})
    assert world.client.call("GET", "/customers").status == 500
    assert client.call("DELETE", "/_sandbox/faults").status == 200
    assert client.call("DELETE", "/_sandbox/calls").status == 200
    assert not world.shop.calls
    client.close()


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("do", {"action": "serve"}),
        ("do", {"action": "place_order", "args": {"nonsense": 1}}),
        ("do", {"action": "set_status", "args": {"order_id": 99, "status": "completed"}}),
        ("faults", {"kind": "earthquake"}),
        ("storm", {"seed": 1, "odds": {"earthquake": 0.1}}),
        ("settings", {"nonsense": 1}),
    ],
)
def test_the_desk_says_what_it_cannot_do(world: World, path: str, sent: object) -> None:
    got = world.client.call("POST", f"/_sandbox/{path}", sent)
    assert got.status == 400
    assert got.body["code"]
