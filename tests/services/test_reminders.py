"""Nobody's points vanish without notice: members are told thirty and seven days before."""

from datetime import UTC, datetime, timedelta

import pytest

from app.services.addressing import Letter
from tests.aging import NEW_YEAR, OLA, Aging, bought, open_aging
from tests.people import account
from tests.pipeline import Pipeline
from tests.told import subjects, told

DAY = timedelta(days=1)
LAST = datetime(2027, 1, 1, 23, tzinfo=UTC)  # the end of New Year's Day in Warsaw, a year later


@pytest.fixture
def aging(pipeline: Pipeline) -> Aging:
    """A shop whose points live for a year, and Ola with 300 of them since New Year."""
    opened = open_aging(pipeline, "expire_months = 12")
    opened.people.tell(0, account(OLA, "ola@example.pl"))
    opened.buy(1, "300.00")
    return opened


def test_a_member_is_told_thirty_and_seven_days_before_and_once_each(aging: Aging) -> None:
    aging.at(LAST - 31 * DAY)
    assert told(aging) == []
    aging.at(LAST - 30 * DAY)
    [first] = told(aging)
    assert isinstance(first, Letter)
    assert first.to == "ola@example.pl"
    assert first.subject == "Use your points: 300 points expire soon, the first on 1 January 2027"
    assert "you have 300 points. Some of them" in first.text
    assert "- 300 points up to and including 1 January 2027\n" in first.text
    assert "They are enough for: 10% off; 10% off; 10% off.\n" in first.text
    assert "https://shop0.example" in first.text
    assert "https://shop0.example" in first.html
    for days in (29, 20, 8):
        aging.at(LAST - days * DAY)
        assert told(aging) == []
    aging.at(LAST - 7 * DAY)
    assert subjects(aging) == [first.subject]
    aging.at(LAST - 1 * DAY)
    assert told(aging) == []
    aging.at(LAST)
    assert aging.has() == (0, 0)


def test_who_buys_daily_is_told_of_a_week_at_a_time(aging: Aging) -> None:
    for day in range(1, 14):
        aging.at(NEW_YEAR + day * DAY)
        aging.buy(1 + day, "10.00")
    letters = []
    for day in range(-33, 14):
        aging.at(LAST + day * DAY)
        letters += subjects(aging)
    assert letters == [
        "Use your points: 370 points expire soon, the first on 1 January 2027",
        "Use your points: 60 points expire soon, the first on 9 January 2027",
        "Use your points: 370 points expire soon, the first on 1 January 2027",
        "Use your points: 60 points expire soon, the first on 9 January 2027",
    ]


def test_spent_points_are_not_reminded_of(aging: Aging) -> None:
    aging.spend(150)
    aging.spend(150)
    aging.at(LAST - 30 * DAY)
    assert told(aging) == []


def test_points_spent_before_the_mail_leaves_are_not_written_of(aging: Aging) -> None:
    aging.at(LAST - 30 * DAY)
    aging.spend(150)
    aging.spend(150)
    assert subjects(aging) == ["no points expire then any more"]


def test_after_a_rest_of_the_service_what_is_left_of_the_time_is_told(aging: Aging) -> None:
    aging.at(LAST - 3 * DAY)
    assert len(told(aging)) == 1
    aging.at(LAST - 2 * DAY)
    assert told(aging) == []


def test_a_programme_may_remind_otherwise_or_not_at_all(pipeline: Pipeline) -> None:
    silent = open_aging(pipeline, "expire_months = 12\nremind_days = []")
    silent.people.tell(0, account(OLA, "ola@example.pl"))
    silent.buy(1, "300.00")
    silent.at(LAST - 7 * DAY)
    assert told(silent) == []


def test_points_of_a_joined_account_are_told_to_who_has_them_now(aging: Aging) -> None:
    aging.people.tell(0, account("6", "olga@example.pl"))
    aging.at(LAST - 30 * DAY)
    aging.people.merge(aging.people.member(0, OLA), aging.people.member(0, "6"))
    [one] = {one.subject for one in told(aging) if isinstance(one, Letter)}
    assert one.startswith("Use your points: 300 points")


def test_who_was_told_is_not_told_again_because_accounts_were_joined(aging: Aging) -> None:
    aging.people.tell(0, account("6", "olga@example.pl"))
    aging.people.tell(0, bought(2, "50.00", NEW_YEAR, customer="6"))
    aging.at(LAST - 30 * DAY)
    assert len(told(aging)) == 2
    aging.people.merge(aging.people.member(0, OLA), aging.people.member(0, "6"))
    aging.at(LAST - 29 * DAY)
    assert told(aging) == []
    aging.at(LAST - 7 * DAY)
    assert len(told(aging)) == 1
