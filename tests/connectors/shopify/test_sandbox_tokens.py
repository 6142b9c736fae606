"""The sandbox's token endpoints: who gets which token, for how long, and what ends it."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from connectors.shopify.sandbox import CLIENT_ID, CLIENT_SECRET
from connectors.shopify.sandbox.tokens import EXCHANGE, ID_TOKEN, OFFLINE
from tests.connectors.shopify.sandbox_help import Got, World, open_world

APP = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as made:
        yield made


def works(world: World, token: str) -> bool:
    world.client.token = token
    return world.client.run("{ shop { id } }").status == 200


@pytest.mark.parametrize("form", [True, False])
def test_client_credentials_give_a_token_for_a_day(world: World, form: bool) -> None:
    got = world.client.grant(form=form, grant_type="client_credentials", **APP)
    assert set(got.body) == {"access_token", "scope", "expires_in"}
    assert got.body["expires_in"] == 86399
    token = got.body["access_token"]
    assert works(world, token)
    world.later(hours=23, minutes=59)
    assert works(world, token)
    world.later(minutes=2)
    assert not works(world, token)


def test_a_wrong_secret_and_a_shop_without_the_app_give_none(world: World) -> None:
    wrong = world.client.grant(grant_type="client_credentials", client_id=CLIENT_ID)
    assert (wrong.status, wrong.body["error"]) == (401, "invalid_client")
    world.shop.uninstall()
    missing = world.client.grant(grant_type="client_credentials", **APP)
    assert (missing.status, missing.body["error"]) == (400, "app_not_installed")


def test_any_secret_in_force_is_taken(world: World) -> None:
    world.sandbox.app.add_secret("newer")
    both = [{**APP, "client_secret": secret} for secret in (CLIENT_SECRET, "newer")]
    assert [world.client.grant(grant_type="client_credentials", **one).status for one in both] == [
        200,
        200,
    ]
    world.sandbox.app.revoke_secret(CLIENT_SECRET)
    assert world.client.grant(grant_type="client_credentials", **APP).status == 401


def authorise(world: World, **query: str) -> dict[str, str]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    path = f"/kawa.myshopify.com/admin/oauth/authorize?client_id={CLIENT_ID}&{asked}"
    got = world.client.send("GET", path)
    assert got.status == 302
    return dict(parse_qsl(urlsplit(got.headers["Location"]).query))


def exchange_code(world: World, code: str, **more: str) -> Got:
    return world.client.grant(code=code, **APP, **more)


def test_an_installation_by_authorization_code(world: World) -> None:
    world.shop.uninstall()
    told = authorise(
        world, scope="read_orders", state="nonce", redirect_uri="https://app.example.com/back"
    )
    assert (told["shop"], told["state"]) == ("kawa.myshopify.com", "nonce")
    signature = told.pop("hmac")
    message = "&".join(f"{name}={told[name]}" for name in sorted(told))
    assert signature == hmac.digest(CLIENT_SECRET.encode(), message.encode(), hashlib.sha256).hex()
    got = exchange_code(world, told["code"], expiring="1")
    assert got.body["scope"] == "read_orders"
    assert (got.body["expires_in"], got.body["refresh_token_expires_in"]) == (3600, 7776000)
    assert works(world, got.body["access_token"])
    assert exchange_code(world, told["code"], expiring="1").status == 400  # used once


def test_without_expiring_a_token_lives_on(world: World) -> None:
    got = exchange_code(world, authorise(world, scope="read_orders")["code"])
    assert set(got.body) == {"access_token", "scope"}
    world.later(days=1000)
    assert works(world, got.body["access_token"])


def pair(world: World) -> Any:
    return exchange_code(world, authorise(world)["code"], expiring="1").body


def refresh(world: World, token: str) -> Got:
    return world.client.grant(grant_type="refresh_token", refresh_token=token, **APP)


def test_refreshing_gives_a_new_pair_and_the_old_one_works_until_that_is_used(
    world: World,
) -> None:
    first = pair(world)
    world.later(minutes=61)
    assert not works(world, first["access_token"])
    second = refresh(world, first["refresh_token"]).body
    assert works(world, second["access_token"])
    # The answer may have been lost: the old one is good for another try.
    assert refresh(world, first["refresh_token"]).status == 200
    assert refresh(world, second["refresh_token"]).status == 200
    ended = refresh(world, first["refresh_token"])
    assert (ended.status, ended.body["error"]) == (400, "invalid_grant")


def test_a_refresh_token_ends_after_ninety_days(world: World) -> None:
    first = pair(world)
    world.later(days=90)
    assert refresh(world, first["refresh_token"]).body["error"] == "invalid_grant"


def swap(world: World, token: str, kind: str, **more: str) -> Got:
    return world.client.grant(
        grant_type=EXCHANGE,
        subject_token=token,
        subject_token_type=kind,
        requested_token_type=OFFLINE,
        **APP,
        **more,
    )


def test_an_id_token_is_exchanged_for_an_expiring_token(world: World) -> None:
    token = world.shop.id_token()
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert (claims["dest"], claims["aud"]) == ("https://kawa.myshopify.com", CLIENT_ID)
    got = swap(world, token, ID_TOKEN, expiring="1")
    assert works(world, got.body["access_token"])
    world.later(minutes=2)
    assert swap(world, token, ID_TOKEN).body["error"] == "invalid_subject_token"


@pytest.mark.parametrize("spoil", ["another shop", "changed", "no token"])
def test_a_false_id_token_is_refused(world: World, spoil: str) -> None:
    token = world.shop.id_token()
    if spoil == "another shop":
        token = world.sandbox.open_shop("herbata").id_token()
    elif spoil == "changed":
        token = token[:-2]
    else:
        token = "none"
    assert swap(world, token, ID_TOKEN).body["error"] == "invalid_subject_token"


def test_a_lasting_token_is_moved_to_one_that_expires(world: World) -> None:
    got = swap(world, world.shop.token, OFFLINE, expiring="1")
    assert got.body["expires_in"] == 3600


def test_uninstalling_ends_every_token(world: World) -> None:
    made = pair(world)
    world.shop.uninstall()
    assert not works(world, made["access_token"])
    assert not works(world, world.shop.token)
    assert refresh(world, made["refresh_token"]).status == 400
    world.shop.reinstall()
    assert not works(world, made["access_token"])


def test_token_calls_are_counted(world: World) -> None:
    world.client.grant(grant_type="client_credentials", **APP)
    assert world.shop.calls == {"token client_credentials": 1}


def test_another_grant_is_not_supported(world: World) -> None:
    assert world.client.grant(grant_type="password", **APP).body["error"] == (
        "unsupported_grant_type"
    )
