"""Customers, and what our reads say of them."""

from datetime import UTC, datetime

import pytest

from app.errors import Invalid
from app.programme.events import CustomerFacts, Event, Person
from connectors.base import Closed, Observed, Origin
from tests.connectors.outcomes import event, event_of_all, note
from tests.connectors.shopify.captured import SHOP, answer, captured, told

CUSTOMER = {
    "id": "gid://shopify/Customer/7700000001009",
    "createdAt": "2026-01-15T08:00:00Z",
    "updatedAt": "2026-11-20T11:00:00Z",
    "verifiedEmail": True,
    "defaultEmailAddress": {"emailAddress": "ada.example@example.com"},
}
HERE = Origin(ref="loyalty-test-store.myshopify.com", shop_id="70000000001")


def test_a_customer_is_told_in_full() -> None:
    assert event_of_all(told("customers_update__case-account-enabled")) == Event(
        kind="customer",
        external_id="7700000001009",
        modified_at=datetime(2026, 11, 20, 11, 0, tzinfo=UTC),
        occurred_at=datetime(2026, 1, 15, 8, 0, tzinfo=UTC),
        person=Person(customer="7700000001009", email="ada.example@example.com", verified=True),
        facts=CustomerFacts(registered=True),
    )


def test_a_read_says_what_the_webhook_said() -> None:
    outcome = answer("customer", id="7700000001009", shop=SHOP, customer=CUSTOMER)
    assert isinstance(outcome, Observed)
    assert event(outcome) == event_of_all(told("customers_update__case-account-enabled"))
    assert outcome.origin == HERE


@pytest.mark.parametrize("state", ["disabled", "enabled", "invited", "declined", None])
def test_the_state_of_an_old_account_says_nothing_about_a_member(state: str | None) -> None:
    changed = told("customers_update__case-account-enabled", state=state)
    assert changed == told("customers_update__case-account-enabled")


@pytest.mark.parametrize(
    ("changes", "email", "verified"),
    [
        ({"verified_email": False}, "ada.example@example.com", False),
        ({"verified_email": None}, "ada.example@example.com", False),
        ({"email": None}, None, False),
        ({"email": ""}, None, False),
        ({"email": "x" * 400}, None, False),
    ],
)
def test_only_an_email_that_is_there_and_vouched_for_is_verified(
    changes: dict[str, object], email: str | None, verified: bool
) -> None:
    person = event(told("customers_update__case-account-enabled", **changes)).person
    assert (person.email, person.verified) == (email, verified)


def test_a_customer_whose_email_may_not_be_seen_is_one_all_the_same() -> None:
    hidden = CUSTOMER | {"defaultEmailAddress": None}
    outcome = answer("customer", id="7700000001009", shop=SHOP, customer=hidden)
    assert event(outcome).person == Person(customer="7700000001009")
    body = captured("customers_update__case-account-enabled").json
    assert "email" in body


def test_a_customer_without_a_date_of_birth_in_the_shop_is_refused() -> None:
    with pytest.raises(Invalid, match="created_at is missing"):
        told("customers_update__case-account-enabled", created_at=None)


# --- what is gone --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["order", "customer"])
def test_what_the_shop_does_not_know_is_gone(kind: str) -> None:
    outcome = answer(kind, id="7", shop=SHOP, **{kind: None})
    assert event(outcome) == Event(
        kind=kind, external_id="7", modified_at=None, occurred_at=None, facts=None
    )
    assert f"no such {kind}" in note(outcome)


@pytest.mark.parametrize("kind", ["order", "customer"])
def test_an_answer_that_says_nothing_of_the_object_does_not_mean_that_it_is_gone(
    kind: str,
) -> None:
    with pytest.raises(Invalid, match=f"read.{kind}"):
        answer(kind, id="7", shop=SHOP)


def test_an_answer_about_another_object_is_refused() -> None:
    with pytest.raises(Invalid, match="another object"):
        answer("customer", id="7", shop=SHOP, customer=CUSTOMER)


def test_an_answer_that_we_never_write_is_refused() -> None:
    with pytest.raises(Invalid, match="no answer that this connector writes"):
        answer("collection", id="7")


# --- merges --------------------------------------------------------------------------------------


def merge(**people: object) -> Observed:
    body = {"keptCustomer": CUSTOMER, "deletedCustomer": None} | people
    outcome = answer("customer_merge", kept="7700000001009", deleted="77", shop=SHOP, **body)
    assert isinstance(outcome, Observed)
    return outcome


def test_a_merge_that_the_shop_confirms_moves_the_deleted_customer() -> None:
    kept, deleted = merge().events
    assert (kept.external_id, kept.facts) == ("7700000001009", CustomerFacts(registered=True))
    assert (deleted.external_id, deleted.facts) == ("77", None)
    assert deleted.into == "7700000001009"
    assert merge().origin == HERE


def test_a_merge_that_the_shop_does_not_confirm_moves_nobody() -> None:
    both = merge(deletedCustomer={"id": "gid://shopify/Customer/77"})
    assert (both.events, "still has customer 77" in note(both)) == ((), True)


def test_a_merge_whose_kept_customer_was_merged_on_still_moves_the_deleted_one() -> None:
    [deleted] = merge(keptCustomer=None).events
    assert (deleted.external_id, deleted.into) == ("77", "7700000001009")


# --- the app -------------------------------------------------------------------------------------


def test_a_shop_that_refuses_us_is_closed() -> None:
    outcome = answer("installation", installed=False, shop=None, scopes=[])
    assert isinstance(outcome, Closed)
    assert "Install it there again" in outcome.reason


@pytest.mark.parametrize(
    ("scopes", "words"),
    [
        (["read_orders", "write_customers"], "every permission"),
        (["write_orders", "write_customers", "x"], "every permission"),
        (["read_orders", "read_customers"], "lacks the permissions write_customers"),
        ([], "lacks the permissions read_orders, write_customers"),
    ],
)
def test_an_app_that_is_still_there_says_what_it_may_do(scopes: list[str], words: str) -> None:
    outcome = answer("installation", installed=True, shop=SHOP, scopes=scopes)
    assert "still installed" in note(outcome)
    assert words in note(outcome)
