"""Members' answers to quizzes and surveys, kept as actions: the number of each chosen answer, no words."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from app.db import tables as t
from app.errors import Conflict, Invalid, NotFound
from app.programme.document import Programme
from app.programme.events import ActionFacts
from app.programme.quizzes import (
    MemberQuiz,
    Quiz,
    Survey,
    action_of,
    needed_of,
    quiz_for_members,
    right_answers,
)
from app.programme.reading import suggestion
from app.services import accounts
from app.services.actions import KIND, OWN_KEYS, NewAction, put_actions
from app.services.audit import Act, note_act
from app.services.facts import decode_facts
from app.services.keys import Vault
from app.services.programmes import in_force, versions
from app.services.workset import WorkSet


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a member's answers. A survey has no right ones. `new` tells if they count only now."""

    action: str
    right: int | None
    needed: int | None
    passed: bool
    tries_left: int
    balance: int
    new: bool


def quizzes_for_members(
    connection: Connection, *, programme_id: int, now: datetime
) -> list[MemberQuiz]:
    """Return the quizzes and surveys that can be answered now, as members may see them."""
    programme = in_force(versions(connection, programme_id), now).programme
    return [quiz_for_members(one) for one in _all(programme)]


def answer_quiz(
    connection: Connection,
    vault: Vault,
    *,
    programme_id: int,
    member_id: int,
    key: str,
    answers: Sequence[int],
    now: datetime,
    actor: str | None = None,
) -> Answered:
    """Take a member's answers to a quiz or survey: numbers from 1, one for each question.

    The same answers again are the same try. `actor` is who answers for the member, if it is somebody of
    the staff. Call in a writing transaction. Raises NotFound for an unknown quiz or member, Invalid for
    answers that it does not have, Conflict if there is no try left.
    """
    quiz = _quiz(in_force(versions(connection, programme_id), now).programme, key)
    _check_answers(quiz, answers)
    member = _locked(connection, programme_id, member_id, now)
    action = action_of(quiz)
    mine = f"{OWN_KEYS}{action}:{member}:{'-'.join(map(str, answers))}"
    before = _tries(connection, member, action)
    tries = quiz.tries if isinstance(quiz, Quiz) else 1
    again = mine in before or tuple(answers) in before.values()
    if again:
        mine = next(one for one in before if one == mine or before[one] == tuple(answers))
    elif len(before) >= tries:
        raise Conflict(f'"{quiz.name or quiz.key}" has been answered already; there is no try left')
    facts = ActionFacts(
        action=action,
        right=right_answers(quiz, answers) if isinstance(quiz, Quiz) else None,
        answers=tuple(answers),
    )
    wanted = NewAction(member_id=member, key=mine, facts=facts, occurred_at=now)
    [recorded] = put_actions(connection, vault, programme_id, [wanted], now)
    if recorded.facts.removed:
        raise Conflict("these answers were withdrawn")
    if recorded.new and actor is not None:
        act = Act(
            programme_id=programme_id,
            actor=actor,
            action="quiz.answer",
            subject=f"member {member}",
            reason="",
            detail={"action": action, "object": str(recorded.id)},
        )
        note_act(connection, act, now)
    needed = needed_of(quiz) if isinstance(quiz, Quiz) else None
    right = recorded.facts.right
    return Answered(
        action=action,
        right=right,
        needed=needed,
        passed=needed is None or (right or 0) >= needed,
        tries_left=max(tries - len(before) - recorded.new, 0),
        balance=recorded.balance,
        new=recorded.new,
    )


def _all(programme: Programme) -> list[Quiz | Survey]:
    return [*programme.quizzes, *programme.surveys]


def _quiz(programme: Programme, key: str) -> Quiz | Survey:
    several = {one.key: one for one in _all(programme)}
    if not several:
        raise NotFound("The programme has no quiz and no survey.")
    if key not in several:
        hint = suggestion(key, list(several))
        raise NotFound(f"There is no quiz or survey {key!r}; {hint}")
    return several[key]


def _check_answers(quiz: Quiz | Survey, answers: Sequence[int]) -> None:
    if len(answers) != len(quiz.question):
        raise Invalid(
            f'"{quiz.name or quiz.key}" has {len(quiz.question)} questions; {len(answers)} answers were given'
        )
    for number, (given, question) in enumerate(zip(answers, quiz.question, strict=True), start=1):
        if not 1 <= given <= len(question.answers):
            raise Invalid(
                f"question {number} has the answers 1 to {len(question.answers)}, not {given}"
            )


def _locked(connection: Connection, programme_id: int, member_id: int, now: datetime) -> int:
    """Lock an account, so that of two answers in one moment only one is the first; return its id."""
    return accounts.load_member(connection, WorkSet(programme_id, now), member_id).id


def _tries(connection: Connection, member_id: int, action: str) -> dict[str, tuple[int, ...]]:
    """Return the tries of a person that were not withdrawn, with what was answered."""
    rows = connection.execute(
        select(t.source_object.c.external_id, t.source_object.c.facts)
        .where(t.source_object.c.owner_id == member_id, t.source_object.c.kind == KIND)
        .order_by(t.source_object.c.id)
    )
    known = {row.external_id: decode_facts(row.facts) for row in rows}
    return {
        key: facts.answers
        for key, facts in known.items()
        if isinstance(facts, ActionFacts) and facts.action == action and not facts.removed
    }
