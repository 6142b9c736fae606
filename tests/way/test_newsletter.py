"""Who joins and leaves the newsletter of a Shopify shop, from the webhook to the balance."""

import itertools

import pytest

from app.services.stores import Store
from tests.pipeline import Pipeline

SOURCE = '[programme]\nkey = "kawa"\ncurrency = "EUR"\n\n'
RULE = '[[rule]]\nkey = "letter"\non = "action"\naction = "newsletter"\npoints = 30\n'
STRICT = RULE + "while_subscribed = true\n"


def opened(pipeline: Pipeline, rules: str) -> Store:
    return pipeline.shopify(pipeline.programme(source=SOURCE + rules))


def say(pipeline: Pipeline, shop: Store, state: str, second: int) -> str:
    """Deliver what customer 7 wanted so many seconds after noon; return what became of it."""
    moment = f"2026-11-21T12:00:{second:02}Z"
    consent = {"state": state, "opt_in_level": None, "consent_updated_at": moment}
    body = {"customer_id": 7, "email_address": "ola@example.pl", "email_marketing_consent": consent}
    return pipeline.deliver(shop, "customers_email_marketing_consent/update", body)[0]


@pytest.mark.parametrize(("rules", "left"), [(RULE, 30), (STRICT, 0)])
def test_joining_pays_once_and_leaving_takes_nothing_unless_the_rule_says_so(
    pipeline: Pipeline, rules: str, left: int
) -> None:
    shop = opened(pipeline, rules)
    assert say(pipeline, shop, "not_subscribed", 0) == "ignored"
    assert pipeline.points(shop, "7") is None
    assert say(pipeline, shop, "subscribed", 1) == "processed"
    assert pipeline.points(shop, "7") == 30
    assert say(pipeline, shop, "unsubscribed", 3) == "processed"
    assert say(pipeline, shop, "subscribed", 2) == "stale"
    assert pipeline.points(shop, "7") == left
    assert say(pipeline, shop, "subscribed", 4) == "processed"
    assert pipeline.points(shop, "7") == 30
    assert pipeline.verified().problems == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_last_word_counts_in_whatever_order_they_are_told(pipeline: Pipeline) -> None:
    words = [("subscribed", 1), ("unsubscribed", 2), ("unsubscribed", 4), ("subscribed", 3)]
    for number, order in enumerate(list(itertools.permutations(words))[::7]):
        shop = pipeline.shopify(
            pipeline.programme(source=SOURCE.replace("kawa", f"kawa-{number}") + STRICT),
            f"shop-{number}",
        )
        for state, second in order:
            say(pipeline, shop, state, second)
        assert pipeline.points(shop, "7") == 0
    assert pipeline.verified().problems == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_without_a_rule_about_it_nothing_is_kept(pipeline: Pipeline) -> None:
    shop = opened(pipeline, "")
    assert say(pipeline, shop, "subscribed", 1) == "ignored"
    assert pipeline.points(shop, "7") is None
