"""Proves that stored facts, under their frozen versions and contexts, are worth what was posted."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from app.db import tables as t
from app.programme.order_windows import is_order_window
from app.programme.person import worth_of_others
from app.programme.referrals import is_referral_window
from app.programme.rules import Award
from app.programme.windows import WINDOW_KINDS, WindowItem, WindowKey
from app.services.facts import UNREADABLE, decode_facts
from app.services.problems import Problem
from app.services.programmes import Version
from app.services.verify_gives import NOTHING, Gives, added, gave, gives_of
from app.services.workset import object_row
from app.services.worth import window_item, worth_of

_ROWS = 2_000
_WINDOW_KINDS = frozenset(kind for kinds in WINDOW_KINDS.values() for kind in kinds)


def check_objects(
    connection: Connection,
    programme_id: int,
    known: list[Version],
    joined: Mapping[int, int],
    problems: list[Problem],
) -> int:
    """Evaluate stored facts under their frozen versions: the net must be what was posted."""
    given: dict[int, dict[tuple[int, str], int]] = defaultdict(dict)
    awards = connection.execute(
        select(t.award).where(
            t.award.c.programme_id == programme_id, t.award.c.object_id.is_not(None)
        )
    )
    for award in awards:
        if award.points:
            key = (joined.get(award.member_id, award.member_id), award.rule)
            given[award.object_id][key] = given[award.object_id].get(key, 0) + award.points
    count = 0
    rows = connection.execute(
        select(t.source_object)
        .where(t.source_object.c.programme_id == programme_id)
        .execution_options(yield_per=_ROWS)
    )
    for row in rows:
        count += 1
        entitled: dict[tuple[int, str], int] = {}
        if row.owner_id is not None:
            owner = joined.get(row.owner_id, row.owner_id)
            try:
                awarded: tuple[Award, ...] = worth_of(
                    known, object_row(row), decode_facts(row.facts)
                )
            except UNREADABLE as error:
                given.pop(row.id, None)
                problems.append(_unreadable(row, error))
                continue
            entitled = {(owner, award.rule): award.points for award in awarded if award.points}
        if entitled != given.pop(row.id, {}):
            problems.append(
                Problem(
                    what=f"{row.kind} {row.external_id} is not given what its facts are worth",
                    object=row.id,
                    member=row.owner_id,
                )
            )
    problems.extend(
        Problem(what="an object that awards were given for is missing", object=object_id)
        for object_id in given
    )
    return count


def _unreadable(row: Row[Any], error: Exception) -> Problem:
    return Problem(
        what=f"{row.kind} {row.external_id} cannot be judged: its facts, context or version were "
        f"altered ({type(error).__name__})",
        object=row.id,
        member=row.owner_id,
    )


def check_windows(
    connection: Connection,
    programme_id: int,
    known: list[Version],
    joined: Mapping[int, int],
    problems: list[Problem],
) -> None:
    """Check that each window of each person is given what all its objects are worth.

    Those of several orders are checked on their own (`verify_order_windows`).
    """
    items: dict[int, list[WindowItem]] = defaultdict(list)
    rows = connection.execute(
        select(t.source_object).where(
            t.source_object.c.programme_id == programme_id,
            t.source_object.c.kind.in_(sorted(_WINDOW_KINDS)),
            t.source_object.c.owner_id.is_not(None),
        )
    )
    for row in rows:
        try:
            item = window_item(known, object_row(row))
        except UNREADABLE:
            continue  # named with its object
        items[joined.get(row.owner_id, row.owner_id)].append(item)
    given: dict[int, dict[WindowKey, Gives]] = defaultdict(dict)
    for award in connection.execute(
        select(t.award).where(t.award.c.programme_id == programme_id, t.award.c.object_id.is_(None))
    ):
        key = award.window_key
        if gave(award) and not is_order_window(key) and not is_referral_window(key):
            member = joined.get(award.member_id, award.member_id)
            window = WindowKey(award.rule, award.window_key)
            given[member][window] = added(given[member].get(window, NOTHING), award)
    for member in sorted(items.keys() | given.keys()):
        theirs = items.get(member, [])
        worth = worth_of_others(theirs)
        entitled = {window: gives_of(award) for window, award in worth.items() if award.gives}
        if entitled != given.get(member, {}):
            problems.append(
                Problem(what="windows are not given what their objects are worth", member=member)
            )
