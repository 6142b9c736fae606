"""Versions on the command line: when they begin, what they change, the document kept as code."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from app.cli.programme_diff import DIFFERENT
from app.errors import ConfigError, Conflict, NotFound
from tests.cli.answers import Run, data, plain, stempel
from tests.pipeline import Pipeline

HEAD = '[programme]\nkey = "kawa"\ncurrency = "PLN"\ntimezone = "Europe/Warsaw"\nnotice_days = 3\n'
RULE = '[[rule]]  # one for each\nkey = "r"\non = "order.paid"\npoints = 2\nper = "1.00"\n'


@pytest.fixture
def run(pipeline: Pipeline) -> Run:
    """Return what runs `stempel programme` with the pipeline's database."""
    return partial(stempel, pipeline, "programme")


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes a document with so many points a unit."""

    def write(points: int = 2, text: str | None = None) -> Path:
        path = tmp_path / "kawa.toml"
        path.write_text(text or (HEAD + RULE.replace("2", str(points))), encoding="utf-8")
        return path

    return write


File = Callable[..., Path]


def test_a_version_is_published_for_a_day_to_come_and_listed(run: Run, file: File) -> None:
    plain(run("apply", file()))
    later = ("--from", "9000-01-01T00:00", "--actor", "ola@example.pl", "--reason", "prices rose")
    told = plain(run("apply", file(1), *later)).splitlines()
    assert told == [
        "kawa: version 2 published, begins 9000-01-01T00:00:00+01:00",
        "The rule “r” gives 1 point instead of 2 points. (worse for members)",
    ]
    first, second = data(run("versions", "--programme", "kawa", "--json"))
    assert (first["stage"], first["from"], first["until"]) == (
        "in force",
        None,
        "8999-12-31T23:00:00+00:00",
    )
    assert (second["stage"], second["actor"], second["reason"]) == (
        "to come",
        "ola@example.pl",
        "prices rose",
    )
    listed = plain(run("versions", "--programme", "kawa"))
    assert "9000-01-01T00:00:00+01:00" in listed
    assert "from (Europe/Warsaw)" in listed
    assert "points = 2" in plain(run("show", "kawa"))  # what is in force
    assert "points = 1" in plain(run("show", "kawa", "--version", 2))
    assert isinstance(run("apply", file(3)).exception, Conflict)
    assert data(run("apply", file(3), "--replace", "--json"))["replaced"] == [2]


@pytest.mark.parametrize("since", ["2020-01-01T00:00", "2027-03-28T02:30", "soon"])
def test_a_time_that_cannot_be_is_refused_and_nothing_published(
    run: Run, file: File, since: str
) -> None:
    plain(run("apply", file()))
    refused = run("apply", file(3), "--from", since)
    assert isinstance(refused.exception, ConfigError | Conflict)
    assert len(data(run("versions", "--programme", "kawa", "--json"))) == 1


def test_a_loss_on_short_notice_is_refused_unless_the_owner_says_so(run: Run, file: File) -> None:
    plain(run("apply", file()))
    refused = run("apply", file(1))
    assert isinstance(refused.exception, Conflict)
    assert "The rule “r” gives 1 point instead of 2 points." in str(refused.exception)
    assert plain(run("apply", file(1), "--accept-short-notice")).startswith("kawa: version 2 pub")


def test_a_diff_says_what_a_file_would_change_and_publishes_nothing(run: Run, file: File) -> None:
    plain(run("apply", file()))
    assert plain(run("diff", file(), "--exit-code")) == "Nothing differs.\n"
    differs = run("diff", file(3), "--exit-code", "--language", "pl")
    assert differs.exit_code == DIFFERENT
    assert differs.stdout == (
        "Reguła „r” daje teraz 3 punkty, dotąd 2 punkty. (na korzyść uczestników)\n"
    )
    [change] = data(run("diff", file(3), "--json"))["changes"]
    assert (change["table"], change["key"], change["field"]) == ("rule", "r", "points")
    assert (change["old"], change["new"], change["effect"]) == (2, 3, "better")
    assert len(data(run("versions", "--programme", "kawa", "--json"))) == 1


def test_versions_and_presets_are_compared_too(run: Run, file: File) -> None:
    plain(run("apply", file()))
    plain(run("apply", file(3)))
    words = ("--programme", "kawa", "--version", 2, "--to", 1)
    assert plain(run("diff", *words)) == (
        "The rule “r” gives 2 points instead of 3 points. (worse for members)\n"
    )
    assert "There is a new rule: “per-unit”." in plain(
        run("diff", "one-per-unit", "--programme", "kawa")
    )
    assert isinstance(run("diff", "--programme", "kawa", "--version", 9).exception, NotFound)
    assert isinstance(run("diff", file(), "--programme", "herbata").exception, ConfigError)
    assert isinstance(run("diff").exception, ConfigError)


def test_a_diff_of_presets_says_what_applying_them_so_would_change(run: Run) -> None:
    words = ("one-per-unit", "--with", "rewards-100-200-500", "--key", "kawa", "--currency", "EUR")
    plain(run("apply", *words, "--timezone", "Europe/Warsaw", "--language", "pl"))
    assert plain(run("diff", *words, "--timezone", "Europe/Warsaw", "--language", "pl")) == (
        "Nothing differs.\n"
    )
    changes = data(run("diff", *words, "--set", "product.shop-1=17", "--json"))["changes"]
    assert [one["field"] for one in changes] == ["language", "timezone", "product"]
    alike = ("diff", *words[:3], "--programme", "kawa")
    assert plain(run(*alike)) == "Nothing differs.\n"
    assert [
        one["field"] for one in data(run(*alike, "--timezone", "UTC", "--json"))["changes"]
    ] == ["timezone"]
    assert isinstance(run(*alike, "--key", "herbata").exception, ConfigError)
    assert isinstance(run("diff", "--programme", "kawa", "--with", "step").exception, ConfigError)


def test_a_preset_that_is_no_programme_is_told_what_to_be_compared_with(
    run: Run, file: File
) -> None:
    assert "no programme to compare with" in str(run("diff", "tiers-three").exception)
    plain(run("apply", file()))
    refused = run("diff", "tiers-three").exception
    assert isinstance(refused, ConfigError)
    assert str(refused).endswith("say which to compare it with: --programme kawa")
    assert "belong to presets" in str(run("diff", file(), "--with", "tiers-three").exception)


def test_what_is_exported_is_the_document_as_written_and_changes_nothing(
    run: Run, file: File
) -> None:
    written = file().read_text(encoding="utf-8")
    plain(run("apply", file()))
    plain(run("apply", file(3)))
    first = plain(run("export", "--programme", "kawa", "--version", 1))
    assert first == written
    present = plain(run("export", "--programme", "kawa"))
    assert "[[rule]]  # one for each" in present
    again = data(run("apply", file(text=present), "--json"))
    assert (again["version"], again["changed"], again["changes"]) == (2, False, [])


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        ('points = "2', "line 9"),
        ("points = 2.5", "rule[0].points: 2.5 is not allowed here; give a whole number"),
        ("pionts = 2", 'did you mean "points"?'),
        ("points = true", "rule[0].points: true is not allowed here"),
    ],
)
def test_a_document_with_a_mistake_is_refused_and_the_live_version_stays(
    run: Run, file: File, mistake: str, told: str
) -> None:
    plain(run("apply", file()))
    wrong = HEAD + RULE.replace("points = 2", mistake)
    for command in ("apply", "diff"):
        refused = run(command, file(text=wrong))
        assert isinstance(refused.exception, ConfigError)
        assert told in str(refused.exception)
    assert len(data(run("versions", "--programme", "kawa", "--json"))) == 1
    assert "points = 2" in plain(run("show", "kawa"))
