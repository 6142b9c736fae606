"""Which lines of an order a rule counts, and how many times."""

from decimal import Decimal

import msgspec
import pytest

from app.programme.events import LineKind, OrderFacts
from app.programme.explanation import Explanation, LeftOut, Reason
from app.programme.lines import Lines, Product, matcher
from app.programme.rules import Context
from tests.programme.orders import (
    goods,
    judge,
    line,
    order,
    points,
    programme,
    refund,
    unread,
)

PER_UNIT = '[[rule]]\nkey = "per-unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
FIXED = '[[rule]]\nkey = "thanks"\non = "order.paid"\npoints = 50\n'
SHOP = "kawa-shop"

MUG = line("1", "40.00", sku="MUG-RED", product="17", quantity=2)
BEANS = line("2", "60.00", sku="BEANS-1KG", product="18")
GIFT = line("3", "20.00", sku="Box", product="19")
NAMELESS = line("4", "7.00")
DELIVERY = line("5", "12.00", kind=LineKind.SHIPPING)
SHOPPING = order(MUG, BEANS, GIFT, NAMELESS, DELIVERY)


@pytest.mark.parametrize(
    ("pattern", "sku", "matches"),
    [
        ("MUG-RED", "MUG-RED", True),
        ("mug-red", "MUG-Red", True),
        ("STRASSE", "Straße", True),
        ("żółty-*", "ŻÓŁTY-1", True),
        ("MUG-RED", "MUG-RED-L", False),
        ("MUG-*", "mug-red", True),
        ("MUG-*", "MUG-", True),
        ("MUG-*", "A-MUG-1", False),
        ("*-XL", "mug-xl", True),
        ("*-XL", "MUG-XL-2", False),
        ("17.5", "1735", False),  # no more signs than the star
        ("MUG-RED", None, False),
    ],
)
def test_a_sku_is_named_in_full_or_by_one_end(pattern: str, sku: str | None, matches: bool) -> None:
    assert matcher(Lines(skus=(pattern,)), None)(line("1", "1.00", sku=sku)) is matches


@pytest.mark.parametrize(
    ("store", "product", "matches"),
    [
        (SHOP, "17", True),
        (SHOP, "18", False),
        (SHOP, None, False),
        ("other-shop", "17", False),
        (None, "17", False),
    ],
)
def test_a_product_number_is_only_that_of_its_own_shop(
    store: str | None, product: str | None, matches: bool
) -> None:
    named = Lines(products=(Product(store=SHOP, id="17"),))
    assert matcher(named, store)(line("1", "1.00", product=product)) is matches


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('lines = { skus = ["MUG-*"] }', 40),
        ('lines = { skus = ["MUG-*", "box"] }', 60),
        ('lines = { products = [{ store = "kawa-shop", id = "18" }] }', 60),
        ('lines = { skus = ["MUG-*"], products = [{ store = "kawa-shop", id = "18" }] }', 100),
        ('lines = { skus = ["MUG-*"], products = [{ store = "kawa-shop", id = "17" }] }', 40),
        ('lines = { products = [{ store = "tea-shop", id = "18" }] }', 0),
        ('except_lines = { skus = ["BEANS-1KG"] }', 67),
        ('except_lines = { skus = ["M*", "*KG", "Box"] }', 7),
        ('lines = { skus = ["*-RED", "BEANS*"] }\nexcept_lines = { skus = ["beans*"] }', 40),
        ('multiply = [{ by = "2", skus = ["MUG-*"] }]', 167),
        ('multiply = [{ by = "0", skus = ["BEANS-*"] }]', 67),
        ('multiply = [{ by = "1.25", skus = ["MUG-*", "BOX"] }]', 142),
        ('multiply = [{ by = 3, skus = ["MUG-*"] }, { by = 5, skus = ["*RED"] }]', 287),
        ('multiply = [{ by = 5, skus = ["*RED"] }, { by = "0.5", skus = ["M*"] }]', 287),
        ('multiply = [{ by = "0.5", skus = ["M*"] }, { by = 2, skus = ["B*"] }]', 187),
        ('lines = { skus = ["BOX"] }\nmultiply = [{ by = 9, skus = ["MUG-*"] }]', 20),
    ],
)
def test_a_rule_counts_the_lines_it_names(keys: str, expected: int) -> None:
    assert points(programme(PER_UNIT + keys + "\n"), SHOPPING, store=SHOP) == expected


def test_delivery_has_no_sku_and_counts_only_for_rules_without_a_choice() -> None:
    head = "[basis]\nshipping = true\n"
    assert points(programme(PER_UNIT, head), SHOPPING) == 139
    chosen = programme(PER_UNIT + 'lines = { skus = ["MUG-*"] }\n', head)
    [award] = judge(chosen, SHOPPING)
    assert award.points == 40
    assert award.explanation.left_out == (
        (LeftOut.NOT_NAMED.value, Decimal("87.00")),
        (LineKind.SHIPPING.value, Decimal("12.00")),
    )
    excepted = programme(PER_UNIT + 'except_lines = { skus = ["MUG-*"] }\n', head)
    assert points(excepted, SHOPPING) == 99


def test_fractions_of_lines_are_rounded_once_for_the_order() -> None:
    rules = programme(PER_UNIT + 'multiply = [{ by = "1.5", skus = ["A", "B", "C"] }]\n')
    facts = order(*(line(sku, "0.33", sku=sku) for sku in "ABC"), line("4", "0.52"))
    [award] = judge(rules, facts)
    assert award.points == 2  # thrice 0.495 and 0.52
    assert award.explanation.raw == Decimal("2.005")


def test_full_steps_are_counted_after_the_factors() -> None:
    rules = programme(
        '[[rule]]\nkey = "s"\non = "order.paid"\npoints = 1\nper = "20.00"\nstep = true\n'
        'multiply = [{ by = "2", skus = ["MUG"] }]\n'
    )
    assert points(rules, order(line("1", "15.00", sku="MUG"), line("2", "9.99"))) == 1
    assert points(rules, order(line("1", "15.00", sku="MUG"), line("2", "10.00"))) == 2


def test_a_threshold_looks_at_the_lines_that_count_each_once() -> None:
    keys = 'lines = { skus = ["MUG-*"] }\nmultiply = [{ by = 3, skus = ["MUG-*"] }]\n'
    over = programme(PER_UNIT + keys + 'when = { goods_over = "40.00" }\n')
    least = programme(PER_UNIT + keys + 'when = { goods_from = "40.00" }\n')
    assert points(over, SHOPPING) == 0
    assert points(least, SHOPPING) == 120
    [award] = judge(over, SHOPPING)
    assert award.explanation.reason == Reason.BELOW_THRESHOLD
    assert award.explanation.basis == Decimal("40.00")


def test_points_given_once_need_one_of_the_lines() -> None:
    rules = programme(FIXED + 'lines = { skus = ["MUG-*"] }\n')
    assert points(rules, SHOPPING) == 50
    [award] = judge(rules, order(BEANS))
    assert (award.points, award.explanation.reason) == (0, Reason.NO_SUCH_LINES)
    [award] = judge(rules, order(MUG, BEANS, refunds=(refund("9", "40.00", ("1", "40.00")),)))
    assert (award.points, award.explanation.reason) == (0, Reason.NOTHING_COUNTS)


def test_a_line_that_is_returned_takes_back_what_it_earned_and_no_other() -> None:
    rules = programme(PER_UNIT + 'multiply = [{ by = "2", skus = ["MUG-*"] }]\n')
    before = points(rules, SHOPPING)
    for bought, earned in ((MUG, 80), (BEANS, 60), (GIFT, 20)):
        back = refund("9", str(bought.net), (bought.id, str(bought.net)))
        facts = msgspec.structs.replace(SHOPPING, refunds=(back,))
        assert before - points(rules, facts) == earned


def test_an_amount_comes_off_all_goods_also_those_that_a_rule_leaves_out() -> None:
    rules = programme(PER_UNIT + 'lines = { skus = ["MUG-*"] }\n')
    assert points(rules, order(MUG, BEANS, refunds=(unread("9", "10.00"),))) == 36


def test_a_discount_fee_is_spread_before_lines_are_chosen() -> None:
    rules = programme(PER_UNIT + 'lines = { skus = ["MUG-*"] }\n')
    facts = order(MUG, BEANS, line("6", "-10.00", kind=LineKind.FEE))
    [award] = judge(rules, facts)
    assert (award.points, award.explanation.discount) == (36, Decimal("10.00"))


def test_an_explanation_tells_of_each_line_what_it_counts_for() -> None:
    rules = programme(
        PER_UNIT
        + 'except_lines = { skus = ["Box"] }\nmultiply = [{ by = "1.5", skus = ["MUG-*"] }]\n'
    )
    [award] = judge(rules, SHOPPING)
    why = award.explanation
    assert why == Explanation(
        rule="per-unit",
        version=1,
        reason=Reason.EARNED,
        currency="PLN",
        basis=Decimal("107.00"),
        with_tax=True,
        lines=(("1", Decimal("40.00")), ("2", Decimal("60.00")), ("4", Decimal("7.00"))),
        factors=(("1", Decimal("1.5")),),
        left_out=(("excepted", Decimal("20.00")), ("shipping", Decimal("12.00"))),
        per=Decimal("1.00"),
        points_each=1,
        rounding="floor",
        raw=Decimal(127),
    )
    assert award.points == 127
    factors = dict(why.factors)
    assert sum(amount * factors.get(line_id, 1) for line_id, amount in why.lines) == award.points
    assert msgspec.json.decode(msgspec.json.encode(why), type=Explanation) == why


def test_what_a_rule_does_not_use_is_not_kept_in_its_explanation() -> None:
    [award] = judge(programme(PER_UNIT), SHOPPING)
    stored = msgspec.json.encode(award.explanation)
    assert [word for word in (b"factors", b"pieces", b"channel") if word in stored] == []


def test_each_rule_chooses_for_itself() -> None:
    rules = programme(PER_UNIT + FIXED.replace("thanks", "box") + 'lines = { skus = ["Box"] }\n')
    awards = {award.rule: award for award in judge(rules, SHOPPING)}
    assert {rule: award.points for rule, award in awards.items()} == {"per-unit": 127, "box": 50}
    assert awards["per-unit"].explanation.left_out == (("shipping", Decimal("12.00")),)


def test_converted_money_is_multiplied_exactly() -> None:
    rules = programme(PER_UNIT + 'multiply = [{ by = "2", skus = ["MUG-*"] }]\n')
    facts = order(MUG, BEANS, currency="EUR")
    assert points(rules, facts, Context(rate=Decimal("4.25"))) == 595  # 140 at 4.25


@pytest.mark.parametrize(
    "facts",
    [
        order(line("1", "10.00", sku="A", quantity=0)),
        order(line("1", "0.00", sku="A"), line("2", "10.00", sku="A")),
        order(line("1", "10.00", sku="A"), line("1", "0.00", sku="A")),  # one id twice
    ],
)
def test_odd_lines_count_by_their_money(facts: OrderFacts) -> None:
    assert points(programme(PER_UNIT + 'lines = { skus = ["a"] }\n'), facts) == 10


def test_an_order_of_300_lines_is_summed_to_the_last_digit() -> None:
    lines = [line(str(at), "0.01", sku=f"S-{at:03}") for at in range(300)]
    rules = programme(
        '[[rule]]\nkey = "r"\non = "order.paid"\npoints = 100\nper = "1.00"\n'
        'lines = { skus = ["S-0*", "S-1*"] }\nmultiply = [{ by = "1.01", skus = ["S-0*"] }]\n'
    )
    [award] = judge(rules, order(*lines))
    assert award.explanation.basis == Decimal("2.00")
    assert award.explanation.raw == Decimal(201)
    assert len(award.explanation.lines) == 200


def test_goods_without_any_line_that_counts_are_named_as_left_out() -> None:
    [award] = judge(programme(PER_UNIT + 'lines = { skus = ["TEA"] }\n'), goods("50.00"))
    assert award.explanation.reason == Reason.NO_SUCH_LINES
    assert award.explanation.left_out == (("not-named", Decimal("50.00")),)
