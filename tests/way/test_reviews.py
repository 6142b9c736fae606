"""Reviews: read back when their product changes, paid once per product, whoever came first."""

from itertools import permutations
from typing import Any

import pytest

from tests.pipeline import Pipeline, order_body
from tests.way.shop import open_way

PROGRAMME = """
[programme]
key = "kawa"
currency = "PLN"

[[rule]]
key = "review"
on = "review.published"
points = 25
"""
EMAIL = "jan.kowalski@example.pl"


def reviews(*statuses: str, email: str = EMAIL) -> dict[str, Any]:
    return {
        "id": "11",
        "reviews": [
            {
                "id": 49 + number,
                "product_id": 11,
                "status": status,
                "reviewer_email": email,
                "review": "<p>Good.</p>",
                "rating": 5,
                "verified": True,
                "date_created_gmt": f"2026-11-21T17:43:{number:02}",
            }
            for number, status in enumerate(statuses)
        ],
    }


def account(number: int = 7) -> dict[str, Any]:
    return {
        "id": number,
        "date_created_gmt": "2026-11-21T17:00:00",
        "date_modified_gmt": "2026-11-21T17:00:00",
        "email": EMAIL,
        "role": "customer",
        "username": "jan",
        "billing": {"email": EMAIL},
        "meta_data": [],
    }


def test_an_approved_review_pays_its_writer_and_a_withdrawn_one_takes_it_back(
    pipeline: Pipeline,
) -> None:
    with open_way(pipeline, source=PROGRAMME) as way:
        jan = way.shop.register_customer(EMAIL, "Jan")
        mug = way.shop.add_product("Mug", "49.99")
        way.shop.place_order({mug["id"]: 1}, customer_id=jan["id"])
        review = way.shop.submit_review(mug["id"], "Jan", EMAIL, "Keeps warm.")
        way.announce()
        assert way.points(jan["id"]) == 0
        way.shop.approve_review(review["id"])
        way.announce()
        assert way.points(jan["id"]) == 25
        way.shop.set_review_status(review["id"], "spam")
        way.announce()
        assert way.points(jan["id"]) == 0
        way.sound()


ACTS = ("review", "guest order", "account")


@pytest.mark.parametrize("order", list(permutations(ACTS)), ids=" then ".join)
def test_it_does_not_matter_whether_the_review_or_its_writer_came_first(
    pipeline: Pipeline, order: tuple[str, ...]
) -> None:
    programme_id = pipeline.programme(source=PROGRAMME)
    store = pipeline.store(programme_id)
    for act in order:
        if act == "review":
            pipeline.read(store, "read.product_reviews", reviews("approved", "approved"))
        elif act == "account":
            pipeline.deliver(store, "customer.created", account())
        else:
            pipeline.deliver(store, "order.updated", order_body("008"))
    assert pipeline.balances(programme_id) == [25]
    assert [m.balance for m in pipeline.members(programme_id) if m.state == "member"] == [25]
    assert pipeline.verified().problems == []


@pytest.mark.parametrize(("rule", "points"), [("", 0), ("verified = false\n", 25)])
def test_only_who_bought_the_product_is_paid_unless_the_rule_says_otherwise(
    pipeline: Pipeline, rule: str, points: int
) -> None:
    programme_id = pipeline.programme(source=PROGRAMME + rule)
    store = pipeline.store(programme_id)
    told = reviews("approved")
    told["reviews"][0]["verified"] = False
    pipeline.deliver(store, "customer.created", account())
    pipeline.read(store, "read.product_reviews", told)
    assert [m.balance for m in pipeline.members(programme_id)] == [points]
    told["reviews"][0] |= {"verified": True, "rating": 1}
    pipeline.read(store, "read.product_reviews", told)
    assert [m.balance for m in pipeline.members(programme_id)] == [25]
    assert pipeline.verified().problems == []


def test_a_review_alone_makes_nobody(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme(source=PROGRAMME)
    pipeline.read(pipeline.store(programme_id), "read.product_reviews", reviews("approved"))
    assert pipeline.members(programme_id) == []
    assert pipeline.verified().problems == []
