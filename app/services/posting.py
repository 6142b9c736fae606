"""Posts the difference between what an award is worth and what it was given so far.

Corrections are further entries; nothing is ever changed or removed (DESIGN.md, Taking back).
"""

from datetime import datetime
from typing import Any

import msgspec

from app.db import tables as t
from app.db.ids import new_id
from app.programme.lots import (
    Account,
    Lot,
    Movement,
    Policy,
    give_back,
    join,
    late_expiry,
    open_points,
    spend,
    take_back,
)
from app.services import chain
from app.services.keys import Vault
from app.services.rows import AwardRow, LotRow, MemberRow
from app.services.workset import WorkSet

_KINDS = {
    (False, True): "earn",
    (False, False): "reverse",
    (True, True): "restore",
    (True, False): "spend",
}


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry is owed to. `occurred_at` is when the thing itself happened.

    `available_at` is when points for it can be spent (None: at once), `expires_at` when they are gone.
    """

    occurred_at: datetime
    delivery_id: int | None = None
    version: int | None = None
    available_at: datetime | None = None
    expires_at: datetime | None = None


def settle(
    work: WorkSet,
    vault: Vault,
    award: AwardRow,
    *,
    points: int,
    explanation: str,
    policy: Policy,
    cause: Cause,
    spending: bool = False,
) -> int:
    """Bring an award to `points`; returns the difference posted, 0 if there was none.

    The award of a redemption is `spending`: what it takes is spent, first-expiring first, and what
    it gives is restored.
    """
    difference = points - award.points
    if award.explanation != explanation:
        award.explanation = explanation
        award.dirty = True
    if difference == 0:
        _mature_earlier(award, cause)
        return 0
    member = work.member(award.member_id)
    account = account_of(work, member)
    uses = work.uses.get(award.id, [])
    if _waits(award, difference, cause, work.now, touched=bool(uses or award.forgiven)):
        movement = Movement(pending=difference)
    elif difference > 0:
        if uses or award.forgiven:
            movement = give_back(
                account, difference, forgiven=award.forgiven, uses=uses, now=work.now
            )
        else:
            movement = open_points(account, difference)
    elif spending:
        movement = spend(account, -difference, work.now, policy)
    else:
        movement = take_back(
            account,
            award.id,
            -difference,
            policy,
            own_pending=max(award.pending, 0),
            own_expired=award.expired,
        )
    post(
        work,
        vault,
        member,
        movement,
        kind=_KINDS[spending, difference > 0],
        points=difference,
        award=award,
        cause=cause,
    )
    award.points = points
    _mature_earlier(award, cause)
    return difference


def _waits(award: AwardRow, difference: int, cause: Cause, now: datetime, *, touched: bool) -> bool:
    """Say whether a difference is pending: as all else of the award is, or as its first points are.

    What an award took from lots, or was let off, is given back at once. An award below 0 (a cap) waits
    like the points that it takes away.
    """
    if award.pending and award.pending == award.points:
        return True
    if cause.available_at is None or cause.available_at <= now or touched:
        return False
    return difference > 0 or award.points == 0


def _mature_earlier(award: AwardRow, cause: Cause) -> None:
    """Keep the earliest time that an award's pending points become available, as it turns out to be."""
    if not award.pending:
        award.matures_at = award.expires_at = None
        return
    if cause.available_at is None:
        return
    if award.matures_at is None or cause.available_at < award.matures_at:
        award.matures_at, award.expires_at = cause.available_at, cause.expires_at
        award.dirty = True


def adjust(
    work: WorkSet,
    vault: Vault,
    member: MemberRow,
    *,
    points: int,
    key: str,
    explanation: str,
    cause: Cause,
    policy: Policy,
) -> int:
    """Post a correction by hand: a gift, or a taking back that no object explains.

    Returns the id of its entry.
    """
    account = account_of(work, member)
    movement = (
        open_points(account, points) if points > 0 else take_back(account, None, -points, policy)
    )
    return post(
        work,
        vault,
        member,
        movement,
        kind="adjust",
        points=points,
        award=None,
        cause=cause,
        key=key,
        explanation=explanation,
    )


def join_accounts(work: WorkSet, vault: Vault, ending: MemberRow, staying: MemberRow) -> None:
    """Move all that an account has to another one of the same person; its open lots as linked lots."""
    joining = join(account_of(work, ending), account_of(work, staying))
    arrived = 0
    for member, movement, word, other in (
        (ending, joining.leaving, "into", staying),
        (staying, joining.arriving, "from", ending),
    ):
        arrived = append(
            work,
            vault,
            member,
            kind="merge",
            points=movement.balance,
            pending=movement.pending,
            cause=Cause(occurred_at=work.now),
            award_id=None,
            rule=None,
            explanation=msgspec.json.encode({word: str(other.id)}).decode(),
            key=f"merge:{ending.id}:{staying.id}:{word}",
        )
        move_lots(work, arrived, movement)
        work.moved.add(member.id)
    for lot_id, points in joining.carried:
        _link_lot(work, work.lots[lot_id], staying, arrived, points)


def _link_lot(
    work: WorkSet, origin: LotRow, staying: MemberRow, entry_id: int, points: int
) -> None:
    """Let a lot go on at another account, as it was: what had been taken from it may come back."""
    linked = LotRow(
        new=True,
        id=new_id(),
        member_id=staying.id,
        award_id=origin.award_id,
        entry_id=entry_id,
        origin_id=origin.id,
        points=origin.points,
        remaining=points,
        available_at=origin.available_at,
        expires_at=origin.expires_at,
        reminded=origin.reminded,
    )
    work.add_lot(linked)
    work.links[origin.id] = linked.id
    if points != origin.points:
        work.insert(t.lot_use, entry_id=entry_id, lot_id=linked.id, points=points - origin.points)


def account_of(work: WorkSet, member: MemberRow) -> Account:
    """Return the member's account as the pure ledger arithmetic sees it."""
    return Account(
        balance=member.balance,
        pending=member.pending,
        lots=tuple(
            Lot(
                id=row.id,
                award_id=row.award_id,
                points=row.points,
                remaining=row.remaining,
                available_at=row.available_at,
                expires_at=row.expires_at,
            )
            for row in (work.lots[lot_id] for lot_id in work.lots_of.get(member.id, ()))
        ),
    )


def post(
    work: WorkSet,
    vault: Vault,
    member: MemberRow,
    movement: Movement,
    *,
    kind: str,
    points: int,
    award: AwardRow | None,
    cause: Cause,
    key: str | None = None,
    explanation: str | None = None,
) -> int:
    """Write a movement as entries and apply it to account, lots and award.

    `points` is what the award is worth more or less by it, available and pending together. Returns the
    id of the entry that says so.
    """
    number = award.postings + 1 if award else 0
    common: dict[str, Any] = {
        "award_id": award.id if award else None,
        "rule": award.rule if award else None,
        "explanation": award.explanation if award else explanation or "{}",
        "cause": cause,
    }
    key = key if key is not None else f"award:{award.id if award else 0}:{number}"
    if movement.unexpired:
        unexpired, back = movement.unexpired, f"{key}:unexpire"
        append(work, vault, member, kind="expire", points=unexpired, key=back, **common)
    entry_id = append(
        work,
        vault,
        member,
        kind=kind,
        points=points - movement.pending,
        pending=movement.pending,
        key=key,
        **common,
    )
    if movement.forgiven:
        forgiven, off = movement.forgiven, f"{key}:forgive"
        append(work, vault, member, kind="forgive", points=forgiven, key=off, **common)
    move_lots(work, entry_id, movement)
    if award is not None:
        _remember_uses(work, award.id, movement)
        award.pending += movement.pending
        award.forgiven += movement.forgiven
        award.expired -= movement.unexpired
        award.postings += 1
        award.dirty = True
    if movement.opened:
        open_lot(work, member, movement.opened, award, entry_id, cause.expires_at)
    work.moved.add(member.id)
    return entry_id


def open_lot(
    work: WorkSet,
    member: MemberRow,
    points: int,
    award: AwardRow | None,
    entry_id: int,
    expires_at: datetime | None,
) -> None:
    """Open a lot; it lives a while from now, however late we heard of what it is for."""
    work.add_lot(
        LotRow(
            new=True,
            id=new_id(),
            member_id=member.id,
            award_id=award.id if award else None,
            entry_id=entry_id,
            points=points,
            remaining=points,
            available_at=work.now,
            expires_at=late_expiry(expires_at, work.now),
        )
    )


def move_lots(work: WorkSet, entry_id: int, movement: Movement) -> None:
    """Take from lots and fill them as a movement says, on behalf of an entry."""
    for lot_id, change in movement.lots:
        lot = work.lots[lot_id]
        lot.remaining += change
        lot.dirty = True
        work.insert(t.lot_use, entry_id=entry_id, lot_id=lot_id, points=change)
    for lot_id, expires_at in movement.extended:
        work.lots[lot_id].expires_at = expires_at
        work.lots[lot_id].dirty = True


def append(
    work: WorkSet,
    vault: Vault,
    member: MemberRow,
    *,
    kind: str,
    points: int,
    cause: Cause,
    pending: int = 0,
    **common: Any,
) -> int:
    """Append an entry to the member's chain; returns its id."""
    member.entries += 1
    member.balance += points
    member.pending += pending
    member.dirty = True
    entry = {
        "id": new_id(),
        "programme_id": member.programme_id,
        "member_id": member.id,
        "seq": member.entries,
        "kind": kind,
        "points": points,
        "pending": pending,
        "version": cause.version,
        "occurred_at": cause.occurred_at,
        "recorded_at": work.now,
        "delivery_id": cause.delivery_id,
        **common,
    }
    member.head = chain.link(vault.keyring, member.head, entry)
    work.insert(t.entry, **entry, mac=member.head)
    return int(entry["id"])


def _remember_uses(work: WorkSet, award_id: int, movement: Movement) -> None:
    """Keep the batch's own view of what the award took from lots up to date."""
    uses = dict(work.uses.get(award_id, []))
    newest = {}
    for lot_id, change in movement.lots:
        left = uses.pop(lot_id, 0) - change
        if left > 0:
            newest[lot_id] = left
    work.uses[award_id] = [*newest.items(), *uses.items()]
