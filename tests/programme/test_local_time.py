"""Times as an owner writes them, by the clocks of the shop."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.errors import ConfigError
from app.programme.local_time import local, moment_of

WARSAW = ZoneInfo("Europe/Warsaw")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-01-01T00:00", datetime(2026, 12, 31, 23, tzinfo=UTC)),
        ("2027-07-01 12:30:15", datetime(2027, 7, 1, 10, 30, 15, tzinfo=UTC)),
        ("2028-02-29", datetime(2028, 2, 28, 23, tzinfo=UTC)),
        ("2027-03-28T03:00", datetime(2027, 3, 28, 1, tzinfo=UTC)),  # just put forward
        ("2026-10-25T02:30+02:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25T02:30+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("9999-12-31T23:59", datetime(9999, 12, 31, 22, 59, tzinfo=UTC)),
    ],
)
def test_a_time_is_that_of_the_shops_clocks(text: str, moment: datetime) -> None:
    assert moment_of(text, WARSAW) == moment


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2027-03-28T02:30", "put forward"),
        ("2026-10-25T02:30", "write 2026-10-25T02:30+02:00 or 2026-10-25T02:30+01:00"),
        ("tomorrow", "2027-01-01T00:00"),
        ("2027-02-29", "2027-01-01T00:00"),
        ("0001-01-01T00:00", "beyond the calendar"),
    ],
)
def test_a_time_that_is_none_or_two_is_refused_with_what_to_write(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        moment_of(text, WARSAW)
    assert text in str(error.value)
    assert told in str(error.value)


def test_a_moment_is_written_with_its_offset() -> None:
    assert local(datetime(2026, 12, 31, 23, tzinfo=UTC), WARSAW) == "2027-01-01T00:00:00+01:00"
    last = datetime(9999, 12, 31, 23, 30, tzinfo=UTC)
    assert local(last, WARSAW) == "9999-12-31T23:30:00+00:00"
