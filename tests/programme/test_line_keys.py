"""The keys by which a rule chooses lines and ways: what is read, and how each mistake is told."""

from decimal import Decimal

import msgspec
import pytest

from app.errors import ConfigError
from app.programme.document import dump, load, parse
from app.programme.lines import Factor, Lines, Product
from app.programme.rule import Rule, When, named_stores
from tests.programme.orders import HEAD

RULE = '[[rule]]\nkey = "a"\non = "order.paid"\npoints = 1\n'
PER = RULE + 'per = "1.00"\n'

FULL = """
[[rule]]
key = "coffee"
on = "order.paid"
points = 5
per_piece = true
round = "half_up"
max_points = 100
lines = { skus = ["BEANS-*", "*-1KG"], products = [{ store = "kawa-shop", id = "17" }] }
except_lines = { skus = ["BEANS-OLD"] }
when = { channels = ["web", "1830279"] }

[[rule.multiply]]
by = 2
skus = ["BEANS-GOLD"]

[[rule.multiply]]
by = "0.5"
products = [{ store = "kawa-shop", id = "18" }, { store = "tea-shop", id = "18" }]
"""


def test_all_keys_are_read_as_written() -> None:
    [rule] = parse(HEAD + FULL).rules
    assert rule == Rule(
        key="coffee",
        on="order.paid",
        points=5,
        per_piece=True,
        round="half_up",
        max_points=100,
        lines=Lines(skus=("BEANS-*", "*-1KG"), products=(Product(store="kawa-shop", id="17"),)),
        except_lines=Lines(skus=("BEANS-OLD",)),
        multiply=(
            Factor(by=Decimal(2), skus=("BEANS-GOLD",)),
            Factor(
                by=Decimal("0.5"),
                products=(
                    Product(store="kawa-shop", id="18"),
                    Product(store="tea-shop", id="18"),
                ),
            ),
        ),
        when=When(channels=("web", "1830279")),
    )


def test_a_stored_version_with_all_keys_reads_back_the_same() -> None:
    rules = parse(HEAD + FULL)
    assert load(dump(rules)) == rules
    assert dump(load(dump(rules))) == dump(rules)


def test_a_version_stored_before_there_were_such_keys_is_worth_the_same() -> None:
    stored = msgspec.json.decode(dump(parse(HEAD + PER)))
    [rule] = stored["rules"]
    for key in ("per_piece", "lines", "except_lines", "multiply"):
        del rule[key]
    for key in ("channels", "not_channels"):
        del rule["when"][key]
    assert load(msgspec.json.encode(stored).decode()) == parse(HEAD + PER)


PRODUCTS = 'products = [{ store = "b-shop", id = "17" }, { store = "a-shop", id = "1" }]'


@pytest.mark.parametrize(
    ("keys", "stores"),
    [
        ("", ()),
        ('lines = { skus = ["A"] }', ()),
        (f"lines = {{ {PRODUCTS} }}", ("b-shop", "a-shop")),
        (f"except_lines = {{ {PRODUCTS} }}\nlines = {{ {PRODUCTS} }}", ("b-shop", "a-shop")),
        (f"multiply = [{{ by = 2, {PRODUCTS} }}]", ("b-shop", "a-shop")),
    ],
)
def test_a_rule_asks_for_the_stores_of_its_products(keys: str, stores: tuple[str, ...]) -> None:
    [rule] = parse(HEAD + PER + keys + "\n").rules
    assert named_stores(rule) == stores


MISTAKES = {
    "lines of nothing": (PER + "lines = {}\n", ["rule[0].lines names no lines", '"skus"']),
    "lines of empty lists": (PER + "lines = { skus = [] }\n", ["rule[0].lines names no lines"]),
    "lines as list": (PER + 'lines = ["MUG"]\n', ["rule[0].lines:", "a table"]),
    "misspelt choice": (
        PER + 'lines = { sku = ["MUG"] }\n',
        ["rule[0].lines.sku is not a key", 'did you mean "skus"?'],
    ),
    "choice by brand": (
        PER + 'lines = { brands = ["mugs"] }\n',
        ["rule[0].lines.brands is not a key", "products, skus"],
    ),
    "one SKU without a list": (
        PER + 'lines = { skus = "MUG" }\n',
        ["rule[0].lines.skus", '"MUG"', "a list in square brackets"],
    ),
    "SKU as number": (
        PER + "lines = { skus = [17] }\n",
        ["rule[0].lines.skus[0]: 17 ", '"MUG-*"'],
    ),
    "SKU with a star inside": (
        PER + 'lines = { skus = ["A", "M*G"] }\n',
        ["rule[0].lines.skus[1]", '"M*G"', 'at most one "*"'],
    ),
    "SKU with two stars": (
        PER + 'except_lines = { skus = ["*MUG*"] }\n',
        ["rule[0].except_lines.skus[0]", '"*MUG*"'],
    ),
    "SKU of a star": (PER + 'lines = { skus = ["*"] }\n', ["rule[0].lines.skus[0]", '"*"']),
    "empty SKU": (PER + 'lines = { skus = [""] }\n', ["rule[0].lines.skus[0]", '""']),
    "SKU with blanks around": (
        PER + 'lines = { skus = [" MUG"] }\n',
        ["rule[0].lines.skus[0]", '" MUG"'],
    ),
    "SKU on two lines": (PER + 'lines = { skus = ["a\\nb"] }\n', ["rule[0].lines.skus[0]"]),
    "SKU without end": (
        PER + f'lines = {{ skus = ["{"x" * 300}"] }}\n',
        ["rule[0].lines.skus[0]", "x…"],
    ),
    "too many SKUs": (
        PER + f"lines = {{ skus = {[f'S{at}' for at in range(1001)]} }}\n",
        ["rule[0].lines.skus", "1001 of them", "at most 1000"],
    ),
    "product by number alone": (
        PER + 'lines = { products = ["17"] }\n',
        ["rule[0].lines.products[0]", '"17"', "a table"],
    ),
    "product without a store": (
        PER + 'lines = { products = [{ id = "17" }] }\n',
        ["rule[0].lines.products[0].store is missing", "stempel store list"],
    ),
    "product by name": (
        PER + 'lines = { products = [{ store = "kawa-shop", id = "mug" }] }\n',
        ["rule[0].lines.products[0].id", '"mug"', '"632910392"'],
    ),
    "single multiply table": (
        PER + 'multiply = { by = "2", skus = ["A"] }\n',
        ["rule[0].multiply:", "a list of tables"],
    ),
    "factor of nothing": (
        PER + 'multiply = [{ by = "2" }]\n',
        ["rule[0].multiply[0] names no lines", '"products"'],
    ),
    "no factor": (
        PER + 'multiply = [{ skus = ["A"] }]\n',
        ["rule[0].multiply[0].by is missing", "from 0 to 100"],
    ),
    "factor too large": (
        PER + 'multiply = [{ by = "100.5", skus = ["A"] }]\n',
        ["rule[0].multiply[0].by: 100.5 ", "from 0 to 100"],
    ),
    "negative factor": (
        PER + 'multiply = [{ by = 2, skus = ["A"] }, { by = -1, skus = ["B"] }]\n',
        ["rule[0].multiply[1].by: -1 ", "from 0 to 100"],
    ),
    "factor too fine": (
        PER + 'multiply = [{ by = "1.00001", skus = ["A"] }]\n',
        ["rule[0].multiply[0].by: 1.00001 ", "four decimals"],
    ),
    "factor not a number": (
        PER + 'multiply = [{ by = nan, skus = ["A"] }]\n',
        ["rule[0].multiply[0].by: NaN "],
    ),
    "factor with its sign": (
        PER + 'multiply = [{ by = "2x", skus = ["A"] }]\n',
        ["rule[0].multiply[0].by", '"2x"', '"1.5"'],
    ),
    "factor as switch": (
        PER + 'multiply = [{ by = true, skus = ["A"] }]\n',
        ["rule[0].multiply[0].by: true "],
    ),
    "factor of points given once": (
        RULE + 'multiply = [{ by = 2, skus = ["A"] }]\n',
        ["rule[0].multiply needs", '"per" or "per_piece"'],
    ),
    "pieces as number": (RULE + "per_piece = 2\n", ["rule[0].per_piece: 2 ", "true or false"]),
    "amount and pieces": (PER + "per_piece = true\n", ["rule[0]: per", "per_piece", "exclude"]),
    "steps of pieces": (
        RULE + "per_piece = true\nstep = true\n",
        ["rule[0].step", 'the key "per" beside it'],
    ),
    "both kinds of channels": (
        RULE + 'when = { channels = ["web"], not_channels = ["pos"] }\n',
        ["rule[0].when", "channels and not_channels exclude each other"],
    ),
    "channel without a list": (
        RULE + 'when = { channels = "web" }\n',
        ["rule[0].when.channels", '"web"', "a list in square brackets"],
    ),
    "empty channel": (
        RULE + 'when = { not_channels = [""] }\n',
        ["rule[0].when.not_channels[0]", '""', '"subscription"'],
    ),
    "channel as switch": (
        RULE + "when = { channels = [true] }\n",
        ["rule[0].when.channels[0]: true "],
    ),
    **{
        f"{key} on a review": (
            RULE.replace("order.paid", "review.published") + f"{key} = {value}\n",
            [f"rule[0].{key}", '"order.paid"', '"review.published"'],
        )
        for key, value in {
            "per_piece": "true",
            "lines": '{ skus = ["A"] }',
            "except_lines": '{ skus = ["A"] }',
            "multiply": '[{ by = 2, skus = ["A"] }]',
            "when": '{ channels = ["web"] }',
        }.items()
    },
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_told_with_its_key_its_value_and_what_is_allowed(mistake: str) -> None:
    source, expected = MISTAKES[mistake]
    with pytest.raises(ConfigError) as refused:
        parse(HEAD + source)
    told = str(refused.value)
    assert [part for part in expected if part not in told] == [], told
    assert len(told) < 400
    assert "\n" not in told
