"""What awards give besides points, in a working set: rewards without points, badges, memberships.

An award says how often its rule gives a reward (`grants`) and which badge. The redemptions themselves
are made and ended by a job (`grants`), which looks at a person whenever `grant_due_at` says so.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from app.programme.events import RedemptionState
from app.programme.rules import Award
from app.services.rows import REDEMPTION, AwardRow, ObjectRow
from app.services.workset import WorkSet

_OVER = frozenset({RedemptionState.USED, RedemptionState.RELEASED, RedemptionState.LAPSED})


def give(work: WorkSet, row: AwardRow, award: Award) -> None:
    """Bring the gifts of an award to what it is worth now."""
    _give(work, row, award.reward, award.grants, award.badge)
    _let_run(work, row, award.until, ",".join(award.perks) or None)


def give_nothing(work: WorkSet, row: AwardRow) -> None:
    """Take the gifts of an award back."""
    _give(work, row, None, 0, None)
    _let_run(work, row, None, None)


def _give(work: WorkSet, row: AwardRow, reward: str | None, grants: int, badge: str | None) -> None:
    if (row.reward, row.grants, row.badge) == (reward, grants, badge):
        return
    if (row.reward, row.grants) != (reward, grants):
        row.grant_due_at, row.grant_note = work.now, None
    row.reward, row.grants, row.badge = reward, grants, badge
    row.dirty = True


def _let_run(work: WorkSet, row: AwardRow, until: datetime | None, perks: str | None) -> None:
    """Let a membership run so long; whenever that changes the shops are told, and at its end again."""
    if (row.until, row.perks) == (until, perks):
        return
    row.until = row.lapses_at = until
    row.perks, row.dirty = perks, True
    work.moved.add(work.member(row.member_id).id)


def gives(row: AwardRow) -> bool:
    """Say whether an award gives anything now."""
    return bool(row.points or row.grants or row.badge or row.until)


def look_again(work: WorkSet, rows: Iterable[ObjectRow], joined: Sequence[int]) -> None:
    """Have grants looked at again whose codes were used or ended, and those of joined accounts."""
    for row in rows:
        redemption = work.redemptions.get(int(row.external_id)) if row.kind == REDEMPTION else None
        if redemption is None or redemption.granted_by is None:
            continue
        if redemption.state in _OVER:
            _due(work, work.member(redemption.member_id).id, redemption.granted_by)
    for account in joined:
        _due(work, work.member(account).id, None)


def _due(work: WorkSet, person: int, rule: str | None) -> None:
    """Mark what a rule (None: every rule) gives a person; also where it gives nothing any more."""
    for award in work.awards.values():
        mine = award.object_id is None and work.member(award.member_id).id == person
        given = award.rule == rule if rule is not None else award.grants or award.grant_due_at
        if mine and given:
            award.grant_due_at, award.dirty = work.now, True
            work.member(person).dirty = True  # whoever evaluated without this must do so anew
