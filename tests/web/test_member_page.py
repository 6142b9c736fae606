"""The page of a member tells cards, challenges, badges, segments and recommendations."""

import pytest
from flask.testing import FlaskClient

from app.programme.referrals import Verdict
from jobs.seats import give_seats
from tests import seats
from tests.cards import cups
from tests.cli.test_member_gifts import BADGE
from tests.jobs.test_grants import opened
from tests.pipeline import Pipeline
from tests.services import referred
from tests.services.referred import ALIAS, HOME, bought
from tests.services.test_segments import BIG, counted
from tests.web.test_joined_pages import plain

STREAK = '[[challenge]]\nkey = "weeks"\nname = "Week by week"\nstreak = 4\npoints = 5\n'


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            [
                "Punch card card1 of 3, 1 full before",
                "Challenge pairwon",
                "Challenge Week by week1 of 4 weeks in a row, the next order by 29 November 2026",
                "BadgesRegular guest",
                "To be givencoffee (rule card)",
                "SegmentsBig spenders since",
            ],
        ),
        (
            "pl",
            [
                "Karta stempelkowa card1 z 3, 1 wcześniej pełna",
                "Wyzwanie pairukończone",
                "1 z 4 tygodni z rzędu, kolejne zamówienie najpóźniej 29 listopada 2026",
                "OdznakiRegular guest",
                "Do przyznaniacoffee (zasada card)",
                "SegmentyBig spenders od",
            ],
        ),
    ],
)
def test_a_member_has_cards_challenges_badges_and_segments(
    client: FlaskClient, pipeline: Pipeline, language: str, said: list[str]
) -> None:
    people = opened(pipeline, more=BADGE + STREAK + BIG.replace("100", "40"))
    people.tell(0, cups(1, 2), cups(2, 2))
    counted(people)
    page = plain(client.get(f"/members/{people.member(0, '5')}?lang={language}").text)
    assert [one for one in said if one not in page] == []


def test_where_there_are_none_the_page_has_no_place_for_them(
    client: FlaskClient, pipeline: Pipeline
) -> None:
    friends = referred.opened(pipeline)
    friends.joins("1", "ola@example.pl")
    page = plain(client.get(f"/members/{friends.member(0, '1')}").text)
    assert "Cards, badges and segments" not in page
    assert "Recommendations" not in page


def test_both_sides_of_a_recommendation_read_what_became_of_it_and_why(
    client: FlaskClient, pipeline: Pipeline
) -> None:
    friends = referred.opened(pipeline)
    code = friends.joins("1", ALIAS, HOME)
    friends.tell(0, bought(10, "2", code=code, email="ola.nowak@gmail.com", contact=HOME))
    referrer, friend = friends.member(0, "1"), friends.member(0, "2")

    def page(member: int, language: str = "en") -> str:
        return plain(client.get(f"/members/{member}?lang={language}").text)

    [row] = friends.referrals()
    held = page(referrer)
    assert f"has brought {friend}" in held
    assert "held for review" in held
    assert "the same delivery address" in held
    assert f"stempel referral approve {row.id} --reason" in held
    assert f"was brought by {referrer}" in page(friend)
    assert "wstrzymane do sprawdzenia" in page(friend, "pl")
    assert "ten sam adres dostawy" in page(friend, "pl")
    referred.decided(friends, Verdict.APPROVED)
    assert "rewardeddecided by a person" in page(referrer)


def test_who_waits_for_a_seat_has_a_place_and_who_waits_no_more_reads_why(
    client: FlaskClient, pipeline: Pipeline
) -> None:
    people = seats.opened(pipeline, 3)
    for guest in (1, 2):
        seats.take(people, guest)
    seats.waits(people, 3)
    address = f"/members/{people.member(0, '3')}"
    assert "Waits for a seat: tasting, place 1." in plain(client.get(address).text)
    assert "Czeka na miejsce: tasting, miejsce w kolejce: 1." in plain(
        client.get(f"{address}?lang=pl").text
    )
    pipeline.programme(
        source=seats.SOURCE.replace('kind = "event"\nseats = 2', 'kind = "prize"\nstock = 5')
    )
    assert give_seats(pipeline.runtime) == 1
    page = plain(client.get(f"{address}?lang=en").text)
    assert "Waits for a seat no more: tasting. The reward 'tasting' is no event" in page
