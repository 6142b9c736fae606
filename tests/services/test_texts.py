"""The Polish catalogue says everything the code says."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

import app

ROOT = Path(app.__file__).parent
# As `make translations` calls pybabel.
KEYWORDS = {**DEFAULT_KEYWORDS, "say": None, "mark": None, "plural": (1, 2)}
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]


@pytest.fixture(scope="module")
def polish() -> Catalog:
    with (ROOT / "translations" / "pl" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="pl")


@pytest.fixture(scope="module")
def said() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(ROOT, METHODS, keywords=KEYWORDS)
    return {message for _, _, message, _, _ in found}


def forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_every_word_in_the_code_has_a_polish_one(
    polish: Catalog, said: set[str | tuple[str, ...]]
) -> None:
    """If this fails: run `make translations`, then write the missing words."""
    assert len(said) > 100
    known = {message.id for message in polish if message.id}
    assert said - known == set()
    assert known - said == set(), "words that no code says any more"


def test_no_polish_word_is_missing_or_a_guess(polish: Catalog) -> None:
    for message in polish:
        if message.id:
            assert all(forms(message)), message.id
            assert not message.fuzzy, message.id


def test_a_translation_keeps_every_value(polish: Catalog) -> None:
    for message in polish:
        if message.id:
            ids = [message.id] if isinstance(message.id, str) else message.id
            wanted = set(re.findall(r"%\(\w+\)s", ids[-1]))
            for form in forms(message):
                assert set(re.findall(r"%\(\w+\)s", form)) == wanted, form
