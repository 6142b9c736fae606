"""Proves that everybody has what rules give without points, no more and no less."""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Connection, or_, select

from app.db import tables as t
from app.programme.granted import Gift, Given, Held, due, held
from app.services.grants import given_by, granted_rows
from app.services.problems import Problem
from app.services.programmes import LATEST


def check_grants(
    connection: Connection,
    programme_id: int,
    joined: Mapping[int, int],
    problems: list[Problem],
) -> None:
    """Compare, per person and rule, what is earned with the redemptions that stand for it.

    What is still to be looked at is left out: codes are made and ended after what they are owed to.
    """
    entitled: dict[int, dict[Gift, int]] = defaultdict(lambda: defaultdict(int))
    under_way: set[tuple[int, str]] = set()
    awards = connection.execute(
        select(
            t.award.c.member_id,
            t.award.c.rule,
            t.award.c.reward,
            t.award.c.grants,
            t.award.c.grant_due_at,
        ).where(
            t.award.c.programme_id == programme_id,
            t.award.c.object_id.is_(None),
            or_(t.award.c.grants != 0, t.award.c.grant_due_at.is_not(None)),
        )
    )
    for award in awards:
        person = joined.get(award.member_id, award.member_id)
        if award.grant_due_at is not None:
            under_way.add((person, award.rule))
        if award.reward is not None:
            entitled[person][award.rule, award.reward] += award.grants
    given: dict[int, list[Given]] = defaultdict(list)
    rows = connection.execute(
        granted_rows().where(t.redemption.c.programme_id == programme_id)
    ).all()
    for row, one in zip(rows, given_by(rows), strict=True):
        given[joined.get(row.member_id, row.member_id)].append(one)
    for person in sorted(entitled.keys() | given.keys()):
        has = held(given[person], LATEST)  # who waits for a code to be given again is under way
        for gift in sorted(entitled[person].keys() | has.keys()):
            one_has = has.get(gift, Held(over=0, live=(), rests_until=None))
            if (person, gift[0]) not in under_way and due(entitled[person][gift], one_has) != (
                0,
                (),
            ):
                problems.append(
                    Problem(
                        what=f"the reward {gift[1]} is not given as often as the rule {gift[0]} earned it",
                        member=person,
                    )
                )
