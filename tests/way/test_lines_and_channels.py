"""Rules about products, pieces and the way an order came, from the shop's deliveries to its customers."""

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.services.explain import read_explanation
from app.services.programmes import versions
from tests.asked import asked_of
from tests.pipeline import Pipeline
from tests.way import shop as woocommerce
from tests.way import shopify

HEAD = '[programme]\nkey = "one-per-unit"\ncurrency = "PLN"\n'
PER_UNIT = '[[rule]]\nkey = "per-unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n'


def bonus(key: str, points: int, lines: str) -> str:
    return (
        f'[[rule]]\nkey = "{key}"\non = "order.paid"\npoints = {points}\nper_piece = true\n'
        f"lines = {lines}\n"
    )


def of_product(store: str, product: int) -> str:
    return f'{{ products = [{{ store = "{store}", id = "{product}" }}] }}'


def worth(way: woocommerce.Way | shopify.ShopifyWay) -> dict[str, int]:
    """Return what each rule has given so far, as far as it has given anything."""
    with way.pipeline.database.snapshot() as connection:
        rows = connection.execute(select(t.award.c.rule, t.award.c.points)).all()
    return {row.rule: row.points for row in rows if row.points}


def publish(way: woocommerce.Way | shopify.ShopifyWay, rules: str) -> None:
    assert way.pipeline.programme(source=HEAD + rules) == way.programme_id
    way.later(minutes=1)


def test_three_items_with_a_bonus_each_give_back_what_each_earned(pipeline: Pipeline) -> None:
    """A 20 zł and 25 points more, B 10 zł and 5 more, C 10 zł without: C takes back 10, not half."""
    with woocommerce.open_way(pipeline) as way:
        a, b, c = (
            way.shop.add_product(name, price, sku=name)["id"]
            for name, price in (("A", "20.00"), ("B", "10.00"), ("C", "10.00"))
        )
        publish(
            way,
            PER_UNIT
            + bonus("bonus-a", 25, of_product(way.store.key, a))
            + bonus("bonus-b", 5, '{ skus = ["b"] }')
            + bonus("elsewhere", 1000, of_product("another-shop", a)),
        )
        ola = way.joins()
        order = way.shop.place_order({a: 1, b: 1, c: 1}, customer_id=ola)
        way.announce()
        assert way.points(ola) == 70
        for at, left in ((2, 60), (0, 15), (1, 0)):
            way.shop.refund(order["id"], lines={order["line_items"][at]["id"]: 1})
            way.announce()
            assert way.points(ola) == left
        way.sound()


def test_pieces_given_back_at_woocommerce_take_back_theirs(pipeline: Pipeline) -> None:
    with woocommerce.open_way(pipeline) as way:
        mug = way.shop.add_product("Mug", "10.00", sku="MUG-RED")["id"]
        tea = way.shop.add_product("Tea", "30.00", sku="TEA")["id"]
        publish(
            way,
            PER_UNIT
            + 'except_lines = { skus = ["TEA"] }\nmultiply = [{ by = "1.5", skus = ["mug-*"] }]\n'
            + bonus("mugs", 5, '{ skus = ["MUG-*"] }'),
        )
        ola = way.joins()
        order = way.shop.place_order({mug: 3, tea: 1}, customer_id=ola, shipping="12.00")
        way.announce()
        assert worth(way) == {"per-unit": 45, "mugs": 15}
        line = order["line_items"][0]["id"]
        way.shop.refund(order["id"], lines={line: 1})
        way.announce()
        assert worth(way) == {"per-unit": 30, "mugs": 10}
        way.shop.set_status(order["id"], "cancelled")
        way.announce()
        assert way.points(ola) == 0
        way.shop.set_status(order["id"], "processing")
        way.announce()
        assert worth(way) == {"per-unit": 30, "mugs": 10}
        way.shop.refund(order["id"], amount="5.00")  # for goodwill: over mugs and tea, no piece
        way.announce()
        assert worth(way) == {"per-unit": 27, "mugs": 10}
        again = way.shop.place_order({mug: 2, tea: 1}, customer_id=ola, shipping="12.00")
        way.announce()
        assert way.points(ola) == 37 + 40
        way.shop.set_status(again["id"], "refunded")
        way.shop.set_status(order["id"], "refunded")
        way.announce()
        assert way.points(ola) == 0
        way.sound()


def test_each_entry_is_traced_to_its_lines(pipeline: Pipeline) -> None:
    with woocommerce.open_way(pipeline) as way:
        mug = way.shop.add_product("Mug", "40.00", sku="MUG")["id"]
        tea = way.shop.add_product("Tea", "60.00", sku="TEA")["id"]
        publish(way, PER_UNIT + 'multiply = [{ by = "2.5", skus = ["MUG"] }]\n')
        ola = way.joins()
        order = way.shop.place_order({mug: 1, tea: 1}, customer_id=ola)
        way.announce()
        with pipeline.database.snapshot() as connection:
            entry = connection.execute(select(t.entry).where(t.entry.c.points == 160)).one()
        why = read_explanation(entry.explanation)
        assert why is not None
        first, second = (str(line["id"]) for line in order["line_items"])
        factors = dict(why.factors)
        assert {line: int(left * factors.get(line, 1)) for line, left in why.lines} == {
            first: 100,
            second: 60,
        }


def test_pieces_and_the_way_of_an_order_at_shopify(pipeline: Pipeline) -> None:
    with shopify.open_way(pipeline) as way:
        mug = way.shop.add_product("Mug", "10.00", sku="MUG-RED")["id"]
        tea = way.shop.add_product("Tea", "30.00")["id"]
        publish(
            way,
            PER_UNIT
            + 'when = { not_channels = ["pos"] }\n'
            + f'[[rule.multiply]]\nby = 3\nproducts = [{{ store = "{way.store.key}", id = "{tea}" }}]\n'
            + bonus("mugs", 5, '{ skus = ["MUG-*"] }')
            + '[[rule]]\nkey = "renewal"\non = "order.paid"\npoints = 7\n'
            + 'when = { channels = ["subscription"] }\n',
        )
        ola = way.joins()
        order = way.shop.place_order({mug: 3, tea: 1}, customer_id=ola, shipping="12.00")
        way.quiet()
        assert worth(way) == {"per-unit": 120, "mugs": 15}
        way.shop.refund(order["id"], lines={order["line_items"][0]["id"]: 2})
        way.quiet()
        assert worth(way) == {"per-unit": 100, "mugs": 5}
        way.shop.refund(order["id"], lines={order["line_items"][1]["id"]: 1})
        way.quiet()
        assert worth(way) == {"per-unit": 10, "mugs": 5}
        way.shop.cancel_order(order["id"])
        way.quiet()
        assert way.points(ola) == 0
        for source, points in (
            ("pos", 5),
            ("subscription_contract", 10 + 5 + 7),
            ("subscription_contract_checkout_one", 10 + 5 + 7),
            ("a word of tomorrow", 10 + 5),
        ):
            before = way.points(ola) or 0
            way.shop.place_order({mug: 1}, customer_id=ola, source_name=source)
            way.quiet()
            assert (way.points(ola) or 0) - before == points
        way.sound()


@pytest.mark.parametrize(
    ("rules", "statements"),
    [(PER_UNIT, 1), (PER_UNIT + f"lines = {of_product('kawa-shop', 17)}\n", 2)],
)
def test_only_rules_about_products_cost_another_question_to_the_database(
    pipeline: Pipeline, rules: str, statements: int
) -> None:
    programme_id = pipeline.programme(source=HEAD + rules)
    with pipeline.database.snapshot() as connection, asked_of(pipeline.database) as asked:
        versions(connection, programme_id)
    assert len([one for one in asked if one.startswith("SELECT")]) == statements
