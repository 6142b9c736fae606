"""Ledger arithmetic on one account. Functions tell what must move; nothing is changed here.

The invariant all of them keep: the remainders of an account's lots add up to its balance, or to 0
while the balance is a debt. Pending points have no lot yet; expired points have none any more.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from app.errors import Conflict

GRACE = timedelta(days=30)
"""Points that come back live at least this long from now."""

_NEVER = datetime.max.replace(tzinfo=UTC)

Policy = Literal["debt", "forgive"]


class Lot(msgspec.Struct, frozen=True, kw_only=True):
    """Points earned together."""

    id: int
    award_id: int | None
    points: int  # as opened; the remainder never exceeds it
    remaining: int
    available_at: datetime
    expires_at: datetime | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What a member has. Below 0 the balance is a debt and every lot is empty.

    `lots` holds every open lot and, for `give_back`, the emptied ones that points return to.
    """

    balance: int = 0
    pending: int = 0
    lots: tuple[Lot, ...] = ()


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """What one posting changes. All figures are differences."""

    balance: int = 0
    pending: int = 0
    lots: tuple[tuple[int, int], ...] = ()  # (lot id, change of its remainder)
    opened: int = 0  # points of a new lot; 0: none is opened
    forgiven: int = 0  # change of what the award was let off
    unexpired: int = 0  # expired points of the award whose expiry is undone before the reversal
    extended: tuple[tuple[int, datetime], ...] = ()  # (lot id, new expiry)


def open_points(account: Account, points: int) -> Movement:
    """Points become available: they settle a debt first, the rest opens a lot."""
    _not_negative(points)
    return Movement(balance=points, opened=points - min(points, _debt(account)))


class Joining(msgspec.Struct, frozen=True, kw_only=True):
    """What moves when an account is joined to another one of the same person.

    `carried` names each open lot that goes with it, and how much of it arrives there.
    """

    leaving: Movement  # on the account that ends
    arriving: Movement  # on the account that stays, without the lots that arrive
    carried: tuple[tuple[int, int], ...] = ()


def join(ending: Account, staying: Account) -> Joining:
    """Move all that an account has, a debt as a debt; it is left with nothing.

    Points that arrive settle the other one's debt first, and a debt that arrives is settled from
    the other one's lots: last-expiring first, both.
    """
    settled = dict(
        _draw(_last_expiring_first(ending.lots), min(_debt(staying), max(ending.balance, 0)))
    )
    owed = _draw(_last_expiring_first(staying.lots), _debt(ending))
    lots = [lot for lot in ending.lots if lot.remaining]
    return Joining(
        leaving=Movement(
            balance=-ending.balance,
            pending=-ending.pending,
            lots=tuple((lot.id, -lot.remaining) for lot in lots),
        ),
        arriving=Movement(
            balance=ending.balance,
            pending=ending.pending,
            lots=tuple((lot, -taken) for lot, taken in owed),
        ),
        carried=tuple((lot.id, lot.remaining - settled.get(lot.id, 0)) for lot in lots),
    )


def take_back(
    account: Account,
    award_id: int | None,
    points: int,
    policy: Policy,
    *,
    own_pending: int = 0,
    own_expired: int = 0,
) -> Movement:
    """Points of an award are no longer due; see DESIGN.md, Taking back.

    `own_pending` and `own_expired` are the award's points that are not available yet, or expired
    unused. Pending goes first, then its open lots; an expired part costs nothing; then the
    member's other lots, last-expiring first; the rest is a debt or, by policy, forgiven. Without
    an `award_id` (an adjustment) there is nothing of its own.
    """
    _not_negative(points, own_pending, own_expired)
    pending = min(points, own_pending)
    rest = points - pending
    own = [lot for lot in account.lots if award_id is not None and lot.award_id == award_id]
    others = [lot for lot in account.lots if award_id is None or lot.award_id != award_id]
    from_own = _draw(_last_expiring_first(own), rest)
    rest -= _sum(from_own)
    unexpired = min(rest, own_expired)
    rest -= unexpired
    from_others = _draw(_last_expiring_first(others), rest)
    rest -= _sum(from_others)
    drawn = from_own + from_others
    forgiven = rest if policy == "forgive" else 0
    return Movement(
        balance=-(_sum(drawn) + rest - forgiven),
        pending=-pending,
        lots=tuple((lot, -taken) for lot, taken in drawn),
        forgiven=forgiven,
        unexpired=unexpired,
    )


def give_back(
    account: Account,
    points: int,
    *,
    forgiven: int,
    uses: Sequence[tuple[int, int]],
    now: datetime,
) -> Movement:
    """Points of an award are due again after some were taken back.

    `forgiven` is what the award was let off so far: that much is netted and moves nothing. `uses`
    names the lots the award's take-backs drew on, newest first, with the points not returned yet.
    A debt is settled before any lot is filled; a lot that points return to lives at least `GRACE`;
    what no lot takes opens a new one.
    """
    _not_negative(points, forgiven)
    netted = min(points, forgiven)
    due = points - netted
    rest = due - min(due, _debt(account))
    lots = {lot.id: lot for lot in account.lots}
    returned: dict[int, int] = {}
    for lot_id, taken in uses:
        lot = lots.get(lot_id)
        if lot is None:
            continue
        room = lot.points - lot.remaining - returned.get(lot_id, 0)
        back = min(rest, taken, room)
        if back > 0:
            returned[lot_id] = returned.get(lot_id, 0) + back
            rest -= back
    return Movement(
        balance=due,
        lots=tuple(returned.items()),
        opened=rest,
        forgiven=-netted,
        extended=_extensions((lots[lot_id] for lot_id in returned), now),
    )


def spend(account: Account, points: int, now: datetime, policy: Policy | None = None) -> Movement:
    """Take points out, first-expiring first; a lot whose time is over gives nothing.

    Without a `policy` this never makes a debt: raises Conflict if there are not enough. With one the
    points are gone already (a code was used that had been given back): what is left anywhere goes,
    the rest is a debt or forgiven.
    """
    _not_negative(points)
    alive = [lot for lot in account.lots if lot.expires_at is None or lot.expires_at > now]
    drawn = _draw(sorted(alive, key=_life), points)
    rest = points - _sum(drawn)
    if rest and policy is None:
        raise Conflict(f"{points} points are asked for, {_sum(drawn)} can be spent")
    over = [lot for lot in account.lots if lot not in alive]
    drawn += _draw(sorted(over, key=_life), rest)
    rest = points - _sum(drawn)
    forgiven = rest if policy == "forgive" else 0
    return Movement(
        balance=-(points - forgiven),
        lots=tuple((lot, -taken) for lot, taken in drawn),
        forgiven=forgiven,
    )


def spendable(account: Account, now: datetime) -> int:
    """Return how many points can be spent now: those in lots whose time is not over."""
    return sum(
        lot.remaining for lot in account.lots if lot.expires_at is None or lot.expires_at > now
    )


def moved(account: Account, movement: Movement, opened: Lot | None = None) -> Account:
    """Return the account after the movement; `opened` is the lot made for `movement.opened`."""
    changes = dict(movement.lots)
    expiries = dict(movement.extended)
    lots = [
        msgspec.structs.replace(
            lot,
            remaining=lot.remaining + changes.get(lot.id, 0),
            expires_at=expiries.get(lot.id, lot.expires_at),
        )
        for lot in account.lots
    ]
    if opened is not None:
        lots.append(opened)
    return Account(
        balance=account.balance + movement.balance,
        pending=account.pending + movement.pending,
        lots=tuple(lots),
    )


def late_expiry(expires_at: datetime | None, now: datetime) -> datetime | None:
    """Return when points that are posted only now expire: as planned, but not within `GRACE`."""
    return None if expires_at is None else max(expires_at, _later(now))


def _debt(account: Account) -> int:
    return max(-account.balance, 0)


def _life(lot: Lot) -> tuple[datetime, datetime, int]:
    """Order lots by their end; those without one come last."""
    return lot.expires_at or _NEVER, lot.available_at, lot.id


def _last_expiring_first(lots: Iterable[Lot]) -> list[Lot]:
    return sorted(lots, key=_life, reverse=True)


def _draw(lots: Iterable[Lot], points: int) -> list[tuple[int, int]]:
    """Take up to `points` from the lots in the order given."""
    drawn = []
    for lot in lots:
        taken = min(lot.remaining, points)
        if taken > 0:
            drawn.append((lot.id, taken))
            points -= taken
    return drawn


def _sum(drawn: Iterable[tuple[int, int]]) -> int:
    return sum(points for _, points in drawn)


def _extensions(lots: Iterable[Lot], now: datetime) -> tuple[tuple[int, datetime], ...]:
    soonest = _later(now)
    return tuple(
        (lot.id, soonest) for lot in lots if lot.expires_at is not None and lot.expires_at < soonest
    )


def _later(now: datetime) -> datetime:
    return now + GRACE if _NEVER - now > GRACE else _NEVER


def _not_negative(*figures: int) -> None:
    if min(figures) < 0:
        raise ValueError(f"points to move are never negative: {figures}")
