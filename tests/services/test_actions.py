"""Actions in the ledger: recorded once by their key, withdrawn, shared by accounts of one person."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.db import tables as t
from app.errors import Conflict, Invalid, NotFound, StempelError
from app.services.actions import Recorded, record_action, withdraw_action
from app.services.enrol import add_member
from app.services.merge import merge_accounts
from app.services.texts import texts
from app.services.view_actions import list_actions
from app.services.view_gifts import challenge_words
from app.services.view_ledger import ledger_of, sentence
from app.services.view_members import show_member
from tests.pipeline import Pipeline

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SOURCE = """
[programme]
key = "kawa"
currency = "PLN"
timezone = "Europe/Warsaw"

[[rule]]
key = "app"
on = "action"
action = "app-install"
points = 20

[[rule]]
key = "shares"
on = "action"
action = "social:instagram"
points = 5
times = 2
each = "month"
"""


class Club:
    """One programme whose members do things."""

    def __init__(self, pipeline: Pipeline, source: str = SOURCE) -> None:
        self.pipeline = pipeline
        self.vault = pipeline.runtime.vault
        self.programme_id = pipeline.programme(source=source)

    def join(self, email: str = "ola@example.pl") -> int:
        with self.pipeline.database.transaction() as connection:
            return add_member(
                connection,
                self.vault,
                programme_id=self.programme_id,
                email=email,
                now=self.pipeline.clock(),
            )

    def record(self, member: int, action: str, key: str, at: datetime | None = NOON) -> Recorded:
        return self.pipeline.database.run(
            lambda connection: record_action(
                connection,
                self.vault,
                programme_id=self.programme_id,
                member_id=member,
                action=action,
                key=key,
                at=at,
                now=self.pipeline.clock(),
                reason="the app says so",
            )
        )

    def withdraw(self, key: str, reason: str = "it was a test") -> Recorded:
        return self.pipeline.database.run(
            lambda connection: withdraw_action(
                connection,
                self.vault,
                programme_id=self.programme_id,
                key=key,
                reason=reason,
                now=self.pipeline.clock(),
            )
        )

    def merge(self, one: int, other: int) -> int:
        return self.pipeline.database.run(
            lambda connection: merge_accounts(
                connection,
                self.vault,
                programme_id=self.programme_id,
                one=one,
                other=other,
                now=self.pipeline.clock(),
            )
        )

    def balance(self) -> int:
        return sum(self.pipeline.balances(self.programme_id))

    def problems(self) -> list[str]:
        return [str(problem) for problem in self.pipeline.verified().problems]

    def audited(self) -> list[tuple[Any, ...]]:
        with self.pipeline.database.snapshot() as connection:
            query = t.audit.select().order_by(t.audit.c.id)
            return [(row.action, row.reason) for row in connection.execute(query)]


@pytest.fixture
def club(pipeline: Pipeline) -> Club:
    return Club(pipeline)


def test_an_action_is_paid_at_once_and_its_key_makes_it_one(club: Club) -> None:
    ola = club.join()
    first, again = (club.record(ola, "app-install", "phone-17") for _ in range(2))
    assert (first.balance, first.new) == (20, True)
    assert (again.id, again.balance, again.new) == (first.id, 20, False)
    assert club.record(ola, "app-install", "phone-18").balance == 20
    assert [act for act in club.audited() if act[0] == "action.record"] == [
        ("action.record", "the app says so")
    ] * 2
    assert club.problems() == []


def test_a_key_that_belongs_to_something_else_is_refused(club: Club) -> None:
    ola, jan = club.join(), club.join("jan@example.pl")
    club.record(ola, "app-install", "17")
    for member, action, at in (
        (ola, "app-open", NOON),
        (ola, "app-install", NOON + timedelta(seconds=1)),
        (jan, "app-install", NOON),
    ):
        with pytest.raises(Conflict, match="the key '17' belongs to"):
            club.record(member, action, "17", at)
    assert club.record(ola, "app-install", "17", None).new is False  # of whatever time it was
    assert club.balance() == 20


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("action", "key", "at", "message"),
    [
        ("App Install", "1", NOON, "is no name of an action; give the name of an action, as"),
        ("birthday", "1", NOON, "is not told by its name, see: stempel member birthday"),
        ("quiz:coffee", "1", NOON, "is not told by its name, see: stempel quiz answer"),
        ("app-install", " ", NOON, "an action needs a key of 1 to 200 characters"),
        ("app-install", "x\0", NOON, "an action needs a key of 1 to 200 characters"),
        ("app-install", "stempel:1", NOON, "are not free"),
        ("app-install", "1", NOON + timedelta(days=9), "an action cannot be of the future"),
    ],
)
def test_what_is_no_action_is_refused_with_a_sentence(
    club: Club, action: str, key: str, at: datetime, message: str
) -> None:
    ola = club.join()
    with pytest.raises(StempelError) as caught:
        club.record(ola, action, key, at)
    assert message in str(caught.value)
    assert club.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_nobody_and_who_was_erased_do_nothing(club: Club, pipeline: Pipeline) -> None:
    with pytest.raises(NotFound, match="there is no member 17"):
        club.record(17, "app-install", "1")
    ola = club.join()
    with pipeline.database.transaction() as connection:
        connection.execute(update(t.member).values(state="erased"))
    with pytest.raises(Invalid, match="was erased"):
        club.record(ola, "app-install", "1")
    with pytest.raises(NotFound, match="There is no action with the key 'x'"):
        club.withdraw("x")


def test_withdrawing_takes_back_what_it_gave_and_a_later_one_takes_its_place(club: Club) -> None:
    ola = club.join()
    club.record(ola, "app-install", "1")
    club.record(ola, "app-install", "2", NOON + timedelta(hours=1))
    assert club.balance() == 20
    assert club.withdraw("1").balance == 20  # the second counts instead
    assert club.withdraw("2").balance == 0
    assert club.withdraw("2").new is False
    assert club.record(ola, "app-install", "2", None).facts.removed  # a late repeat brings nothing
    assert club.balance() == 0
    with pytest.raises(Invalid, match="needs a reason"):
        club.withdraw("1", " ")
    assert [act[0] for act in club.audited()].count("action.withdraw") == 2
    assert club.problems() == []


def test_two_accounts_of_one_person_that_did_the_same_are_paid_once(club: Club) -> None:
    ola, also_ola = club.join(), club.join("aleksandra@example.pl")
    for member in (ola, also_ola):
        club.record(member, "app-install", f"a{member}")
        club.record(member, "social:instagram", f"s{member}")
    assert club.balance() == 2 * (20 + 5)
    staying = club.merge(ola, also_ola)
    assert club.balance() == 20 + 10  # two shares of a month are paid
    assert club.problems() == []
    club.withdraw(f"a{ola}")
    assert club.balance() == 20 + 10
    again = club.record(also_ola, "app-install", f"a{also_ola}")
    assert (again.member_id, again.new) == (staying, False)
    assert club.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("order", list(itertools.permutations("abcm"))[::4])
def test_the_balance_is_the_same_in_every_order_of_telling(
    club: Club, order: tuple[str, ...]
) -> None:
    """Three shares of a month and a withdrawal of the first; the accounts are joined somewhere between."""
    ola, also_ola = club.join(), club.join("aleksandra@example.pl")
    hours = {"a": 0, "b": 1, "c": 2}
    for step in order:
        if step == "m":
            club.merge(ola, also_ola)
            continue
        owner = also_ola if step == "b" else ola
        club.record(owner, "social:instagram", step, NOON + timedelta(hours=hours[step]))
        if step == "a":
            club.withdraw("a")
    assert club.balance() == 10
    assert club.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_action_altered_from_outside_is_found(club: Club, pipeline: Pipeline) -> None:
    club.record(club.join(), "app-install", "1")
    with pipeline.database.transaction() as connection:
        connection.execute(
            update(t.source_object)
            .where(t.source_object.c.kind == "action")
            .values(facts='{"type":"action","action":"app-open"}')
        )
    assert any("windows are not given" in problem for problem in club.problems())


def test_actions_are_listed_and_each_entry_says_what_it_is_for(
    club: Club, pipeline: Pipeline
) -> None:
    ola, jan = club.join(), club.join("jan@example.pl")
    club.record(ola, "social:instagram", "1")
    club.record(jan, "app-install", "2")
    club.withdraw("2")
    with pipeline.database.snapshot() as connection:
        every = list_actions(connection, programme_id=club.programme_id).items
        [mine] = list_actions(connection, programme_id=club.programme_id, member_id=ola).items
        [entry] = ledger_of(connection, ola).items
    assert [(one.key, one.action, one.withdrawn) for one in every] == [
        ("2", "app-install", True),
        ("1", "social:instagram", False),
    ]
    assert mine == every[1]
    assert sentence(entry, "en", "PLN") == (
        "5 points: for joining in on social media (instagram), at most 2 times a month. "
        "Unverified: nobody can check that it was done."
    )
    assert entry.occurred_at == NOON


STREAK = """
[[challenge]]
key = "daily"
streak = 3
each = "day"
window = "week"
action = "check-in"
points = 10
badge = "early-bird"

[[badge]]
key = "early-bird"
"""


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_row_of_days_is_paid_once_a_week_and_taken_back_with_what_is_withdrawn(
    pipeline: Pipeline,
) -> None:
    club = Club(pipeline, SOURCE + STREAK)
    ola = club.join()
    monday = datetime(2026, 11, 9, 12, tzinfo=UTC)
    for day in (2, 0, 3, 1):
        club.record(ola, "check-in", f"day-{day}", monday + timedelta(days=day))
    assert club.balance() == 10
    with pipeline.database.snapshot() as connection:
        [entry] = ledger_of(connection, ola).items
        [state] = show_member(connection, club.vault, ola, now=monday).gifts.challenges
    assert "week 46 of 2026" in sentence(entry, "en")
    assert "tydzień 46 roku 2026" in sentence(entry, "pl")
    assert state.won
    club.withdraw("day-1")
    assert club.balance() == 0
    with pipeline.database.snapshot() as connection:
        thursday = monday + timedelta(days=3)
        [state] = show_member(connection, club.vault, ola, now=thursday).gifts.challenges
    assert challenge_words(texts("en"), state) == (
        "2 of 3 days in a row, the next time by 13 November 2026"
    )
    assert club.problems() == []
    assert pipeline.rebuilt().ok
