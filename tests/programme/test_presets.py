"""The ready-made programmes: each is a valid document under its own name."""

import pytest

from app.errors import ConfigError
from app.programme.document import parse
from app.programme.presets import preset_names, preset_source


def test_the_first_three_presets_are_there() -> None:
    assert {"one-per-unit", "start-100-50-200", "step-10-per-100"} <= set(preset_names())


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_is_a_programme_under_its_own_name_in_zloty(name: str) -> None:
    programme = parse(preset_source(name))
    assert (programme.key, programme.currency) == (name, "PLN")
    assert programme.rules or programme.rewards


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_takes_another_key_and_currency_and_keeps_its_rules(name: str) -> None:
    programme = parse(preset_source(name, key="kawa", currency="EUR"))
    assert (programme.key, programme.currency) == ("kawa", "EUR")
    assert programme.rules == parse(preset_source(name)).rules


def test_a_preset_that_is_not_there_is_told_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match='did you mean "one-per-unit"'):
        preset_source("one-per-units")


@pytest.mark.parametrize(
    ("key", "currency", "told"),
    [
        ("Kawa", None, "programme.key"),
        ('a"\nname = "b', None, "programme.key"),
        ("a\\u0041", None, "programme.key"),
        (None, "zloty", "programme.currency"),
    ],
)
def test_a_key_or_currency_no_programme_can_have_is_refused(
    key: str | None, currency: str | None, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        preset_source("one-per-unit", key=key, currency=currency)
