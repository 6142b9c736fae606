"""Texts and numbers that no shop, database or person could mean, given to what redeems and releases."""

import pytest
from click.testing import Result

from app.errors import Invalid, NotFound, StempelError
from tests.cli.test_redeem import Run, counter, run
from tests.taken import Counter

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
