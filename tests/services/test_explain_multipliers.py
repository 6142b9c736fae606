"""What tiers and campaigns add is said in words, by the names they have."""

from decimal import Decimal
from typing import Any

import pytest

from app.programme.explanation import Explanation, Reason
from app.services.explain import render

NAMES = {("tier", "silver"): "Silver", ("campaign", "week"): "Mug week"}
SILVER = ("tier", "silver", Decimal("1.25"))
WEEK = ("campaign", "week", Decimal(2))


def told(**values: Any) -> Explanation:
    """Explain an order of 107.50 zł at one point per złoty, as changed by `values`."""
    known = {
        "rule": "per-unit",
        "version": 1,
        "reason": Reason.EARNED,
        "currency": "PLN",
        "basis": Decimal("107.50"),
        "with_tax": True,
        "lines": (("1", Decimal("60.00")), ("2", Decimal("47.50"))),
        "per": Decimal("1.00"),
        "points_each": 1,
        "rounding": "floor",
        "raw": Decimal("134.375"),
        "multiplier": Decimal("1.25"),
        "multipliers": (SILVER,),
    }
    return Explanation(**(known | values))  # type: ignore[arg-type]


SENTENCES = [
    (
        told(),
        134,
        (
            "134 points: PLN 107.50 of the order counts (2 lines with tax), 1 point for every PLN 1.00, "
            "times 1.25 (tier “Silver”), rounded down from 134.375."
        ),
        (
            "134 punkty: liczy się 107,50 zł z zamówienia (2 pozycje, z podatkiem), 1 punkt za każde "
            "1,00 zł, razy 1,25 (poziom „Silver”), zaokrąglone w dół z 134,375."
        ),
    ),
    (
        told(multiplier=Decimal("2.25"), multipliers=(SILVER, WEEK), raw=Decimal("241.875")),
        241,
        (
            "241 points: PLN 107.50 of the order counts (2 lines with tax), 1 point for every PLN 1.00, "
            "times 2.25 (tier “Silver” 1.25, campaign “Mug week” 2), rounded down from 241.875."
        ),
        (
            "241 punktów: liczy się 107,50 zł z zamówienia (2 pozycje, z podatkiem), 1 punkt za każde "
            "1,00 zł, razy 2,25 (poziom „Silver” 1,25, kampania „Mug week” 2), zaokrąglone w dół z 241,875."
        ),
    ),
    (
        told(
            multiplier=Decimal("1.66"),
            multipliers=(SILVER, WEEK),
            boosted=(("1", Decimal(2)), ("2", Decimal("1.25"))),
            raw=Decimal("179.375"),
        ),
        179,
        (
            "179 points: PLN 107.50 of the order counts (2 lines with tax), 1 point for every PLN 1.00, "
            "PLN 60.00 of that times 2, PLN 47.50 of that times 1.25 (tier “Silver” 1.25, campaign “Mug "
            "week” 2), rounded down from 179.375."
        ),
        (
            "179 punktów: liczy się 107,50 zł z zamówienia (2 pozycje, z podatkiem), 1 punkt za każde "
            "1,00 zł, w tym 60,00 zł razy 2, w tym 47,50 zł razy 1,25 (poziom „Silver” 1,25, kampania „Mug "
            "week” 2), zaokrąglone w dół z 179,375."
        ),
    ),
    (
        told(
            basis=Decimal("200.00"),
            lines=(("1", Decimal("100.00")), ("2", Decimal("100.00"))),
            per=Decimal(100),
            step=True,
            points_each=10,
            raw=Decimal(30),
            multiplier=Decimal("1.5"),
            multipliers=(WEEK,),
            boosted=(("1", Decimal(2)), ("2", Decimal(1))),
        ),
        30,
        (
            "30 points: PLN 200.00 of the order counts (2 lines with tax), 10 points for every full "
            "PLN 100.00, times 1.5 on average, PLN 100.00 of that times 2 (campaign “Mug week”)."
        ),
        (
            "30 punktów: liczy się 200,00 zł z zamówienia (2 pozycje, z podatkiem), 10 punktów za każde "
            "pełne 100,00 zł, średnio razy 1,5, w tym 100,00 zł razy 2 (kampania „Mug week”)."
        ),
    ),
    (
        told(
            pieces=(("1", 3), ("2", 1)),
            per=None,
            points_each=3,
            raw=Decimal(21),
            multiplier=Decimal("1.75"),
            multipliers=(WEEK,),
            boosted=(("1", Decimal(2)), ("2", Decimal(1))),
        ),
        21,
        (
            "21 points: 4 pieces of the order count (2 lines for PLN 107.50 with tax), 3 points for each "
            "piece, 3 pieces of that times 2 (campaign “Mug week”)."
        ),
        (
            "21 punktów: liczą się 4 sztuki z zamówienia (2 pozycje za 107,50 zł, z podatkiem), 3 punkty "
            "za każdą sztukę, w tym 3 sztuki razy 2 (kampania „Mug week”)."
        ),
    ),
    (
        told(
            per=None,
            points_each=5,
            raw=Decimal("7.5"),
            multiplier=Decimal("1.5"),
            multipliers=(("campaign", "gone", Decimal("1.5")),),
        ),
        7,
        (
            "7 points: PLN 107.50 of the order counts (2 lines with tax), 5 points for the order, times "
            "1.5 (campaign “gone”), rounded down from 7.5."
        ),
        (
            "7 punktów: liczy się 107,50 zł z zamówienia (2 pozycje, z podatkiem), 5 punktów za "
            "zamówienie, razy 1,5 (kampania „gone”), zaokrąglone w dół z 7,5."
        ),
    ),
    (
        Explanation(rule="week", version=1, reason=Reason.BONUS, points_each=50),
        50,
        "50 points: a bonus of the campaign “Mug week”.",
        "50 punktów: premia w kampanii „Mug week”.",
    ),
    (
        Explanation(rule="week", version=1, reason=Reason.NOT_INVITED),
        0,
        "0 points: the campaign “Mug week” is for other members.",
        "0 punktów: kampania „Mug week” jest dla innych uczestników.",
    ),
    (
        Explanation(rule="week", version=1, reason=Reason.NOTHING_EARNED),
        0,
        "0 points: nothing in it earns points that the campaign “Mug week” adds to.",
        "0 punktów: nic w zamówieniu nie daje punktów, które liczą się w kampanii „Mug week”.",
    ),
]


@pytest.mark.parametrize(("explanation", "points", "english", "polish"), SENTENCES)
def test_a_point_says_which_tier_or_campaign_it_is_owed_to(
    explanation: Explanation, points: int, english: str, polish: str
) -> None:
    for language, sentence in (("en", english), ("pl", polish)):
        said = render(explanation, "award", points, language, names=NAMES)
        assert said.replace("\N{NO-BREAK SPACE}", " ") == sentence
