"""The example of connectors/README.md: installed as anyone's plugin is, and held to the contract.

A till has no API keys, so it also shows what is believed of a delivery that only a header located.
"""

import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli.shared import Context
from app.cli.stores import store as store_command
from app.services.stores import Store, add_store, get_store
from connectors.base import Connector, Delivery
from connectors.registry import load_connectors
from jobs.drain import drain
from jobs.runtime import new_runtime
from tests.connectors.contract import NOW, ConnectorContract
from tests.pipeline import Pipeline

_SOURCE = Path(__file__).parent / "example"
_SALE: Mapping[str, Any] = {
    "place": "W1",
    "sale": "1001",
    "at": "2026-11-21T10:00:00+01:00",
    "changed_at": "2026-11-21T10:00:00+01:00",
    "currency": "PLN",
    "items": [{"id": "1", "price": "20.50"}, {"id": "2", "price": "4.00", "quantity": 2}],
    "card": "C7",
}
_VOIDED = {"sale": "1001"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Install the example into a folder of its own, as a shop owner installs a plugin."""
    source = shutil.copytree(_SOURCE, tmp_path_factory.mktemp("source") / "till")
    place = tmp_path_factory.mktemp("plugins")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(place)]
    subprocess.run([*command, str(source)], check=True, timeout=100)
    sys.path.insert(0, str(place))
    importlib.invalidate_caches()
    yield place
    sys.path.remove(str(place))
    sys.modules.pop("example_till", None)


@pytest.fixture
def till(installed: Path) -> Connector:
    return load_connectors()["till"]


class TestContract(ConnectorContract):
    signature_header = "X-Till-Signature"
    credentials = {}  # noqa: RUF012  # nobody calls a till

    @pytest.fixture(autouse=True)
    def _plugged_in(self, till: Connector) -> None:
        self.connector = till

    def deliveries(self) -> list[Delivery]:
        returned = {**_SALE, "given_back": "4.00", "changed_at": "2026-11-21T11:00:00+01:00"}
        return [
            Delivery(source="webhook", topic=topic, body=json.dumps(body).encode(), received_at=NOW)
            for topic, body in (("sale", _SALE), ("sale", returned), ("sale.voided", _VOIDED))
        ]

    def signals(self) -> list[Delivery]:
        return self.deliveries()[2:]


# --- at work in a programme ----------------------------------------------------------------------


@pytest.fixture
def plugged(pipeline: Pipeline, till: Connector) -> Pipeline:
    pipeline.runtime = new_runtime(
        pipeline.database, pipeline.settings, load_connectors(), pipeline.clock
    )
    return pipeline


def a_till(pipeline: Pipeline, programme_id: int, place: str, secret: str = "one app's") -> Store:
    with pipeline.database.transaction() as connection:
        return add_store(
            connection,
            pipeline.settings.keyring,
            programme_id=programme_id,
            platform="till",
            url=f"https://{place.lower()}.till.invalid",
            ref=place,
            values={"webhook-secret": [secret]},
            now=pipeline.clock(),
        )


def deliver(
    pipeline: Pipeline, store: Store, sale: Mapping[str, Any], *, by_header: bool = False
) -> tuple[str, str]:
    body = json.dumps(sale).encode()
    delivery_id = pipeline.receive(store, "sale", body, by_header=by_header)
    drain(pipeline.runtime)
    return pipeline.outcome(delivery_id)


def test_a_store_owner_connects_a_till_like_any_shop(plugged: Pipeline) -> None:
    plugged.programme()
    context = Context()
    result = CliRunner().invoke(
        store_command,
        ["add", "till", "--place", "W1", "--secret", "s3cret", "-p", "one-per-unit", "--json"],
        obj=context,
        env=plugged.environment(),
    )
    context.close()
    assert result.exit_code == 0, result.exception
    with plugged.database.snapshot() as connection:
        assert get_store(connection, json.loads(result.stdout)["key"]).ref == "W1"


def test_a_sale_at_the_till_earns_and_a_return_takes_back(plugged: Pipeline) -> None:
    store = a_till(plugged, plugged.programme(), "W1")
    assert deliver(plugged, store, _SALE)[0] == "processed"
    assert plugged.points(store, "C7") == 24
    returned = {**_SALE, "given_back": "4.00", "changed_at": "2026-11-21T11:00:00+01:00"}
    assert deliver(plugged, store, returned)[0] == "processed"
    assert plugged.points(store, "C7") == 20
    assert deliver(plugged, store, _SALE)[0] == "stale"
    assert not plugged.verified().problems


def test_what_only_points_at_a_sale_is_ignored_where_nobody_can_ask(plugged: Pipeline) -> None:
    store = a_till(plugged, plugged.programme(), "W1")
    assert deliver(plugged, store, _VOIDED) == ("ignored", "cannot be read, no API keys")


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_a_sale_of_one_till_under_the_name_of_another_does_no_harm(
    plugged: Pipeline, first: str
) -> None:
    programme_id = plugged.programme()
    ours, theirs = a_till(plugged, programme_id, "W1"), a_till(plugged, programme_id, "W2")
    stores = [ours, theirs] if first == "ours" else [theirs, ours]
    outcomes = {one.ref: deliver(plugged, one, _SALE, by_header=True) for one in stores}
    assert outcomes["W1"][0] == "processed"
    assert outcomes["W2"] == ("ignored", "sent by another shop (W1)")
    assert (plugged.points(ours, "C7"), plugged.points(theirs, "C7")) == (24, None)


def test_a_secret_of_one_store_only_names_the_store_by_itself(plugged: Pipeline) -> None:
    store = a_till(plugged, plugged.programme(), "W1")
    assert deliver(plugged, store, _VOIDED, by_header=True)[1] == "cannot be read, no API keys"


def test_times_without_a_zone_are_refused_with_what_to_send(plugged: Pipeline) -> None:
    store = a_till(plugged, plugged.programme(), "W1")
    naive = {**_SALE, "at": "2026-11-21T10:00:00"}
    status, reason = deliver(plugged, store, naive)
    assert status == "dead"
    assert "2026-11-21T20:00:00Z" in reason
