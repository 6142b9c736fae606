"""What may be written about segments, and what each slip is answered with."""

from decimal import Decimal

import pytest

from app.errors import ConfigError
from app.programme.document import dump, load, parse
from app.programme.lines import Lines
from app.programme.segments import Rfm, stores_named
from tests.programme.orders import HEAD, programme

TIER = '[[tier]]\nkey = "gold"\nfrom = "500"\n'


def segment(where: str, more: str = "", key: str = "s") -> str:
    return f'[[segment]]\nkey = "{key}"\n{more}\nwhere = {{ {where} }}\n'


def test_a_segment_is_read_as_written_and_kept_as_read() -> None:
    written = segment(
        'spend_over = "100.50", spend_under = 900, orders_from = 2, orders_up_to = 9, '
        "last_order_days_over = 30, last_order_days_under = 90, joined_days_over = 365, "
        'tiers = ["gold"], stores = ["kawa-shop"], channels = ["pos"], newsletter = false, '
        'bought = { skus = ["MUG-*"], products = [{ store = "till", id = "3" }] }, '
        "rfm = { recency = [1, 2], money = [5] }",
        'name = "Sleeping"\nmonths = 6',
    )
    rules = programme(TIER + written + segment("", key="everybody"))
    one, everybody = rules.segments
    assert (one.shown, one.months, everybody.shown, everybody.months) == (
        "Sleeping", 6, "everybody", 12,
    )  # fmt: skip
    where = one.where
    assert (where.spend_over, where.newsletter) == (Decimal("100.50"), False)
    assert isinstance(where.bought, Lines)
    assert where.rfm == Rfm(recency=(1, 2), money=(5,))
    assert stores_named(one) == ("kawa-shop", "till")
    assert load(dump(rules)) == rules


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ('[[segment]]\nkey = "s"\n', "segment[0].where is missing: a table"),
        (
            segment("", "months = 0"),
            "segment[0].months: 0 is not allowed here; give a whole number",
        ),
        (
            segment("spent_over = 5"),
            "segment[0].where.spent_over is not a key we know; did you mean",
        ),
        (segment('category = "tea"'), "segment[0].where.category is not a key we know"),
        (segment('spend_over = "-1"'), "segment[0].where.spend_over: -1 is not allowed here"),
        (
            segment("spend_over = 5, spend_from = 5"),
            "segment[0].where: spend_over (more than) and spend_from (at least) exclude each other",
        ),
        (
            segment("spend_from = 5, spend_under = 5"),
            "segment[0].where.spend_under: 5 is not allowed here; give an amount above 5",
        ),
        (
            segment("orders_from = 3, orders_up_to = 2"),
            "segment[0].where.orders_up_to: 2 is not allowed here; give at least 3: orders_from is 3",
        ),
        (
            segment("joined_days_over = 3, joined_days_under = 4"),
            "segment[0].where.joined_days_under: 4 is not allowed here; give at least 5",
        ),
        (segment("last_order_days_over = -1"), "segment[0].where.last_order_days_over: -1 is not"),
        (
            segment('tiers = ["gold", "silver"]') + TIER,
            'segment[0].where.tiers[1]: "silver" is not allowed here; give the key of a tier',
        ),
        (segment('stores = ["Kawa"]'), 'segment[0].where.stores[0]: "Kawa" is not allowed here'),
        (segment('channels = [""]'), 'segment[0].where.channels[0]: "" is not allowed here'),
        (segment("bought = {}"), "segment[0].where.bought names no lines"),
        (
            segment('newsletter = "yes"'),
            'segment[0].where.newsletter: "yes" is not allowed here; give true or false',
        ),
        (segment("rfm = {}"), 'segment[0].where.rfm is empty; give it "recency", "frequency"'),
        (
            segment("rfm = { money = [6] }"),
            "segment[0].where.rfm.money[0]: 6 is not allowed here; give fifths from 1",
        ),
        (
            segment("rfm = { money = 5 }"),
            "segment[0].where.rfm.money: 5 is not allowed here; give a list in square brackets",
        ),
        (segment("") + segment(""), 'segment[1].key: "s" is not allowed here; give another key'),
        (
            "".join(segment("", key=f"s{at}") for at in range(101)),
            "segment: 101 is not allowed here; give at most 100 segments",
        ),
    ],
)
def test_each_slip_is_answered_with_what_is_allowed(document: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(HEAD + document)
    assert said in str(refused.value)
