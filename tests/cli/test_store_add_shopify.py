"""Connecting a Shopify shop from the command line: two ways in, and a sandbox in the role of Shopify."""

import json
from collections.abc import Callable, Iterator

import pytest
from click.testing import Result

from app.errors import Blocked, ConfigError
from app.services.stores import list_stores
from connectors.shopify.sandbox import CLIENT_ID, CLIENT_SECRET, Running, Sandbox, serve
from tests.cli.answers import stempel
from tests.pipeline import Pipeline

SECRET = ("--client-secret", CLIENT_SECRET)
BY_CLIENT = ("--client-id", CLIENT_ID, *SECRET)

Add = Callable[..., Result]


@pytest.fixture
def shopify() -> Iterator[Running]:
    sandbox = Sandbox()
    sandbox.open_shop("kawa", currency="PLN")
    with serve(sandbox) as running:
        yield running


@pytest.fixture
def add(pipeline: Pipeline, shopify: Running) -> Add:
    """Return what runs `stempel store add shopify` as the sandbox's own page says."""
    pipeline.programme()
    environment = {
        "STEMPEL_DEV": "1",
        "SHOPIFY_ORIGIN": shopify.origin,
    }

    def run(*words: str, **settings: str) -> Result:
        command = ("store", "add", "shopify", "--shop", "kawa", "--programme", "one-per-unit")
        return stempel(pipeline, *command, *words, **environment | settings)

    return run


@pytest.mark.parametrize("way", ["client", "token", "environment"])
def test_a_sandbox_on_this_machine_reaches_us_and_gets_its_webhooks(
    add: Add, shopify: Running, way: str
) -> None:
    shop = shopify.sandbox.shops["kawa.myshopify.com"]
    if way == "environment":
        named = {"SHOPIFY_CLIENT_ID": CLIENT_ID, "SHOPIFY_CLIENT_SECRET": CLIENT_SECRET}
        result = add("--register", "--json", **named)
    else:
        words = BY_CLIENT if way == "client" else (*SECRET, "--access-token", shop.token)
        result = add(*words, "--register", "--json")
    assert result.exit_code == 0, result.exception
    row = json.loads(result.stdout)
    assert row["webhook_url"].startswith("http://127.0.0.1:8000/webhooks/shopify/")
    assert {one["topic"] for one in row["registered"]} >= {"ORDERS_PAID", "REFUNDS_CREATE"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "--client-secret is missing"),
        (("--register",), "give --client-secret and --client-id, or --access-token;"),
        ((*SECRET, "--register"), "give --client-secret and --client-id, or --access-token;"),
        (("--client-id", "x"), "it takes --client-secret and --client-id, or --access-token."),
        (("--access-token", "shpat_x"), "--client-secret is missing"),
    ],
)
def test_what_is_missing_is_named_with_both_ways_to_call_the_shop(
    add: Add, pipeline: Pipeline, words: tuple[str, ...], says: str
) -> None:
    result = add(*words)
    assert isinstance(result.exception, ConfigError)
    assert says in str(result.exception)
    with pipeline.database.snapshot() as connection:
        assert list_stores(connection) == []


@pytest.mark.parametrize(
    "words",
    [
        ("--client-id", "nobody", *SECRET),
        ("--client-id", CLIENT_ID, "--client-secret", "guessed"),
        (*SECRET, "--access-token", "shpat_wrong"),
    ],
)
def test_wrong_credentials_leave_nothing_behind(
    add: Add, pipeline: Pipeline, words: tuple[str, ...]
) -> None:
    result = add(*words, "--register")
    assert isinstance(result.exception, Blocked)
    with pipeline.database.snapshot() as connection:
        assert list_stores(connection) == []
