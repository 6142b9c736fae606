"""Works out the ledger anew from stored facts and compares: what everybody is owed, and was given.

For every person, object or window, and rule: what the facts are worth under the versions and contexts that
were frozen with them, against the sum of the entries posted for it. What no fact can tell is taken from the
ledger as it is: corrections by hand, expiries, what was let off, imports, joins of accounts. So the balance
comes out of the facts and these alone. What
two persons have to do with, a referral, is judged by its own proof (`verify_referrals`), and what that
finds is told beside. Persons are taken in slices: memory does not grow with the shop.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, select

from app.db import tables as t
from app.programme.person import worth_of_orders, worth_of_others
from app.programme.referrals import is_referral_window
from app.programme.rules import Award
from app.programme.windows import WINDOW_KINDS
from app.services.accounts import accounts_of
from app.services.facts import UNREADABLE, decode_facts
from app.services.order_windows import ORDER, order_item
from app.services.problems import Problem
from app.services.programmes import Version, versions
from app.services.verify_people import joined_accounts
from app.services.verify_referrals import check_referrals
from app.services.view_ledger import objects_named
from app.services.workset import object_row, pages
from app.services.worth import window_item, worth_of

SLICE = 500
"""How many persons are looked at together."""

_FROM_FACTS = ("earn", "reverse", "spend", "restore")
"""Kinds of entries that follow from facts. All others are inputs."""

_WINDOW_OBJECTS = frozenset(kind for kinds in WINDOW_KINDS.values() for kind in kinds)


class Key(msgspec.Struct, frozen=True, order=True):
    """What is posted for, of one person: a rule and an object (0: a window, by its key)."""

    object: int
    window: str
    rule: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the ledger has otherwise than the facts. `rebuilt` is None where they are unreadable."""

    member: int
    object: int | None
    name: str | None  # of the object, as people know it
    window: str
    rule: str
    rebuilt: int | None
    posted: int


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """A balance, pending points included, that is not what the facts and inputs make."""

    member: int
    rebuilt: int
    balance: int


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """The result. `ok`: facts and ledger agree on everything."""

    ok: bool
    members: int
    objects: int
    compared: int  # of (person, object or window, rule)
    differences: list[Difference]
    balances: list[Balance]
    referrals: list[Problem]


def rebuild(connection: Connection, *, programme_id: int | None = None) -> Rebuilt:
    """Work out the ledger of one or all programmes and say where it differs. Changes nothing."""
    query = select(t.programme.c.id).order_by(t.programme.c.id)
    if programme_id is not None:
        query = query.where(t.programme.c.id == programme_id)
    members = objects = compared = 0
    differences: list[Difference] = []
    balances: list[Balance] = []
    referrals: list[Problem] = []
    for one in connection.execute(query).scalars().all():
        known = versions(connection, one)
        check_referrals(connection, one, known, joined_accounts(connection, one), referrals)
        for people in _slices(connection, one):
            work = _Slice(connection, known, people)
            members += len(set(people.values()))
            objects += work.objects
            compared += work.compared
            differences += _named(connection, work.differences)
            balances += work.balances
    return Rebuilt(
        ok=not (differences or balances or referrals),
        members=members,
        objects=objects,
        compared=compared,
        differences=differences,
        balances=balances,
        referrals=referrals,
    )


class _Slice:
    """Some persons with all of their accounts: what they are owed, were given, and where these differ."""

    def __init__(
        self, connection: Connection, known: Sequence[Version], people: Mapping[int, int]
    ) -> None:
        self.objects = 0
        self._known = known
        self._unreadable: set[tuple[int, int]] = set()
        owed = self._owed(connection, people)
        given, inputs = _given(connection, people)
        self.compared = sum(len(owed[one].keys() | given[one].keys()) for one in {*people.values()})
        self.differences = [
            difference
            for person in sorted(set(people.values()))
            for difference in self._differences(person, owed[person], given[person])
        ]
        held = _held(connection, people)
        self.balances = [
            Balance(member=person, rebuilt=made, balance=held[person])
            for person in sorted(set(people.values()))
            if (made := sum(owed[person].values()) + inputs[person]) != held[person]
        ]

    def _owed(
        self, connection: Connection, people: Mapping[int, int]
    ) -> defaultdict[int, dict[Key, int]]:
        owed: defaultdict[int, dict[Key, int]] = defaultdict(dict)
        theirs: defaultdict[int, list[Row[Any]]] = defaultdict(list)
        rows = connection.execute(
            select(t.source_object).where(t.source_object.c.owner_id.in_(list(people)))
        )
        for row in rows:
            theirs[people[row.owner_id]].append(row)
        for person, objects in theirs.items():
            self.objects += len(objects)
            readable = [row for row in objects if self._judge(person, row, owed[person])]
            orders = [order_item(self._known, row) for row in readable if row.kind == ORDER]
            others = [
                window_item(self._known, object_row(row))
                for row in readable
                if row.kind in _WINDOW_OBJECTS
            ]
            worth = worth_of_orders(orders) | worth_of_others(others)
            for window, award in worth.items():
                _add(owed[person], Key(0, window.key, window.rule), award)
        return owed

    def _judge(self, person: int, row: Row[Any], owed: dict[Key, int]) -> bool:
        """Add what an object is worth on its own; False if that cannot be told."""
        try:
            awards = worth_of(self._known, object_row(row), decode_facts(row.facts))
        except UNREADABLE:
            self._unreadable.add((person, row.id))
            return False
        for award in awards:
            _add(owed, Key(row.id, "", award.rule), award)
        return True

    def _differences(
        self, person: int, owed: Mapping[Key, int], given: Mapping[Key, int]
    ) -> Iterator[Difference]:
        for key in sorted(owed.keys() | given.keys()):
            lost = (person, key.object) in self._unreadable
            if lost or owed.get(key, 0) != given.get(key, 0):
                yield Difference(
                    member=person,
                    object=key.object or None,
                    name=None,
                    window=key.window,
                    rule=key.rule,
                    rebuilt=None if lost else owed.get(key, 0),
                    posted=given.get(key, 0),
                )
        known = {key.object for key in given}
        for one, object_id in sorted(self._unreadable):
            if one == person and object_id not in known:
                yield Difference(
                    member=person,
                    object=object_id,
                    name=None,
                    window="",
                    rule="",
                    rebuilt=None,
                    posted=0,
                )


def _add(owed: dict[Key, int], key: Key, award: Award) -> None:
    if award.points:
        owed[key] = owed.get(key, 0) + award.points


def _slices(connection: Connection, programme_id: int) -> Iterator[dict[int, int]]:
    """Return account → person, for some persons at a time with all accounts that were joined to them."""
    people = select(t.member.c.id).where(
        t.member.c.programme_id == programme_id, t.member.c.merged_into.is_(None)
    )
    for several in pages(connection, people, t.member.c.id, SLICE):
        yield accounts_of(connection, [row.id for row in several])


def _given(
    connection: Connection, people: Mapping[int, int]
) -> tuple[defaultdict[int, dict[Key, int]], defaultdict[int, int]]:
    """Return what was posted for each thing, and the sum of what no fact can tell, by person."""
    given: defaultdict[int, dict[Key, int]] = defaultdict(dict)
    inputs: defaultdict[int, int] = defaultdict(int)
    rows = connection.execute(
        select(
            t.entry.c.member_id,
            t.entry.c.kind,
            t.award.c.object_id,
            t.award.c.window_key,
            t.award.c.rule,
            func.sum(t.entry.c.points + t.entry.c.pending).label("points"),
        )
        .outerjoin(t.award, t.award.c.id == t.entry.c.award_id)
        .where(t.entry.c.member_id.in_(list(people)))
        .group_by(
            t.entry.c.member_id,
            t.entry.c.kind,
            t.award.c.object_id,
            t.award.c.window_key,
            t.award.c.rule,
        )
    )
    for row in rows:
        person, points = people[row.member_id], int(row.points)
        if row.kind not in _FROM_FACTS or is_referral_window(row.window_key or ""):
            inputs[person] += points
            continue
        key = Key(row.object_id or 0, row.window_key or "", row.rule or "")
        given[person][key] = given[person].get(key, 0) + points
    return (
        defaultdict(
            dict, {one: {k: v for k, v in keys.items() if v} for one, keys in given.items()}
        ),
        inputs,
    )


def _held(connection: Connection, people: Mapping[int, int]) -> defaultdict[int, int]:
    held: defaultdict[int, int] = defaultdict(int)
    rows = connection.execute(
        select(t.member.c.id, t.member.c.balance, t.member.c.pending).where(
            t.member.c.id.in_(list(people))
        )
    )
    for row in rows:
        held[people[row.id]] += row.balance + row.pending
    return held


def _named(connection: Connection, several: Iterable[Difference]) -> list[Difference]:
    """Give each difference the name that people know its object by."""
    found = list(several)
    objects = sorted({one.object for one in found if one.object is not None})
    names = {
        one.id: f"{one.kind} {one.number or one.external_id} in {one.store}"
        for one in objects_named(connection, objects)
    }
    return [
        msgspec.structs.replace(one, name=None if one.object is None else names.get(one.object))
        for one in found
    ]
