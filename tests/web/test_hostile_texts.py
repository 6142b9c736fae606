"""Texts that strangers chose are shown as they are: they run nothing, turn nothing, break nothing."""

import pytest
from flask.testing import FlaskClient
from markupsafe import escape
from sqlalchemy import update

from app.db import tables as t
from app.services.enrol import add_member
from app.services.outcomes import Outcome, record
from tests.pipeline import Pipeline
from tests.stories import tell
from tests.taken import open_counter

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "%(points)s %s %d",
    "\u202eevil\u202c",
    "שלום",
    "مرحبا",
    "a" * 3000,
    "🦊" * 200,
    "&amp;lt;",
]


@pytest.fixture
def backend() -> str:
    return "sqlite"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_reason_or_topic_is_only_text(
    pipeline: Pipeline, client: FlaskClient, text: str
) -> None:
    store = pipeline.store(pipeline.programme())
    delivery_id = pipeline.receive(store, text[:128], b'{"id": 5}')
    with pipeline.database.transaction() as connection:
        outcome = Outcome(delivery_id=delivery_id, status="dead", reason=text, error=f"{text}\nx")
        record(connection, [outcome], pipeline.clock())
    for path in ("/deliveries", f"/deliveries/{delivery_id}", "/deliveries?status=dead"):
        for language in ("en", "pl"):
            response = client.get(path, headers={"Accept-Language": language})
            assert response.status_code == 200
            assert str(escape(text)) in response.text
            if "<" in text:
                assert text not in response.text


@pytest.mark.parametrize(
    "email",
    [
        "<script>alert(1)</script>@example.pl",
        '"><img-onerror=alert(1)>@example.pl',
        "שלום@example.pl",
        "مرحبا@example.pl",
        "{{7*7}}@example.pl",
        "a" * 240 + "@example.pl",
    ],
)
def test_a_hostile_e_mail_is_only_text(pipeline: Pipeline, client: FlaskClient, email: str) -> None:
    story = tell(pipeline)
    with pipeline.database.transaction() as connection:
        member_id = add_member(
            connection,
            pipeline.runtime.vault,
            programme_id=story.programme_id,
            email=email,
            now=pipeline.clock(),
        )
    page = client.get(f"/members/{member_id}").text
    assert f"<bdi>{escape(email)}</bdi>" in page
    for text in (page, client.get("/members").text):
        assert "<script>alert" not in text
        assert "<img" not in text.replace('<img src="/static/stamp.svg"', "")
        assert "49@" not in text


def test_a_hostile_note_of_staff_is_only_text(pipeline: Pipeline, client: FlaskClient) -> None:
    story = tell(pipeline)
    story.give(1, reason=HOSTILE[0])
    text = client.get(f"/members/{story.member_id}").text
    assert str(escape(HOSTILE[0])) in text
    assert HOSTILE[0] not in text


@pytest.mark.parametrize("text", [*HOSTILE, "quote ' and \" and ; --", "a\r\nb: c"])
def test_a_hostile_text_about_a_reward_is_only_text(
    pipeline: Pipeline, client: FlaskClient, text: str
) -> None:
    line = "".join(char for char in text if char.isprintable())[:200]  # a document takes no others
    counter = open_counter(pipeline, name=line.strip(), points=500)
    taken = counter.take("fifty")
    counter.shop_says(error=text)
    counter.order(1001, counter.made(), called=line, status=text)
    counter.release(taken, text)
    with pipeline.database.transaction() as connection:
        connection.execute(
            update(t.redemption)
            .where(t.redemption.c.id == taken)
            .values(ending=f"the shop refuses to make it: {text}")
        )
    shown = {
        f"/redemptions/{taken}": [text, line.strip()],
        "/redemptions": [line.strip()],
        f"/members/{counter.member_id}": [line.strip()],
    }
    for path, expected in shown.items():
        for language in ("en", "pl"):
            response = client.get(path, headers={"Accept-Language": language})
            assert response.status_code == 200
            for part in expected:
                assert str(escape(part)) in response.text
            assert "<script>alert" not in response.text
            assert "<img src=x" not in response.text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_code_is_searched_for_and_found_nowhere(
    pipeline: Pipeline, client: FlaskClient, text: str
) -> None:
    open_counter(pipeline).take()
    response = client.get("/redemptions", query_string={"search": text, "state": text})
    assert response.status_code == 200
    assert f'value="{escape(text)}"' in response.text
    assert "There are none." in response.text
