"""Referrals on the command line, from deliveries as both platforms send them."""

import json
from typing import Any

import pytest

from app.programme.presets import preset_source
from app.services.referral_cases import load_traits
from app.services.stores import Store
from tests.cli.answers import Run, data, plain
from tests.connectors.shopify.captured import captured
from tests.connectors.shopify.captured import raw as shopify_raw
from tests.pipeline import Pipeline, captured_delivery, order_body

ALIAS = "anna.nowak+shop@gmail.com"
STREET = {"address_1": "Długa 5 m. 7", "city": "Łódź", "postcode": "90-001", "country": "PL"}
SHOPIFY_ORDER = "case-high-tags-and-note-attributes"


def account_of_anna() -> dict[str, Any]:
    """Return the captured account of Anna, who lives in ul. Długa 5/7, with a mailbox at Gmail."""
    body: dict[str, Any] = json.loads(captured_delivery("003").body)
    return body | {"email": "Anna.Nowak@gmail.com"}


def friends_order(code: str) -> dict[str, Any]:
    """Return a captured paid order of a guest under an alias of Anna's, sent to where she lives."""
    body = order_body()
    return body | {
        "meta_data": [{"id": 1, "key": "stempel_ref", "value": code}],
        "billing": body["billing"] | STREET | {"email": ALIAS, "phone": ""},
        "shipping": body["shipping"] | STREET | {"phone": ""},
    }


@pytest.fixture
def store(pipeline: Pipeline) -> Store:
    source = preset_source("start-100-50-200").replace("return_days = 0", "return_days = 14")
    return pipeline.store(pipeline.programme(source=source))


def code_of(run: Run, email: str) -> str:
    found: str = data(run("referral", "code", email, "--json"))["code"]
    return found


def test_an_alias_at_the_same_address_is_110_and_held_with_its_reasons_in_words(
    run: Run, pipeline: Pipeline, store: Store
) -> None:
    pipeline.deliver(store, "customer.created", account_of_anna())
    code = code_of(run, "anna.nowak@gmail.com")
    pipeline.deliver(store, "order.updated", friends_order(code))
    [held] = data(run("referral", "list", "--state", "held", "--json"))
    assert (held["score"], held["state"]) == (110, "held")
    assert held["reasons"] == [
        "the same e-mail but for case, dots and what follows a plus sign",
        "the same delivery address",
    ]
    assert "110, held for review from 60 on: the same e-mail but" in plain(run("referral", "list"))
    told = plain(run("referral", "show", held["id"], "--language", "pl"))
    assert "   60  ten sam adres e-mail, nie licząc wielkości liter, kropek" in told
    assert "   50  ten sam adres dostawy" in told
    assert pipeline.points(store, "2") == 100  # for joining
    approved = run("referral", "approve", held["id"], "--reason", "two sisters", "--json")
    assert (data(approved)["state"], data(approved)["pending"]) == ("approved", 200)
    assert data(approved)["available_at"].startswith("2026-12-05")
    again = run("referral", "approve", held["id"], "--reason", "once more")
    assert again.exit_code == 1
    assert "is approved already" in str(again.exception)
    refused = data(run("referral", "refuse", held["id"], "--reason", "one person", "--json"))
    assert (refused["state"], refused["points"]) == ("refused", {"referrer": 0, "friend": 0})
    assert run("referral", "list", "--state", "approved", "--json").stdout == "[]\n"
    assert pipeline.verified().problems == []


def test_nothing_that_was_compared_is_stored_as_it_was(
    run: Run, pipeline: Pipeline, store: Store
) -> None:
    pipeline.deliver(store, "customer.created", account_of_anna())
    pipeline.deliver(store, "order.updated", friends_order(code_of(run, "anna.nowak@gmail.com")))
    with pipeline.database.snapshot() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM trait").all()
        facts = connection.exec_driver_sql("SELECT facts FROM source_object").scalars().all()
        members = connection.exec_driver_sql("SELECT id FROM member").scalars().all()
        assert {one.kind for one in load_traits(connection, members)} == {
            "email",
            "account",
            "phone",
            "address",
        }
    stored = f"{rows}{facts}".lower()
    assert not any(word in stored for word in ("anna", "nowak", "dlug", "dług", "600100200"))


def test_a_friend_in_another_shop_is_held_just_so(run: Run, pipeline: Pipeline) -> None:
    programme_id = pipeline.programme("start-100-50-200")
    woocommerce = pipeline.store(programme_id)
    shopify = pipeline.shopify(programme_id)
    pipeline.deliver(woocommerce, "customer.created", account_of_anna())
    code = code_of(run, "anna.nowak@gmail.com")
    body = captured(SHOPIFY_ORDER).json
    home = {"address1": "ul. Długa 5/7", "zip": "90-001", "city": "Lodz", "country_code": "PL"}
    body |= {
        "financial_status": "paid",
        "landing_site": f"/?ref={code}",
        "email": ALIAS,
        "shipping_address": body["shipping_address"] | home,
        "customer": body["customer"] | {"email": ALIAS},
    }
    pipeline.deliver(shopify, "orders/paid", shopify_raw(body))
    [held] = data(run("referral", "list", "--json"))
    assert (held["score"], held["state"]) == (110, "held")
    assert held["signals"] == ["same-email", "same-address"]
    assert pipeline.verified().problems == []


def test_the_preset_gives_200_with_the_friends_first_paid_order(
    run: Run, pipeline: Pipeline
) -> None:
    store = pipeline.store(pipeline.programme("start-100-50-200"))
    pipeline.deliver(store, "customer.created", account_of_anna())
    invited = data(run("referral", "code", "anna.nowak@gmail.com", "--json"))
    assert list(invited["links"].values()) == [f"https://shop.example/?ref={invited['code']}"]
    meta = [{"id": 1, "key": "stempel_ref", "value": invited["code"].lower()}]
    unpaid = order_body("006", meta_data=meta)
    pipeline.deliver(store, "order.created", unpaid)
    assert pipeline.points(store, "2") == 100
    paid = order_body("008", meta_data=meta)
    pipeline.deliver(store, "order.updated", paid)
    assert pipeline.points(store, "2") == 300
    [found] = data(run("referral", "list", "--json"))
    assert (found["state"], found["score"], found["reasons"]) == ("rewarded", 0, [])
    assert "nothing speaks against it" in plain(run("referral", "list"))
    cancelled = paid | {"status": "cancelled", "date_modified_gmt": "2027-01-01T00:00:00"}
    pipeline.deliver(store, "order.updated", cancelled)
    assert pipeline.points(store, "2") == 100
    assert data(run("referral", "list", "--state", "undone", "--json")) != []
    assert pipeline.verified().problems == []


def test_staff_note_who_recommended_the_shop(run: Run, pipeline: Pipeline, store: Store) -> None:
    pipeline.deliver(store, "customer.created", account_of_anna())
    code = code_of(run, "anna.nowak@gmail.com")
    run("member", "add", "--programme", "start-100-50-200", "--email", "jan.kowalski@example.pl")
    pipeline.deliver(store, "order.updated", order_body("008"))
    noted = run(
        "referral", "claim", "jan.kowalski@example.pl", code, "--reason", "told at the till"
    )
    assert "200 points for the referrer, 0 for the friend" in plain(noted)
    nobody = run("referral", "claim", "jan.kowalski@example.pl", "2222222222", "--reason", "x")
    assert "no member with the code '2222222222'" in str(nobody.exception)
    assert "There is no referral 7." in str(run("referral", "show", "7").exception)
    assert pipeline.verified().problems == []
