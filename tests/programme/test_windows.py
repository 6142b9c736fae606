"""What is paid once per person or per product, whatever the order in which it is told."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from app.programme.document import Programme
from app.programme.events import CustomerFacts, EnrolmentFacts, Facts, ReviewFacts
from app.programme.explanation import Reason
from app.programme.facts import gone
from app.programme.windows import (
    WINDOW_KINDS,
    WindowItem,
    WindowKey,
    evaluate_window,
    evaluate_windows,
    windows,
)
from tests.programme.orders import goods, preset, programme

DAY = datetime(2026, 3, 1, tzinfo=UTC)
SIGN_UP = '[[rule]]\nkey = "welcome"\non = "customer.registered"\npoints = 100\n'
REVIEW = '[[rule]]\nkey = "review"\non = "review.published"\npoints = 20\n'
WELCOME = WindowKey("welcome", "once")
ACCOUNT = CustomerFacts(registered=True)


def item(
    id_: int,
    facts: Facts | None,
    rules: Programme,
    *,
    day: int = 0,
    store: int = 1,
    version: int = 1,
) -> WindowItem:
    return WindowItem(
        object_id=id_,
        store_id=store,
        occurred_at=DAY + timedelta(days=day),
        programme=rules,
        version=version,
        facts=facts,
    )


def review(
    product: str = "11",
    *,
    published: bool = True,
    verified: bool = True,
    removed: bool = False,
    rating: int | None = None,
) -> ReviewFacts:
    return ReviewFacts(
        product=product, published=published, verified=verified, removed=removed, rating=rating
    )


def paid(*items: WindowItem) -> int:
    return sum(award.points for _, award in evaluate_windows(items))


def reason(*items: WindowItem) -> Reason:
    [(_, award)] = evaluate_windows(items)
    return award.explanation.reason


def test_the_start_preset_pays_100_for_joining() -> None:
    assert paid(item(1, ACCOUNT, preset("start-100-50-200"))) == 100


def test_joining_pays_once_however_many_accounts_a_person_has() -> None:
    rules = programme(SIGN_UP)
    accounts = (
        item(1, ACCOUNT, rules),
        item(2, ACCOUNT, rules, store=2),
        item(3, EnrolmentFacts(), rules),
    )
    assert paid(*accounts) == 100


def test_closing_the_account_does_not_take_the_sign_up_back() -> None:
    rules = programme(SIGN_UP)
    assert paid(item(1, gone(ACCOUNT), rules)) == 100
    assert paid(item(1, gone(ACCOUNT), rules), item(2, ACCOUNT, rules, day=9)) == 100


def test_staff_accounts_and_guests_have_not_joined() -> None:
    guest = item(1, CustomerFacts(registered=False), programme(SIGN_UP))
    assert (paid(guest), reason(guest)) == (0, Reason.NOT_REGISTERED)


def test_where_joining_is_a_choice_a_shop_account_alone_is_none() -> None:
    rules = programme(SIGN_UP, 'enrolment = "opt-in"\n')
    account = item(1, ACCOUNT, rules)
    assert (paid(account), reason(account)) == (0, Reason.NOT_ENROLLED)
    assert paid(account, item(2, EnrolmentFacts(), rules, day=5)) == 100


def test_who_joined_before_the_programme_began_is_paid_nothing_even_for_a_second_account() -> None:
    rules = programme(SIGN_UP, "earns_from = 2026-03-02\n")
    old, new = item(1, ACCOUNT, rules), item(2, ACCOUNT, rules, day=5)
    assert (paid(old, new), reason(old, new)) == (0, Reason.BEFORE_START)
    assert paid(new) == 100


def test_the_version_of_the_first_account_judges() -> None:
    first = item(1, ACCOUNT, programme(SIGN_UP), version=1)
    doubled = programme(SIGN_UP.replace("100", "200"))
    later = item(2, ACCOUNT, doubled, day=5, version=2)
    [(_, award)] = evaluate_windows((later, first))
    assert (award.points, award.explanation.version, award.explanation.objects) == (100, 1, (1,))


def test_who_joined_before_there_was_a_sign_up_rule_is_not_paid_by_a_second_account() -> None:
    before = item(1, ACCOUNT, programme(""))
    later = item(2, ACCOUNT, programme(SIGN_UP), day=5, version=2)
    assert (paid(before, later), reason(before, later)) == (0, Reason.NO_RULE)


def test_a_person_without_any_account_left_has_an_empty_window() -> None:
    award = evaluate_window(WELCOME, ())
    assert (award.points, award.explanation.reason) == (0, Reason.REMOVED)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (review(), None),
        (review(published=False), Reason.NOT_PUBLISHED),
        (review(verified=False), Reason.NOT_VERIFIED),
        (review(removed=True), Reason.REMOVED),
    ],
)
def test_a_review_pays_when_published_verified_and_still_there(
    facts: ReviewFacts, expected: Reason | None
) -> None:
    one = item(1, facts, programme(REVIEW))
    assert paid(one) == (0 if expected else 20)
    assert reason(one) == (expected or Reason.EARNED)


def test_a_programme_may_pay_unverified_reviews_too() -> None:
    rules = programme(REVIEW + "verified = false\n")
    assert paid(item(1, review(verified=False), rules)) == 20


@pytest.mark.parametrize("rating", [None, 1, 2, 3, 4, 5])
def test_the_rating_never_moves_a_point(rating: int | None) -> None:
    assert paid(item(1, review(rating=rating), programme(REVIEW))) == 20


def test_a_second_review_of_the_same_product_pays_nothing_more() -> None:
    rules = programme(REVIEW)
    assert paid(item(1, review(), rules), item(2, review(), rules, day=1)) == 20
    assert paid(item(1, review("11"), rules), item(2, review("12"), rules)) == 40


def test_the_same_product_id_in_two_shops_is_two_products() -> None:
    rules = programme(REVIEW)
    assert paid(item(1, review(), rules), item(2, review(), rules, store=2)) == 40


def test_a_removed_review_frees_its_product_for_another() -> None:
    rules = programme(REVIEW)
    removed = item(1, gone(review()), rules)
    assert paid(removed) == 0
    assert paid(removed, item(2, review(), rules, day=1)) == 20


def test_the_order_in_which_things_are_told_does_not_matter() -> None:
    rules = programme(SIGN_UP + REVIEW, "earns_from = 2026-03-01\n")
    items = (
        item(1, ACCOUNT, rules, day=2),
        item(2, EnrolmentFacts(), rules, day=1),
        item(3, review(verified=False), rules, day=3),
        item(4, review(), rules, day=3),
        item(5, review(), rules, day=4, version=2),
    )
    assert len({evaluate_windows(told) for told in itertools.permutations(items)}) == 1
    assert paid(*items) == 120


def test_objects_that_no_window_rule_looks_at_take_part_in_none() -> None:
    rules = programme(SIGN_UP + REVIEW)
    assert windows(rules, goods("10"), store_id=1) == ()
    assert windows(rules, None, store_id=1) == ()
    assert windows(programme(""), ACCOUNT, store_id=1) == ()


def test_an_object_names_its_windows_even_when_it_is_worth_nothing() -> None:
    rules = programme(SIGN_UP + REVIEW)
    assert windows(rules, CustomerFacts(registered=False), store_id=1) == (WELCOME,)
    assert windows(rules, gone(review("7")), store_id=4) == (WindowKey("review", "product:4:7"),)


def test_the_kinds_of_objects_of_each_window_rule_are_known() -> None:
    assert WINDOW_KINDS["customer.registered"] == ("customer", "enrolment")
    assert WINDOW_KINDS["review.published"] == ("review",)


def test_a_window_no_rule_makes_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no rule makes windows"):
        evaluate_window(WindowKey("x", "weekly:3"), ())
