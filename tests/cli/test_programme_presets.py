"""Ready-made programmes on the command line: listing, combining and publishing them."""

from functools import partial
from pathlib import Path

import pytest
from click.testing import Result

from app.errors import ConfigError
from app.programme.document import parse
from app.programme.lines import Product
from app.services.programmes import programme_id_of
from tests.cli.answers import Run, data, stempel
from tests.pipeline import Pipeline

REWARDS = "rewards-100-200-500"
MORE = "rewards-100-150-200-300"


@pytest.fixture
def run(pipeline: Pipeline) -> Run:
    """Return what runs `stempel programme` with the pipeline's database."""
    return partial(stempel, pipeline, "programme")


def refused(result: Result) -> str:
    assert isinstance(result.exception, ConfigError)
    return str(result.exception)


def source(run: Run, key: str) -> str:
    return str(data(run("show", key, "--json"))["source"])


def test_presets_are_listed_with_what_they_are_and_what_can_be_set(run: Run) -> None:
    listed = {one["name"]: one for one in data(run("presets", "--json"))}
    assert {"one-per-unit", "start-100-50-200", "step-10-per-100", REWARDS, MORE} <= set(listed)
    assert listed[REWARDS]["settings"] == ["product.<store key>"]
    assert listed["one-per-unit"]["about"].startswith("One point for every whole unit")
    told = run("presets").stdout
    assert "--set product.<store key>=ID" in told
    assert f"stempel programme apply one-per-unit --with {REWARDS} --key kawa" in told


def test_rules_and_both_kinds_of_rewards_are_published_as_one_programme(run: Run) -> None:
    words = ("apply", "one-per-unit", "--with", REWARDS, "--with", MORE, "--key", "kawa")
    done = data(run(*words, "--json"))
    assert (done["key"], done["version"], done["changed"]) == ("kawa", 1, True)
    published = parse(source(run, "kawa"))
    assert [rule.key for rule in published.rules] == ["per-unit"]
    assert len(published.rewards) == 6
    assert not data(run(*words, "--json"))["changed"]


def test_the_free_product_of_each_shop_is_set_by_its_key(run: Run) -> None:
    words = ("--set", "product.shop-1=17", "--set", "product.shop-2=632910392")
    data(run("apply", "one-per-unit", "--with", REWARDS, *words, "--key", "kawa", "--json"))
    assert parse(source(run, "kawa")).rewards[-1].product == (
        Product(store="shop-1", id="17"),
        Product(store="shop-2", id="632910392"),
    )


def test_of_an_owners_own_document_the_table_to_write_is_named(run: Run, tmp_path: Path) -> None:
    data(run("apply", "one-per-unit", "--with", REWARDS, "--key", "kawa", "--json"))
    file = tmp_path / "kawa.toml"
    file.write_text(source(run, "kawa"), encoding="utf-8")
    [note] = data(run("apply", file, "--json"))["notes"]
    assert "[[reward.product]]" in note
    assert "--set" not in note


def test_an_owner_is_told_where_the_free_product_is_missing(run: Run, pipeline: Pipeline) -> None:
    words = ("apply", "one-per-unit", "--with", REWARDS, "--key", "kawa", "--json")
    [note] = data(run(*words))["notes"]
    assert note.startswith("free-product-500: hidden in every shop until")
    with pipeline.database.snapshot() as connection:
        programme_id = programme_id_of(connection, "kawa")
    store = pipeline.store(programme_id)
    [note] = data(run(*words))["notes"]
    assert f"hidden in {store.key} until" in note
    assert f"--set product.{store.key}=ID" in note
    assert data(run(*words, "--set", f"product.{store.key}=17"))["notes"] == []
    both = ("--set", f"product.{store.key}=17", "--set", "product.shop-x=17")
    assert data(run(*words, *both))["notes"] == [
        "free-product-500: the programme has no store shop-x yet."
    ]


def test_a_preset_speaks_the_language_and_keeps_the_days_of_its_shop(run: Run) -> None:
    words = ("--language", "pl", "--timezone", "Europe/Warsaw", "--key", "kawa")
    data(run("apply", "one-per-unit", "--with", REWARDS, *words, "--json"))
    published = parse(source(run, "kawa"))
    assert (published.language, published.timezone) == ("pl", "Europe/Warsaw")
    assert (published.currency, len(published.rewards)) == ("PLN", 3)
    assert '"en" or "pl"' in refused(run("apply", "one-per-unit", "--language", "de"))
    assert "Warsaw" in refused(run("apply", "one-per-unit", "--timezone", "Warsaw"))


def test_an_owner_is_told_what_the_new_document_leaves_out(run: Run) -> None:
    data(run("apply", "one-per-unit", "--with", MORE, "--key", "kawa", "--json"))
    told = run("apply", "one-per-unit", "--key", "kawa").stdout.splitlines()
    assert told[0] == "kawa: version 2 published"
    assert [line.split(" (")[0] for line in told[1:]] == [
        f"The reward “{name}"
        for name in ("10% off", "free delivery", "early access", "PLN\xa050.00 off")
    ]
    assert all(
        line.endswith("codes that were taken stay good. (worse for members)") for line in told[1:]
    )
    assert data(run("apply", "one-per-unit", "--key", "kawa", "--json"))["changes"] == []
    changes = data(run("apply", "step-10-per-100", "--key", "kawa", "--json"))["changes"]
    [gone] = [one for one in changes if one["what"] == "removed"]
    assert gone["text"] == "The rule “per-unit” earns nothing any more."
    assert gone["effect"] == "worse"


def test_the_help_shows_its_example_as_one_line_of_words(run: Run) -> None:
    told = run("apply", "--help").stdout
    assert "\\" not in told
    assert "stempel programme apply one-per-unit --with" in told


def test_an_owner_is_told_that_rewards_alone_give_nobody_points(run: Run) -> None:
    told = run("apply", MORE).stdout.splitlines()
    assert told[0] == f"{MORE}: version 1 published"
    assert told[1].startswith("No rule earns points")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("one-per-unit", "--set", "product.shop=1"), "'product.shop' cannot be set"),
        ((REWARDS, "--set", "valid_days=10"), "give product.<store key>=ID"),
        ((REWARDS, "--set", "product.shop"), "--set takes NAME=VALUE, not 'product.shop'"),
        (
            (REWARDS, "--set", "product.shop=1", "--set", "product.shop=2"),
            "product.shop twice, as '1' and '2'",
        ),
        ((REWARDS, "--with", REWARDS), "named twice"),
        ((REWARDS, "--with", "one-per-units"), 'did you mean "one-per-unit"?'),
    ],
)
def test_what_cannot_be_combined_or_set_is_told_and_nothing_is_published(
    run: Run, words: tuple[str, ...], told: str
) -> None:
    assert told in refused(run("apply", *words))
    assert data(run("show", "--json")) == []


@pytest.mark.parametrize(
    "option",
    [("--with", REWARDS), ("--set", "product.shop=1"), ("--language", "pl"), ("--timezone", "UTC")],
)
def test_a_file_says_itself_what_it_holds(
    run: Run, tmp_path: Path, option: tuple[str, str]
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[programme]\nkey = "kawa"\ncurrency = "PLN"\n')
    assert "belong to presets" in refused(run("apply", str(file), *option))
    assert data(run("apply", str(file), "--json"))["version"] == 1


def test_an_owner_is_told_of_stores_that_it_names_and_the_programme_has_not(
    run: Run, pipeline: Pipeline, tmp_path: Path
) -> None:
    document = tmp_path / "kawa.toml"
    rules = (
        '[programme]\nkey = "kawa"\ncurrency = "PLN"\n'
        '[[rule]]\nkey = "mugs"\non = "order.paid"\npoints = 5\nper_piece = true\n'
        'lines = {{ products = [{{ store = "{}", id = "17" }}, {{ store = "shop-x", id = "1" }}] }}\n'
        '[membership]\nkey = "club"\nmonths = 12\nperks = ["free-delivery"]\n'
        'lines = {{ products = [{{ store = "shop-z", id = "18" }}] }}\n'
    )
    document.write_text(rules.format("shop-y"))
    assert data(run("apply", str(document), "--json"))["notes"] == [
        "mugs: the programme has no store shop-y and shop-x yet.",
        "club: the programme has no store shop-z yet.",
    ]
    with pipeline.database.snapshot() as connection:
        store = pipeline.store(programme_id_of(connection, "kawa"))
    document.write_text(rules.format(store.key))
    assert data(run("apply", str(document), "--json"))["notes"] == [
        "mugs: the programme has no store shop-x yet.",
        "club: the programme has no store shop-z yet.",
    ]
