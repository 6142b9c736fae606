"""Spellings of one e-mail address fold to one form, and those of two never do."""

import pytest

from app.programme.emails import fold


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        (" Jan.Kowalski@Example.PL ", "jan.kowalski@example.pl"),
        ("jan+shop@example.pl", "jan+shop@example.pl"),
        ("jan@example.pl.", "jan@example.pl"),
        ("jan@ŻÓŁW.example", "jan@xn--w-uga1v8h.example"),
        ("jan@żółw。example", "jan@xn--w-uga1v8h.example"),
        ("jan@xn--w-uga1v8h.example", "jan@xn--w-uga1v8h.example"),
        ("jan@straße.example", "jan@xn--strae-oqa.example"),
        ("JAN@STRAẞE.example", "jan@xn--strae-oqa.example"),
        ("jan@xn--strae-oqa.example", "jan@xn--strae-oqa.example"),
    ],
)
def test_spellings_of_one_address_fold_to_one(typed: str, folded: str) -> None:
    assert fold(typed) == folded
    assert fold(folded) == folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Whoever owns the first one must never prove to be the second one.
        ("jan@straße.example", "jan@strasse.example"),
        ("jan@ς.example", "jan@σ.example"),
        ("weiß@example.pl", "weiss@example.pl"),
        ("ſam@example.pl", "sam@example.pl"),
        ("o\N{LATIN SMALL LIGATURE FI}cer@example.pl", "officer@example.pl"),
        ("jan+a@example.pl", "jan@example.pl"),
        ("j.an@example.pl", "jan@example.pl"),
    ],
)
def test_two_addresses_stay_two(one: str, other: str) -> None:
    assert fold(one) is not None
    assert fold(one) != fold(other)


@pytest.mark.parametrize(
    "typed",
    [
        None,
        "",
        "jan",
        "@example.pl",
        "jan@",
        "jan@b..pl",
        "jan@.pl",
        "jan@ß..pl",
        "jan@" + "b" * 70 + ".pl",
        "a@b@example.pl",
        "mailto:jan@example.pl",
        "jan @example.pl",
        "jan@exam\N{ZERO WIDTH JOINER}ple.pl",
        "j" * 320 + "@example.pl",
    ],
)
def test_what_is_no_address(typed: str | None) -> None:
    assert fold(typed) is None
