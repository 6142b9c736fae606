"""Texts and numbers that no shop, database or person could mean, given to what redeems and releases."""

import csv
import io
import json
import logging

import pytest
from click.testing import Result

from app.errors import Conflict, Invalid, NotFound, StempelError
from tests.cli.answers import Run
from tests.cli.conftest import run
from tests.cli.test_redeem import counter
from tests.pipeline import Pipeline
from tests.taken import Counter, open_counter
from tests.way.rewards import PLATFORMS, PROGRAMME, open_rewards

__all__ = ["counter", "run"]  # fixtures: the commands, and a shop with one member

NOT_UNICODE, NUL = "\udcff", "a\0b"
HUGE = 2**63


def refused(result: Result) -> None:
    """Assert that a command ended with a sentence and exit status 1."""
    assert result.exit_code == 1
    assert isinstance(result.exception, StempelError), repr(result.exception)


@pytest.mark.parametrize("odd", [NOT_UNICODE, NUL])
@pytest.mark.parametrize("option", ["--key", "--actor", "--store", "--programme"])
def test_what_no_database_can_hold_spends_nothing(
    run: Run, counter: Counter, option: str, odd: str
) -> None:
    refused(run("redeem", counter.member_id, "ten-percent", option, odd))
    assert counter.balance() == 300


@pytest.mark.parametrize("odd", [NOT_UNICODE, NUL])
@pytest.mark.parametrize("option", ["--store", "--programme", "--member"])
def test_what_no_database_can_hold_names_nothing(run: Run, option: str, odd: str) -> None:
    refused(run("redemption", "list", option, odd))


@pytest.mark.parametrize("odd", [NOT_UNICODE, NUL])
def test_a_reason_that_no_database_can_hold_releases_nothing(counter: Counter, odd: str) -> None:
    taken = counter.take()
    with pytest.raises(Invalid, match="such characters"):
        counter.release(taken, reason=odd)
    assert (counter.show(taken).redemption.state, counter.balance()) == ("reserved", 200)


@pytest.mark.parametrize("number", [0, -1, HUGE, -HUGE - 1, 10**30])
def test_a_redemption_that_cannot_be_is_not_there(counter: Counter, number: int) -> None:
    with pytest.raises(NotFound, match="There is no redemption"):
        counter.release(number)
    with pytest.raises(NotFound, match="There is no redemption"):
        counter.show(number)


def test_a_request_for_another_reward_under_the_same_key_spends_nothing(counter: Counter) -> None:
    counter.take(request_key="a click")
    with pytest.raises(Conflict, match="Another reward"):
        counter.take("fifty", request_key="a click")
    assert counter.balance() == 200


STRANGE = [
    "100% off & \"free\" 'n' <script>alert(1)</script>",
    '=HYPERLINK("http://evil.example","x")',
    "טבלה %s %(code)s {0}",
    "x" * 200,
]


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_whatever_rewards_are_called_the_code_works_and_is_shown(
    pipeline: Pipeline, platform: str, name: str
) -> None:
    quoted = json.dumps(name, ensure_ascii=False)
    source = PROGRAMME.replace('key = "kawa"\n', f'key = "kawa"\nname = {quoted}\n')
    source = source.replace('key = "ten-percent"\n', f'key = "ten-percent"\nname = {quoted}\n')
    with open_rewards(pipeline, platform, source) as shop:
        ola = shop.member(150)
        taken, code = shop.issued(ola)
        shop.use(code, ola)
        shop.quiet()
        assert (shop.state(taken), shop.points(ola)) == ("used", 50 + 180)


TROUBLES = ("reset_after", "reset_before", "500", "wrong_json", "half_body")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_neither_codes_nor_people_are_named_in_logs_and_errors(
    pipeline: Pipeline, platform: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), open_rewards(pipeline, platform) as shop:
        ola = shop.member(600)
        told, taken = [], []
        for trouble in TROUBLES:
            shop.trouble(trouble)
            taken.append(shop.redeem(ola))
            shop.quiet()
            told.append(shop.row(taken[-1]).error or "")
            shop.later(hours=2)
        assert {shop.state(one) for one in taken} == {"issued"}
        assert any(told)
        codes = [shop.row(one).code for one in taken]
        shop.release(taken[0])
        shop.use(codes[1], ola)
        shop.quiet()
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("stempel")]
    assert ours
    for text in (*ours, *told):
        assert not any(code.lower() in text.lower() for code in codes)
        assert "ola@" not in text


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_reward_is_a_formula_in_a_spreadsheet(run: Run, pipeline: Pipeline, sign: str) -> None:
    name = f'{sign}HYPERLINK("http://evil.example","x")'
    counter = open_counter(pipeline, name=name)
    counter.take("fifty")
    [row] = csv.DictReader(io.StringIO(run("redemption", "list", "--csv").stdout))
    assert row["name"] == f"'{name}"
