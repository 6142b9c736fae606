"""Campaigns on the command line, by the programme's own clocks."""

from app.errors import NotFound
from tests.cli.answers import Run, data, plain
from tests.pipeline import Pipeline

HEAD = """
[programme]
key = "kawa"
currency = "PLN"
timezone = "Europe/Warsaw"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"
"""
CAMPAIGNS = """
[[tier]]
key = "gold"
from = "500"

[[campaign]]
key = "ever"
name = "Every mug counts"
from = 9999-12-01T00:00:00
until = 9999-12-31T23:59:59
bonus = 50
goods_over = "100.00"
channels = ["web"]

[[campaign]]
key = "summer"
from = 2000-06-01T00:00:00
until = 2000-09-01T00:00:00
multiply = "1.50"
goods_from = "20"
lines = { skus = ["MUG-*"] }

[[campaign]]
key = "today"
from = 2001-01-01T00:00:00
until = 9000-01-01T00:00:00
multiply = "2"
bonus = 5
rules = ["per-unit"]
tiers = ["gold"]
segments = ["sleeping"]

[[segment]]
key = "sleeping"
where = { last_order_days_over = 60 }
"""


def test_campaigns_are_listed_as_over_running_and_to_come(run: Run, pipeline: Pipeline) -> None:
    pipeline.programme(source=HEAD + CAMPAIGNS)
    told = [line.split() for line in plain(run("campaign", "list", "-p", "kawa")).splitlines()]
    head = ["campaign", "name", "is", "from", "until", "gives", "for"]
    assert told[0] == head
    assert told[1][:3] == ["summer", "summer", "over"]
    assert " ".join(told[1][3:]) == (
        "2000-06-01 00:00:00 2000-09-01 00:00:00 1.5 times certain lines; from 20"
    )
    assert told[2][:3] == ["today", "today", "running"]
    assert " ".join(told[2][7:]) == (
        "2 times, 5 more an order rules per-unit; tiers gold; segments sleeping"
    )
    assert " ".join(told[3][:5]) == "ever Every mug counts coming"
    assert " ".join(told[3][9:]) == "50 more an order certain channels; over 100.00"
    assert " ".join(told[4]) == "(times of Europe/Warsaw)"
    found = data(run("campaign", "list", "--programme", "kawa", "--json"))
    assert [(one["campaign"], one["phase"]) for one in found] == [
        ("summer", "over"),
        ("today", "running"),
        ("ever", "coming"),
    ]
    assert found[1] == {
        "campaign": "today",
        "name": "today",
        "phase": "running",
        "from": "2001-01-01T00:00:00",
        "until": "9000-01-01T00:00:00",
        "timezone": "Europe/Warsaw",
        "multiply": "2",
        "bonus": 5,
        "rules": ["per-unit"],
        "tiers": ["gold"],
        "segments": ["sleeping"],
    }


def test_a_programme_without_campaigns_says_so(run: Run, pipeline: Pipeline) -> None:
    pipeline.programme(source=HEAD)
    assert plain(run("campaign", "list", "-p", "kawa")) == "The programme kawa has no campaigns.\n"
    assert data(run("campaign", "list", "-p", "kawa", "--json")) == []
    assert isinstance(run("campaign", "list", "-p", "herbata").exception, NotFound)
