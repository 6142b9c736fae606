"""How long points live: the hold, and the end of their last day wherever the programme is."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.programme.life import Life, available_from, expires_at

WARSAW = "Europe/Warsaw"


def last_day(
    earned: date, months: int, until: Literal["day", "month-end", "year-end"] = "day"
) -> date:
    """Return the last day, in Warsaw, of points earned there at noon."""
    at = datetime(earned.year, earned.month, earned.day, 12, tzinfo=ZoneInfo(WARSAW))
    end = expires_at(Life(expire_months=months, expire=until), WARSAW, at.astimezone(UTC))
    assert end is not None
    midnight = end.astimezone(ZoneInfo(WARSAW))
    assert (midnight.hour, midnight.minute) == (0, 0)
    return midnight.date() - timedelta(days=1)


@pytest.mark.parametrize(
    ("earned", "months", "last"),
    [
        (date(2026, 1, 15), 12, date(2027, 1, 15)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 8, 31), 120, date(2036, 8, 31)),
    ],
)
def test_points_live_through_the_same_day_of_a_later_month(
    earned: date, months: int, last: date
) -> None:
    assert last_day(earned, months) == last


def test_points_may_live_to_the_end_of_the_month_or_of_the_year() -> None:
    assert last_day(date(2026, 1, 15), 1, "month-end") == date(2026, 2, 28)
    assert last_day(date(2026, 3, 1), 12, "month-end") == date(2027, 3, 31)
    assert last_day(date(2026, 3, 1), 12, "year-end") == date(2027, 12, 31)
    assert last_day(date(2026, 12, 31), 1, "year-end") == date(2027, 12, 31)


def test_the_day_is_the_one_of_the_programmes_clock() -> None:
    late = datetime(2026, 5, 31, 22, 30, tzinfo=UTC)  # the first of June in Warsaw
    assert expires_at(Life(expire_months=1), WARSAW, late) == datetime(2026, 7, 1, 22, tzinfo=UTC)
    assert expires_at(Life(expire_months=1), "UTC", late) == datetime(2026, 7, 1, tzinfo=UTC)


def test_clocks_that_change_neither_take_an_hour_nor_give_one() -> None:
    # Warsaw goes to summer time on 29 March 2026 and back on 25 October.
    spring = expires_at(Life(expire_months=1), WARSAW, datetime(2026, 2, 28, 12, tzinfo=UTC))
    assert spring == datetime(2026, 3, 28, 23, tzinfo=UTC)
    after = expires_at(Life(expire_months=1), WARSAW, datetime(2026, 2, 28, 23, 30, tzinfo=UTC))
    assert after == datetime(2026, 4, 1, 22, tzinfo=UTC)
    autumn = expires_at(Life(expire_months=1), WARSAW, datetime(2026, 9, 25, 12, tzinfo=UTC))
    assert autumn == datetime(2026, 10, 25, 23, tzinfo=UTC)


def test_where_midnight_is_left_out_the_day_ends_when_the_clocks_jump() -> None:
    # In São Paulo 4 November 2018 began at one o'clock.
    end = expires_at(
        Life(expire_months=1), "America/Sao_Paulo", datetime(2018, 10, 3, 12, tzinfo=UTC)
    )
    assert end == datetime(2018, 11, 4, 3, tzinfo=UTC)


def test_points_never_expire_unless_the_programme_says_so() -> None:
    assert expires_at(Life(), WARSAW, datetime(2026, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_beyond_the_year_9999_there_is_no_end(zone: str) -> None:
    latest = datetime.max.replace(tzinfo=UTC)
    assert expires_at(Life(expire_months=1), zone, latest) is None
    assert expires_at(Life(expire_months=1, expire="year-end"), zone, latest) is None
    assert expires_at(Life(expire_months=12), zone, datetime(9999, 1, 9, tzinfo=UTC)) is None
    assert available_from(Life(hold_days=30), latest) == latest
    first = datetime.min.replace(tzinfo=UTC)
    assert expires_at(Life(expire_months=1), zone, first) is not None


def test_a_hold_is_a_number_of_days_from_the_earning() -> None:
    earned = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert available_from(Life(hold_days=14), earned) == datetime(2026, 4, 11, 12, tzinfo=UTC)
    assert available_from(Life(), earned) == earned


@given(
    earned=st.datetimes(
        datetime(1970, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
        datetime(9000, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    months=st.integers(1, 120),
    until=st.sampled_from(["day", "month-end", "year-end"]),
    zone=st.sampled_from(["UTC", WARSAW, "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia"]),
)
def test_points_live_as_long_as_they_are_said_to_and_later_ones_no_shorter(
    earned: datetime, months: int, until: Literal["day", "month-end", "year-end"], zone: str
) -> None:
    life = Life(expire_months=months, expire=until)
    end = expires_at(life, zone, earned)
    later = expires_at(life, zone, earned + timedelta(hours=7))
    assert end is not None
    assert later is not None
    assert later >= end
    months_of_28_days = timedelta(days=28 * months)
    assert end - earned >= months_of_28_days
