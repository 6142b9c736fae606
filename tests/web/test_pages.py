"""The pages over HTTP: what they say, in which language, with which headers, on both databases."""

import ast
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

import webhooks
from app.db import tables as t
from app.services.outcomes import Outcome, record
from app.services.view_deliveries import STATUSES
from app.services.view_referrals import SHOWN_STATES
from app.services.writeback import block
from app.web.console.words import WORDS, masked
from tests.pipeline import Pipeline, captured_delivery
from tests.stories import Story, tell
from tests.web.conftest import client_of


def pages_of(story: Story) -> list[str]:
    return [
        "/",
        "/deliveries",
        *(f"/deliveries/{delivery_id}" for delivery_id in story.deliveries.values()),
        "/members",
        f"/members/{story.member_id}",
    ]


@pytest.mark.parametrize("language", ["en", "pl"])
def test_every_page_is_served_in_both_languages(
    client: FlaskClient, story: Story, language: str
) -> None:
    for path in pages_of(story):
        response = client.get(path, headers={"Accept-Language": language})
        assert response.status_code == 200
        assert f'<html lang="{language}">' in response.text
        assert response.headers["Content-Language"] == language
        assert "%(" not in response.text


def test_a_click_on_a_language_is_remembered(client: FlaskClient, story: Story) -> None:
    assert "Uczestnicy" in client.get("/members?lang=pl").text
    assert "Uczestnicy" in client.get("/members", headers={"Accept-Language": "en"}).text
    assert "Uczestnicy" not in client.get("/members?lang=en").text
    assert "Members" in client.get("/members?lang=xx").text


def test_a_member_page_explains_each_entry(client: FlaskClient, story: Story) -> None:
    text = plain(client.get(f"/members/{story.member_id}").text)
    assert "269 points: PLN 269.08 of the order counts (2 lines with tax" in text
    assert "45 points more, 314 points altogether" in text
    assert "229 points taken back: all that counts was given back, PLN 335.21 altogether." in text
    assert "sorry for the late parcel" in text
    assert "jan.kowalski@example.pl" in text


def test_lists_show_only_a_hint_of_an_e_mail(client: FlaskClient, story: Story) -> None:
    text = client.get("/members").text
    assert "j•••@example.pl" in text
    assert "kowalski" not in text


def test_a_member_is_found_by_e_mail(client: FlaskClient, story: Story) -> None:
    found = client.get("/members", query_string={"search": "JAN.kowalski@example.pl"}).text
    assert f"/members/{story.member_id}" in found
    nobody = client.get("/members", query_string={"search": "<nobody>@example.pl"}).text
    assert "Nobody has this address" in nobody
    assert "<nobody>" not in nobody


def test_a_delivery_page_shows_attempts_and_effects(client: FlaskClient, story: Story) -> None:
    text = plain(client.get(f"/deliveries/{story.deliveries['013']}").text)
    assert "40 points taken back, 274 points altogether" in text
    assert f"/members/{story.member_id}" in text
    assert "came 2 times" in client.get(f"/deliveries/{story.deliveries['010']}").text


def test_filters_keep_their_choice_and_narrow_the_list(client: FlaskClient, story: Story) -> None:
    text = client.get("/deliveries?status=ignored&topic=product.updated").text
    assert re.findall(r'href="/deliveries/(\d+)"', text) == [str(story.deliveries["002"])]
    assert '<option value="ignored" selected>' in text


def test_old_deliveries_are_a_click_away_and_the_filter_stays(
    pipeline: Pipeline, client: FlaskClient
) -> None:
    store = pipeline.store(pipeline.programme())
    body = captured_delivery("009").body
    received = [
        pipeline.receive(store, "action.woocommerce_order_status_changed", body) for _ in range(60)
    ]
    seen = []
    address: str | None = "/deliveries?status=received"
    while address is not None:
        text = client.get(address).text
        seen += [int(found) for found in re.findall(r'href="/deliveries/(\d+)"', text)]
        older = re.search(r'href="([^"]+)" rel="next"', text)
        address = older.group(1).replace("&amp;", "&") if older else None
        assert address is None or "status=received" in address
    assert seen == received[::-1]


def test_a_failed_delivery_shows_the_next_try_and_its_error(
    pipeline: Pipeline, client: FlaskClient
) -> None:
    store = pipeline.store(pipeline.programme())
    captured = captured_delivery("008")
    delivery_id = pipeline.receive(store, captured.topic, captured.body)
    with pipeline.database.transaction() as connection:
        record(
            connection,
            [
                Outcome(
                    delivery_id=delivery_id,
                    status="failed",
                    reason="<a bug>",
                    error="KeyError: '<id>'\nTraceback",
                    retry_at=pipeline.clock(),
                )
            ],
            pipeline.clock(),
        )
    text = client.get(f"/deliveries/{delivery_id}").text
    assert "Next try" in text
    assert "KeyError: &#39;&lt;id&gt;&#39;" in text
    assert "&lt;a bug&gt;" in text


def test_a_shop_that_needs_a_person_says_so_on_the_overview(
    pipeline: Pipeline, client: FlaskClient
) -> None:
    story = tell(pipeline)
    with pipeline.database.transaction() as connection:
        block(connection, story.store.id, "the shop answered 401: make new keys")
        connection.execute(update(t.store).values(copy_host="staging.example"))
    text = client.get("/").text
    assert "the shop answered 401: make new keys" in text
    assert f"stempel store resume {story.store.key}" in text
    assert "staging.example" in text


def test_the_overview_says_what_the_points_of_a_programme_are_worth(
    pipeline: Pipeline, client: FlaskClient
) -> None:
    """Five points per unit and 500 points for 5 off are a twentieth of each purchase."""
    source = (
        '[programme]\nkey = "kawa"\nname = "Kawa"\ncurrency = "EUR"\n'
        '[[rule]]\nkey = "five"\non = "order.paid"\npoints = 5\nper = "1.00"\n'
        '[[reward]]\nkey = "voucher"\ncost = 500\nkind = "fixed"\nvalue = "5"\n'
    )
    pipeline.programme(source=source)
    text = client.get("/").text
    assert "points are worth 5% of a purchase" in text


def test_refused_webhook_requests_are_counted_on_the_overview(pipeline: Pipeline) -> None:
    text = client_of(pipeline, **{"bad signature": 3, "stored": 7, "ping": 2}).get("/").text
    assert "wrong or missing signature: <b>3</b>" in text
    assert "<b>7</b>" not in text


def test_an_empty_installation_says_how_to_begin(client: FlaskClient) -> None:
    text = client.get("/").text
    assert "stempel programme apply one-per-unit" in text
    assert "stempel store add woocommerce" in text


def test_headers_leave_nothing_to_other_sites_or_caches(client: FlaskClient, story: Story) -> None:
    for path in [*pages_of(story), "/nowhere", "/static/style.css"]:
        response = client.get(path)
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        response.close()
        if not path.startswith("/static/"):
            assert response.headers["Cache-Control"] == "no-store"


def test_nothing_comes_from_elsewhere_and_nothing_is_inline(
    client: FlaskClient, story: Story
) -> None:
    for path in pages_of(story):
        text = client.get(path).text
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
        assert not re.findall(r"<style|\sstyle=|\son[a-z]+=|<script(?! src=)", text)


def test_a_page_that_did_not_change_is_not_sent_again(client: FlaskClient, story: Story) -> None:
    etag = client.get("/").headers["ETag"]
    again = client.get("/", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    story.pipeline.deliver_captured(story.store, "020")
    assert client.get("/", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/members/1",
        "/members/99999999999999999999999",
        "/deliveries/0",
        "/deliveries/99999999999999999999999",
        "/deliveries/-1",
        "/deliveries?before=x",
        "/deliveries?before=99999999999999999999999",
        "/deliveries?before=%C2%B2",
        "/members?before=-1",
    ],
)
def test_what_does_not_exist_is_a_friendly_404(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert "<main" in response.text
    polish = client.get(path, headers={"Accept-Language": "pl"}).text
    assert "Nie ma takiej strony." in polish


@pytest.mark.parametrize(
    "query",
    [
        "store=%00",
        "topic=%FF%00",
        "status=%27;--",
        "store=a&store=b",
        "topic=" + "x" * 5000,
        "lang=%00",
    ],
)
def test_a_strange_filter_finds_nothing_and_breaks_nothing(client: FlaskClient, query: str) -> None:
    assert client.get(f"/deliveries?{query}").status_code == 200
    assert client.get(f"/members?search={query}").status_code == 200


def test_the_pages_only_read(client: FlaskClient) -> None:
    for path in ("/", "/deliveries", "/members"):
        response = client.post(path)
        assert response.status_code == 405
        assert "GET" in response.headers["Allow"]


def test_there_are_words_for_every_status_and_for_every_refusal() -> None:
    refusals = set()
    for path in Path(webhooks.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "RefusedError":
                refusals |= {
                    part.value
                    for part in ast.walk(node.args[-1])
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                }
    assert len(refusals) > 5
    friends = {f"referral {state}" for state in SHOWN_STATES}
    assert refusals | set(STATUSES) | friends <= set(WORDS)


@pytest.mark.parametrize(
    ("email", "shown"),
    [
        ("ola@example.pl", "o•••@example.pl"),
        ("o@example.pl", "o•••@example.pl"),
        ('"a@b"@example.pl', '"•••@example.pl'),
        (None, ""),
    ],
)
def test_a_masked_e_mail_tells_the_first_letter_and_the_domain(
    email: str | None, shown: str
) -> None:
    assert masked(email) == shown


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")
