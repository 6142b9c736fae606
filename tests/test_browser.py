"""The test browser starts anywhere and shows text; a page without fonts would be an empty box."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests import browser

_HTML = """<!doctype html><meta charset="utf-8"><title>Stempel</title>
<p style="font-size:40px"><span id="polish">Zażółć gęślą jaźń</span> <span id="dots">…</span></p>
<button onclick="this.textContent = 'stamped'">stamp</button>"""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(_HTML.encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def test_a_page_shows_its_text(page: Page, site: str) -> None:
    page.goto(site)
    assert page.title() == "Stempel"
    width = {
        name: page.locator(f"#{name}").evaluate("element => element.getBoundingClientRect().width")
        for name in ("polish", "dots")
    }
    assert width["polish"] > 200, width
    inked = page.locator("#polish").screenshot()
    page.locator("#polish").evaluate("element => { element.style.color = 'white' }")
    assert page.locator("#polish").screenshot() != inked, "the text has no visible letters"


def test_a_page_can_be_used(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_role("button").click()
    assert page.get_by_role("button").text_content() == "stamped"


def test_a_page_cannot_reach_another_machine(page: Page) -> None:
    with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://shop.example/")


def test_a_browser_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    with pytest.raises(browser.BrowserMissingError, match="/nowhere/chromium"):
        browser.find_program()


def test_a_package_that_was_altered_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    npm = tmp_path / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm.parent.mkdir(parents=True)
    npm.write_text("printf altered > package.tgz\n")
    node = tmp_path / "bin" / "node"
    node.parent.mkdir()
    node.write_text('#!/bin/sh\nexec sh "$1"\n')
    node.chmod(0o755)
    monkeypatch.setattr(browser, "_node", lambda: node)
    workplace = tmp_path / "work"
    workplace.mkdir()
    with pytest.raises(browser.BrowserMissingError, match="SHA-512"):
        browser._download(workplace)
