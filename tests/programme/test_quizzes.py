"""Quizzes and surveys: what is read, how mistakes are told, and what members are never given."""

import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

import app
from app.errors import ConfigError
from app.programme.action_windows import evaluate_actions
from app.programme.document import dump, load, parse
from app.programme.events import ActionFacts
from app.programme.explanation import Reason
from app.programme.quizzes import quiz_for_members, right_answers
from app.programme.windows import WindowItem
from tests.programme.orders import HEAD, preset, programme

QUIZ = """
[[quiz]]
key = "coffee"
name = "How well do you know coffee?"
pass = 1

[[quiz.question]]
text = "Where does coffee come from?"
answers = ["Ethiopia", "Peru"]
right = 1

[[quiz.question]]
text = "What is a flat white?"
answers = ["A tea", "A wall", "A coffee"]
right = 3
"""
SURVEY = """
[[survey]]
key = "hours"

[[survey.question]]
text = "When would you like to come?"
answers = ["In the morning", "In the evening"]
"""
RULE = '[[rule]]\nkey = "quiz"\non = "action"\naction = "quiz:coffee"\npoints = 15\n'
BOTH = QUIZ + SURVEY


def test_what_members_are_given_never_says_which_answer_is_right() -> None:
    [quiz], [survey] = programme(BOTH).quizzes, programme(BOTH).surveys
    given = quiz_for_members(quiz)
    assert [question.answers for question in given.questions] == [
        ("Ethiopia", "Peru"),
        ("A tea", "A wall", "A coffee"),
    ]
    other = parse(HEAD + BOTH.replace("right = 1", "right = 2").replace("right = 3", "right = 1"))
    assert quiz_for_members(other.quizzes[0]) == given
    assert "right" not in msgspec.json.encode(given).decode()
    assert quiz_for_members(survey).kind == "survey"


@pytest.mark.parametrize("folder", ["app/web", "connectors", "webhooks"])
def test_no_page_and_no_connector_looks_at_right_answers(folder: str) -> None:
    root = Path(app.__file__).parent.parent / folder
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in root.rglob("*")
        if path.suffix in {".py", ".html", ".js", ".php", ".liquid"}
    }
    assert texts
    words = re.compile(r"\.quizzes\b|right_answers|\bQuestion\b")
    assert [path for path, text in texts.items() if words.search(text)] == []


def test_answers_are_counted_question_by_question() -> None:
    [quiz] = programme(QUIZ).quizzes
    assert [right_answers(quiz, given) for given in ((1, 3), (1, 1), (2, 2))] == [2, 1, 0]


@pytest.mark.parametrize(("passing", "right", "points"), [(1, 1, 15), (2, 1, 0), (2, 2, 15)])
def test_a_quiz_is_paid_once_it_is_passed(passing: int, right: int, points: int) -> None:
    rules = programme(RULE + QUIZ.replace("pass = 1", f"pass = {passing}"))
    facts = ActionFacts(action="quiz:coffee", right=right, answers=(1, 1))
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    item = WindowItem(
        object_id=1, store_id=1, occurred_at=moment, programme=rules, version=1, facts=facts
    )
    [(_, award)] = evaluate_actions([item])
    assert award.points == points
    assert (award.explanation.reason is Reason.NOT_PASSED) == (points == 0)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (RULE, 'rule[0].action: there is no "quiz:coffee"; write it as a [[quiz]] first'),
        (RULE.replace("quiz:coffee", "quiz:cofee") + QUIZ, 'did you mean "quiz:coffee"?'),
        (RULE.replace("quiz:coffee", "survey:coffee") + BOTH, 'there is no "survey:coffee"'),
        (QUIZ + QUIZ, 'quiz[1].key: "coffee" is not allowed here; give another key'),
        (QUIZ + SURVEY.replace("hours", "coffee"), "give another key: a quiz has this one"),
        ('[[quiz]]\nkey = "a"\n', 'quiz[0].question: "0 of them" is not allowed here; give 1 to'),
        (QUIZ.replace("right = 3", "right = 4"), "quiz[0].question[1].right: 4 is not allowed"),
        (QUIZ.replace("right = 3", "right = 0"), "quiz[0].question[1].right: 0 is not allowed"),
        (QUIZ.replace("right = 3", ""), "quiz[0].question[1].right is missing"),
        (QUIZ.replace("pass = 1", "pass = 3"), "quiz[0].pass: 3 is not allowed here; give a"),
        (QUIZ.replace("pass = 1", "tries = 0"), "quiz[0].tries: 0 is not allowed here; give a"),
        (QUIZ.replace('["Ethiopia", "Peru"]', '["Ethiopia"]'), 'answers: "1 of them" is not'),
        (QUIZ.replace("A tea", "A\\ntea"), "answers[0]:"),
        (QUIZ.replace("A tea", " tea"), "without blanks around"),
        (SURVEY + "right = 1\n", "survey[0].question[0].right is not a key we know"),
    ],
)
def test_each_mistake_in_a_quiz_is_named(document: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(HEAD + document)
    assert message in str(caught.value)


def test_quizzes_are_stored_as_they_were_written() -> None:
    written = programme(RULE + BOTH)
    assert load(dump(written)) == written
    assert load(dump(programme(""))).quizzes == ()


def test_the_quiz_of_the_preset_pays_once_whoever_passes_it() -> None:
    rules = preset("challenges")
    [quiz] = rules.quizzes
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    facts = ActionFacts(action="quiz:loyalty", right=right_answers(quiz, (1, 2)), answers=(1, 2))
    items = [
        WindowItem(
            object_id=n, store_id=1, occurred_at=moment, programme=rules, version=1, facts=facts
        )
        for n in (1, 2)
    ]
    assert [award.points for _, award in evaluate_actions(items)] == [25]
