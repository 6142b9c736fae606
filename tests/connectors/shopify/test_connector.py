"""The settings of a Shopify store: where it is and what it takes to call it."""

import pytest

from app.errors import Invalid
from connectors.registry import load_connectors
from connectors.shopify import connector


@pytest.mark.parametrize(
    "typed",
    [
        "kawa-2",
        "Kawa-2.myshopify.com",
        " kawa-2.myshopify.com/ ",
        "https://kawa-2.myshopify.com/admin",
        "http://kawa-2.myshopify.com",
        "https://admin.shopify.com/store/kawa-2",
        "https://admin.shopify.com/store/kawa-2/orders?status=open",
        "admin.shopify.com/store/Kawa-2",
    ],
)
def test_a_shop_is_taken_as_people_type_it(typed: str) -> None:
    place = connector.place({"shop": [typed]})
    assert place.url == "https://kawa-2.myshopify.com"
    assert place.ref == "kawa-2.myshopify.com"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "kawa.example",
        "https://kawa.example",
        "kawa.myshopify.com.evil.example",
        "evil.example/kawa.myshopify.com",
        "kawa.myshopify.com@evil.example",
        "user@kawa.myshopify.com",
        "kawa.myshopify.com:8443",
        "a.kawa.myshopify.com",
        "-kawa.myshopify.com",
        "kawa_2",
        "kawa.myshopify.com\nevil",
        "ka wa",
        "kawą",
        "https://[::1",
        "https://admin.shopify.com/store/",
        "https://admin.shopify.com/settings",
        "https://admin.shopify.com.evil.example/store/kawa",
        "a" * 200,
    ],
)
def test_anything_else_is_refused_with_what_to_give(typed: str) -> None:
    with pytest.raises(Invalid, match=r"kawa\.myshopify\.com"):
        connector.place({"shop": [typed]})


def test_a_token_or_an_app_with_its_secret_can_call() -> None:
    assert connector.can_call({"access-token": "shpat_x"})
    assert connector.can_call({"client-id": "i", "client-secret": "s"})
    assert not connector.can_call({"client-id": "i"})
    assert not connector.can_call({"client-secret": "s"})
    assert not connector.can_call({"access-token": "", "client-id": "i", "client-secret": ""})


def test_the_client_secret_signs_and_calls() -> None:
    marked = {field.name: (field.signs, field.calls, field.secret) for field in connector.fields}
    assert marked["client-secret"] == (True, True, True)
    assert marked["access-token"] == (False, False, True)
    assert [field.name for field in connector.fields if field.locates] == ["shop"]


def test_it_is_found_by_its_entry_point() -> None:
    assert load_connectors()["shopify"] is connector
