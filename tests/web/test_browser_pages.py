"""The pages as a browser shows them: words, no error in the console, nothing that the CSP refused."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from playwright.sync_api import ConsoleMessage, Page, Request
from werkzeug.serving import make_server

from app.db.engine import Database
from app.settings import Settings
from app.web import create_web
from tests.pipeline import Pipeline
from tests.stories import Story, tell
from tests.taken import open_counter
from tests.web.conftest import Context
from tests.web.test_claim_page import a_claim, link


@contextmanager
def served(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def site(sqlite_pipeline: Pipeline) -> Iterator[tuple[str, Story]]:
    story = tell(sqlite_pipeline)
    with served(
        create_web(Context(sqlite_pipeline.runtime, {"bad signature": 3, "stored": 12}))
    ) as url:
        yield url, story


@pytest.fixture
def sqlite_pipeline(sqlite_database: Database, settings: Settings) -> Iterator[Pipeline]:
    made = Pipeline(sqlite_database, settings)
    yield made
    made.close()


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """Collect what the browser complains of; a refused style or script is an error in the console."""
    found: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            found.append(message.text)

    def miss(request: Request) -> None:
        found.append(f"{request.url}: {request.failure}")

    page.on("console", hear)
    page.on("requestfailed", miss)
    yield found
    assert found == []


@pytest.mark.parametrize(
    ("language", "overview", "attempt", "earned"),
    [
        ("en", "Points to spend", "Attempts", "45 points more, 314 points altogether: PLN 314.07"),
        ("pl", "Punkty do wydania", "Próby", "45 punktów więcej, łącznie 314 punktów: liczy się"),
    ],
)
def test_a_shop_owner_sees_what_came_in_and_why_each_point_is_there(
    page: Page,
    site: tuple[str, Story],
    complaints: list[str],
    language: str,
    overview: str,
    attempt: str,
    earned: str,
) -> None:
    url, story = site
    page.goto(f"{url}/?lang={language}")
    assert page.get_by_text(overview).is_visible()
    assert page.get_by_text(story.store.key).first.is_visible()

    page.get_by_role("navigation").get_by_role("link").nth(1).click()
    assert page.url == f"{url}/deliveries"
    assert page.get_by_role("row").count() == len(story.deliveries) + 1
    page.goto(f"{url}/deliveries/{story.deliveries['013']}")
    assert page.get_by_text(attempt).is_visible()
    page.get_by_role("link", name=str(story.member_id)).first.click()
    assert earned in page.inner_text("main").replace("\N{NO-BREAK SPACE}", " ")
    assert page.get_by_role("heading", name="jan.kowalski@example.pl").is_visible()


def test_on_a_phone_nothing_runs_out_of_the_page(
    page: Page, site: tuple[str, Story], complaints: list[str]
) -> None:
    url, story = site
    page.set_viewport_size({"width": 360, "height": 720})
    for path in (
        "/",
        "/deliveries",
        f"/deliveries/{story.deliveries['009']}",
        "/members",
        f"/members/{story.member_id}",
    ):
        page.goto(url + path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, path


def test_points_appear_on_an_open_page_by_themselves(
    page: Page, site: tuple[str, Story], complaints: list[str]
) -> None:
    url, story = site
    page.goto(f"{url}/members/{story.member_id}")
    assert page.get_by_text("Balance").first.is_visible()
    with page.expect_response(lambda response: response.request.resource_type == "fetch"):
        pass  # it has seen the page as it is
    story.give(100)
    page.get_by_text("100 points given by hand.").wait_for()
    assert "125 points" in page.inner_text("main")


def test_a_hostile_e_mail_runs_nothing(
    page: Page, sqlite_pipeline: Pipeline, complaints: list[str]
) -> None:
    story = tell(sqlite_pipeline, email='"<script>document.title=1</script>"@example.pl')
    with served(create_web(Context(sqlite_pipeline.runtime))) as url:
        page.goto(f"{url}/members/{story.member_id}")
        assert page.title() != "1"
        assert page.get_by_role("heading", name="<script>").is_visible()


def test_a_person_joins_their_two_accounts_with_one_click(
    page: Page, sqlite_pipeline: Pipeline, complaints: list[str]
) -> None:
    store = a_claim(sqlite_pipeline)
    with served(create_web(Context(sqlite_pipeline.runtime))) as url:
        page.goto(url + link(sqlite_pipeline))
        page.get_by_role("button", name="Yes, both are mine").click()
        page.get_by_role("heading", name="Thank you").wait_for()
    assert sqlite_pipeline.points(store, "5") == 269


def test_support_finds_a_code_and_reads_its_way_also_on_a_phone(
    page: Page, sqlite_pipeline: Pipeline, complaints: list[str]
) -> None:
    counter = open_counter(sqlite_pipeline, name="a" * 200, points=500)
    taken = counter.made()
    counter.order(1001, taken)
    counter.pipeline.clock.advance(minutes=1)
    waiting = counter.take("fifty")
    with served(create_web(Context(sqlite_pipeline.runtime))) as url:
        page.set_viewport_size({"width": 360, "height": 720})
        page.goto(f"{url}/")
        page.get_by_role("navigation").get_by_role("link", name="Rewards").click()
        page.get_by_role("searchbox", name="Code").fill(counter.code(taken).lower())
        page.get_by_role("button", name="Show").click()
        page.get_by_role("link", name=counter.code(taken)).click()
        assert page.get_by_text("Used in order #1001", exact=True).is_visible()
        menu = page.get_by_role("navigation").get_by_role("link")
        for entry in menu.all():  # each on one line: no word of the menu is torn apart
            assert entry.evaluate("one => one.offsetHeight") < 45
        for path in (
            "/redemptions",
            f"/redemptions/{taken}",
            f"/redemptions/{waiting}",
            f"/members/{counter.member_id}",
        ):
            page.goto(url + path)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= 360, path
