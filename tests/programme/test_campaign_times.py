"""To the second: when campaigns begin and end, also in the nights in which the clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.programme.campaign_times import Phase, microseconds, moment_of, phase
from tests.programme.orders import goods, judge, programme

RULE = '[[rule]]\nkey = "unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
SECOND = timedelta(seconds=1)
WARSAW = "Europe/Warsaw"


def paid(begins: str, ends: str, at: datetime, zone: str = WARSAW) -> int:
    """Return what 10 zł earn at some moment: 20 points while the campaign runs."""
    rules = programme(
        RULE + f'[[campaign]]\nkey = "c"\nfrom = {begins}\nuntil = {ends}\nmultiply = "2"\n',
        f'timezone = "{zone}"\n',
    )
    [award] = judge(rules, goods("10.00"), occurred_at=at)
    return award.points


@pytest.mark.parametrize(
    ("begins", "ends", "first", "after"),
    [
        pytest.param(
            "2026-11-27T00:00:00",
            "2026-11-30T00:00:00",
            datetime(2026, 11, 26, 23, tzinfo=UTC),
            datetime(2026, 11, 29, 23, tzinfo=UTC),
            id="a weekend in winter",
        ),
        pytest.param(
            "2026-03-28T00:00:00",
            "2026-03-30T00:00:00",
            datetime(2026, 3, 27, 23, tzinfo=UTC),
            datetime(2026, 3, 29, 22, tzinfo=UTC),
            id="the weekend that has 47 hours",
        ),
        pytest.param(
            "2026-10-24T00:00:00",
            "2026-10-26T00:00:00",
            datetime(2026, 10, 23, 22, tzinfo=UTC),
            datetime(2026, 10, 25, 23, tzinfo=UTC),
            id="the weekend that has 49 hours",
        ),
        pytest.param(
            "2026-03-29T02:30:00",
            "2026-03-29T03:30:00",
            datetime(2026, 3, 29, 1, tzinfo=UTC),
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
            id="from a time that the clocks leave out: from when they are put forward",
        ),
        pytest.param(
            "2026-03-29T01:30:00",
            "2026-03-29T02:30:00",
            datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
            datetime(2026, 3, 29, 1, tzinfo=UTC),
            id="until a time that the clocks leave out: until they are put forward",
        ),
        pytest.param(
            "2026-10-25T02:30:00",
            "2026-10-25T03:00:00",
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            datetime(2026, 10, 25, 2, tzinfo=UTC),
            id="from a time that the clocks show twice: from the first of the two",
        ),
        pytest.param(
            "2026-10-25T01:00:00",
            "2026-10-25T02:30:00",
            datetime(2026, 10, 24, 23, tzinfo=UTC),
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            id="until a time that the clocks show twice: until the first of the two",
        ),
        pytest.param(
            "2028-02-29T00:00:00",
            "2028-03-01T00:00:00",
            datetime(2028, 2, 28, 23, tzinfo=UTC),
            datetime(2028, 2, 29, 23, tzinfo=UTC),
            id="29 February",
        ),
    ],
)
def test_a_campaign_runs_from_its_first_second_until_just_before_its_end(
    begins: str, ends: str, first: datetime, after: datetime
) -> None:
    moments = (first - SECOND, first, after - SECOND, after)
    assert [paid(begins, ends, at) for at in moments] == [10, 20, 20, 10]
    assert paid(begins, ends, after - timedelta(microseconds=1)) == 20


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC", WARSAW])
def test_the_first_and_the_last_hours_of_the_calendar_are_no_trouble(zone: str) -> None:
    begins, ends = "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"
    assert paid(begins, ends, datetime(2026, 5, 1, tzinfo=UTC), zone) == 20
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    # East of Greenwich the calendar is over before that, west of it it goes on.
    assert paid("9999-12-01T00:00:00", ends, last, zone) == (
        20 if zone in {"UTC", "Etc/GMT+12"} else 10
    )
    # Before there were time zones Kiritimati was west of Greenwich, where the first day began later.
    assert paid(begins, ends, datetime.min.replace(tzinfo=UTC), zone) == (
        20 if zone in {"UTC", WARSAW} else 10
    )


def test_a_programme_tells_what_is_to_come_what_runs_and_what_is_over() -> None:
    begins, ends = datetime(2026, 11, 27), datetime(2026, 11, 30)  # noqa: DTZ001 - local times
    first = datetime(2026, 11, 26, 23, tzinfo=UTC)
    after = datetime(2026, 11, 29, 23, tzinfo=UTC)
    phases = [
        phase(begins, ends, WARSAW, at) for at in (first - SECOND, first, after - SECOND, after)
    ]
    assert phases == [Phase.COMING, Phase.RUNNING, Phase.RUNNING, Phase.OVER]


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 31)),  # noqa: DTZ001 - local times
    st.sampled_from([WARSAW, "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]),
    st.timedeltas(timedelta(0), timedelta(hours=3)),
)
def test_of_two_local_times_the_later_is_never_the_earlier_moment(
    local: datetime, zone: str, later: timedelta
) -> None:
    moment = moment_of(local, zone)
    assert moment <= moment_of(local + later, zone)
    # At that moment clocks there show this time or, if they leave it out, have just passed it.
    shown = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).astimezone(
        ZoneInfo(zone)
    )
    assert microseconds(shown) == moment
    assert shown.replace(tzinfo=None) >= local
    before = (shown.astimezone(UTC) - timedelta(microseconds=1)).astimezone(ZoneInfo(zone))
    assert before.replace(tzinfo=None) < local or shown.utcoffset() != before.utcoffset()
