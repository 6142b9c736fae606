"""The page about the programme document describes every key that it may have."""

from pathlib import Path

import msgspec
import pytest

import app
from app.programme.badges import MOST_BADGES, Badge
from app.programme.campaigns import MOST_CAMPAIGNS, Campaign
from app.programme.caps import MOST_CAPS, Cap
from app.programme.challenges import MOST_CHALLENGES, Challenge
from app.programme.document import MOST_REWARDS, MOST_RULES, Programme, Switches
from app.programme.life import Life
from app.programme.lines import Factor, Lines
from app.programme.membership import Membership
from app.programme.own_terms import MOST_STORES, OwnTerms
from app.programme.quizzes import MOST_QUIZZES, Question, Quiz, Survey, SurveyQuestion
from app.programme.reward import Reward
from app.programme.rule import Rule, When
from app.programme.segments import MOST_SEGMENTS, Rfm, Segment, Where
from app.programme.tier import MOST_TIERS, Tier, Tiers

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
    "stores",
}  # tables of their own

LIMITS = {
    "rules": MOST_RULES,
    "caps": MOST_CAPS,
    "tiers": MOST_TIERS,
    "challenges": MOST_CHALLENGES,
    "badges": MOST_BADGES,
    "campaigns": MOST_CAMPAIGNS,
    "segments": MOST_SEGMENTS,
    "rewards": MOST_REWARDS,
    "quizzes": MOST_QUIZZES,
    "surveys": MOST_QUIZZES,
    "stores": MOST_STORES,
}


def test_how_much_a_document_may_hold_is_said() -> None:
    assert [
        f"{most} {what}" for what, most in LIMITS.items() if f"{most} {what}" not in README
    ] == []


@pytest.mark.parametrize(
    "table",
    [
        *(Programme, Life, Switches, Rule, When, Lines, Factor, Cap, Tiers, Tier, Reward),
        *(Quiz, Question, Survey, SurveyQuestion),
        *[Challenge, Badge, Campaign],
        *[Segment, Where, Rfm],
        *[Membership, OwnTerms],
    ],
)
def test_every_key_of_a_document_is_described(table: type[msgspec.Struct]) -> None:
    prefix = "when." if table is When else ""
    keys = {field.encode_name for field in msgspec.structs.fields(table)}
    written = {f"{prefix}{name}" for name in keys - ELSEWHERE}
    rows = "\n".join(row for row in README.splitlines() if row.startswith("|"))
    assert [key for key in written if f"`{key}`" not in rows and f"{key} =" not in rows] == []
