"""Referrals as support sees them: who brought whom, how far it has come, and what speaks against it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, or_, select

from app import clock
from app.db import tables as t
from app.errors import NotFound
from app.programme.referral_score import HELD_FROM, Signal, weight_of
from app.programme.referrals import OWN, State, friend_key
from app.services import accounts
from app.services.referral_cases import stored_signals
from app.services.texts import mark, texts
from app.services.views import Page, key_of, page_of, page_size
from app.services.workset import WorkSet, chunks

REWARDED = "rewarded"
"""Approved, and the points of neither side are pending any more."""

SHOWN_STATES = (*(state.value for state in State), REWARDED)

_SIGNALS: dict[Signal, str] = {
    Signal.SAME_EMAIL: mark("the same e-mail but for case, dots and what follows a plus sign"),
    Signal.SAME_PHONE: mark("the same telephone number"),
    Signal.SAME_ADDRESS: mark("the same delivery address"),
    Signal.SAME_ACCOUNT: mark("one e-mail with accounts in two shops of the programme"),
    Signal.LOOP: mark("each of the two has recommended the shop to the other"),
    Signal.CROWD: mark("more than 5 friends from one block of internet addresses in 7 days"),
    Signal.REFUNDED: mark("the friend's first order was given back within 14 days, all or in part"),
    Signal.THROWAWAY: mark("a throwaway mailbox"),
}


class ReferralView(msgspec.Struct, frozen=True, kw_only=True):
    """One referral. Members are named as they are now; `order` is the friend's first, as people know it."""

    id: int
    programme: str
    referrer: int | None
    friend: int
    order: str | None
    stated_at: datetime | None
    state: str  # of SHOWN_STATES
    score: int
    signals: tuple[Signal, ...]
    verdict: str | None
    decided_at: datetime | None
    referrer_points: int
    friend_points: int
    pending: int  # of both
    matures_at: datetime | None


def in_words(signal: Signal, language: str) -> str:
    """Return what a signal says."""
    return texts(language).say(_SIGNALS[signal])


def reasons(found: ReferralView, language: str) -> list[tuple[str, int]]:
    """Return what speaks against a referral, in words, each with what it adds to the score.

    Of the same telephone and the same address only the first adds: they are one signal.
    """
    several, left = [], found.score
    for signal in found.signals:
        weight = min(weight_of(signal), left)
        several.append((in_words(signal, language), weight))
        left -= weight
    return several


def sentence(found: ReferralView, language: str) -> str:
    """Say in one line what speaks against a referral, and what that means."""
    words = texts(language)
    if not found.signals:
        return words.say("nothing speaks against it")
    listed = "; ".join(in_words(signal, language) for signal in found.signals)
    if found.score < HELD_FROM:
        return words.say(
            "%(score)s of %(limit)s: %(reasons)s",
            score=str(found.score),
            limit=str(HELD_FROM),
            reasons=listed,
        )
    return words.say(
        "%(score)s, held for review from %(limit)s on: %(reasons)s",
        score=str(found.score),
        limit=str(HELD_FROM),
        reasons=listed,
    )


def list_referrals(
    connection: Connection,
    *,
    programme_id: int | None = None,
    people: Sequence[int] | None = None,
    state: str | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> Page[ReferralView]:
    """Return referrals, newest first; a page may be shorter than `limit` and not be the last.

    `people` are the accounts of one person: of those who recommended or were brought.
    """
    size = page_size(limit)
    query = _referrals().order_by(t.referral.c.id.desc()).limit(size + 1)
    if programme_id is not None:
        query = query.where(t.referral.c.programme_id == programme_id)
    if people is not None:
        sides = (t.referral.c.referrer_id, t.referral.c.friend_id)
        query = query.where(or_(*(side.in_(people) for side in sides)))
    if state is not None:
        stored = State.APPROVED.value if state == REWARDED else state
        query = query.where(t.referral.c.state == stored)
    if before is not None:
        query = query.where(t.referral.c.id < key_of(before))
    rows = connection.execute(query).all()
    page = page_of(rows, [row.id for row in rows], size)
    items = [one for one in _views(connection, page.items) if state in {None, one.state}]
    return Page(items, page.older)


def show_referral(connection: Connection, referral_id: int) -> ReferralView:
    """Return one referral; raises NotFound."""
    query = _referrals().where(t.referral.c.id == key_of(referral_id))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"There is no referral {referral_id}. See: stempel referral list")
    [found] = _views(connection, [row])
    return found


def _referrals() -> Select[Any]:
    return (
        select(
            t.referral,
            t.programme.c.key.label("programme"),
            t.source_object.c.external_id,
            t.source_object.c.number,
        )
        .join(t.programme, t.programme.c.id == t.referral.c.programme_id)
        .outerjoin(t.source_object, t.source_object.c.id == t.referral.c.object_id)
    )


def _views(connection: Connection, rows: Sequence[Row[Any]]) -> list[ReferralView]:
    """Return referrals as they are shown, with what was given to whom both sides are now."""
    people = WorkSet(0, clock.now())
    named = {row.friend_id for row in rows} | {row.referrer_id for row in rows}
    accounts.load_members(connection, people, named - {None}, lock=False)
    keys = [OWN, *(friend_key(one) for one in people.members)]
    awards: list[Row[Any]] = []
    for chunk in chunks(sorted(people.members)):
        for part in chunks(keys):
            awards += connection.execute(
                select(t.award).where(
                    t.award.c.object_id.is_(None),
                    t.award.c.member_id.in_(chunk),
                    t.award.c.window_key.in_(part),
                )
            ).all()
    return [_view(row, people, awards) for row in rows]


def _view(row: Row[Any], people: WorkSet, awards: Sequence[Row[Any]]) -> ReferralView:
    friend = people.member(row.friend_id).id
    referrer = None if row.referrer_id is None else people.member(row.referrer_id).id
    keys = {friend_key(one) for one in people.accounts_of(friend)}
    theirs = [
        award
        for award in awards
        if award.window_key in keys and people.member(award.member_id).id == referrer
    ]
    own = [
        award
        for award in awards
        if award.window_key == OWN and people.member(award.member_id).id == friend
    ]
    pending = sum(award.pending for award in (*theirs, *own))
    rewarded = row.state == State.APPROVED.value and not pending
    times = [award.matures_at for award in (*theirs, *own) if award.matures_at is not None]
    return ReferralView(
        id=row.id,
        programme=row.programme,
        referrer=referrer,
        friend=friend,
        order=row.number or row.external_id,
        stated_at=row.stated_at,
        state=REWARDED if rewarded else row.state,
        score=row.score,
        signals=stored_signals(row.signals),
        verdict=row.verdict,
        decided_at=row.decided_at,
        referrer_points=sum(award.points for award in theirs),
        friend_points=sum(award.points for award in own),
        pending=pending,
        matures_at=min(times, default=None),
    )
