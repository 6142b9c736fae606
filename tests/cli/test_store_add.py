"""Connecting a shop from the command line: a shop that answers, wrong keys, repeats, addresses."""

from collections.abc import Callable, Iterator

import pytest
from click.testing import Result

from app.errors import Blocked, ConfigError, NotFound
from app.services.stores import credentials, list_stores, load_edge_store
from connectors.woocommerce.install import TOPICS
from connectors.woocommerce.sandbox import KEY, SECRET, Running, Sandbox, serve
from tests.cli.answers import data, stempel
from tests.pipeline import Pipeline

KEYS = ("--consumer-key", KEY, "--consumer-secret", SECRET)

Add = Callable[..., Result]


@pytest.fixture
def shop() -> Iterator[Running]:
    with serve(Sandbox()) as running:
        yield running


@pytest.fixture
def add(pipeline: Pipeline) -> Add:
    """Return what runs `stempel store add woocommerce` for the programme "one-per-unit"."""
    pipeline.programme()
    environment = {
        "PUBLIC_URL": "http://127.0.0.1:1",  # where nobody is: pings fail, which does no harm
        "ALLOW_PRIVATE_ADDRESSES": "1",
    }

    def run(url: str, *words: str, programme: str = "one-per-unit", **settings: str) -> Result:
        command = ("store", "add", "woocommerce", "--url", url, "--programme", programme, *words)
        return stempel(pipeline, *command, **environment | settings)

    return run


def connected(pipeline: Pipeline) -> list[str]:
    with pipeline.database.snapshot() as connection:
        return [one.key for one in list_stores(connection)]


def test_a_shop_is_connected_without_calling_it(add: Add, pipeline: Pipeline) -> None:
    row = data(add("https://shop.example", "--webhook-secret", "a1", "--key", "mine", "--json"))
    [key] = connected(pipeline)
    assert (row["key"], key) == ("mine", "mine")
    assert row["id"].isdecimal()
    assert row["webhook_url"] == "http://127.0.0.1:1/webhooks/woocommerce/mine"
    assert row["registered"] == []


def test_register_makes_the_webhooks_and_their_secret(
    add: Add, pipeline: Pipeline, shop: Running
) -> None:
    row = data(add(shop.url, *KEYS, "--register", "--json"))
    made = shop.sandbox.tables.webhooks.values()
    assert {one["topic"] for one in made} == set(TOPICS) == {o["topic"] for o in row["registered"]}
    assert {one["delivery_url"] for one in made} == {row["webhook_url"]}
    with pipeline.database.snapshot() as connection:
        edge = load_edge_store(connection, pipeline.settings.keyring, row["key"])
    assert edge is not None
    assert {one["secret"].encode() for one in made} == {edge.secrets[0].value}


def test_a_refused_key_leaves_nothing_behind(add: Add, pipeline: Pipeline, shop: Running) -> None:
    result = add(shop.url, "--consumer-key", "ck_x", "--consumer-secret", "cs_x", "--register")
    assert isinstance(result.exception, Blocked)
    assert "does not accept the API key" in str(result.exception)
    assert connected(pipeline) == []
    assert not shop.sandbox.tables.webhooks


def test_what_broke_off_is_finished_by_the_same_command(
    add: Add, pipeline: Pipeline, shop: Running
) -> None:
    shop.sandbox.faults.add("read_only")
    result = add(shop.url, *KEYS, "--register")
    [key] = connected(pipeline)
    assert isinstance(result.exception, Blocked)
    assert str(result.exception).endswith(f"repeat the command with --key {key}")
    shop.sandbox.faults.clear()
    # Its keys are known; given again they change nothing.
    for words in (("--register",), (*KEYS, "--register")):
        row = data(add(shop.url, *words, "--key", key, "--json"))
        assert row["key"] == key
        assert connected(pipeline) == [key]
        assert len(shop.sandbox.tables.webhooks) == len(TOPICS)
    with pipeline.database.snapshot() as connection:
        edge = load_edge_store(connection, pipeline.settings.keyring, key)
    assert edge is not None
    assert len(edge.secrets) == 1


def test_a_connected_store_takes_another_secret_and_another_key(
    add: Add, pipeline: Pipeline
) -> None:
    shop = ("https://shop.example", "--key", "mine")
    first = data(add(*shop, "--webhook-secret", "old", *KEYS, "--json"))
    new = ("--consumer-key", "ck_new", "--consumer-secret", "cs_new")
    again = data(add(*shop, "--webhook-secret", "new", "--webhook-secret", "old", *new, "--json"))
    assert again["id"] == first["id"]
    with pipeline.database.snapshot() as connection:
        keyring = pipeline.settings.keyring
        edge = load_edge_store(connection, keyring, "mine")
        assert edge is not None
        assert sorted(one.value for one in edge.secrets) == [b"new", b"old"]
        assert credentials(connection, keyring, int(first["id"]))["consumer-key"] == "ck_new"


@pytest.mark.parametrize(
    ("url", "words", "says"),
    [
        ("https://shop.example", (), "--webhook-secret is missing"),
        ("https://shop.example", ("--webhook-secret", ""), "--webhook-secret is empty"),
        (
            "https://shop.example",
            ("--register",),
            "give --consumer-key and --consumer-secret; or leave --register out",
        ),
        (
            "https://shop.example",
            ("--webhook-secret", "a", "--consumer-key", "ck_1"),
            "it takes --consumer-key and --consumer-secret.",
        ),
        ("shop.example", ("--webhook-secret", "a"), "https://shop.example, not 'shop.example'"),
        ("https://shop.example", ("--webhook-secret", "a", "--key", "My shop"), "a-z, 0-9 and -"),
        # Its webhooks would go to the shop's own machine.
        ("https://shop.example", (*KEYS, "--register"), "Set PUBLIC_URL"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    add: Add, pipeline: Pipeline, url: str, words: tuple[str, ...], says: str
) -> None:
    result = add(url, *words)
    assert isinstance(result.exception, ConfigError)
    assert says in str(result.exception)
    assert connected(pipeline) == []


def test_a_key_of_another_shop_is_not_taken_over(add: Add, pipeline: Pipeline) -> None:
    data(add("https://one.example", "--webhook-secret", "a", "--key", "mine", "--json"))
    result = add("https://two.example", "--webhook-secret", "b", "--key", "mine")
    assert isinstance(result.exception, ConfigError)
    assert "'mine' already" in str(result.exception)
    assert connected(pipeline) == ["mine"]


def test_an_unknown_programme_is_named_with_those_there_are(add: Add) -> None:
    result = add("https://shop.example", "--webhook-secret", "a", programme="kawa")
    assert isinstance(result.exception, NotFound)
    assert "no programme 'kawa'. There are: one-per-unit." in str(result.exception)


def test_a_shop_on_this_machine_needs_a_word(add: Add, pipeline: Pipeline, shop: Running) -> None:
    result = add(shop.url, *KEYS, "--register", ALLOW_PRIVATE_ADDRESSES="0")
    assert isinstance(result.exception, Blocked)
    assert "ALLOW_PRIVATE_ADDRESSES=1" in str(result.exception)
    assert connected(pipeline) == []
