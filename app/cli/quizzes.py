"""`stempel quiz`: showing quizzes and surveys as members see them, and answering for a member."""

from typing import Any

import click
import msgspec
from sqlalchemy import Connection

from app.cli.named import member_named
from app.cli.shared import Context, actor_option, as_json, pass_context, programme_option, show
from app.errors import NotFound
from app.programme.quizzes import MemberQuiz
from app.services.programmes import programme_id_of
from app.services.quizzes import Answered, answer_quiz, quizzes_for_members


@click.group()
def quiz() -> None:
    """Show quizzes and surveys as members see them; answer one for a member."""


@quiz.command("show")
@programme_option
@click.argument("key", required=False, metavar="[KEY]")
@as_json
@pass_context
def show_all(context: Context, *, programme: str, key: str | None, as_json: bool) -> None:
    """Show one quiz or survey, or all of them, as members see them: without the right answers.

    Example: stempel quiz show -p kawa coffee
    """
    with context.database().snapshot() as connection:
        every = quizzes_for_members(
            connection,
            programme_id=programme_id_of(connection, programme),
            now=context.clock(),
        )
    found = [one for one in every if key in {None, one.key}]
    if key is not None and not found:
        raise NotFound(f"There is no quiz or survey {key!r}. See: stempel quiz show -p {programme}")
    show(
        [msgspec.to_builtins(one) for one in found],
        as_json,
        "\n\n".join(_as_text(one) for one in found) or "(none)",
    )


@quiz.command()
@programme_option
@click.argument("who", metavar="MEMBER")
@click.argument("key", metavar="KEY")
@click.argument("answers", nargs=-1, required=True, type=int, metavar="NUMBER...")
@actor_option("Who answers for them.")
@as_json
@pass_context
def answer(
    context: Context,
    *,
    programme: str,
    who: str,
    key: str,
    answers: tuple[int, ...],
    actor: str,
    as_json: bool,
) -> None:
    """Answer a quiz or survey for a member: the number of an answer for each question, from 1.

    Example: stempel quiz answer -p kawa ola@example.pl coffee 1 3
    """

    def write(connection: Connection) -> Answered:
        one = member_named(context, connection, who, programme)
        return answer_quiz(
            connection,
            context.vault(),
            programme_id=one.programme_id,
            member_id=one.id,
            key=key,
            answers=answers,
            actor=actor,
            now=context.clock(),
        )

    done = context.database().run(write)
    data: dict[str, Any] = msgspec.to_builtins(done)
    show(data, as_json, _said(done))


def _as_text(one: MemberQuiz) -> str:
    lines = [f"{one.kind} {one.key}: {one.name}"]
    for number, question in enumerate(one.questions, start=1):
        lines.append(f"  {number}. {question.text}")
        lines += [f"     {at}) {text}" for at, text in enumerate(question.answers, start=1)]
    return "\n".join(lines)


def _said(done: Answered) -> str:
    known = "" if done.new else ", answered before"
    if done.right is None:
        return f"thank you{known}: {done.balance} points"
    verdict = "passed" if done.passed else "not passed"
    tries = f", {done.tries_left} left" if not done.passed else ""
    return f"{done.right} right, {verdict}{tries}{known}: {done.balance} points"
