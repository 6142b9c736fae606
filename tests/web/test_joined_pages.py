"""Pages of accounts that were joined, or may be one person's."""

import re

import pytest
from flask.testing import FlaskClient

from tests.people import JAN, OLA, account, gone, open_people, order
from tests.pipeline import Pipeline


def plain(page: str) -> str:
    text = re.sub(r"<[^>]*>", "", page).replace("\N{NO-BREAK SPACE}", " ").replace("&#39;", "'")
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize(
    ("language", "moved", "state"),
    [
        (
            "en",
            "140 points moved here from another account of the same person.",
            "proved by the shop",
        ),
        ("pl", "Przeniesiono tu 140 punktów z innego konta tej samej osoby.", "przez sklep"),
    ],
)
def test_both_pages_lead_to_the_other_account(
    client: FlaskClient, pipeline: Pipeline, language: str, moved: str, state: str
) -> None:
    people = open_people(pipeline)
    people.tell(0, account("5", OLA))
    people.tell(0, account("6", JAN))
    people.tell(0, order(1, "40.00", customer="5", email=OLA))
    ended, kept = people.member(0, "5"), people.member(0, "6")
    people.tell(0, gone("5", into="6"))
    page = client.get(f"/members/{kept}?lang={language}").text
    assert moved in plain(page)
    assert state in plain(page)
    assert f"/members/{ended}" in page
    assert f"/members/{kept}" in client.get(f"/members/{ended}").text


def test_a_joined_account_tells_neither_a_version_nor_a_date_that_it_has_not(
    client: FlaskClient, pipeline: Pipeline
) -> None:
    people = open_people(pipeline)
    people.tell(0, account("5", OLA))
    people.tell(0, account("6", JAN))
    ended, kept = people.member(0, "5"), people.member(0, "6")
    people.tell(0, gone("5", into="6"))
    text = plain(client.get(f"/members/{kept}").text)
    assert "100 points taken back: another account of the same person has been given it." in text
    assert "version None" not in text
    assert "since" in text
    # The day it became a member is not the day it was joined.
    assert "since" not in plain(client.get(f"/members/{ended}").text)
    assert plain(client.get("/members").text).count("since") == 1


def test_a_claim_between_two_accounts_says_who_stays(
    client: FlaskClient, pipeline: Pipeline
) -> None:
    people = open_people(pipeline)
    people.tell(0, account("5", OLA))
    people.tell(1, account("7", OLA, verified=False))
    stays = people.member(0, "5")
    text = plain(client.get(f"/members/{people.member(1, '7')}").text)
    assert "Two accounts that may be one person's" in text
    assert f"all of it becomes one balance, that of {stays}:" in text
