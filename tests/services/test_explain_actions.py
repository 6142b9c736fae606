"""The sentences about actions, birthdays and anniversaries, in English and Polish."""

from typing import Any

import pytest

from app.programme.explanation import Explanation, Note, Reason
from app.services.explain import render


def told(action: str, reason: Reason = Reason.EARNED, **more: Any) -> Explanation:
    return Explanation(rule="r", version=1, reason=reason, action=action, **more)


@pytest.mark.parametrize(
    ("explanation", "points", "window", "english", "polish"),
    [
        (
            told("app-install", times=1, each="lifetime"),
            20,
            "action:lifetime",
            "20 points: for the action “app-install”, paid once.",
            "20 punktów: za działanie „app-install”, naliczane raz.",
        ),
        (
            told("social:instagram", times=3, each="month", notes=(Note.UNVERIFIED,)),
            5,
            "action:2026-11",
            (
                "5 points: for joining in on social media (instagram), at most 3 times a month. "
                "Unverified: nobody can check that it was done."
            ),
            (
                "5 punktów: za aktywność w mediach społecznościowych (instagram), najwyżej 3 razy w "
                "miesiącu. Niezweryfikowane: nikt nie może sprawdzić, czy tak było."
            ),
        ),
        (
            told("newsletter", Reason.ENDED),
            -5,
            "action:lifetime",
            "5 points taken back: for the newsletter, but the subscription has ended.",
            "Cofnięto 5 punktów: za zapis na newsletter, ale subskrypcja się skończyła.",
        ),
        (
            told("quiz:coffee", times=1, each="week"),
            1,
            "action:2026-W47",
            "1 point: for passing the quiz “coffee”, at most once a week.",
            "1 punkt: za zaliczenie quizu „coffee”, najwyżej raz w tygodniu.",
        ),
        (
            told("birthday"),
            50,
            "birthday:2027",
            "50 points: for the birthday.",
            "50 punktów: z okazji urodzin.",
        ),
        (
            told("anniversary"),
            100,
            "anniversary:2",
            "100 points: for 2 years in the programme.",
            "100 punktów: za 2 lata w programie.",
        ),
    ],
)
def test_an_action_says_what_was_done_and_how_often_it_is_paid(
    explanation: Explanation, points: int, window: str, english: str, polish: str
) -> None:
    kind = "earn" if points > 0 else "reverse"
    assert render(explanation, kind, points, "en", window=window) == english
    assert render(explanation, kind, points, "pl", window=window) == polish
