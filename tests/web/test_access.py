"""Who is let in to the pages: this machine, or who holds a token, once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.web import create_web
from app.web.access import entry_address, new_token
from tests.pipeline import Pipeline
from tests.web.conftest import Context, client_of

PAGES = ("/", "/deliveries", "/deliveries/5", "/members", "/members/5", "/nowhere")


def on(pipeline: Pipeline, **changes: object) -> Pipeline:
    """Return the same installation with other settings."""
    settings = replace(pipeline.settings, **changes)  # type: ignore[arg-type]
    return replace(pipeline, settings=settings)


@pytest.fixture
def backend() -> str:
    return "sqlite"


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "localhost:8000", "[::1]:8000"])
def test_this_machine_is_let_in_by_any_of_its_names(pipeline: Pipeline, host: str) -> None:
    client = client_of(pipeline)
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "shop.example",
        "127.0.0.1.evil.example:8000",
        "localhost.evil.example",
        "evil.example:8000",
        "10.0.0.7",
        "",
        "[::1",
        "localhost@evil.example",
    ],
)
def test_a_name_that_was_made_to_point_at_us_is_refused(pipeline: Pipeline, host: str) -> None:
    client = client_of(pipeline)
    for path in PAGES:
        response = client.get(path, headers={"Host": host})
        assert response.status_code in {400, 401}
        assert b"<table" not in response.data


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via"]
)
def test_what_a_proxy_forwards_is_not_this_machine(pipeline: Pipeline, header: str) -> None:
    assert client_of(pipeline).get("/", headers={header: "203.0.113.9"}).status_code == 401


@pytest.mark.parametrize(
    "changes", [{"host": "0.0.0.0"}, {"public_url": "https://loyalty.example"}]
)
def test_a_service_that_others_can_reach_asks_for_a_token(
    pipeline: Pipeline, changes: dict[str, str]
) -> None:
    client = client_of(on(pipeline, **changes))
    for path in PAGES:
        response = client.get(path)
        assert response.status_code == 401
        assert "token" in response.text
        assert response.headers["WWW-Authenticate"]


def test_a_token_opens_the_pages_once_and_for_one_browser(pipeline: Pipeline) -> None:
    installation = on(pipeline, host="0.0.0.0")
    address = entry_address(installation.settings, pipeline.clock())
    token = address.partition("/?token=")[2]
    app = create_web(Context(installation.runtime))
    first, second = app.test_client(), app.test_client()
    assert first.get(f"/?token={token}").status_code == 200
    assert first.get("/members").status_code == 200
    assert second.get(f"/?token={token}").status_code == 401
    assert second.get("/members").status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(pipeline: Pipeline) -> None:
    installation = on(pipeline, public_url="https://loyalty.example")
    token = new_token(installation.settings.keyring, pipeline.clock())
    [cookie] = client_of(installation).get(f"/?token={token}").headers.getlist("Set-Cookie")
    for part in ("HttpOnly", "SameSite=Strict", "Secure", "Expires="):
        assert part in cookie
    assert token not in cookie


def test_a_forged_cookie_opens_nothing(pipeline: Pipeline) -> None:
    installation = on(pipeline, host="0.0.0.0")
    token = new_token(installation.settings.keyring, pipeline.clock())
    client = create_web(Context(installation.runtime)).test_client(use_cookies=False)
    [cookie] = client.get(f"/?token={token}").headers.getlist("Set-Cookie")
    value = cookie.partition(";")[0].partition("=")[2]
    payload, _, signature = value.rpartition(".")

    def status(value: str) -> int:
        return client.get("/", headers={"Cookie": f"stempel={value}"}).status_code

    assert status(value) == 200
    for forged in (f"{payload}.{signature[::-1]}", payload, "eyJlbnRlcmVkIjp0cnVlfQ.a.b", ""):
        assert status(forged) == 401


def test_a_token_expires_after_an_hour(pipeline: Pipeline) -> None:
    installation = on(pipeline, host="0.0.0.0")
    token = new_token(
        installation.settings.keyring, pipeline.clock() - timedelta(hours=1, seconds=1)
    )
    assert client_of(installation).get(f"/?token={token}").status_code == 401


@pytest.mark.parametrize(
    "token", ["", "x", "9999999999.abc.00", "9" * 5000, "²³.a.b", "żeton", ".."]
)
def test_a_made_up_token_is_refused(pipeline: Pipeline, token: str) -> None:
    client = client_of(on(pipeline, host="0.0.0.0"))
    assert client.get("/", query_string={"token": token}).status_code == 401


def test_a_token_of_ones_own_works_once_too(pipeline: Pipeline) -> None:
    installation = on(pipeline, host="0.0.0.0", page_token="open sesame")
    assert entry_address(installation.settings, pipeline.clock()).endswith("?token=open%20sesame")
    app = create_web(Context(installation.runtime))
    statuses = [
        app.test_client().get("/", query_string={"token": "open sesame"}).status_code
        for _ in range(2)
    ]
    assert statuses == [200, 401]


def test_on_this_machine_the_address_needs_no_token(pipeline: Pipeline) -> None:
    assert entry_address(pipeline.settings, pipeline.clock()) == pipeline.settings.public_url
