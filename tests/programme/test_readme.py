"""The page about the programme document describes every key that it may have."""

from pathlib import Path

import msgspec
import pytest

import app
from app.programme.badges import Badge
from app.programme.campaigns import Campaign
from app.programme.caps import Cap
from app.programme.challenges import Challenge
from app.programme.document import Programme, Switches
from app.programme.life import Life
from app.programme.lines import Factor, Lines
from app.programme.membership import Membership
from app.programme.quizzes import Question, Quiz, Survey, SurveyQuestion
from app.programme.reward import Reward
from app.programme.rule import Rule, When
from app.programme.segments import Rfm, Segment, Where
from app.programme.tier import Tier, Tiers

README = (Path(app.__file__).parent / "programme" / "README.md").read_text(encoding="utf-8")
ELSEWHERE = {
    "basis",
    "caps",
    "life",
    "rules",
    "rewards",
    "when",
    "tiers",
    "campaigns",
    "segments",
    "where",
    "tiering",
    "challenges",
    "badges",
    "quizzes",
    "surveys",
    "membership",
    "question",
}  # tables of their own


@pytest.mark.parametrize(
    "table",
    [
        *(Programme, Life, Switches, Rule, When, Lines, Factor, Cap, Tiers, Tier, Reward),
        *(Quiz, Question, Survey, SurveyQuestion),
        *[Challenge, Badge, Campaign],
        *[Segment, Where, Rfm],
        Membership,
    ],
)
def test_every_key_of_a_document_is_described(table: type[msgspec.Struct]) -> None:
    prefix = "when." if table is When else ""
    keys = {field.encode_name for field in msgspec.structs.fields(table)}
    written = {f"{prefix}{name}" for name in keys - ELSEWHERE}
    rows = "\n".join(row for row in README.splitlines() if row.startswith("|"))
    assert [key for key in written if f"`{key}`" not in rows and f"{key} =" not in rows] == []
