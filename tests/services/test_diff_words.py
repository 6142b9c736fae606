"""What a new document changes, in plain words, for the owner to read before publishing."""

import msgspec
import pytest

from app.programme.diff import Change, diff
from app.programme.directions import DIRECTIONS, Effect
from app.programme.document import Programme, parse
from app.services.diff_words import say_change, say_effect
from tests.programme.orders import HEAD

OLD = (
    HEAD
    + """
[points]
hold_days = 1

[[rule]]
key = "r"
on = "order.paid"
points = 2
per = "10.00"
lines = { skus = ["A", "B"] }

[[cap]]
key = "daily"
points = 30
per = "day"

[[reward]]
key = "ten"
cost = 100
kind = "percent"
value = "10.00"
"""
)

PARSED = parse(OLD)


def told(written: str, instead: str, language: str = "en") -> list[str]:
    old, new = parse(OLD), parse(OLD.replace(written, instead))
    said = [say_change(one, old, new, language) for one in diff(old, new)]
    return [one.replace("\N{NO-BREAK SPACE}", " ") for one in said]


@pytest.mark.parametrize(
    ("written", "instead", "english", "polish"),
    [
        (
            "cost = 100",
            "cost = 120",
            "The reward “10% off (ten)” costs 120 points instead of 100 points.",
            "Nagroda „10% zniżki (ten)” kosztuje teraz 120 punktów, dotąd 100 punktów.",
        ),
        (
            "points = 2",
            "points = 1",
            "The rule “r” gives 1 point instead of 2 points.",
            "Reguła „r” daje teraz 1 punkt, dotąd 2 punkty.",
        ),
        (
            '"10.00"\nlines',
            '"12.50"\nlines',
            "The rule “r”: the amount that it gives points for is PLN 12.50 instead of PLN 10.00.",
            "Reguła „r”: kwota, za którą daje punkty – teraz 12,50 zł, dotąd 10,00 zł.",
        ),
        (
            "hold_days = 1",
            "hold_days = 14",
            "The life of points: the time that points are pending is 14 days instead of 1 day.",
            "Ważność punktów: czas oczekiwania punktów – teraz 14 dni, dotąd 1 dzień.",
        ),
        (
            '["A", "B"]',
            '["B", "C"]',
            "The rule “r”: the goods that count: new are “C”, gone are “A”.",
            "Reguła „r”: towary, które się liczą – przybywa: „C”, ubywa: „A”.",
        ),
        (
            'value = "10.00"',
            'value = "10.00"\nvalid_days = 30\ncombinable = true',
            "The reward “10% off (ten)”: the time that its code can be used is 30 days instead of no limit.",
            "Nagroda „10% zniżki (ten)”: ważność kodu – teraz 30 dni, dotąd bez ograniczeń.",
        ),
    ],
)
def test_a_change_is_one_sentence_in_the_owners_language(
    written: str, instead: str, english: str, polish: str
) -> None:
    assert told(written, instead)[0] == english
    assert told(written, instead, "pl")[0] == polish


def test_what_comes_and_goes_is_said_with_what_stays_true() -> None:
    assert told('key = "daily"', 'key = "hourly"') == [
        "The limit “daily” is gone; orders placed before stay limited.",
        "There is a new limit: “hourly”.",
    ]
    bare = OLD[: OLD.index("[[reward]]")]
    assert told(OLD, bare, "pl") == [
        "Nagroda „10% zniżki (ten)” nie jest już dostępna; odebrane kody zachowują ważność."
    ]


def test_two_rewards_that_give_the_same_are_told_apart_by_their_keys() -> None:
    assert told('key = "ten"', 'key = "tenth"') == [
        "The reward “10% off (ten)” is not offered any more; codes that were taken stay good.",
        "There is a new reward: “10% off (tenth)”.",
    ]
    assert told('key = "ten"', 'key = "ten"\nname = "Ten"')[0].startswith("The reward “Ten”: ")


@pytest.mark.parametrize(
    ("written", "english", "polish"),
    [
        (
            'lines = { products = [{ store = "shop-1", id = "17" }] }',
            "new are product 17 of the store shop-1",
            "przybywa: produkt 17 w sklepie shop-1",
        ),
        (
            'lines = { skus = ["A", "B"] }\nmultiply = [{ by = "2.5", skus = ["A"] }]',
            "new are by 2.5, skus “A”.",
            "przybywa: by 2,5, skus „A”.",
        ),
        (
            'except_lines = { skus = ["C"], on_sale = true }',
            "is skus “C”, on_sale yes instead of not set.",
            "teraz skus „C”, on_sale tak, dotąd",
        ),
    ],
)
def test_tables_within_tables_are_told_in_words(written: str, english: str, polish: str) -> None:
    for language, words in (("en", english), ("pl", polish)):
        said = " ".join(told('lines = { skus = ["A", "B"] }', written, language))
        assert words in said
        assert not {*"{}["} & set(said)


def test_how_tiers_are_reached_is_told_in_the_owners_language() -> None:
    tiers = '[tiers]\nwindow = "{}"\n[[tier]]\nkey = "silver"\nfrom = "1"\n'
    old, new = (parse(HEAD + tiers.format(window)) for window in ("lifetime", "year"))
    [change] = diff(old, new)
    assert say_change(change, old, new, "en") == (
        "Tiers: the time that counts towards a tier is the calendar year instead of all the time."
    )
    assert say_change(change, old, new, "pl").endswith("– teraz rok kalendarzowy, dotąd cały czas.")


class Pledge(msgspec.Struct, frozen=True, kw_only=True):
    """A table that nobody has written words for."""

    key: str
    colour: str
    needed_points: int


def test_a_key_that_has_no_words_is_called_by_its_path() -> None:
    programme = parse(HEAD)
    change = Change(
        what="changed",
        table="pledge",
        key="gold",
        field="needed_points",
        old=100,
        new=200,
        effect=Effect.EITHER,
    )
    assert say(change, programme) == (
        "[[pledge]] “gold”: the key “needed_points” is 200 points instead of 100 points."
    )
    pledge = Pledge(key="gold", colour="red", needed_points=1)
    gone = Change(what="removed", table="pledge", key="gold", old=pledge, effect=Effect.EITHER)
    assert say(gone, programme) == "[[pledge]] “gold” is gone."
    assert say_effect(Effect.EITHER, "en") == "may be worse for some members"
    assert say_effect(Effect.NEITHER, "en") == ""


def say(change: Change, programme: Programme) -> str:
    return say_change(change, programme, programme, "en")


@pytest.mark.parametrize("path", sorted(DIRECTIONS))
def test_every_key_can_be_told_whatever_it_held(path: str) -> None:
    table, _, field = path.partition(".")
    for old, new in ((None, 1), (1, 2), ("a", ""), ((), ("a",) * 20), (True, False)):
        change = Change(
            what="changed", table=table, field=field, old=old, new=new, effect=Effect.EITHER
        )
        for language in ("en", "pl"):
            said = say_change(change, PARSED, PARSED, language)
            assert said.endswith(".")
            assert "%(" not in said
