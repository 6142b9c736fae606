"""Members' answers: one try, kept as numbers, paid when they pass."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import Row

from app.db import tables as t
from app.errors import Conflict, Invalid, NotFound
from app.services.quizzes import Answered, answer_quiz, quizzes_for_members
from tests.pipeline import Pipeline
from tests.programme.test_quizzes import BOTH, RULE
from tests.services.test_actions import Club
from tests.threads import at_once

SURVEYED = RULE.replace("quiz:coffee", "survey:hours").replace('"quiz"', '"hours"')
SOURCE = '[programme]\nkey = "kawa"\ncurrency = "PLN"\n\n' + RULE + SURVEYED + BOTH


@pytest.fixture
def club(pipeline: Pipeline) -> Club:
    return Club(pipeline, SOURCE)


def answer(club: Club, member: int, key: str, *answers: int, actor: str | None = None) -> Answered:
    return club.pipeline.database.run(
        lambda connection: answer_quiz(
            connection,
            club.vault,
            programme_id=club.programme_id,
            member_id=member,
            key=key,
            answers=answers,
            actor=actor,
            now=club.pipeline.clock(),
        )
    )


def test_a_passed_quiz_pays_and_the_same_answers_again_are_the_same_try(club: Club) -> None:
    ola = club.join()
    first = answer(club, ola, "coffee", 1, 1, actor="Kasia")
    assert (first.right, first.passed, first.balance, first.tries_left) == (1, True, 15, 0)
    again = answer(club, ola, "coffee", 1, 1, actor="Kasia")
    assert (again.new, again.balance) == (False, 15)
    with pytest.raises(Conflict, match="there is no try left"):
        answer(club, ola, "coffee", 1, 3)
    [told] = [row for row in rows(club) if row.kind == "action"]
    assert told.facts == '{"type":"action","action":"quiz:coffee","right":1,"answers":[1,1]}'
    assert [act for act in club.audited() if act[0] == "quiz.answer"] == [("quiz.answer", "")]
    assert club.problems() == []


def test_who_fails_has_no_second_try_and_joined_accounts_have_one_together(club: Club) -> None:
    ola, also_ola = club.join(), club.join("aleksandra@example.pl")
    assert answer(club, ola, "coffee", 2, 2).passed is False
    assert club.balance() == 0
    staying = club.merge(ola, also_ola)
    with pytest.raises(Conflict):
        answer(club, staying, "coffee", 1, 3)
    assert answer(club, also_ola, "coffee", 2, 2).new is False
    [failed] = [row for row in rows(club) if row.kind == "action"]
    club.withdraw(failed.external_id)  # the shop lets her try again
    assert answer(club, staying, "coffee", 1, 3).balance == 15
    assert club.problems() == []


def test_of_answers_and_actions_in_one_moment_one_counts(club: Club) -> None:
    ola, refused = club.join(), []

    def go(answers: tuple[int, int]) -> None:
        club.record(ola, "app-install", "17")
        try:
            answer(club, ola, "coffee", *answers)
        except Conflict:
            refused.append(answers)

    at_once([partial(go, (a, b)) for a in (1, 2) for b in (1, 2, 3)])
    kept = [row.external_id for row in rows(club) if row.kind == "action"]
    assert (len(kept), "17" in kept, len(refused)) == (2, True, 5)
    assert club.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_survey_pays_for_any_answer_once(club: Club) -> None:
    ola = club.join()
    done = answer(club, ola, "hours", 2)
    assert (done.right, done.passed, done.balance) == (None, True, 15)
    with pytest.raises(Conflict):
        answer(club, ola, "hours", 1)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_answers_that_a_quiz_does_not_have_are_refused(club: Club, pipeline: Pipeline) -> None:
    ola = club.join()
    with pytest.raises(Invalid, match="has 2 questions; 1 answers were given"):
        answer(club, ola, "coffee", 1)
    with pytest.raises(Invalid, match="question 2 has the answers 1 to 3, not 4"):
        answer(club, ola, "coffee", 1, 4)
    with pytest.raises(NotFound, match='did you mean "coffee"'):
        answer(club, ola, "cofee", 1, 3)
    with pytest.raises(NotFound, match="there is no member 5"):
        answer(club, 5, "coffee", 1, 3)
    with pipeline.database.snapshot() as connection:
        several = quizzes_for_members(
            connection, programme_id=club.programme_id, now=pipeline.clock()
        )
    assert [one.key for one in several] == ["coffee", "hours"]


def rows(club: Club) -> list[Row[Any]]:
    with club.pipeline.database.snapshot() as connection:
        return list(connection.execute(t.source_object.select().order_by(t.source_object.c.id)))
