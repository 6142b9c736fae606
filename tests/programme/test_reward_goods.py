"""Rewards for certain goods, and what is given back when one ends unused: the keys of the document."""

import pytest

from app.errors import ConfigError
from app.programme.document import dump, load, parse
from app.programme.limits import Hidden
from app.programme.reward import MOST_PRODUCTS
from app.programme.rewards import has_price_duty, offers
from tests.programme.orders import HEAD

TEN = '[[reward]]\nkey = "ten"\ncost = 100\nkind = "percent"\nvalue = "10"\n'
ACCESS = '[[reward]]\nkey = "early"\ncost = 100\nkind = "early-access"\nvalid_days = 30\n'
PRODUCTS = 'lines = { products = [{ store = "a", id = "17" }, { store = "b", id = "18" }] }\n'


def test_a_reward_for_certain_goods_is_had_in_the_shops_that_have_them() -> None:
    programme = parse(HEAD + TEN + PRODUCTS)
    found = [offers(programme, store, frozenset({"percent"}))[0] for store in ("a", "b", "c")]
    assert [(one.products, one.hidden) for one in found] == [
        (("17",), None),
        (("18",), None),
        ((), Hidden.NO_PRODUCT),
    ]
    assert load(dump(programme)) == programme


def test_only_who_chose_the_goods_owes_their_lowest_price() -> None:
    assert has_price_duty(parse(HEAD + TEN + PRODUCTS).rewards[0])
    assert not has_price_duty(parse(HEAD + TEN).rewards[0])


MANY = ", ".join('{ store = "a", id = "1" }' for _ in range(MOST_PRODUCTS + 1))
WRONG = {
    "a perk": (ACCESS + PRODUCTS, ["reward[0].lines", '"percent" or "fixed"', '"early-access"']),
    "skus": (TEN + 'lines = { skus = ["MUG-1"] }\n', ["reward[0].lines.skus", "products only"]),
    "nothing": (TEN + "lines = {}\n", ["reward[0].lines names no lines"]),
    "too many": (TEN + f"lines = {{ products = [{MANY}] }}\n", ["101 of them", "at most 100"]),
    "a minimum": (TEN + PRODUCTS + 'minimum = "9"\n', ["lines and minimum exclude each other"]),
    "another word": (TEN + 'expired = "money"\n', ["reward[0].expired", '"money"', '"none" or']),
    "no end": (TEN + 'expired = "none"\n', ['reward[0].expired needs the key "valid_days"']),
    "another word yet": (
        TEN + 'cancelled = "new-code"\n',
        ["reward[0].cancelled", '"code", "points"'],
    ),
    "a gift's order": (
        TEN.replace("cost = 100\n", "") + 'cancelled = "none"\n',
        ['reward[0].cancelled needs the key "cost"'],
    ),
    "a perk's order": (ACCESS + 'cancelled = "none"\n', ["reward[0].cancelled", "has no code"]),
    "both ways": (
        TEN + 'cancelled = "none"\nrefunded = "points"\n',
        ["reward[0]: cancelled", '"points" exclude each other'],
    ),
    "a perk's end": (ACCESS + 'expired = "none"\n', ["reward[0].expired", "has no code"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_no_shop_could_keep_is_refused(name: str) -> None:
    source, said = WRONG[name]
    with pytest.raises(ConfigError) as refused:
        parse(HEAD + source)
    assert [part for part in said if part not in str(refused.value)] == []
