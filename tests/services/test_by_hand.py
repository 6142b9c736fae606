"""Rewards that people see to: prizes handed out, links told, donations paid to their cause."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import select, update

from app.db import tables as t
from app.errors import Conflict, Invalid, NotFound
from app.services.addressing import Letter
from app.services.fulfil import fulfil, pledges, settle_donations
from app.services.letters import letter
from app.services.mail import claim_mail
from app.services.redemption_words import way
from app.services.release import release
from app.services.view_redemptions import show_redemption
from tests.cli.answers import data, plain, stempel
from tests.importing import Moving
from tests.people import JAN, OLA, People, account, order
from tests.pipeline import Pipeline
from tests.way.connected import unsound

SOURCE = """
[programme]
key = "kawa"
currency = "PLN"
name = "Kawa"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"

[[reward]]
key = "mug"
cost = 100
kind = "prize"
stock = 1

[[reward]]
key = "recipes"
cost = 50
kind = "download"
url = "https://shop.example/recipes.pdf"

[[reward]]
key = "shelter"
cost = 30
kind = "donation"
value = "10.00"
cause = "The shelter"
"""


@pytest.fixture
def backend() -> str:
    """Return SQLite: what locks is tested on both databases in tests/attack."""
    return "sqlite"


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    programme_id = pipeline.programme(source=SOURCE)
    store = pipeline.shopify(programme_id, "shop-1", token=None, key="shop-1")
    people = People(pipeline, programme_id, [store])
    for number, email in (("5", OLA), ("6", JAN)):
        people.tell(0, account(number, email))
        people.tell(0, order(int(number), "300.00", customer=number))
    return people


def do(
    people: People, act: Callable[..., str], redemption_id: int, reason: str = "at the till"
) -> str:
    pipeline = people.pipeline
    return pipeline.database.run(
        lambda connection: act(
            connection,
            pipeline.runtime.vault,
            redemption_id=redemption_id,
            reason=reason,
            actor="Kasia",
            now=pipeline.clock(),
        )
    )


def told(people: People, redemption_id: int, language: str = "en") -> list[str]:
    with people.pipeline.database.snapshot() as connection:
        found = show_redemption(connection, redemption_id)
    return [found.redemption.state, *(step.text for step in way(found, language))]


def test_a_prize_is_held_for_one_member_until_it_is_handed_out_or_released(people: People) -> None:
    mug = people.take("5", "mug")
    assert told(people, mug) == ["issued", "100 points spent: it is to be handed out"]
    with pytest.raises(Conflict, match="all of it has been taken"):
        people.take("6", "mug")
    assert do(people, release, mug) == "released"
    mug = people.take("6", "mug")
    assert [do(people, fulfil, mug) for _ in range(2)] == ["used", "used"]
    assert told(people, mug)[-1] == "It was handed out"
    with pytest.raises(Conflict, match="or handed out"):
        do(people, release, mug)
    assert unsound(people.pipeline) == []


def test_what_cannot_be_handed_out_says_why(people: People) -> None:
    mug, link = people.take("5", "mug"), people.take("5", "recipes")
    for wrong, kind, why in (
        (link, Conflict, "nothing that anybody hands out"),
        (people.take("5", "shelter"), Conflict, "donation settle"),
        (1, NotFound, "no redemption 1"),
    ):
        with pytest.raises(kind, match=why):
            do(people, fulfil, wrong)
    with pytest.raises(Invalid, match="reason"):
        do(people, fulfil, mug, " ")
    do(people, release, mug)
    with pytest.raises(Conflict, match="its points are back"):
        do(people, fulfil, mug)


def test_a_download_is_used_at_once_and_its_address_sent(people: People) -> None:
    link = people.take("5", "recipes")
    assert told(people, link) == ["used", "50 points spent, and the address was told"]
    with pytest.raises(Conflict, match="it was used"):
        do(people, release, link)
    pipeline = people.pipeline
    with pipeline.database.transaction() as connection:
        [mail] = claim_mail(connection, pipeline.clock(), limit=5)
        sent = letter(connection, pipeline.runtime.vault, mail, pipeline.clock())
    assert "Your download: https://shop.example/recipes.pdf" in sent.text
    assert unsound(pipeline) == []


def test_what_was_given_for_a_cause_adds_up_until_it_is_paid(people: People) -> None:
    pipeline = people.pipeline
    first, second, third = (people.take(one, "shelter") for one in ("5", "6", "6"))
    do(people, release, second)
    with pipeline.database.snapshot() as connection:
        [book] = pledges(connection, people.programme_id)
    assert (book.cause, book.open, book.open_points, book.open_money) == (
        "The shelter",
        2,
        60,
        Decimal(20),
    )

    def settle(cause: str, reason: str = "transfer 7") -> object:
        with pipeline.database.transaction() as connection:
            return settle_donations(
                connection,
                pipeline.runtime.vault,
                programme_id=people.programme_id,
                cause=cause,
                reason=reason,
                actor="Kasia",
                now=pipeline.clock(),
            )

    with pytest.raises(NotFound, match="There are: 'The shelter'"):
        settle("The home")
    with pytest.raises(Invalid):
        settle("The shelter", "")
    assert [settle("The shelter").paid for _ in range(2)] == [2, 0]  # type: ignore[attr-defined]
    with pipeline.database.snapshot() as connection:
        [book] = pledges(connection, people.programme_id)
        audited = connection.execute(
            select(t.audit.c.reason, t.audit.c.detail).where(t.audit.c.action == "donation.settle")
        ).all()
    assert (book.open, book.paid, book.paid_money) == (0, 2, Decimal(20))
    assert [tuple(row) for row in audited] == [
        ("transfer 7", '{"donations":"2","points":"60","money":"20.00 PLN"}')
    ]
    for one in (first, third):
        with pytest.raises(Conflict, match="over"):
            do(people, release, one)
    assert unsound(pipeline) == []


def test_the_commands_say_it_to_people_and_to_scripts(people: People) -> None:
    run = partial(stempel, people.pipeline)
    taken = data(run("redeem", OLA, "mug", "--json"))
    assert (taken["state"], taken["code"]) == ("issued", None)
    text = plain(run("redemption", "fulfil", taken["id"], "--reason", "at the till"))
    assert text == f"redemption {taken['id']}: a prize, used\n"
    told = plain(run("redeem", OLA, "recipes"))
    assert "https://shop.example/recipes.pdf for shop-1, used: the member can open it now\n" in told
    run("redeem", OLA, "shelter")
    [cause] = data(run("donation", "list", "-p", "kawa", "--json"))
    assert cause["open"] == {"donations": 1, "points": 30, "money": "10.00"}
    text = plain(run("donation", "settle", "-p", "kawa", "The shelter", "--reason", "transfer 7"))
    assert text == "The shelter: noted as paid 10.00 PLN, donations: 1\n"


def test_a_prize_that_was_not_handed_out_and_says_so_is_found(people: People) -> None:
    mug = people.take("5", "mug")
    with people.pipeline.database.transaction() as connection:
        connection.execute(update(t.redemption).where(t.redemption.c.id == mug).values(uses=1))
    [problem] = people.pipeline.verified().problems
    assert problem.what == f"redemption {mug} is issued, its code and orders say used"


def test_who_has_no_account_in_any_shop_gets_what_no_shop_is_asked_for(people: People) -> None:
    Moving(people).bring("email,points\newa@example.pl,500\n")
    ewa = people.holder("ewa@example.pl")
    for reward in ("mug", "recipes", "shelter"):
        people.take(ewa, reward)
    assert [row.customer for row in people.rows("redemption", member_id=ewa)] == [None] * 3
    [row] = people.rows("member", id=ewa)
    assert row.balance == 320
    with people.pipeline.database.transaction() as connection:
        vault, now = people.pipeline.runtime.vault, people.pipeline.clock()
        letters = [
            letter(connection, vault, one, now) for one in claim_mail(connection, now, limit=9)
        ]
    assert [one.to for one in letters if isinstance(one, Letter)] == ["ewa@example.pl"] * 3
    assert unsound(people.pipeline) == []
