"""Gift cards and store credit in the programme document: keys, worth, and how far one has come."""

from fractions import Fraction

import pytest

from app.errors import ConfigError
from app.programme.cost import point_value
from app.programme.document import dump, load, parse
from app.programme.events import RedemptionState
from app.programme.limits import Hidden
from app.programme.redemption import judge_money
from app.programme.rewards import offers
from tests.programme.orders import HEAD

KINDS = ("gift-card", "store-credit")


def reward(kind: str, more: str = 'value = "50.00"\n') -> str:
    return f'{HEAD}[[reward]]\nkey = "fifty"\ncost = 1000\nkind = "{kind}"\n{more}'


@pytest.mark.parametrize("kind", KINDS)
def test_money_has_a_value_and_may_end_and_be_issued_by_itself(kind: str) -> None:
    more = 'value = "50.00"\nvalid_days = 365\nautomatic = true\nexpired = "none"\nper_member = 2\n'
    rules = parse(reward(kind, more))
    assert load(dump(rules)) == rules
    worth = point_value(rules)
    assert worth is not None
    assert worth.amount == Fraction(50, 1000)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("", "value is missing"),
        ('value = "0"\n', "reward[0].value"),
        (
            'value = "50.00"\nminimum = "100"\n',
            "reward[0].minimum: only a reward that is a discount",
        ),
        ('value = "50.00"\ncombinable = true\n', "reward[0].combinable: only"),
        ('value = "50.00"\nrefunded = "points"\n', "reward[0].refunded: only"),
        (
            'value = "50.00"\nlines = { products = [{ store = "s", id = "1" }] }\n',
            "reward[0].lines",
        ),
        ('value = "50.00"\nproduct = [{ store = "s", id = "1" }]\n', "reward[0].product"),
        ('value = "50.00"\nstock = 5\n', "reward[0].stock"),
    ],
)
def test_what_belongs_to_discounts_is_refused(kind: str, more: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(reward(kind, more))
    assert told in str(refused.value)


def test_a_platform_without_such_money_hides_it_and_says_so() -> None:
    rules = parse(reward("gift-card"))
    codes = frozenset({"percent", "fixed", "event", "prize", "download", "donation"})
    hidden = [
        offers(rules, "shop-1", makes)[0].hidden
        for makes in (codes, codes | {"gift-card"}, codes - {"percent", "fixed"}, frozenset())
    ]
    assert hidden == [Hidden.NO_MONEY, None, Hidden.NOT_MADE, Hidden.NOT_MADE]


@pytest.mark.parametrize(
    ("made", "dead", "spent", "lapsed", "state"),
    [
        (False, False, False, False, RedemptionState.RESERVED),
        (True, False, False, False, RedemptionState.ISSUED),
        (True, False, True, False, RedemptionState.USED),
        (True, True, False, False, RedemptionState.RELEASED),
        (True, True, False, True, RedemptionState.LAPSED),
        (False, True, False, True, RedemptionState.RELEASED),
        (True, True, True, True, RedemptionState.USED),
    ],
)
def test_spent_is_used_and_what_ended_whole_gives_the_points_back(
    *, made: bool, dead: bool, spent: bool, lapsed: bool, state: RedemptionState
) -> None:
    assert judge_money(made=made, dead=dead, spent=spent, lapsed=lapsed).state is state
