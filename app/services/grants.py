"""Rewards that rules give without points: redemptions of cost 0, as many as a person is entitled to.

They converge like points do. Who is entitled to more gets a code; who is entitled to fewer loses the
newest one that nobody has used. What was used stays: the next one that is earned takes its place. What
ran out unused, or was released by hand, was given all the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, select

from app.db import tables as t
from app.errors import Conflict
from app.programme.events import RedemptionFacts, RedemptionState
from app.programme.granted import Gift, Given, Held, due, held
from app.programme.limits import Hidden
from app.programme.reward import Reward
from app.programme.rewards import product_in, products_in, why_not_given
from app.services import accounts, workset
from app.services.audit import Act, note_act
from app.services.codes import ERASED
from app.services.explain import read_explanation
from app.services.facts import decode_facts
from app.services.holdings import load_worth
from app.services.keys import Vault
from app.services.programmes import Version, in_force, version_of, versions
from app.services.redeem import Outlet
from app.services.redemptions import (
    NOT_EARNED,
    REFUND_UNDONE,
    open_redemptions,
    settle_redemptions,
)
from app.services.release import end_code
from app.services.reserve import code_end, reserve
from app.services.rows import AwardRow, MemberRow, ObjectKey
from app.services.texts import mark
from app.services.verdicts import BY_HAND, TIME_OVER
from app.services.workset import WorkSet, chunks
from app.services.worth import settle_objects
from app.services.writeback import want_writing

_NOT_JOINED = mark("the person has not joined the programme")
_NO_REWARD = mark("the programme has no such reward")
_NO_ACCOUNT = mark("the person has no account in a shop that can be called")
_LOST = mark("the shop did not make or keep the last code; another one is given 30 days after it")
_HIDDEN = {
    Hidden.NO_PRODUCT: mark("the programme does not say which product of the person's shop it is"),
    Hidden.NOT_MADE: mark("the person's shop cannot make it"),
    Hidden.NO_MONEY: mark("the person's shop cannot make it"),
}

_SOON, _LATER = timedelta(hours=1), timedelta(days=1)
_MOST_FAILED = 500  # in one statement


class Due(msgspec.Struct, frozen=True):
    """One person whose grants are to be looked at."""

    programme_id: int
    member_id: int


class _Place(msgspec.Struct, frozen=True):
    """Where a code is made, and for which of the shop's customers."""

    outlet: Outlet
    customer: str


class _Waits(msgspec.Struct, frozen=True):
    why: str
    until: datetime


def due_grants(
    connection: Connection, now: datetime, *, limit: int, but: Iterable[int] = ()
) -> list[Due]:
    """Return up to `limit` people whose grants are to be looked at, but for those in `but`."""
    rows = connection.execute(
        select(t.award.c.programme_id, t.award.c.member_id)
        .where(
            t.award.c.grant_due_at <= now,
            t.award.c.member_id.not_in(sorted(but)[:_MOST_FAILED]),
        )
        .order_by(t.award.c.grant_due_at, t.award.c.id)
        .limit(limit)
    )
    return [Due(*one) for one in dict.fromkeys((row[0], row[1]) for row in rows)]


def settle_grants(
    connection: Connection,
    vault: Vault,
    one: Due,
    *,
    outlets: Sequence[Outlet],
    now: datetime,
) -> int:
    """Give a person what is missing, end what is too much; returns how many codes that makes or ends.

    Call in a writing transaction. Raises Conflict if another writer was faster: do it again.
    """
    work, member, same = _load(connection, one, now)
    published = versions(connection, one.programme_id)
    entitled = _entitled(work, member)
    given = held(_given(connection, same), now)
    waits: dict[str, _Waits] = {}
    fresh: list[ObjectKey] = []
    ended: list[int] = []
    for gift in sorted(entitled.keys() | given.keys()):
        has = given.get(gift, Held(over=0, live=(), rests_until=None))
        missing, too_many = due(sum(award.grants for award in entitled.get(gift, [])), has)
        ended += too_many
        if has.rests_until is not None:
            waits[gift[0]] = _Waits(_LOST, has.rests_until)
        for _ in range(missing):
            made = _grant(connection, work, member, same, gift, entitled[gift], published, outlets)
            if isinstance(made, _Waits):
                waits[gift[0]] = made
                break
            fresh.append(made)
    for redemption_id in ended:
        end_code(connection, work.redemptions[redemption_id], NOT_EARNED, now)
    settle_objects(
        connection, work, vault, published, [*fresh, *settle_redemptions(work, published)]
    )
    _write_down(work, member, waits)
    moved = sorted(work.moved | ({member.id} if fresh or ended else set()))
    workset.flush(connection, work)
    want_writing(connection, moved, now)
    for action, several in (
        ("redemption.grant", [int(key[2]) for key in fresh]),
        ("redemption.revoke", ended),
    ):
        for redemption_id in several:
            _note(
                connection, work, work.redemptions[redemption_id].granted_by, action, redemption_id
            )
    return len(fresh) + len(ended)


def given_by(query_rows: Iterable[Row[Any]]) -> list[Given]:
    """Return redemptions as they count, of rows of `granted_rows`."""
    rows = list(query_rows)
    replaced = {row.id: row.replaces_id for row in rows}
    return [_given_one(row, replaced) for row in rows]


def granted_rows() -> Select[Any]:
    """Return the query of everything that was given without points."""
    return (
        select(t.redemption, t.source_object.c.facts)
        .join(t.source_object, t.source_object.c.id == t.redemption.c.object_id)
        .where(t.redemption.c.granted_by.is_not(None))
        .order_by(t.redemption.c.id)
    )


def _given(connection: Connection, same: Sequence[int]) -> list[Given]:
    query = granted_rows().where(t.redemption.c.member_id.in_(same))
    return given_by(connection.execute(query))


def _given_one(row: Row[Any], replaced: dict[int, int | None]) -> Given:
    facts = decode_facts(row.facts)
    first: int = row.id
    while (earlier := replaced.get(first)) is not None:
        first = earlier
    return Given(
        id=row.id,
        first=first,
        gift=(row.granted_by, facts.reward if isinstance(facts, RedemptionFacts) else ""),
        state=row.state,
        ended=row.ending is not None,
        undone=row.ending in {NOT_EARNED, REFUND_UNDONE},
        kept=row.ending in {TIME_OVER, BY_HAND, ERASED},
        uses=row.uses,
        dead_at=row.dead_at,
    )


def _load(connection: Connection, one: Due, now: datetime) -> tuple[WorkSet, MemberRow, list[int]]:
    """Load a person with all that was given without points, locked as everybody locks it."""
    seen = WorkSet(one.programme_id, now)
    accounts.load_members(connection, seen, [one.member_id], lock=False)
    same = seen.accounts_of(one.member_id)
    ids = _granted_ids(connection, same)
    work = open_redemptions(connection, one.programme_id, ids, now)
    lock = connection.dialect.name != "sqlite"
    accounts.load_members(connection, work, [one.member_id], lock=lock)
    if work.accounts_of(one.member_id) != same or _granted_ids(connection, same) != ids:
        raise Conflict("another writer was faster with the grants of a member; try again")
    load_worth(connection, work)
    return work, work.member(one.member_id), same


def _granted_ids(connection: Connection, same: Sequence[int]) -> list[int]:
    found: list[int] = []
    for chunk in chunks(same):
        query = select(t.redemption.c.id).where(
            t.redemption.c.member_id.in_(chunk), t.redemption.c.granted_by.is_not(None)
        )
        found += connection.execute(query).scalars()
    return sorted(found)


def _mine(work: WorkSet, member: MemberRow) -> list[AwardRow]:
    """Return the awards of a person that may give a reward."""
    return [
        award
        for award in work.awards.values()
        if award.object_id is None and work.member(award.member_id) is member
    ]


def _entitled(work: WorkSet, member: MemberRow) -> dict[Gift, list[AwardRow]]:
    entitled: dict[Gift, list[AwardRow]] = defaultdict(list)
    for award in _mine(work, member):
        if award.reward is not None and award.grants:
            entitled[award.rule, award.reward].append(award)
    return entitled


def _grant(
    connection: Connection,
    work: WorkSet,
    member: MemberRow,
    same: Sequence[int],
    gift: Gift,
    awards: Sequence[AwardRow],
    published: Sequence[Version],
    outlets: Sequence[Outlet],
) -> ObjectKey | _Waits:
    """Make a redemption that costs nothing, or say why it has to wait."""
    if member.state != "member":
        return _Waits(_NOT_JOINED, work.now + _LATER)
    offered = _offered(published, awards, gift[1], work.now)
    if offered is None:
        return _Waits(_NO_REWARD, work.now + _SOON)
    version, reward = offered
    place = _place(connection, reward, outlets, same)
    if not isinstance(place, _Place):
        return _Waits(place, work.now + _SOON)
    row = reserve(
        work,
        member,
        store_id=place.outlet.store.id,
        customer=place.customer,
        facts=RedemptionFacts(
            reward=reward.key,
            cost=0,
            kind=reward.kind,
            value=reward.value,
            currency=version.programme.currency,
            product=product_in(reward, place.outlet.store.key),
            products=products_in(reward, place.outlet.store.key),
            state=RedemptionState.RESERVED,
        ),
        version=version.number,
        ends_at=code_end(version.programme, reward, work.now),
        granted_by=gift[0],
    )
    return row.key


def _offered(
    published: Sequence[Version], awards: Sequence[AwardRow], key: str, now: datetime
) -> tuple[Version, Reward] | None:
    """Return the reward as the programme offers it now, or did when it was earned last."""
    told = [read_explanation(award.explanation) for award in awards]
    earned = sorted({one.version for one in told if one is not None}, reverse=True)
    for version in (in_force(published, now), *(version_of(published, one) for one in earned)):
        for reward in version.programme.rewards:
            if reward.key == key:
                return version, reward
    return None


def _place(
    connection: Connection, reward: Reward, outlets: Sequence[Outlet], same: Sequence[int]
) -> _Place | str:
    """Return the shop of the person's oldest account that can give the reward, or why there is none."""
    rows = connection.execute(
        select(t.store_customer.c.store_id, t.store_customer.c.external_id)
        .where(t.store_customer.c.member_id.in_(same), t.store_customer.c.gone == 0)
        .order_by(t.store_customer.c.id)
    )
    customers: dict[int, str] = {}
    for row in rows:
        customers[row.store_id] = row.external_id  # of several in one shop, the newest
    callable_ = {one.store.id: one for one in outlets if one.store.blocked_reason is None}
    why = _NO_ACCOUNT
    for store_id, customer in customers.items():
        outlet = callable_.get(store_id)
        if outlet is None:
            continue
        hidden = why_not_given(reward, outlet.store.key, outlet.makes)
        if hidden is None:
            return _Place(outlet, customer)
        why = _HIDDEN[hidden]
    return why


def _write_down(work: WorkSet, member: MemberRow, waits: dict[str, _Waits]) -> None:
    """Note that everything was given, or what waits until when."""
    for award in _mine(work, member):
        waiting = waits.get(award.rule) if award.grants else None
        note = None if waiting is None else waiting.why
        until = None if waiting is None else waiting.until
        if (award.grant_note, award.grant_due_at) != (note, until):
            award.grant_note, award.grant_due_at, award.dirty = note, until, True
            member.dirty = True  # whoever evaluated without this must do so anew


def _note(
    connection: Connection, work: WorkSet, rule: str | None, action: str, redemption_id: int
) -> None:
    note_act(
        connection,
        Act(
            programme_id=work.programme_id,
            actor="automatic",
            action=action,
            subject=f"redemption {redemption_id}",
            reason=f"the rule {rule}",
            detail={},
        ),
        work.now,
    )
