"""What time and joined accounts do to points is said in words, in both languages."""

import pytest

from app.services.explain import render
from tests.services.test_explain import money, plain, told


@pytest.mark.parametrize(
    ("stays", "points", "english", "polish"),
    [
        (
            True,
            269,
            "269 points moved here from another account of the same person.",
            "Przeniesiono tu 269 punktów z innego konta tej samej osoby.",
        ),
        (
            True,
            -1,
            "A debt of 1 point moved here from another account of the same person.",
            "Przeniesiono tu dług z innego konta tej samej osoby: 1 punkt.",
        ),
        (
            True,
            0,
            "Another account of the same person was joined to this one.",
            "Dołączono do tego konta inne konto tej samej osoby.",
        ),
        (
            False,
            -269,
            "269 points moved to another account of the same person.",
            "Przeniesiono 269 punktów na inne konto tej samej osoby.",
        ),
        (
            False,
            30,
            "A debt of 30 points moved to another account of the same person.",
            "Przeniesiono dług na inne konto tej samej osoby: 30 punktów.",
        ),
        (
            False,
            0,
            "This account was joined to another one of the same person.",
            "To konto dołączono do innego konta tej samej osoby.",
        ),
    ],
)
def test_joined_accounts_say_what_moved(
    stays: bool, points: int, english: str, polish: str
) -> None:
    for language, sentence in (("en", english), ("pl", polish)):
        assert render(None, "merge", points, language, stays=stays) == sentence


@pytest.mark.parametrize(
    ("kind", "english", "polish"),
    [
        ("expire", "150 points expired.", "150 punktów po terminie ważności."),
        ("unexpire", "Expiry undone: 150 points.", "Cofnięto wygaśnięcie: 150 punktów."),
        ("mature", "150 points became available.", "Można już wydać: 150 punktów."),
        (
            "limit",
            "150 points taken off what became available: a limit of the programme.",
            "Odjęto od tego, co można już wydać: 150 punktów (limit programu).",
        ),
    ],
)
def test_what_time_does_to_points_is_said_without_telling_again_what_they_are_for(
    kind: str, english: str, polish: str
) -> None:
    for language, sentence in (("en", english), ("pl", polish)):
        assert render(told(), kind, 150, language) == sentence


def test_points_that_are_not_available_yet_say_so() -> None:
    for language, end in (
        ("en", "1 point for every PLN 1.00. Pending for now: things may still be sent back."),
        ("pl", "1 punkt za każde 1,00 zł. Na razie czeka: towary można jeszcze zwrócić."),
    ):
        explanation = told(basis=money("314.00"), raw=money("314"))
        sentence = plain(render(explanation, "earn", 314, language, worth=314, pending=True))
        assert sentence.endswith(end)
