"""Judges referrals that are due and brings what both sides were given to what it should be.

A delivery only notes that a friend is to be judged (`app.services.friends`); here that is done, each
friend in a transaction of its own with both sides locked, members before referrals as everybody does. What
it comes to depends on what is stored alone, so nothing is lost if it is done twice, or late.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, or_, select, update

from app.db import tables as t
from app.errors import Conflict, NotFound
from app.programme.explanation import Explanation, Reason
from app.programme.referral_score import CROWD_DAYS, Signal, is_held, score
from app.programme.referrals import (
    OWN,
    Reward,
    State,
    Verdict,
    friend_key,
    rewards,
    state_of,
    why_nothing,
)
from app.programme.rules import Award
from app.services import accounts, workset
from app.services.awards import decisive_first, encode_explanation, new_award
from app.services.holdings import load_open_lots, load_uses
from app.services.keys import Vault
from app.services.order_windows import ORDER
from app.services.points_life import life_of
from app.services.posting import Cause, settle
from app.services.programmes import Version, in_force, versions
from app.services.referral_cases import (
    Case,
    code_holders,
    find_signals,
    load_objects,
    load_rows,
    named_codes,
    put_together,
    stored_signals,
)
from app.services.rows import AwardRow
from app.services.workset import WorkSet, add_awards
from app.services.writeback import want_writing

_TRY_AGAIN = timedelta(hours=1)


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What staff say about a friend: a verdict, or who it was that recommended the shop."""

    verdict: Verdict | None = None
    claimed_id: int | None = None


class _Seen(msgspec.Struct, frozen=True):
    """What is stored about a friend: of which members, and the rows."""

    accounts: list[int]
    rows: tuple[Row[Any], ...]
    objects: tuple[Row[Any], ...]
    holders: dict[str, int]

    def members(self) -> set[int]:
        """Return everybody who has to do with it."""
        named = {row.referrer_id for row in self.rows} | {row.claimed_id for row in self.rows}
        return {*self.accounts, *self.holders.values(), *(named - {None})}


def due_referrals(connection: Connection, now: datetime, *, limit: int | None = None) -> list[int]:
    """Return the referrals that must be judged, the longest waiting first."""
    return list(
        connection.execute(
            select(t.referral.c.id)
            .where(t.referral.c.due_at <= now)
            .order_by(t.referral.c.due_at, t.referral.c.id)
            .limit(limit)
        ).scalars()
    )


def put_off(connection: Connection, referral_id: int, now: datetime) -> None:
    """Let a referral that cannot be judged wait."""
    connection.execute(
        update(t.referral)
        .where(t.referral.c.id == referral_id, t.referral.c.due_at.is_not(None))
        .values(due_at=now + _TRY_AGAIN)
    )


def judge(
    connection: Connection,
    vault: Vault,
    referral_id: int,
    now: datetime,
    decision: Decision | None = None,
) -> Case:
    """Judge the friend of a referral anew and post the differences; returns what it was judged by.

    Call in a writing transaction. Raises NotFound, and Conflict if what is known of the friend changed
    meanwhile: do it again.
    """
    row = connection.execute(
        select(t.referral.c.programme_id, t.referral.c.friend_id).where(
            t.referral.c.id == referral_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no referral {referral_id}. See: stempel referral list")
    lock = connection.dialect.name != "sqlite"
    scout = WorkSet(row.programme_id, now)
    accounts.load_members(connection, scout, [row.friend_id], lock=False)
    wanted = _see(connection, scout, row.friend_id).members()
    if decision is not None and decision.claimed_id is not None:
        wanted.add(decision.claimed_id)
    work = WorkSet(row.programme_id, now)
    accounts.load_members(connection, work, wanted, lock=lock)
    if decision is not None:
        _note(connection, referral_id, decision, now)
    seen = _see(connection, work, row.friend_id)
    if not seen.members() <= work.members.keys():
        raise Conflict("somebody else changed this referral in the same moment; try again")
    known = versions(connection, row.programme_id)
    case = put_together(
        known,
        work.member(row.friend_id).id,
        seen.rows,
        seen.objects,
        seen.holders,
        lambda member_id: work.member(member_id).id,
    )
    signals = _signals(connection, work, case)
    given = (
        ()
        if case.found is None
        else rewards(case.found, held=is_held(signals), verdict=case.verdict)
    )
    _settle(connection, work, vault, known, case, given)
    moved = sorted(work.moved)
    workset.flush(connection, work)
    want_writing(connection, moved, now)
    _write(connection, work, case, signals, state_of(case.found, given, case.verdict))
    return case


def _see(connection: Connection, work: WorkSet, friend_id: int) -> _Seen:
    mine = work.accounts_of(friend_id)
    objects = load_objects(connection, mine)
    return _Seen(
        mine,
        tuple(load_rows(connection, mine)),
        tuple(objects),
        code_holders(connection, work.programme_id, named_codes(objects)),
    )


def _note(connection: Connection, referral_id: int, decision: Decision, now: datetime) -> None:
    values: dict[str, Any] = {}
    if decision.verdict is not None:
        values |= {"verdict": decision.verdict.value, "decided_at": now}
    if decision.claimed_id is not None:
        values |= {"claimed_id": decision.claimed_id, "claimed_at": now}
    connection.execute(update(t.referral).where(t.referral.c.id == referral_id).values(**values))


def _signals(connection: Connection, work: WorkSet, case: Case) -> tuple[Signal, ...]:
    """Return what speaks against a referral; once one side is erased, what spoke against it before."""
    found = case.found
    if found is None:
        return ()
    friend, referrer = work.member(case.person), work.member(found.word.referrer)
    if "erased" in {friend.state, referrer.state}:
        return stored_signals(case.main.signals)
    return find_signals(
        connection, case, found, work.accounts_of(friend.id), work.accounts_of(referrer.id)
    )


def _settle(
    connection: Connection,
    work: WorkSet,
    vault: Vault,
    known: Sequence[Version],
    case: Case,
    given: Sequence[Reward],
) -> None:
    mine = work.accounts_of(case.person)
    window = t.award.c.window_key
    add_awards(
        connection,
        work,
        and_(
            t.award.c.object_id.is_(None),
            t.award.c.member_id.in_(sorted(work.members)),
            or_(
                window.in_([friend_key(one) for one in mine]),
                and_(window == OWN, t.award.c.member_id.in_(mine)),
            ),
        ),
    )
    load_open_lots(connection, work)
    load_uses(connection, work)
    posted = decisive_first(work, list(work.awards.values()))
    policy = in_force(known, work.now).programme.debt
    wanted: list[tuple[AwardRow, Award, Cause]] = []
    for one in given:
        for award, whose, key in (
            (one.referrer, case.found.word.referrer if case.found else 0, friend_key(case.person)),
            (one.friend, case.person, OWN),
        ):
            row = next((row for row in posted if _fits(work, row, award.rule, whose, key)), None)
            told = award.explanation.reason in {Reason.EARNED, Reason.HELD, Reason.REFUSED}
            if row is None and not (told and award.explanation.points_each):
                continue
            row = row or new_award(work, whose, award.rule, window_key=key)
            wanted.append((row, award, _cause(case, one, work.now)))
    kept = {row.id for row, _, _ in wanted}
    for row in posted:
        if row.id not in kept:
            reason = _why_ended(work, case, row)
            explanation = Explanation(
                rule=row.rule, version=in_force(known, work.now).number, reason=reason
            )
            settle(
                work,
                vault,
                row,
                points=0,
                explanation=encode_explanation(explanation),
                policy=policy,
                cause=Cause(occurred_at=work.now),
            )
    for row, award, cause in wanted:
        settle(
            work,
            vault,
            row,
            points=award.points,
            explanation=encode_explanation(award.explanation),
            policy=policy,
            cause=cause,
        )


def _fits(work: WorkSet, row: AwardRow, rule: str, whose: int, key: str) -> bool:
    same_side = (row.window_key == OWN) == (key == OWN)
    return row.rule == rule and same_side and work.member(row.member_id).id == whose


def _why_ended(work: WorkSet, case: Case, row: AwardRow) -> Reason:
    """Return why an award that no rule speaks of any more, or not to this person, is worth nothing."""
    if case.found is None or case.found.oneself or case.found.first is None:
        return why_nothing(case.found)
    whose = work.member(row.member_id).id
    if row.window_key != OWN and whose != case.found.word.referrer:
        return Reason.OTHER_REFERRER
    named = {rule.key for rule in case.found.first.programme.rules}
    return Reason.SAME_PERSON if row.rule in named else Reason.NO_RULE


def _cause(case: Case, given: Reward, now: datetime) -> Cause:
    """Return what the entries are owed to: the friend's first order. Its points wait for its return."""
    first = case.found.first if case.found else None
    if first is None:
        return Cause(occurred_at=now)
    earned_at = min(first.earned_at or first.occurred_at, now)
    span = timedelta(days=given.return_days)
    latest = datetime.max.replace(tzinfo=earned_at.tzinfo)
    _, expires_at = life_of(first.programme, ORDER, earned_at, now)
    return Cause(
        occurred_at=first.occurred_at,
        version=first.version,
        available_at=min(earned_at, latest - span) + span if span else None,
        expires_at=expires_at,
    )


def _write(
    connection: Connection, work: WorkSet, case: Case, signals: Sequence[Signal], state: State
) -> None:
    """Write down how it was judged, and have others judged whom that concerns."""
    main, found = case.main, case.found
    values: dict[str, Any] = {
        "score": score(signals),
        "signals": msgspec.json.encode(signals).decode(),
        "state": state.value,
        "stated_at": None,
    }
    if found is not None:
        values |= {
            "referrer_id": found.word.referrer,
            "code": found.word.code or None,
            "stated_at": found.word.at,
            "object_id": found.first.object_id if found.first else None,
        }
    connection.execute(update(t.referral).where(t.referral.c.id == main.id).values(**values))
    for row in case.others:
        connection.execute(
            update(t.referral)
            .where(t.referral.c.id == row.id)
            .values(state=State.JOINED.value, score=0, signals="[]")
        )
    for row in (main, *case.others):
        # Only what was due when it was looked at: others may have noted more meanwhile.
        connection.execute(
            update(t.referral)
            .where(t.referral.c.id == row.id, t.referral.c.due_at == row.due_at)
            .values(due_at=None)
        )
    now_at = (found.word.referrer, found.word.at) if found is not None else None
    before = None if main.stated_at is None else (main.referrer_id, main.stated_at)
    if now_at != before:
        for referrer, moment in filter(None, (before, now_at)):
            _concern(connection, work, main.id, referrer, moment)


def _concern(
    connection: Connection, work: WorkSet, referral_id: int, referrer_id: int, moment: datetime
) -> None:
    """Have those judged anew who brought a friend's referrer, or came after the friend to the same one."""
    referrer = work.accounts_of(referrer_id)
    connection.execute(
        update(t.referral)
        .where(
            t.referral.c.id != referral_id,
            or_(
                t.referral.c.friend_id.in_(referrer),
                and_(
                    t.referral.c.referrer_id.in_(referrer),
                    t.referral.c.stated_at.between(moment, moment + timedelta(days=CROWD_DAYS)),
                ),
            ),
        )
        .values(due_at=work.now)
    )
