"""The part of the programme document about quizzes and surveys.

```toml
[[quiz]]
key = "coffee"
name = "How well do you know coffee?"
pass = 2               # left out: all of them
tries = 1

[[quiz.question]]
text = "Where does coffee come from?"
answers = ["Ethiopia", "Peru", "Vietnam"]
right = 1              # the first one

[[survey]]
key = "opening-hours"
[[survey.question]]
text = "When would you like to come?"
answers = ["In the morning", "In the evening"]
```

Which answer is right stays on the server: members are given what `quiz_for_members` returns, no more.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.errors import ConfigError
from app.programme.actions import QUIZ, SURVEY, kind_of
from app.programme.fields import Slug, check_unique
from app.programme.reading import suggestion, wrong
from app.programme.rule import Rule

MOST_QUIZZES = 50
MOST_QUESTIONS = 50
MOST_ANSWERS = 10
MOST_TRIES = 10

_LONGEST = 300
_LINE = f"a text of 1 to {_LONGEST} characters on one line, without blanks around"
Sentence = Annotated[
    str,
    Meta(
        pattern=r"\A[^\s\x00-\x1f\x7f-\x9f](?:[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f])?\Z",
        max_length=_LONGEST,
        description=_LINE,
    ),
]
Number = Annotated[int, Meta(ge=1, description="a whole number from 1")]
Kind = Literal["quiz", "survey"]


class SurveyQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question of a survey and what can be answered."""

    text: Sentence
    answers: Annotated[
        tuple[Sentence, ...], Meta(description='a list of answers, as ["Yes", "No"]')
    ]


class Question(SurveyQuestion, frozen=True, kw_only=True):
    """A question of a quiz. `right` is the number of the right answer, from 1."""

    right: Number


class Quiz(msgspec.Struct, frozen=True, kw_only=True):
    """Questions with right answers. A member passes with `needed` of them (None: all)."""

    key: Slug
    name: Sentence | None = None
    needed: Annotated[int | None, Meta(description="a whole number from 1")] = msgspec.field(
        default=None, name="pass"
    )
    tries: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_TRIES)],
        Meta(description=f"a whole number from 1 to {MOST_TRIES}"),
    ] = 1
    question: tuple[Question, ...] = ()


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """Questions without right answers. A member answers once."""

    key: Slug
    name: Sentence | None = None
    question: tuple[SurveyQuestion, ...] = ()


class MemberQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question as a member may see it."""

    text: str
    answers: tuple[str, ...]


class MemberQuiz(msgspec.Struct, frozen=True, kw_only=True):
    """A quiz or survey as a member may see it: nothing tells which answer is right."""

    kind: Kind
    key: str
    name: str
    tries: int
    questions: tuple[MemberQuestion, ...]


def quiz_for_members(one: Quiz | Survey) -> MemberQuiz:
    """Return what a member, or any page, is given of a quiz or survey."""
    return MemberQuiz(
        kind="quiz" if isinstance(one, Quiz) else "survey",
        key=one.key,
        name=one.name or one.key,
        tries=one.tries if isinstance(one, Quiz) else 1,
        questions=tuple(
            MemberQuestion(text=question.text, answers=question.answers)
            for question in one.question
        ),
    )


def action_of(one: Quiz | Survey) -> str:
    """Return what rules call an answered quiz or survey."""
    return f"{QUIZ if isinstance(one, Quiz) else SURVEY}:{one.key}"


def right_answers(quiz: Quiz, answers: Sequence[int]) -> int:
    """Return how many answers are right. They are numbers from 1, question by question."""
    return sum(
        given == question.right for given, question in zip(answers, quiz.question, strict=True)
    )


def needed_of(quiz: Quiz) -> int:
    """Return how many right answers pass."""
    return len(quiz.question) if quiz.needed is None else quiz.needed


def check_quizzes(
    quizzes: Sequence[Quiz], surveys: Sequence[Survey], rules: Sequence[Rule]
) -> None:
    """Refuse quizzes and surveys that cannot be answered, and rules about none. Raises ConfigError."""
    tables: tuple[tuple[str, Sequence[Quiz | Survey]], ...] = (
        ("quiz", quizzes),
        ("survey", surveys),
    )
    for table, several in tables:
        if len(several) > MOST_QUIZZES:
            raise wrong(table, f"{len(several)} of them", f"at most {MOST_QUIZZES}")
        check_unique(table, "key", [one.key for one in several])
        for at, one in enumerate(several):
            _check_questions(f"{table}[{at}]", one.question)
    for at, survey in enumerate(surveys):
        if survey.key in {quiz.key for quiz in quizzes}:
            raise wrong(f"survey[{at}].key", survey.key, "another key: a quiz has this one")
    for at, quiz in enumerate(quizzes):
        _check_quiz(f"quiz[{at}]", quiz)
    known = [action_of(one) for _, several in tables for one in several]
    for at, rule in enumerate(rules):
        if rule.action and kind_of(rule.action) in {QUIZ, SURVEY} and rule.action not in known:
            raise ConfigError(
                f'rule[{at}].action: there is no "{rule.action}"; '
                + (suggestion(rule.action, known) if known else "write it as a [[quiz]] first")
            )


def _check_questions(path: str, questions: Sequence[SurveyQuestion]) -> None:
    if not 1 <= len(questions) <= MOST_QUESTIONS:
        raise wrong(f"{path}.question", f"{len(questions)} of them", f"1 to {MOST_QUESTIONS}")
    for at, question in enumerate(questions):
        if not 2 <= len(question.answers) <= MOST_ANSWERS:
            raise wrong(
                f"{path}.question[{at}].answers",
                f"{len(question.answers)} of them",
                f"2 to {MOST_ANSWERS}",
            )


def _check_quiz(path: str, quiz: Quiz) -> None:
    for at, question in enumerate(quiz.question):
        if question.right > len(question.answers):
            raise wrong(
                f"{path}.question[{at}].right",
                question.right,
                f"the number of the right answer, from 1 to {len(question.answers)}",
            )
    if quiz.needed is not None and not 1 <= quiz.needed <= len(quiz.question):
        raise wrong(
            f"{path}.pass",
            quiz.needed,
            f"a number of right answers from 1 to {len(quiz.question)}",
        )
