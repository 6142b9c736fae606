"""The page behind a one-time link: it joins two accounts of one person, once, and only when asked to."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select

from app.db import tables as t
from app.errors import Conflict, NotFound
from app.services.links import LIFE, claim_link
from app.services.stores import Store
from tests.pipeline import Pipeline, order_body
from tests.web.conftest import client_of

EMAIL = "jan.kowalski@example.pl"
ACCOUNT = {
    "id": 5,
    "email": EMAIL,
    "role": "customer",
    "date_created_gmt": "2026-11-21T18:00:00",
    "date_modified_gmt": "2026-11-21T18:00:00",
}


def a_claim(pipeline: Pipeline) -> Store:
    """Connect a shop where Jan bought as a guest for 269 points, then made an account."""
    made = pipeline.store(pipeline.programme())
    pipeline.deliver(made, "order.updated", order_body())
    pipeline.deliver(made, "customer.created", ACCOUNT)
    return made


@pytest.fixture
def store(pipeline: Pipeline) -> Store:
    return a_claim(pipeline)


def link(pipeline: Pipeline) -> str:
    """Return the path of a link to the one claim there is."""
    with pipeline.database.snapshot() as connection:
        claim = connection.execute(select(t.claim.c.id)).scalar_one()
        address = claim_link(
            connection,
            pipeline.runtime.vault,
            public_url="https://loyalty.example",
            claim_id=claim,
            now=pipeline.clock(),
        ).address
    return address.removeprefix("https://loyalty.example")


@pytest.fixture
def stranger(pipeline: Pipeline) -> FlaskClient:
    """Return the browser of somebody who is not on this machine."""
    public = replace(pipeline.settings, public_url="https://loyalty.example")
    client = client_of(replace(pipeline, settings=public))
    client.environ_base["HTTP_HOST"] = "loyalty.example"
    return client


def test_saying_yes_makes_one_balance_of_both_accounts(
    pipeline: Pipeline, store: Store, stranger: FlaskClient
) -> None:
    path = link(pipeline)
    assert pipeline.points(store, "5") == 0
    assert "Are both accounts yours?" in stranger.get(path).text
    assert pipeline.points(store, "5") == 0  # a mail programme that looks ahead changes nothing
    assert "Your points are together now" in stranger.post(path).text
    assert pipeline.points(store, "5") == 269
    assert not pipeline.verified().problems
    with pipeline.database.snapshot() as connection:
        acts = connection.execute(select(t.audit.c.actor, t.audit.c.reason)).all()
    assert ("the person", "opened the one-time link sent to the e-mail") in acts


def test_a_second_click_says_that_it_is_done(
    pipeline: Pipeline, store: Store, stranger: FlaskClient
) -> None:
    path = link(pipeline)
    for _ in range(2):
        assert stranger.post(path).status_code == 200
    assert "Your points are together now" in stranger.get(path).text
    assert pipeline.points(store, "5") == 269


def test_an_old_link_and_a_changed_one_do_nothing(
    pipeline: Pipeline, store: Store, stranger: FlaskClient
) -> None:
    path = link(pipeline)
    stem, token = path.rsplit("/", 1)
    forged = [token[:-1], token[:-2] + "AA", "A" * len(token), "x", "%00", "é", token + "A" * 9_000]
    for one in forged:
        response = stranger.post(f"{stem}/{one}")
        assert response.status_code == 404
        assert "This link does not work" in response.text
    pipeline.clock.advance(seconds=(LIFE + timedelta(seconds=1)).total_seconds())
    assert stranger.post(path).status_code == 404
    assert pipeline.points(store, "5") == 0


def test_who_makes_tokens_up_costs_nothing(pipeline: Pipeline, store: Store) -> None:
    """No connection, and above all not SQLite's one write lock that every webhook waits for."""
    path = link(pipeline)
    stranger = client_of(pipeline)
    forged = path[:-4] + ("AAAA" if path[-4:] != "AAAA" else "BBBB")
    seen: list[object] = []
    for engine in (pipeline.database.reader, pipeline.database.writer):
        event.listen(engine, "begin", seen.append)
    for _ in range(3):
        for ask in (stranger.get, stranger.post, stranger.head, stranger.options):
            ask(forged)
    assert seen == []
    assert stranger.get(path).status_code == 200
    assert seen != []


def test_the_page_says_which_accounts_are_meant(
    pipeline: Pipeline, store: Store, stranger: FlaskClient
) -> None:
    text = stranger.get(link(pipeline)).text
    with pipeline.database.snapshot() as connection:
        host = connection.execute(select(t.store.c.host).where(t.store.c.id == store.id)).scalar()
    assert f"an account at <bdi>{host or 'shop.example'}</bdi>" in text
    assert text.count("an account at") == 1
    assert "points gathered under your e-mail, without an account" in text
    assert store.key not in text


def test_the_page_lets_nobody_further_in(
    pipeline: Pipeline, store: Store, stranger: FlaskClient
) -> None:
    text = stranger.get(link(pipeline)).text
    assert EMAIL not in text
    assert "href" not in text.replace('<link rel="', "").split("<body")[1]
    assert stranger.get("/members").status_code == 401


def test_a_settled_claim_gets_no_link(pipeline: Pipeline, store: Store) -> None:
    stranger = client_of(pipeline)
    stranger.post(link(pipeline))
    with pytest.raises(Conflict, match="nothing to prove"):
        link(pipeline)
    with pipeline.database.snapshot() as connection, pytest.raises(NotFound):
        claim_link(
            connection,
            pipeline.runtime.vault,
            public_url="",
            claim_id=1,
            now=pipeline.clock(),
        )


def test_it_speaks_polish(pipeline: Pipeline, store: Store, stranger: FlaskClient) -> None:
    text = stranger.get(link(pipeline), headers={"Accept-Language": "pl"}).text
    assert "Czy oba konta są Twoje?" in text
    assert "konto w sklepie" in text
