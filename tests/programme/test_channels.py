"""The way an order came: which rules pay for it."""

import pytest

from app.programme.channels import channel_of
from app.programme.explanation import Reason
from tests.programme.orders import judge, line, order, points, programme

FIXED = '[[rule]]\nkey = "thanks"\non = "order.paid"\npoints = 5\n'


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ("web", "web"),
        ("checkout", "web"),
        ("store-api", "web"),
        ("pos", "pos"),
        ("POS ", "pos"),
        ("iphone", "mobile"),
        ("android", "mobile"),
        ("subscription", "subscription"),
        ("subscription_contract", "subscription"),
        ("subscription_contract_checkout_one", "subscription"),
        ("admin", "admin"),
        ("shopify_draft_order", "admin"),
        ("rest-api", "api"),
        ("1830279", "1830279"),
        ("Allegro", "allegro"),
        (None, ""),
    ],
)
def test_words_of_the_platforms_have_one_meaning(told: str | None, word: str) -> None:
    assert channel_of(told) == word


@pytest.mark.parametrize(
    ("condition", "told", "pays"),
    [
        ('channels = ["web"]', "checkout", True),
        ('channels = ["web"]', "web", True),
        ('channels = ["web"]', "pos", False),
        ('channels = ["web", "pos"]', "pos", True),
        ('channels = ["subscription"]', "subscription_contract_checkout_one", True),
        ('channels = ["subscription_contract"]', "subscription_contract_checkout_one", True),
        ('channels = ["allegro"]', "Allegro", True),
        ('channels = ["1830279"]', "1830279", True),
        ('channels = ["web"]', None, False),
        ('not_channels = ["pos"]', "pos", False),
        ('not_channels = ["pos"]', "a word of tomorrow", True),
        ('not_channels = ["pos"]', None, True),
        ('not_channels = ["subscription"]', "subscription_contract", False),
        ("", "a word of tomorrow", True),
    ],
)
def test_a_rule_may_speak_of_some_ways_only(condition: str, told: str | None, pays: bool) -> None:
    rules = programme(FIXED + f"when = {{ {condition} }}\n")
    assert points(rules, order(line("1", "10.00"), channel=told)) == (5 if pays else 0)


def test_an_order_left_out_by_the_way_it_came_says_which() -> None:
    rules = programme(FIXED + 'when = { channels = ["web"] }\n')
    for told, word in (("POS", "pos"), (None, "")):
        [award] = judge(rules, order(line("1", "10.00"), channel=told))
        assert award.explanation.reason == Reason.OTHER_CHANNEL
        assert award.explanation.channel == word
        assert award.explanation.currency == "PLN"
