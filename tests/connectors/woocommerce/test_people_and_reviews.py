"""Accounts and reviews of the shop."""

from datetime import UTC, datetime

import pytest

from app.errors import Invalid
from app.programme.events import CustomerFacts, Event, Person, ReviewFacts
from connectors.base import Observed
from tests.connectors.outcomes import event
from tests.connectors.woocommerce.captured import answer, captured, host, rest, webhook


def reviews(*found: object, complete: bool = True) -> Observed:
    outcome = answer("product_reviews", id="11", reviews=found, complete=complete)
    assert isinstance(outcome, Observed)
    return outcome


def facts(found: Event) -> ReviewFacts:
    assert isinstance(found.facts, ReviewFacts)
    return found.facts


def test_an_account_made_in_the_shop_is_a_shoppers() -> None:
    told = webhook(captured("003").body, "customer.created")
    found = event(told)
    assert (found.kind, found.external_id) == ("customer", "2")
    assert found.occurred_at == datetime(2026, 11, 21, 17, 39, 45, tzinfo=UTC)
    assert found.person == Person(customer="2", email="anna.nowak@example.pl")
    assert not found.person.verified
    assert found.facts == CustomerFacts(registered=True, role="customer")
    assert host(told) == "shop.example"


def test_a_wordpress_user_of_another_role_is_no_shopper() -> None:
    found = event(webhook(captured("033").body, "customer.created"))
    assert found.facts == CustomerFacts(registered=False, role="subscriber")
    assert found.modified_at is None


def test_the_older_woocommerce_tells_accounts_alike() -> None:
    found = event(webhook(captured("076").body, "customer.created"))
    assert found.facts == CustomerFacts(registered=True, role="customer")
    assert found.person == Person(customer="3", email="ewa.mazur@example.pl")


def test_webhook_and_read_of_an_account_are_the_same_event() -> None:
    # 030 is what the shop said after 021 wrote metadata.
    sent = event(webhook(captured("030").body, "customer.updated"))
    assert event(answer("customer", id="2", customer=rest("021")["body"])) == sent


def test_our_own_write_echoes_as_the_same_facts() -> None:
    before = event(webhook(captured("003").body, "customer.created"))
    after = event(webhook(captured("030").body, "customer.updated"))
    assert (after.facts, after.person) == (before.facts, before.person)


def test_an_account_erased_by_the_privacy_tool_is_nobody() -> None:
    body = captured("003").json | {"email": "deleted@site.invalid"}
    assert event(webhook(body)).person == Person(customer="2", erased=True)


def test_a_deleted_account_is_gone() -> None:
    found = event(answer("customer", id="3", customer=None))
    assert (found.kind, found.external_id, found.facts) == ("customer", "3", None)


def test_an_answer_about_another_account_is_refused() -> None:
    with pytest.raises(Invalid, match="another object"):
        answer("customer", id="3", customer=rest("021")["body"])


def test_a_half_written_answer_does_not_say_that_anything_is_gone() -> None:
    for kind in ("order", "customer", "product_reviews"):
        with pytest.raises(Invalid):
            answer(kind, id="3")


def test_reviews_are_told_one_by_one() -> None:
    found = reviews(*rest("033")["body"])
    assert {one.kind for one in found.events} == {"review"}
    by_id = {one.external_id: one for one in found.events}
    approved, held = by_id["50"], by_id["51"]
    assert approved.person == Person(email="anna.nowak@example.pl")
    assert approved.occurred_at == datetime(2026, 11, 21, 17, 43, 16, tzinfo=UTC)
    assert approved.modified_at is None
    assert approved.facts == ReviewFacts(
        product="11", published=True, verified=True, rating=4, status="approved"
    )
    assert not facts(held).published
    assert not facts(held).removed
    assert not facts(held).verified


@pytest.mark.parametrize(
    ("status", "published", "removed"),
    [
        ("approved", True, False), ("hold", False, False), ("spam", False, True),
        ("trash", False, True), ("plugins_own", False, False),
    ],
)  # fmt: skip
def test_only_an_approved_review_is_published(status: str, published: bool, removed: bool) -> None:
    [found] = reviews(rest("033")["body"][0] | {"status": status}).events
    assert (facts(found).published, facts(found).removed) == (published, removed)


def test_two_reviews_of_one_product_by_one_buyer_stay_two() -> None:
    assert len(reviews(*rest("082")["body"]).events) == len(rest("082")["body"]) > 1


@pytest.mark.parametrize(
    ("verified", "truth"),
    [(True, True), ("true", True), (1, True), ("1", True), (False, False), ("false", False),
     ("0", False), (0, False), (None, False), ("", False)],
)  # fmt: skip
def test_the_word_false_is_not_a_yes(verified: object, truth: bool) -> None:
    [found] = reviews(rest("033")["body"][0] | {"verified": verified}).events
    assert facts(found).verified is truth


@pytest.mark.parametrize(
    ("rating", "kept"), [(0, None), (5, 5), ("5", 5), (6, None), (-1, None), (None, None)]
)
def test_a_rating_is_one_to_five_or_none(rating: object, kept: int | None) -> None:
    [found] = reviews(rest("033")["body"][0] | {"rating": rating}).events
    assert facts(found).rating == kept


def test_no_word_of_a_review_and_no_name_reaches_the_facts() -> None:
    [found] = reviews(rest("033")["body"][0]).events
    assert "kolor" not in repr(found)
    assert "anna" not in repr(found.facts)


def test_a_product_without_reviews_is_an_answer_too() -> None:
    assert reviews().events == ()


def test_a_list_that_was_cut_says_so() -> None:
    assert "more reviews" in (reviews(complete=False).note or "")
