"""Documents that somebody wrote to hurt: refused with where, what and what may be, at once."""

import itertools
import time

import pytest

from app.errors import ConfigError
from app.programme.document import TABLES, parse

HEAD = '[programme]\nkey = "k"\ncurrency = "PLN"\n'
UNIT = '[[rule]]\nkey = "u"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
QUESTION = 'question = [{ text = "t", answers = ["a", "b"], right = 1 }]\n'
POLL = 'question = [{ text = "t", answers = ["a", "b"] }]\n'
TIMES = "from = 2026-01-01T00:00:00\nuntil = 2026-01-02T00:00:00\n"
REST = {
    "rule": 'on = "order.paid"\npoints = 1\nper = "2.00"\n',
    "cap": 'points = 1\nper = "day"\n',
    "tier": "from = 5\n",
    "campaign": TIMES + 'multiply = "2"\n',
    "challenge": "orders = 2\ndays = 3\npoints = 1\n",
    "badge": "",
    "reward": 'cost = 1\nkind = "percent"\nvalue = "10"\n',
    "quiz": QUESTION,
    "survey": POLL,
    "segment": "where = {}\n",
    "store": 'earns_at = "completed"\n',
    "membership": 'lines = { skus = ["M"] }\nmonths = 12\nperks = ["p"]\n',
}
"""What a table needs beside its key."""

FIELDS = {
    "programme": ["point_value", "notice_days", "name", "timezone", "earns_from", "stacking"],
    "points": ["hold_days", "expire_months", "inactive_months", "remind_days", "expire"],
    "basis": ["tax", "shipping"],
    "tiers": ["by", "window", "months", "grace_days"],
    "rule": ["key", "points", "per", "max_points", "round", "lines", "multiply", "when", "times"],
    "cap": ["key", "points", "per", "rules"],
    "tier": ["key", "from", "multiply", "gift", "name", "perks"],
    "campaign": ["from", "until", "multiply", "bonus", "name", "goods_over", "lines", "tiers"],
    "challenge": ["orders", "days", "streak", "points", "goods_from", "each", "window"],
    "badge": ["key", "name"],
    "reward": ["cost", "kind", "value", "valid_days", "minimum", "name", "product"],
    "quiz": ["pass", "tries", "name", "question"],
    "survey": ["name", "question"],
    "segment": ["key", "name", "months", "where"],
    "store": ["key", "earns_at"],
    "membership": ["key", "name", "lines", "months", "days", "perks"],
}
ONCE = {"membership"}
"""Tables with a key that there may be one of."""

BELOW = {
    "rule": {
        "when": ["goods_over", "goods_from", "channels", "not_channels"],
        "lines": ["skus", "products", "categories", "tags", "on_sale"],
    },
    "campaign": {"except_lines": ["skus", "products", "categories", "tags", "on_sale"]},
    "segment": {
        "where": [
            *("spend_over", "spend_from", "spend_under", "orders_from", "orders_up_to"),
            *("last_order_days_over", "last_order_days_under", "joined_days_over"),
            *("joined_days_under", "tiers", "stores", "channels", "bought", "newsletter", "rfm"),
        ]
    },
    "membership": {"lines": ["skus", "products", "categories", "tags", "on_sale"]},
}
"""Keys of tables inside others."""

HOSTILE = [
    "-1",
    "1e999999999",
    '"1e999999999"',
    "1e-999999999",
    "9" * 4000,
    '"0.' + "0" * 5000 + '1"',
    "nan",
    '"-inf"',
    '"1_0"',
    '"٣"',
    '"\\u0000"',
    '"a\\nb"',
    '"a\\u202eb"',
    "[[]]",
    '["' + "a" * 100_000 + '"]',
    "{ a = { a = {} } }",
    "9999-12-31T23:59:59+14:00",
    "00:00:00",
]
WORDS = {'"1e999999999"', '"-inf"', '"1_0"', '"٣"', HOSTILE[5]}
"""What nobody can say against as a name."""


def table(kind: str, key: str = "x") -> str:
    return f'{header(kind)}key = "{key}"\n{REST[kind]}'


def header(kind: str) -> str:
    return f"[[{kind}]]\n" if kind in REST.keys() - ONCE else f"[{kind}]\n"


def place(kind: str) -> str:
    """Return what errors call the table that `with_value` writes."""
    return f"{kind}[{1 if kind == 'rule' else 0}]" if kind in REST.keys() - ONCE else kind


def with_value(kind: str, field: str, value: str) -> str:
    """Return a document that is fine but for this one value."""
    if kind == "programme":
        return HEAD + f"{field} = {value}\n"
    if kind not in REST:
        return HEAD + f"[{kind}]\n{field} = {value}\n" + UNIT + table("tier")
    lines = [one for one in table(kind).splitlines() if not one.startswith(f"{field} = ")]
    return HEAD + UNIT + "\n".join([*lines, f"{field} = {value}", ""])


def refusal(document: str) -> str:
    """Return why a document is refused: one short line that everybody can read, within seconds."""
    began = time.process_time()
    with pytest.raises(ConfigError) as refused:
        parse(document)
    assert time.process_time() - began < 5
    told = str(refused.value)
    assert told.isprintable()
    assert len(told) < 1000
    return told


@pytest.mark.parametrize("kind", FIELDS)
def test_what_no_value_can_be_is_refused_with_its_key(kind: str) -> None:
    for field, value in itertools.product(FIELDS[kind], HOSTILE):
        if field in {"name", "key"} and value in WORDS:
            continue
        told = refusal(with_value(kind, field, value))
        at = f"{place(kind)}.{field}"
        assert told.startswith(at) or "beyond all measure" in told, (value, told)


@pytest.mark.parametrize(
    ("kind", "inside"), [(kind, inside) for kind, several in BELOW.items() for inside in several]
)
def test_what_no_value_inside_another_can_be_is_refused_with_its_key(
    kind: str, inside: str
) -> None:
    for field, value in itertools.product(BELOW[kind][inside], HOSTILE):
        told = refusal(with_value(kind, inside, f"{{ {field} = {value} }}"))
        at = f"{place(kind)}.{inside}.{field}"
        assert told.startswith(at) or "beyond all measure" in told, (value, told)


@pytest.mark.parametrize("kind", [one for one in REST if one not in ONCE])
def test_thousands_of_tables_are_too_many(kind: str) -> None:
    told = refusal(HEAD + UNIT + "".join(table(kind, f"k{one}") for one in range(3000)))
    assert told.startswith(f"{kind}: ")
    assert "at most" in told


MANY = "[" + ", ".join(f'"s{one}"' for one in range(20_000)) + "]"
SAME = "[" + ", ".join(['"u"'] * 20_000) + "]"
PRODUCTS = "[" + ", ".join(f'{{ store = "s", id = "{one}" }}' for one in range(3000)) + "]"
FACTORS = "[" + ", ".join(['{ by = "2", skus = ["a"] }'] * 3000) + "]"


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (UNIT + f"lines = {{ skus = {MANY} }}\n", "rule[0].lines.skus: "),
        (UNIT + f"except_lines = {{ products = {PRODUCTS} }}\n", "rule[0].except_lines.products: "),
        (UNIT + f"multiply = {FACTORS}\n", "rule[0].multiply: "),
        (UNIT + f"when = {{ channels = {MANY} }}\n", "rule[0].when.channels: 20000"),
        (UNIT + f"when = {{ not_channels = {MANY} }}\n", "rule[0].when.not_channels: 20000"),
        (UNIT + table("cap") + f"rules = {SAME}\n", 'cap[0].rules[1]: "u"'),
        (UNIT + table("cap") + f"rules = {MANY}\n", 'cap[0].rules[0]: "s0"'),
        (UNIT + table("tier") + f"perks = {MANY}\n", "tier[0].perks: "),
        (UNIT + table("campaign") + f"rules = {SAME}\n", 'campaign[0].rules[1]: "u"'),
        (UNIT + table("campaign") + f"tiers = {MANY}\n", 'campaign[0].tiers[0]: "s0"'),
        (UNIT + table("campaign") + f"segments = {MANY}\n", "campaign[0].segments"),
        (UNIT + table("campaign") + f"channels = {MANY}\n", "campaign[0].channels: 20000"),
        (
            table("segment", "s").replace("{}", f"{{ stores = {MANY} }}"),
            "segment[0].where.stores: ",
        ),
        (
            table("segment", "s").replace("{}", f"{{ channels = {MANY} }}"),
            "segment[0].where.channels: ",
        ),
        (
            table("segment", "s").replace("{}", f"{{ tiers = {MANY} }}"),
            "segment[0].where.tiers[0]: ",
        ),
        (table("membership").replace('["p"]', MANY), "membership.perks: "),
        (table("membership").replace('["p"]', '["p", "p"]'), 'membership.perks[1]: "p"'),
        (table("membership").replace('skus = ["M"]', f"tags = {MANY}"), "membership.lines.tags: "),
        (UNIT + f"lines = {{ categories = {MANY} }}\n", "rule[0].lines.categories: "),
        (table("quiz").replace('["a", "b"]', MANY), "quiz[0].question[0].answers: "),
        (f"[points]\nremind_days = {list(range(1, 3000))}\n", "points.remind_days"),
    ],
)
def test_lists_without_end_are_refused(document: str, told: str) -> None:
    assert refusal(HEAD + document).startswith(told)


@pytest.mark.parametrize(
    ("one", "other"),
    [*itertools.combinations(["rule", "cap", "tier", "challenge", "campaign", "membership"], 2)],
)
def test_whatever_gives_points_has_a_key_of_its_own(one: str, other: str) -> None:
    told = refusal(HEAD + UNIT + table(one) + table(other))
    assert "another key" in told
    assert '"x"' in told


@pytest.mark.parametrize("kind", [*REST, "points", "basis", "tiers", "programme"])
def test_keys_that_no_table_has_are_told_in_one_short_line(kind: str) -> None:
    start = HEAD if kind == "programme" else HEAD + header(kind)
    for name in ("k" * 1_000_000, '"a\\nb\\u0000\\u202e"', '"' + "ą" * 500 + '"', '""'):
        assert "is not a key we know" in refusal(f"{start}{name} = 1\n")


def test_every_table_is_attacked() -> None:
    assert {*FIELDS} == {*TABLES.values(), "programme"}
