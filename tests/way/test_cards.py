"""Coffee for a full punch card: the code reaches the shop and the member, on either platform."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from app.db import tables as t
from jobs.grants import give_grants
from jobs.mail import send_mail
from tests.mailbox import mailbox
from tests.pipeline import Pipeline
from tests.way.rewards import PLATFORMS, Rewards, open_rewards

COFFEE = """
[programme]
key = "kawa"
currency = "PLN"
timezone = "Europe/Warsaw"
language = "pl"

[[rule]]
key = "card"
on = "items.count"
every = 3
reward = "coffee"

[[reward]]
key = "coffee"
name = "Kawa za darmo"
kind = "percent"
value = "100"
valid_days = 30
"""


@pytest.fixture
def backend() -> str:
    """Return SQLite: what is asked of the databases is tested on both in tests/jobs."""
    return "sqlite"


@pytest.fixture(params=PLATFORMS)
def shop(request: pytest.FixtureRequest, pipeline: Pipeline) -> Iterator[Rewards]:
    with open_rewards(pipeline, request.param, COFFEE) as opened:
        yield opened


def quiet(shop: Rewards) -> None:
    """Let everything run its course, what is given without points too."""
    shop.quiet()
    while give_grants(shop.pipeline.runtime):
        shop.quiet()


def given(shop: Rewards) -> list[tuple[str, str | None]]:
    """Return (state, code) of all that was given."""
    with shop.pipeline.database.snapshot() as connection:
        rows = connection.execute(select(t.redemption).order_by(t.redemption.c.id)).all()
    return [(row.state, row.code) for row in rows]


def test_a_full_card_is_a_code_in_the_shop_and_a_refund_takes_it_out_again(shop: Rewards) -> None:
    ola = shop.member()
    orders = [shop.way.buy("20.00", customer=ola) for _ in range(3)]
    quiet(shop)
    [(state, code)] = given(shop)
    assert (state, shop.codes()) == ("issued", [code])
    with mailbox() as box:
        runtime = shop.pipeline.runtime
        send_mail(replace(runtime, settings=replace(runtime.settings, mail=box.server)))
        text = box.only().get_body(("plain",)).get_content()
    assert f"Twój kod: {code}" in text
    assert "coś Ci się należy. Oto Twoja nagroda: Kawa za darmo." in " ".join(text.split())
    shop.refund(orders[0])
    quiet(shop)
    assert ([state for state, _ in given(shop)], shop.codes()) == (["released"], [])
    assert shop.points(ola) == 0
    assert shop.pipeline.verified().ok


def test_a_coffee_that_was_drunk_for_a_card_that_is_not_full_is_the_next_card_s(
    shop: Rewards,
) -> None:
    ola = shop.member()
    orders = [shop.way.buy("20.00", customer=ola) for _ in range(3)]
    quiet(shop)
    [(_, code)] = given(shop)
    assert code is not None
    shop.use(code, ola)
    shop.cancel(orders[0])
    shop.cancel(orders[1])
    quiet(shop)
    assert [state for state, _ in given(shop)] == ["used"]
    for _ in range(3):
        shop.way.buy("20.00", customer=ola)
    quiet(shop)
    assert [state for state, _ in given(shop)] == ["used"]
    for _ in range(2):
        shop.way.buy("20.00", customer=ola)
    quiet(shop)
    assert [state for state, _ in given(shop)] == ["used", "issued"]
    assert shop.pipeline.verified().ok
