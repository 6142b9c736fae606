"""Reviews with photos and videos in the ledger: what is added later is paid as the difference."""

from datetime import timedelta

import msgspec
import pytest

from app.programme.events import Event, ReviewFacts
from app.services.view_ledger import ledger_of, sentence
from tests.people import OLA, START, People, account, removed, review
from tests.pipeline import Pipeline

SOURCE = """
[programme]
key = "kawa"
currency = "PLN"

[[rule]]
key = "opinion"
on = "review.published"
points = 20
photo_points = 40
video_points = 60
"""


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    programme_id = pipeline.programme(source=SOURCE)
    opened = People(pipeline, programme_id, [pipeline.store(programme_id)])
    opened.tell(0, account("5", OLA))
    return opened


def shown(
    number: int, product: str, at: int, photos: int = 0, videos: int = 0, rating: int = 5
) -> Event:
    """A review as it was so many seconds after the start."""
    told = review(number, product, OLA)
    assert isinstance(told.facts, ReviewFacts)
    facts = msgspec.structs.replace(told.facts, photos=photos, videos=videos, rating=rating)
    return msgspec.structs.replace(told, facts=facts, modified_at=START + timedelta(seconds=at))


def test_a_photo_that_is_added_later_pays_the_difference_and_takes_it_along(
    people: People,
) -> None:
    for at, (photos, videos, balance) in enumerate(
        [(0, 0, 20), (2, 0, 40), (2, 1, 60), (0, 1, 60), (1, 0, 40), (0, 0, 20)]
    ):
        people.tell(0, shown(1, "mug", at, photos, videos, rating=1 + at % 5))
        assert people.balances() == [balance]
    assert people.problems() == []
    with people.pipeline.database.snapshot() as connection:
        entries = ledger_of(connection, people.member(0, "5")).items
    assert [sentence(entry, "en", "PLN") for entry in reversed(entries)][:2] == [
        "20 points: for a review, paid once per product.",
        "20 points more, 40 points altogether: for a review, paid once per product. It has a photo.",
    ]
    assert "Ze zdjęciem." in sentence(entries[-2], "pl", "PLN")


def test_a_second_review_of_a_product_pays_nothing_whatever_it_shows(people: People) -> None:
    people.tell(0, shown(1, "mug", 0))
    people.tell(0, shown(2, "mug", 0, videos=1))
    assert people.balances() == [20]
    people.tell(0, shown(3, "cup", 0, photos=1))
    assert people.balances() == [20 + 40]
    people.tell(0, removed(shown(1, "mug", 0)))
    assert people.balances() == [60 + 40]  # the second takes the place of the first
    assert people.problems() == []


def test_stars_never_move_a_point(people: People) -> None:
    people.tell(0, shown(1, "mug", 0, photos=1, rating=1))
    entries = len(people.rows("entry"))
    for at in range(1, 6):
        people.tell(0, shown(1, "mug", at, photos=1, rating=at))
    assert len(people.rows("entry")) == entries
    assert people.balances() == [40]
