"""Points of members who do nothing for long are gone, and only of those."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.db.engine import Database
from app.services.addressing import Letter
from app.services.inactivity import lapse
from app.services.programmes import Publication, publish, source_of, versions
from app.services.view_ledger import ledger_of, sentence
from app.services.view_life import Dated, Expiring, expiring_by_month
from app.services.view_members import show_member
from app.settings import Settings
from tests.aging import NEW_YEAR, OLA, Aging, bought, open_aging
from tests.locks import wait_for_lock
from tests.people import account
from tests.pipeline import Pipeline
from tests.told import subjects, told

DAY = timedelta(days=1)
GONE = datetime(2027, 1, 1, 23, tzinfo=UTC)  # the end of New Year's Day in Warsaw, a year later


@pytest.fixture
def aging(pipeline: Pipeline) -> Aging:
    """A shop that forgets idle members after a year, untold, and Ola with 300 points since New Year."""
    return with_points(pipeline, "inactive_months = 12\nremind_days = []")


def with_points(pipeline: Pipeline, points: str) -> Aging:
    opened = open_aging(pipeline, points)
    opened.people.tell(0, account(OLA, "ola@example.pl"))
    opened.buy(1, "300.00")
    return opened


def test_after_a_year_without_an_act_all_points_are_gone(aging: Aging) -> None:
    aging.at(GONE - DAY)
    assert aging.has() == (300, 0)
    aging.at(GONE)
    assert aging.has() == (0, 0)
    assert aging.entries()[-1] == ("expire", -300, 0)
    aging.at(GONE + 400 * DAY)
    assert len(aging.entries()) == 2


@pytest.mark.parametrize("act", ["earn", "spend", "gift"])
def test_any_act_begins_a_new_year_for_all_points(aging: Aging, act: str) -> None:
    half = NEW_YEAR + 180 * DAY
    aging.at(half)
    if act == "earn":
        aging.buy(2, "5.00")
    elif act == "spend":
        aging.spend(5)
    else:
        aging.give(5)
    left = {"earn": 305, "spend": 295, "gift": 305}[act]
    aging.at(GONE + DAY)
    assert aging.has() == (left, 0)
    aging.at(half + 367 * DAY)
    assert aging.has() == (0, 0)


def test_an_order_told_late_that_was_in_time_brings_the_points_back(aging: Aging) -> None:
    aging.at(GONE)
    assert aging.has() == (0, 0)
    aging.at(GONE + 5 * DAY)
    aging.people.tell(0, bought(2, "7.00", GONE - 20 * DAY))
    aging.at(GONE + 7 * DAY)
    assert aging.has() == (307, 0)
    assert ("expire", 300, 0) in aging.entries()
    aging.at(GONE + 360 * DAY)
    assert aging.has() == (0, 0)


def test_an_order_after_the_loss_brings_nothing_back(aging: Aging) -> None:
    aging.at(GONE + DAY)
    aging.buy(2, "7.00")
    aging.at(GONE + 3 * DAY)
    assert aging.has() == (7, 0)


def test_points_told_late_stay_for_a_month(aging: Aging) -> None:
    aging.at(GONE + DAY)
    aging.people.tell(0, bought(2, "7.00", NEW_YEAR - 30 * DAY))
    aging.at(GONE + 20 * DAY)
    assert aging.has() == (7, 0)
    aging.at(GONE + 40 * DAY)
    assert aging.has() == (0, 0)


def test_taken_points_do_not_go_and_what_comes_back_lives_for_a_month(aging: Aging) -> None:
    aging.at(NEW_YEAR + 10 * DAY)
    taken = aging.people.spend(aging.member, 120)
    aging.at(GONE + 11 * DAY)
    assert aging.has() == (0, 0)
    aging.people.release(taken)
    assert aging.has() == (120, 0)
    aging.at(GONE + 30 * DAY)
    assert aging.has() == (120, 0)
    aging.at(GONE + 60 * DAY)
    assert aging.has() == (0, 0)


def test_a_refund_of_what_has_gone_costs_nothing(aging: Aging) -> None:
    aging.at(GONE)
    aging.refund(1, "300.00", NEW_YEAR, "300.00")
    assert aging.has() == (0, 0)


def test_a_refund_told_in_the_moment_when_the_points_go_costs_nothing_either(
    postgres_database: Database, settings: Settings
) -> None:
    pipeline = Pipeline(postgres_database, settings)
    aging = open_aging(pipeline, "inactive_months = 12\nremind_days = []")
    aging.people.tell(0, account(OLA, "ola@example.pl"))
    aging.buy(1, "300.00")
    pipeline.clock.moment = GONE
    programme_id = aging.people.programme_id
    with ThreadPoolExecutor(1) as pool:
        with postgres_database.transaction() as connection:
            known = versions(connection, programme_id)
            ola, vault = [aging.member], pipeline.runtime.vault
            lapse(connection, vault, programme_id, known, ola, aging.now)
            telling = pool.submit(aging.refund, 1, "300.00", NEW_YEAR, "300.00")
            wait_for_lock(postgres_database)
        telling.result(30)
    assert aging.has() == (0, 0)
    assert aging.entries()[1] == ("expire", -300, 0)
    pipeline.close()


def test_an_idle_member_is_told_in_time_and_not_after_an_act(pipeline: Pipeline) -> None:
    aging = with_points(pipeline, "inactive_months = 12")
    aging.at(GONE - 31 * DAY)
    assert subjects(aging) == []
    aging.at(GONE - 30 * DAY)
    [first] = told(aging)
    assert isinstance(first, Letter)
    assert first.subject == "Use your points: 300 points expire soon, the first on 1 January 2027"
    assert "Collect or use points before then, and you keep the rest." in first.text
    aging.at(GONE - 8 * DAY)
    assert subjects(aging) == []
    aging.at(GONE - 7 * DAY)
    aging.buy(2, "5.00")
    assert subjects(aging) == ["no points expire then any more"]
    aging.at(GONE + DAY)
    assert aging.has() == (305, 0)


def test_the_ledger_says_why_the_points_are_gone(aging: Aging) -> None:
    aging.at(GONE)
    with aging.pipeline.database.snapshot() as connection:
        entry = ledger_of(connection, aging.member).items[0]
    assert sentence(entry, "en") == (
        "300 points expired: nothing was earned or spent for a long time."
    )


RULE = "inactive_months = 12"
MARCH = datetime(2027, 3, 1, 12, tzinfo=UTC)  # 14 months after the last act


def change(aging: Aging, old: str, new: str, since: datetime | None = None) -> None:
    """Publish the programme with another line in its [points] table, from then on."""
    pipeline = aging.pipeline
    with pipeline.database.transaction() as connection:
        _, source = source_of(connection, aging.people.programme_id)
        source = source.replace(f"[points]\n{old}", f"[points]\n{new}")
        publish(connection, pipeline.runtime.vault, source, aging.now, Publication(since=since))


@pytest.fixture
def idle(pipeline: Pipeline) -> Aging:
    """A shop that forgets nobody, and Ola with 300 points who did nothing for 14 months."""
    opened = open_aging(pipeline, "")
    opened.people.tell(0, account(OLA, "ola@example.pl"))
    opened.buy(1, "300.00")
    opened.at(MARCH)
    return opened


@pytest.mark.parametrize("wait", [0, 40])
def test_a_new_rule_takes_nothing_before_who_is_idle_was_told_for_thirty_days(
    idle: Aging, wait: int
) -> None:
    begins = MARCH + wait * DAY
    change(idle, "", RULE, begins if wait else None)
    last = f"{begins + 30 * DAY:%-d %B %Y}"
    letters = [f"Use your points: 300 points expire soon, the first on {last}"]
    for day, told_then in ((0, []), (1, letters), (23, []), (24, letters), (30, [])):
        idle.at(begins + day * DAY + DAY / 24)
        assert (day, subjects(idle)) == (day, told_then)
        assert idle.has() == (300, 0)
    idle.at(begins + 31 * DAY + DAY / 24)
    assert idle.has() == (0, 0)


def test_a_version_without_the_rule_takes_the_reminder_back(idle: Aging) -> None:
    change(idle, "", RULE)
    idle.at(MARCH + DAY)
    change(idle, RULE, "")
    assert subjects(idle) == ["no points expire then any more"]
    idle.at(MARCH + 60 * DAY)
    assert idle.has() == (300, 0)
    change(idle, "", RULE)
    idle.at(MARCH + 61 * DAY)
    assert len(told(idle)) == 1
    idle.at(MARCH + 95 * DAY)
    assert idle.has() == (0, 0)


def test_the_member_and_the_owner_see_the_day_on_which_the_points_go(idle: Aging) -> None:
    change(idle, "", RULE, MARCH + 40 * DAY)
    idle.at(MARCH + DAY)
    goes = datetime(2027, 5, 10, 22, tzinfo=UTC)
    zone = ZoneInfo("Europe/Warsaw")
    with idle.pipeline.database.snapshot() as connection:
        programme_id, vault = idle.people.programme_id, idle.pipeline.runtime.vault
        assert show_member(connection, vault, idle.member, now=idle.now).expiring == [
            Dated(points=300, at=goes)
        ]
        assert expiring_by_month(connection, programme_id, zone, idle.now) == [
            Expiring(month=date(2027, 5, 1), points=300, lots=1)
        ]
    idle.at(goes - 29 * DAY)
    idle.at(goes - DAY / 24)
    assert idle.has() == (300, 0)
    idle.at(goes + DAY)
    assert idle.has() == (0, 0)
    assert idle.pipeline.rebuilt().ok


@pytest.mark.parametrize("backend", ["sqlite"])
def test_where_nothing_could_be_sent_for_long_nobody_loses_points_untold(
    pipeline: Pipeline,
) -> None:
    aging = with_points(pipeline, "inactive_months = 12")
    late = GONE + 40 * DAY  # the machine was off
    aging.at(late)
    assert aging.has() == (300, 0)
    assert subjects(aging) == [
        "Use your points: 300 points expire soon, the first on 16 February 2027"
    ]
    for day in (1, 5):
        aging.at(late + day * DAY)
        assert aging.has() == (300, 0)
    aging.at(late + 7 * DAY)
    assert aging.has() == (0, 0)
