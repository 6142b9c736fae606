"""Pages of rewards that were taken: the list, one with its way, and those of a member."""

import html
import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace as replace_fields
from sqlalchemy import update

from app.cli.redemption_text import text_of
from app.db import tables as t
from app.programme.events import RedemptionState
from app.services import code_answers, codes, redemptions, verdicts
from app.services.redemption_words import REASONS
from app.services.writeback import block
from app.settings import MailServer
from app.web.console.words import WORDS
from tests.issued import TEN_PERCENT, issue
from tests.people import JAN, account
from tests.pipeline import Pipeline
from tests.taken import Counter, open_counter
from tests.web.conftest import client_of


@pytest.fixture
def counter(pipeline: Pipeline) -> Counter:
    return open_counter(pipeline)


def plain(page: str) -> str:
    text = html.unescape(re.sub(r"<[^>]*>", " ", page.partition("<main")[2]))
    return re.sub(r"\s+", " ", text.replace("\N{NO-BREAK SPACE}", " "))


def links(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'href="/redemptions/(\d+)"', page)]


@pytest.mark.parametrize("language", ["en", "pl"])
def test_every_page_is_served_in_both_languages(
    client: FlaskClient, counter: Counter, language: str
) -> None:
    taken = counter.made()
    counter.order(1001, taken)
    for path in ("/redemptions", f"/redemptions/{taken}", f"/members/{counter.member_id}"):
        response = client.get(path, headers={"Accept-Language": language})
        assert response.status_code == 200
        assert counter.code(taken) in response.text
        assert "%(" not in response.text
        assert not re.findall(r"<style|\sstyle=|\son[a-z]+=|<script(?! src=)", response.text)


def test_a_page_tells_the_way_of_a_code_into_an_order(
    client: FlaskClient, counter: Counter
) -> None:
    taken = counter.made()
    counter.order(1001, taken)
    text = plain(client.get(f"/redemptions/{taken}").text)
    assert "10% off" in text
    assert "used in order #1001" in text
    for step in ("100 points reserved for the code", "The shop has the code"):
        assert step in text
    assert "Used in order #1001" in text
    assert "was used here" in text
    assert "A refund of that order gives nothing back" in text
    assert "100 points spent: for the reward “ten-percent”." in text
    assert "stempel redemption release" not in text
    polish = plain(client.get(f"/redemptions/{taken}?lang=pl").text)
    assert "Użyto w zamówieniu #1001" in polish
    assert "Wydano 100 punktów: za nagrodę „ten-percent”." in polish


def test_a_page_tells_what_keeps_a_code_from_being_made(
    client: FlaskClient, counter: Counter
) -> None:
    taken = counter.take()
    counter.shop_says(error="Passing: the shop answered 503\nTraceback: secret")
    with counter.pipeline.database.transaction() as connection:
        block(connection, counter.people.stores[0].id, "the keys were revoked")
    text = plain(client.get(f"/redemptions/{taken}").text)
    assert "code being made" in text
    assert "The code is to be made in the shop." in text
    assert "tried 1 time" in text
    assert "the shop answered 503" in text
    assert "Passing" not in text
    assert "secret" not in text
    assert "the keys were revoked" in text
    assert f"stempel store resume {counter.people.stores[0].key}" in text


def test_a_page_says_how_to_release_a_code_and_then_who_did(
    client: FlaskClient, counter: Counter
) -> None:
    taken = counter.made()
    text = plain(client.get(f"/redemptions/{taken}").text)
    assert f"stempel redemption release {taken} --reason …" in text
    counter.release(taken, "she took the <wrong> one")
    page = client.get(f"/redemptions/{taken}").text
    assert "she took the &lt;wrong&gt; one" in page
    assert "To be released, says Kasia" in plain(page)
    assert "being taken back released by hand" in plain(page)
    assert "The code is to be ended in the shop." in plain(page)
    assert "stempel redemption release" not in page
    counter.shop_says(exists=False)
    text = plain(client.get(f"/redemptions/{taken}?lang=pl").text)
    assert "Zwrócono 100 punktów" in text
    assert "punkty zwrócone na polecenie obsługi" in text


def test_a_page_says_whether_the_code_was_sent(pipeline: Pipeline, counter: Counter) -> None:
    taken = counter.made()

    def shown(of: Pipeline) -> str:
        return plain(client_of(of).get(f"/redemptions/{taken}").text)

    assert "not sent: no mail server is set (SMTP_URL)" in shown(pipeline)
    server = MailServer(host="127.0.0.1", port=25, sender="points@shop.example")
    other = replace(pipeline, settings=replace(pipeline.settings, mail=server))
    assert "to be sent, not before" in shown(other)
    with pipeline.database.transaction() as connection:
        connection.execute(update(t.mail).values(due_at=None, error="no such mailbox"))
    assert "not sent no such mailbox" in shown(other)
    with pipeline.database.transaction() as connection:
        connection.execute(update(t.mail).values(sent_at=pipeline.clock(), error=None))
    assert "The code was sent by e-mail" in shown(other)
    other.close()


def test_a_code_is_found_however_it_is_typed(client: FlaskClient, counter: Counter) -> None:
    first, second = counter.take(), counter.take()
    assert links(client.get("/redemptions").text) == [second, first]
    typed = counter.code(first).lower().replace("-", "")
    assert links(client.get(f"/redemptions?search={typed}").text) == [first]
    assert links(client.get("/redemptions?search=%25").text) == []


def test_filters_keep_their_choice_and_narrow_the_list(
    client: FlaskClient, counter: Counter
) -> None:
    first, second = counter.made(), counter.take()
    store = counter.people.stores[0].key
    text = client.get(f"/redemptions?state=issued&store={store}").text
    assert links(text) == [first]
    assert '<option value="issued" selected>' in text
    assert f'<option value="{store}" selected>' in text
    assert links(client.get(f"/redemptions?state=reserved&store={store}").text) == [second]
    assert links(client.get("/redemptions?store=nowhere").text) == []


def test_old_ones_are_a_click_away_and_the_filter_stays(
    client: FlaskClient, counter: Counter
) -> None:
    taken = [counter.take("ten-percent") for _ in range(3)]
    page = client.get(f"/redemptions?state=reserved&before={taken[-1]}").text
    assert links(page) == taken[1::-1]
    assert 'href="/redemptions?state=reserved"' in page


def test_a_member_shows_its_rewards_with_how_far_they_came(
    client: FlaskClient, counter: Counter
) -> None:
    used, waiting = counter.made(), counter.made()
    counter.order(1001, used)
    page = client.get(f"/members/{counter.member_id}").text
    # One link from the table of rewards, one from the ledger entry it caused.
    assert sorted(links(page)) == sorted([used, used, waiting, waiting])
    text = plain(page)
    assert "Rewards taken, newest first" in text
    assert "in order #1001" in text
    assert "code can be used" in text
    assert "reward ten-percent , version 1" in text
    assert "Rewards taken, newest first" not in plain(
        client.get(f"/members/{another(counter)}").text
    )


def test_points_given_back_are_told_beside_the_order(
    client: FlaskClient, pipeline: Pipeline
) -> None:
    counter = open_counter(pipeline, refunded="points")
    taken = counter.made()
    counter.order(1001, taken)
    counter.order(1001, taken, refunded="100.00", at=60)
    for path in ("/redemptions", f"/redemptions/{taken}"):
        assert "in order #1001 · given back" in plain(client.get(path).text)


def another(counter: Counter) -> int:
    counter.people.tell(0, account("6", JAN))
    return counter.people.member(0, "6")


def test_a_joined_account_is_named_on_the_page(client: FlaskClient, counter: Counter) -> None:
    taken = counter.take()
    stays = counter.people.merge(another(counter), counter.member_id)
    page = client.get(f"/redemptions/{taken}").text
    assert f'href="/members/{stays}"' in page
    told = "taken by an account that was joined to it:"
    assert (told in page) == (stays != counter.member_id)


def test_codes_are_shown_to_nobody_who_is_not_let_in(client: FlaskClient, counter: Counter) -> None:
    taken = counter.take()
    for path in ("/redemptions", f"/redemptions/{taken}"):
        for strange in ({"Host": "shop.example"}, {"X-Forwarded-For": "203.0.113.9"}):
            response = client.get(path, headers=strange)
            assert response.status_code in {400, 401}
            assert counter.code(taken) not in response.text
        assert client.post(path).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/redemptions/1",
        "/redemptions/99999999999999999999999",
        "/redemptions/x",
        "/redemptions?before=x",
        "/redemptions?before=99999999999999999999999",
    ],
)
def test_what_does_not_exist_is_a_friendly_404(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "query", ["search=%00", "search=%FF", "state=%27;--", "store=%00", "search=" + "x" * 5000]
)
def test_a_strange_filter_finds_nothing_and_breaks_nothing(
    client: FlaskClient, counter: Counter, query: str
) -> None:
    counter.take()
    response = client.get(f"/redemptions?{query}")
    assert response.status_code == 200
    assert links(response.text) == []


def test_there_are_words_for_every_state_and_every_reason() -> None:
    assert {state.value for state in RedemptionState} <= set(WORDS)
    given = {
        verdicts.TIME_OVER,
        codes.ERASED,
        code_answers.GONE,
        code_answers.WITHDRAWN,
        code_answers.REFUSED,
        code_answers.ALIVE,
        code_answers.USED_UNSEEN,
        code_answers.HELD,
        code_answers.ANOTHERS,
        verdicts.BY_HAND,
        redemptions.ORDER_CANCELLED,
        redemptions.REFUND_UNDONE,
        redemptions.NOT_EARNED,
    }
    assert given == set(REASONS)


def test_what_has_no_code_is_taken_and_no_code_is_spoken_of(
    client: FlaskClient, counter: Counter
) -> None:
    store = counter.people.stores[0]
    for kind in ("event", "draw", "prize", "donation", "store-credit"):
        facts = replace_fields(TEN_PERCENT, kind=kind)
        taken = issue(counter.pipeline, store, counter.member_id, facts=facts, code=None)
        badges = 'class="badge issued">'
        for path in (f"/redemptions/{taken}", "/redemptions"):
            assert f"{badges}taken<" in client.get(f"{path}?lang=en").text
            assert f"{badges}przyznane<" in client.get(f"{path}?lang=pl").text


def test_a_release_that_came_too_late_is_not_shown_as_if_it_had_happened(
    client: FlaskClient, counter: Counter
) -> None:
    facts = replace_fields(TEN_PERCENT, kind="gift-card", state=RedemptionState.USED)
    store = counter.people.stores[0]
    spent = issue(counter.pipeline, store, counter.member_id, facts=facts, ending=verdicts.BY_HAND)
    for path in (f"/redemptions/{spent}", "/redemptions"):
        text = plain(client.get(path).text)
        assert "used" in text
        assert "released by hand" not in text
    told = text_of(counter.show(spent), mails=False)
    assert "\nused\n" in told
    assert "by hand" not in told
