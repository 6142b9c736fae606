"""What a point is worth to its owner, by the rewards that the document has."""

from fractions import Fraction

import pytest

from app.programme.cost import PointValue, point_value
from app.programme.document import parse

HEAD = """[programme]
key = "kawa"
currency = "PLN"
earns_from = 2026-01-01

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"

"""
VOUCHER = '[[reward]]\nkey = "v"\ncost = 100\nkind = "fixed"\nvalue = "1.00"\n'
GIFT = '[[reward]]\nkey = "gift"\nkind = "{kind}"\nvalue = "{value}"\n'
DONATION = '[[reward]]\nkey = "d"\ncost = 100\nkind = "donation"\nvalue = "10.00"\ncause = "Dogs"\n'


@pytest.mark.parametrize(("kind", "value"), [("fixed", "50"), ("percent", "10")])
def test_a_reward_that_only_rules_give_says_nothing_about_the_worth_of_points(
    kind: str, value: str
) -> None:
    card = '[[rule]]\nkey = "card"\non = "items.count"\nevery = 10\nreward = "gift"\n'
    gift = GIFT.format(kind=kind, value=value)
    alone = parse(HEAD + gift + card)
    assert point_value(alone, Fraction(100)) is None
    both = parse(HEAD + VOUCHER + gift + card)
    assert point_value(both, Fraction(100)) == PointValue(Fraction(1, 100), "v")


def test_a_donation_costs_what_it_gives_to_the_cause() -> None:
    document = parse(HEAD + VOUCHER + DONATION)
    assert point_value(document) == PointValue(Fraction(1, 10), "d")
