"""The page about the programme document describes every key, and its examples can be published."""

import re
from pathlib import Path

import msgspec
import pytest

import app
from app.programme.badges import MOST_BADGES, Badge
from app.programme.campaigns import MOST_CAMPAIGNS, Campaign
from app.programme.caps import MOST_CAPS, Cap
from app.programme.challenges import MOST_CHALLENGES, Challenge
from app.programme.document import MOST_REWARDS, MOST_RULES, Programme, Switches, parse
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

# The least document that the examples complete, and what some of them name besides.
HEAD = '[programme]\nkey = "kawa"\ncurrency = "PLN"\n'
PER_UNIT = '[[rule]]\nkey = "per-unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
TIERS = "".join(
    f'[[tier]]\nkey = "{key}"\nfrom = "{at}"\n' for key, at in (("silver", 1), ("gold", 2))
)
NEEDS = {
    "Several orders together": PER_UNIT,
    "Limits of rewards": TIERS,
    "Campaigns": PER_UNIT + TIERS,
}
SECTIONS = [part.partition("\n") for part in re.split(r"^## ", README, flags=re.MULTILINE)[1:]]
EXAMPLES = [
    pytest.param(title, example, id=title)
    for title, _, text in SECTIONS
    for example in re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
]


@pytest.mark.parametrize(("title", "example"), EXAMPLES)
def test_every_example_is_a_document_with_a_head_and_what_the_page_says_it_needs(
    title: str, example: str
) -> None:
    source = HEAD + example + NEEDS.get(title, "")
    assert parse(source).key == "kawa"


def test_no_section_or_row_stands_twice_and_every_link_leads_to_a_section() -> None:
    titles = [title for title, _, _ in SECTIONS]
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    assert len(anchors) == len(titles)
    assert [title for title, _, text in SECTIONS if not text.strip()] == []
    assert set(re.findall(r"\]\(#([^)]*)\)", README)) - anchors == set()
    for table in re.findall(r"(?:^\|.*\n)+", README, re.MULTILINE):
        named = [row.split("|")[1].strip() for row in table.splitlines()]
        assert [name for name in named if named.count(name) > 1] == []


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
