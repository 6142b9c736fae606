"""Paid membership at the command line."""

import pytest

from tests.cli.answers import Run, data, plain
from tests.pipeline import Pipeline
from tests.services.test_memberships import bought, march, opened


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_until_when_somebody_is_a_member_is_told(run: Run, pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, bought(1, march(2020)), bought(2, march(2021)))
    people.tell(0, bought(3, march(2026), customer="6", pieces=100))
    assert "  was a member of Premium until 1 March 2022" in plain(
        run("member", "show", people.member(0, "5"))
    )
    runs = people.member(0, "6")
    assert "  member of Premium until 1 March 2126, with free-delivery" in plain(
        run("member", "show", runs)
    )
    assert data(run("member", "show", runs, "--json"))["memberships"] == [
        {
            "key": "premium",
            "name": "Premium",
            "since": "2026-03-01",
            "through": "2126-03-01",
            "runs": True,
            "perks": ["free-delivery"],
        }
    ]
