"""What a draft gives both sides for friends who were brought, and what the live programme gives.

Who brought whom is taken from what is stored, with the signals and verdicts that there are: a draft
brings nobody who did not come. Before a programme pays for friends nobody asks who did.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from app.db import tables as t
from app.errors import Invalid
from app.programme.document import Programme
from app.programme.person import History
from app.programme.referral_score import is_held
from app.programme.referrals import Referred, referred, rewards
from app.programme.simulate import as_if
from app.services.order_windows import ORDER, order_item
from app.services.programmes import Version
from app.services.referral_cases import (
    Case,
    code_holders,
    has_referrals,
    load_objects,
    named_codes,
    put_together,
)
from app.services.verify_people import joined_accounts
from app.services.workset import chunks

Points = tuple[datetime, int, int]
"""When the order was placed that brought them, those of the live programme, those of the draft."""


def points_for_friends(
    connection: Connection,
    programme_id: int,
    known: Sequence[Version],
    draft: Programme,
    end: datetime,
) -> dict[int, list[Points]]:
    """Return what members are given for friends, as those who brought them or as the friends.

    Of orders before `end`. A programme that never paid for friends costs no statement.
    """
    found: defaultdict[int, list[Points]] = defaultdict(list)
    if not has_referrals(known):
        return found
    joined = joined_accounts(connection, programme_id)
    several: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(
        select(t.referral).where(t.referral.c.programme_id == programme_id)
    ):
        several[joined.get(row.friend_id, row.friend_id)].append(row)
    for people in chunks(sorted(several)):
        objects: defaultdict[int, list[Row[Any]]] = defaultdict(list)
        for row in load_objects(connection, people):
            if row.occurred_at < end:
                objects[row.owner_id].append(row)
        codes = {code for rows in objects.values() for code in named_codes(rows)}
        holders = code_holders(connection, programme_id, codes)
        for person in people:
            rows = objects[person]
            case = put_together(
                known, person, several[person], rows, holders, lambda one: joined.get(one, one)
            )
            try:
                given = list(_given(known, draft, case, rows))
            except Invalid:  # an order that cannot be judged is counted with its owner
                continue
            for member, points in given:
                found[member].append(points)
    return found


def _given(
    known: Sequence[Version], draft: Programme, case: Case, rows: Sequence[Row[Any]]
) -> Iterator[tuple[int, Points]]:
    was = case.found
    if was is None:
        return
    orders = tuple(order_item(known, row) for row in rows if row.kind == ORDER)
    would = referred(case.person, as_if(draft, History(case.person, orders)).orders, [was.word])
    for member, at, points in _points(case, was):
        yield member, (at, points, 0)
    for member, at, points in [] if would is None else _points(case, would):
        yield member, (at, 0, points)


def _points(case: Case, found: Referred) -> Iterator[tuple[int, datetime, int]]:
    """Return what both sides are given: who, for an order of when, how much."""
    if found.first is None:
        return
    for one in rewards(found, held=is_held(case.signals), verdict=case.verdict):
        for member, award in ((found.word.referrer, one.referrer), (case.person, one.friend)):
            if award.points:
                yield member, found.first.occurred_at, award.points
