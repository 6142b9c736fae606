"""Rules about categories, tags and sales: what is frozen of a product decides, whatever else is told."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import ConfigError
from app.programme.document import dump, load, parse
from app.programme.events import OrderFacts, ProductFacts
from app.programme.explanation import LeftOut, Note, Reason
from app.programme.goods import asked_of, asks, frozen, lacks_goods, products_of, with_goods
from app.programme.order_windows import OrderItem
from app.programme.outcome import Period
from app.programme.person import History, worth_of_orders
from app.programme.rules import Context, points_of
from app.programme.simulate import Case, simulate
from tests.programme.orders import HEAD, PLACED, judge, line, order, points, programme

RULE = '[[rule]]\nkey = "a"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
COFFEE = RULE + 'lines = { categories = ["Coffee"] }\n'
CAMPAIGN = (
    '[[campaign]]\nkey = "sale"\nfrom = 2026-11-01T00:00:00\nuntil = 2026-12-01T00:00:00\nmultiply = "2"\n'
    "lines = { on_sale = true }\n"
)

BEANS = ProductFacts(categories=("all", "COFFEE"), tags=("New In",))
MUG = ProductFacts(categories=("mugs",), tags=("gift",), on_sale=True)
ORDER = order(line("1", "10.00", product="17"), line("2", "5.00", product="18"))


def around(rules: str, **products: ProductFacts | None) -> Context:
    asked = asked_of(parse(HEAD + rules))
    return Context(
        products=tuple(frozen(asked, name[1:], facts) for name, facts in products.items())
    )


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('lines = { categories = ["coffee"] }', 10),
        ('lines = { categories = ["COFFEE", "tea"] }', 10),
        ('lines = { tags = ["GIFT"] }', 5),
        ('lines = { tags = ["new in"], categories = ["mugs"] }', 15),  # any of what is named
        ("lines = { on_sale = true }", 5),
        ("lines = { on_sale = false }", 10),
        ('lines = { categories = ["cof"] }', 0),
        ('lines = { categories = ["gift"], tags = ["coffee"] }', 0),  # a tag is no category
        ("except_lines = { on_sale = true }", 10),
        ('except_lines = { tags = ["gift", "new in"] }', 0),
        ('lines = { categories = ["coffee", "mugs"] }\nexcept_lines = { on_sale = true }', 10),
        ('multiply = [{ by = "3", categories = ["mugs"] }]', 25),
        ('multiply = [{ by = "0.5", on_sale = true }, { by = "2", tags = ["gift"] }]', 20),
    ],
)
def test_goods_are_named_by_category_tag_and_sale(keys: str, expected: int) -> None:
    rules = RULE + keys + "\n"
    context = around(rules, _17=BEANS, _18=MUG)
    assert points(programme(rules), ORDER, context) == expected
    assert points_of(programme(rules), context, ORDER, PLACED) == {"a": expected}


def test_a_campaign_doubles_what_is_on_sale() -> None:
    rules = RULE + CAMPAIGN
    assert points(programme(rules), ORDER, around(rules, _17=BEANS, _18=MUG)) == 20
    assert points(programme(rules), ORDER) == 15


def placed(rules: str, facts: OrderFacts = ORDER, **products: ProductFacts | None) -> OrderItem:
    return OrderItem(
        object_id=1,
        occurred_at=PLACED,
        programme=programme(rules),
        version=1,
        context=around(rules, **products),
        facts=facts,
    )


def test_a_card_counts_the_pieces_of_a_category() -> None:
    card = '[[rule]]\nkey = "card"\non = "items.count"\nevery = 3\npoints = 9\n'
    rules = card + 'lines = { categories = ["coffee"] }\n'
    bags = order(
        line("1", "30.00", product="17", quantity=3), line("2", "9.00", product="18", quantity=6)
    )
    assert asks(programme(rules))
    assert not asks(programme(card))
    awards = worth_of_orders([placed(rules, bags, _17=BEANS, _18=MUG)])
    assert [award.points for award in awards.values()] == [9]
    assert worth_of_orders([placed(rules, bags, _17=None, _18=MUG)]) == {}


def test_a_simulation_counts_what_nobody_had_asked_about() -> None:
    period = Period(PLACED.date(), PLACED.date() + timedelta(days=1), "UTC")
    draft = programme(COFFEE)
    for item, points_given, unknown in (
        (placed(COFFEE, _17=BEANS, _18=MUG), 10, 0),
        (placed(RULE), 0, 1),
        (placed(COFFEE.replace("Coffee", "mugs"), _17=BEANS, _18=MUG), 0, 1),
    ):
        outcome = simulate(draft, period, [Case(History(1, (item,)))])
        assert (outcome.total.draft, outcome.unknown_goods) == (points_given, unknown)


def test_only_what_the_version_asks_for_is_frozen() -> None:
    found = frozen(asked_of(programme(COFFEE)), "17", BEANS)
    assert (found.categories, found.tags) == (("coffee",), ())
    assert not frozen(asked_of(programme(COFFEE)), "18", MUG).on_sale
    assert frozen(asked_of(programme(RULE + CAMPAIGN)), "18", MUG).on_sale


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('lines = { categories = ["coffee"] }', 0),
        ("lines = { on_sale = false }", 0),  # nobody knows its price, so it is not said to be full
        ('except_lines = { categories = ["coffee"] }', 15),
        ("multiply = [{ by = 2, on_sale = true }]", 15),
    ],
)
def test_what_the_shop_does_not_say_is_in_no_category_and_explained(
    keys: str, expected: int
) -> None:
    rules = RULE + keys + "\n"
    [award] = judge(programme(rules), ORDER, context=around(rules, _17=None, _18=None))
    assert award.points == expected
    assert award.explanation.notes == (Note.GOODS_UNKNOWN,)


def test_a_rule_that_does_not_ask_says_nothing_of_unknown_goods() -> None:
    rules = COFFEE + RULE.replace('"a"', '"b"')
    awards = judge(programme(rules), ORDER, context=around(rules, _17=BEANS, _18=None))
    assert [award.explanation.notes for award in awards] == [(Note.GOODS_UNKNOWN,), ()]
    [coffee, _] = awards
    assert coffee.explanation.reason is Reason.EARNED
    assert dict(coffee.explanation.left_out) == {LeftOut.NOT_NAMED.value: 5}


def test_an_order_that_is_judged_keeps_its_amounts_and_the_facts_hold_no_goods() -> None:
    context = around(COFFEE, _17=BEANS)
    known = with_goods(ORDER, context.products)
    assert [part.net for part in known.lines] == [part.net for part in ORDER.lines]
    assert with_goods(known, context.products).lines == known.lines
    assert not any(hasattr(part, "goods") for part in ORDER.lines)


@pytest.mark.parametrize(
    ("then", "draft", "lacks"),
    [
        (COFFEE, COFFEE, False),
        (COFFEE, RULE, False),
        (RULE, COFFEE, True),
        (COFFEE, COFFEE.replace("Coffee", "tea"), True),
        (COFFEE, RULE + CAMPAIGN, True),
    ],
)
def test_a_draft_that_asks_for_more_than_was_frozen_is_told(
    then: str, draft: str, lacks: bool
) -> None:
    before, after = asked_of(programme(then)), asked_of(programme(draft))
    goods = around(then, _17=BEANS, _18=MUG).products if before else ()
    assert lacks_goods(after, before, ORDER, goods) is lacks


def test_delivery_and_lines_without_a_product_are_asked_of_nobody() -> None:
    assert products_of(order(line("1", "1"), line("2", "1", product="5"))) == ("5",)
    assert products_of(ORDER) == ("17", "18")
    assert products_of(BEANS) == ()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("lines = { categories = [] }", 'give it the key "skus", "products", "categories"'),
        ('lines = { categories = [""] }', "rule[0].lines.categories[0]"),
        ('lines = { tags = [" gift"] }', "the short name (slug, handle) of a category or the tag"),
        ('lines = { tags = ["a\\nb"] }', "rule[0].lines.tags[0]"),
        ('lines = { on_sale = "yes" }', "rule[0].lines.on_sale"),
        ("except_lines = { on_sale = 1 }", "true for goods on sale, false for"),
        ("multiply = [{ by = 2 }]", "rule[0].multiply[0] names no lines"),
        (f"lines = {{ tags = {['x'] * 1001} }}", 'rule[0].lines.tags: "1001 of them"'),
        ('lines = { category = ["x"] }', 'did you mean "categories"?'),
    ],
)
def test_a_mistake_is_told_by_its_place_and_what_may_be(keys: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(HEAD + RULE + keys + "\n")
    assert said in str(refused.value)


def test_a_stored_version_reads_back_the_same_and_an_older_one_asks_nothing() -> None:
    rules = parse(HEAD + COFFEE + 'except_lines = { tags = ["gift"], on_sale = false }\n')
    assert load(dump(rules)) == rules
    older = dump(parse(HEAD + RULE + 'lines = { skus = ["A"] }\n'))
    for key in ('"categories":[],', '"tags":[],', '"on_sale":null,', ',"tags":[]'):
        older = older.replace(key, "")
    assert load(older) == parse(HEAD + RULE + 'lines = { skus = ["A"] }\n')


# --- whatever becomes of a product afterwards, nothing moves ---------------------------------------

WORDS = st.sampled_from(["coffee", "mugs", "tea", "gift", "new in"])
PRODUCTS = st.builds(
    ProductFacts,
    categories=st.lists(WORDS, max_size=3).map(tuple),
    tags=st.lists(WORDS, max_size=3).map(tuple),
    on_sale=st.booleans(),
)


@dataclass
class Named:
    """What the model takes a rule to name."""

    categories: set[str]
    tags: set[str]
    on_sale: bool | None

    def holds(self, product: ProductFacts | None) -> bool:
        if product is None:
            return False
        return (
            bool(self.categories & set(product.categories))
            or bool(self.tags & set(product.tags))
            or product.on_sale is self.on_sale
        )

    def written(self) -> str:
        keys = [f"categories = {sorted(self.categories)}", f"tags = {sorted(self.tags)}"]
        if self.on_sale is not None:
            keys.append(f"on_sale = {str(self.on_sale).lower()}")
        return "{ " + ", ".join(keys) + " }"


NAMED = st.builds(
    Named,
    st.sets(WORDS, min_size=1, max_size=2),
    st.sets(WORDS, max_size=2),
    st.sampled_from([None, True, False]),
)


@settings(max_examples=60, deadline=None)
@given(
    NAMED,
    NAMED,
    st.lists(st.tuples(PRODUCTS | st.none(), st.integers(1, 99)), min_size=1, max_size=4),
)
def test_goods_count_as_the_model_says(
    only: Named, never: Named, sold: list[tuple[ProductFacts | None, int]]
) -> None:
    text = f"{RULE}lines = {only.written()}\nexcept_lines = {never.written()}\n"
    rules = programme(text)
    asked = asked_of(rules)
    facts: OrderFacts = order(
        *(line(str(at), f"{paid}.00", product=str(at)) for at, (_, paid) in enumerate(sold))
    )
    context = Context(
        products=tuple(frozen(asked, str(at), product) for at, (product, _) in enumerate(sold))
    )
    expected = sum(
        paid for product, paid in sold if only.holds(product) and not never.holds(product)
    )
    assert points(rules, facts, context) == expected
