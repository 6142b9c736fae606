"""The page of a member tells the tier and what is missing to the next."""

import pytest
from flask.testing import FlaskClient

from tests.pipeline import Pipeline
from tests.services.test_tiers import opened, placed
from tests.web.test_joined_pages import plain


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "TierSilversince 21 Nov 2026"),
        ("en", "PLN 1,380.00 more until Gold"),
        ("pl", "do poziomu Gold jeszcze 1 380,00 zł"),
        ("pl", "za osiągnięcie poziomu „Silver”"),
    ],
)
def test_a_member_has_a_tier_and_the_next_one_in_sight(
    client: FlaskClient, pipeline: Pipeline, language: str, said: str
) -> None:
    people = opened(pipeline)
    people.tell(0, placed(1, "620.00"))
    page = plain(client.get(f"/members/{people.member(0, '5')}?lang={language}").text)
    assert said in page


def test_where_there_are_no_tiers_the_page_has_none(
    client: FlaskClient, pipeline: Pipeline
) -> None:
    people = opened(pipeline, "")
    people.tell(0, placed(1, "620.00"))
    assert "Tier" not in plain(client.get(f"/members/{people.member(0, '5')}").text)
