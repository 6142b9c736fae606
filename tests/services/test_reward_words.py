"""What a reward is called where people read it."""

from decimal import Decimal

import pytest

from app.services.reward_words import reward_words


@pytest.mark.parametrize(
    ("kind", "value", "english", "polish"),
    [
        ("percent", "10", "10% off", "10% zniżki"),
        ("percent", "12.50", "12.5% off", "12,5% zniżki"),
        ("percent", "100", "100% off", "100% zniżki"),
        ("fixed", "50", "PLN 50.00 off", "50,00 zł zniżki"),
        ("free-delivery", None, "free delivery", "darmowa dostawa"),
        ("free-product", None, "a free product", "darmowy produkt"),
        ("early-access", None, "early access", "wcześniejszy dostęp"),
    ],
)
def test_a_reward_without_a_name_is_called_what_it_gives(
    kind: str, value: str | None, english: str, polish: str
) -> None:
    def called(language: str) -> str:
        amount = None if value is None else Decimal(value)
        return reward_words(
            name="", kind=kind, value=amount, currency="PLN", language=language
        ).replace("\N{NO-BREAK SPACE}", " ")

    assert (called("en"), called("pl")) == (english, polish)


def test_a_name_is_taken_as_it_is_written() -> None:
    name = "100 % Espresso %(number)s <b>"
    assert (
        reward_words(name=name, kind="percent", value=Decimal(10), currency="PLN", language="pl")
        == name
    )
