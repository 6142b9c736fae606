"""Proves that both sides of each referral were given what the friend's orders are worth to them."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from app.db import tables as t
from app.programme.referral_score import is_held, score
from app.programme.referrals import OF_FRIEND, OWN, is_referral_window, rewards, state_of
from app.services.facts import UNREADABLE
from app.services.problems import Problem
from app.services.programmes import Version
from app.services.referral_cases import (
    KINDS,
    Case,
    code_holders,
    has_referrals,
    named_codes,
    put_together,
)
from app.services.workset import chunks

Given = dict[tuple[int, str, str], int]
"""Points by (whose, rule, side), for one friend."""


def check_referrals(
    connection: Connection,
    programme_id: int,
    known: list[Version],
    joined: Mapping[int, int],
    problems: list[Problem],
) -> None:
    """Check each friend against what was posted for them. Who is due to be judged is passed over.

    The signals are taken as they were judged: what they were found by may be erased by now.
    """
    given = _given(connection, programme_id, joined)
    rows: dict[int, list[Row[Any]]] = defaultdict(list)
    if has_referrals(known):
        for row in connection.execute(
            select(t.referral).where(t.referral.c.programme_id == programme_id)
        ):
            rows[joined.get(row.friend_id, row.friend_id)].append(row)
    objects = _objects(connection, sorted(rows))
    holders = code_holders(
        connection,
        programme_id,
        {code for several in objects.values() for code in _codes(several)},
    )
    for person, several in sorted(rows.items()):
        posted = given.pop(person, {})
        if any(row.due_at is not None for row in several):
            continue
        try:
            case = put_together(
                known,
                person,
                several,
                objects.get(person, []),
                holders,
                lambda member_id: joined.get(member_id, member_id),
            )
            wanted, state = _wanted(case)
        except UNREADABLE:
            continue  # named with its object
        if wanted != posted:
            what = "a referral is not given what the friend's orders are worth"
            problems.append(Problem(what=what, member=person))
        if (case.main.score, case.main.state) != (score(case.signals), state):
            what = f"referral {case.main.id} is not in the state that its facts make it"
            problems.append(Problem(what=what, member=person))
    problems.extend(
        Problem(what="points were given for a friend whom nobody brought", member=person)
        for person in sorted(given)
    )


def _wanted(case: Case) -> tuple[Given, str]:
    found = case.found
    if found is None:
        return {}, state_of(None, (), case.verdict).value
    several = rewards(found, held=is_held(case.signals), verdict=case.verdict)
    wanted: Given = {}
    for one in several:
        for award, whose, side in (
            (one.referrer, found.word.referrer, OF_FRIEND),
            (one.friend, case.person, OWN),
        ):
            if award.points:
                wanted[whose, award.rule, side] = award.points
    return wanted, state_of(found, several, case.verdict).value


def _given(
    connection: Connection, programme_id: int, joined: Mapping[int, int]
) -> dict[int, Given]:
    """Return what was given for each friend."""
    given: dict[int, Given] = defaultdict(dict)
    awards = connection.execute(
        select(t.award.c.member_id, t.award.c.rule, t.award.c.window_key, t.award.c.points).where(
            t.award.c.programme_id == programme_id,
            t.award.c.object_id.is_(None),
            t.award.c.points != 0,
        )
    )
    for award in awards:
        if is_referral_window(award.window_key):
            whose = joined.get(award.member_id, award.member_id)
            side, _, account = award.window_key.partition(":")
            friend = joined.get(int(account), int(account)) if account else whose
            key = (whose, award.rule, side)
            given[friend][key] = given[friend].get(key, 0) + award.points
    return given


def _objects(connection: Connection, people: list[int]) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for chunk in chunks(people):
        rows = connection.execute(
            select(t.source_object).where(
                t.source_object.c.owner_id.in_(chunk), t.source_object.c.kind.in_(KINDS)
            )
        )
        for row in rows:
            found[row.owner_id].append(row)
    return found


def _codes(rows: list[Row[Any]]) -> set[str]:
    try:
        return named_codes(rows)
    except UNREADABLE:
        return set()
