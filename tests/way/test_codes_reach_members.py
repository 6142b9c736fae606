"""A code that was made reaches its member on both ways, and goes when it is over, on either platform."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from jobs.mail import send_mail
from tests.mailbox import Mailbox, mailbox
from tests.pipeline import Pipeline
from tests.way.rewards import PLATFORMS, PROGRAMME, Rewards, open_rewards
from tests.way.shop import Way
from tests.way.shopify import ShopifyWay

POLISH = PROGRAMME.replace('key = "kawa"', 'key = "kawa"\nlanguage = "pl"', 1)


@pytest.fixture(params=PLATFORMS)
def shop(request: pytest.FixtureRequest, pipeline: Pipeline) -> Iterator[Rewards]:
    with open_rewards(pipeline, request.param, POLISH) as opened:
        yield opened


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as opened:
        yield opened


def shown(shop: Rewards, customer: int) -> list[str]:
    """Return the codes that the shop shows about a customer."""
    way = shop.way
    if isinstance(way, ShopifyWay):
        text = way.shop.metafields_of(customer).get("$app:stempel.codes", "[]")
    else:
        assert isinstance(way, Way)
        text = way.shown(customer)["stempel_codes"]
    return [one["code"] for one in json.loads(text)]


def send(shop: Rewards, box: Mailbox) -> None:
    runtime = shop.pipeline.runtime
    send_mail(replace(runtime, settings=replace(runtime.settings, mail=box.server)))


def test_a_code_is_shown_and_sent_as_soon_as_the_shop_has_it(shop: Rewards, box: Mailbox) -> None:
    ola = shop.member(150)
    taken = shop.redeem(ola)
    send(shop, box)
    assert (shown(shop, ola), box.mails) == ([], [])  # nothing yet that could be used
    shop.quiet()
    send(shop, box)
    code = shop.row(taken).code
    assert shown(shop, ola) == [code]
    assert box.to == [["ola@example.pl"]]
    text = box.only().get_body(("plain",)).get_content()
    assert f"Twój kod: {code}" in text
    assert "Jest ważny do 21 grudnia 2026 włącznie." in text
    assert "zaloguj się w sklepie albo złóż zamówienie, podając ten adres e-mail" in text


def test_a_used_code_is_shown_no_more_and_one_of_a_cancelled_order_only_where_it_works_again(
    shop: Rewards, box: Mailbox
) -> None:
    ola = shop.member(150)
    taken, code = shop.issued(ola)
    send(shop, box)
    order = shop.use(code, ola)
    shop.quiet()
    assert shown(shop, ola) == []
    shop.cancel(order)
    shop.later(days=1, minutes=1)  # looked at again: Shopify does not give a use back
    send(shop, box)
    works = shop.state(taken) == "issued"
    assert shown(shop, ola) == shop.codes() == ([code] if works else [])
    assert len(box.mails) == 1  # it is told once


def test_a_released_code_is_shown_no_more_and_one_not_sent_yet_stays_unsent(
    shop: Rewards, box: Mailbox
) -> None:
    ola = shop.member(150)
    taken, code = shop.issued(ola)
    assert shown(shop, ola) == [code]
    shop.release(taken)
    shop.quiet()
    send(shop, box)
    assert (shown(shop, ola), box.mails) == ([], [])


def test_a_new_code_in_place_of_a_refunded_one_is_sent_as_such(shop: Rewards, box: Mailbox) -> None:
    ola = shop.member(150)
    _, code = shop.issued(ola, "delivery")
    send(shop, box)
    order = shop.use(code, ola)
    shop.quiet()
    shop.refund(order)
    shop.quiet()
    send(shop, box)
    [new] = shown(shop, ola)
    assert new != code
    text = box.mails[-1].get_body(("plain",)).get_content()
    assert f"Twój kod: {new}" in text
    assert "zwrócono pieniądze za zamówienie" in text
