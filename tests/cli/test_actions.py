"""Actions on the command line."""

import json

from tests.cli.answers import Run
from tests.pipeline import Pipeline
from tests.services.test_actions import Club
from tests.services.test_quizzes import SOURCE as QUIZZES


def test_an_action_is_recorded_withdrawn_and_listed(run: Run, pipeline: Pipeline) -> None:
    ola = Club(pipeline).join()
    record = ("action", "record", "-p", "kawa", "ola@example.pl", "app-install", "--key", "17")
    assert run(*record).output == f"app-install recorded: member {ola} has 20 points\n"
    again = json.loads(run(*record, "--json").output)
    assert (again["new"], again["balance"], again["member"]) == (False, 20, str(ola))
    assert "app: 20 points" in run("member", "show", ola).output
    assert "17" in run("action", "list", "-p", "kawa", "--member", ola).output
    withdraw = ("action", "withdraw", "-p", "kawa", "--key", "17", "--reason", "a test")
    assert run(*withdraw).output == f"app-install withdrawn: member {ola} has 0 points\n"
    [listed] = json.loads(run("action", "list", "-p", "kawa", "--json").output)
    assert (listed["key"], listed["withdrawn"]) == ("17", True)
    assert "was recorded before and is withdrawn" in run(*record).output


def test_a_quiz_is_shown_without_its_right_answers_and_answered(
    run: Run, pipeline: Pipeline
) -> None:
    ola = Club(pipeline, QUIZZES).join()
    shown = run("quiz", "show", "-p", "kawa").output
    assert "  2. What is a flat white?\n     1) A tea\n" in shown
    both = json.loads(run("quiz", "show", "-p", "kawa", "--json").output)
    assert [set(question) for question in both[0]["questions"]] == [{"text", "answers"}] * 2
    done = run("quiz", "answer", "-p", "kawa", ola, "coffee", 1, 3)
    assert done.output == "2 right, passed: 15 points\n"
    assert "answered before" in run("quiz", "answer", "-p", "kawa", ola, "coffee", 1, 3).output
    assert "thank you: 30 points" in run("quiz", "answer", "-p", "kawa", ola, "hours", 2).output


def test_a_birthday_is_told_shown_and_forgotten(run: Run, pipeline: Pipeline) -> None:
    ola = Club(pipeline).join()
    told = ("member", "birthday", "ola@example.pl")
    assert run(*told).output == f"member {ola}: no birthday known\n"
    assert run(*told, "02-29").output == f"member {ola}: birthday 02-29\n"
    assert json.loads(run(*told, "--json").output) == {"id": str(ola), "birthday": "02-29"}
    assert run(*told, "--forget").output == f"member {ola}: no birthday known\n"
    assert run(*told, "02-01", "--forget").exit_code == 2


def test_an_action_that_no_rule_speaks_of_is_shown_by_its_name(
    run: Run, pipeline: Pipeline
) -> None:
    Club(pipeline).record(Club(pipeline).join(), "app-open", "1")
    assert "action app-open: 0 points: no rule" in run("member", "show", "ola@example.pl").output
