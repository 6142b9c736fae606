"""Runs the state machines of the property tests, each example on a database of its own."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from app.db.engine import Database
from app.settings import Settings
from tests.sizes import sized


def run_machine(
    machine: type[RuleBasedStateMachine],
    new_database: Callable[[], AbstractContextManager[Database]],
    settings: Settings,
    *,
    examples: int,
    steps: int,
) -> None:
    """Run a machine that opens its databases with `open_database`, under `base_settings`."""
    made = type(
        "Machine",
        (machine,),
        {"open_database": staticmethod(new_database), "base_settings": settings},
    )
    run_state_machine_as_test(
        made,
        settings=hypothesis_settings(
            max_examples=sized(examples, 20 * examples),
            stateful_step_count=steps,
            suppress_health_check=list(HealthCheck),
        ),
    )
