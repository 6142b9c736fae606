"""What redemptions have come to: which orders show their codes, and what follows for the points.

Everything that is learned of a redemption, from an order or from the shop about its code, ends in
`settle_redemptions`: the same state whatever became known first (DESIGN.md, Redemption).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, or_, select, tuple_

from app.db import tables as t
from app.programme.events import OrderFacts, RedemptionFacts, RedemptionState
from app.programme.redemption import AT_ONCE, Verdict
from app.programme.shop_money import STORE_CREDIT
from app.services import accounts, workset
from app.services.facts import decode_facts, encode_facts
from app.services.keys import Vault
from app.services.mail import CODE, want_mail
from app.services.programmes import Version, version_of, versions
from app.services.reserve import code_end, reserve
from app.services.rows import REDEMPTION, ObjectKey, ObjectRow, RedemptionRow
from app.services.verdicts import judged, use_of
from app.services.workset import WorkSet, add_objects, chunks, row_of
from app.services.worth import settle_objects
from app.services.writeback import want_writing

LOOK_AGAIN = timedelta(days=1)
"""How often an issued code is looked at: its merchant may have deleted it."""

AFTER_END = timedelta(minutes=10)
"""How long after its own end a code is ended for good: the last order may be on its way."""

AFTER_CREDIT = timedelta(minutes=80)
"""The same of store credit, which ends in its shop up to an hour later, at a second of its own."""

REFUND_UNDONE = "the refund it was given for was undone"

NOT_EARNED = "it is not earned any more"
"""Why a code ends that a rule gave without points."""

ORDER_CANCELLED = "the order it was used for was cancelled"

REPLACED = "another code was given for it, and used"

CodeKey = tuple[int, str]  # store id, lower-cased code


def load_shown(
    connection: Connection, work: WorkSet, codes: Iterable[CodeKey], *, lock: bool
) -> None:
    """Load the redemptions behind codes that orders show, and every other order that showed them.

    Call after the batch's own objects are loaded and before its people: all lock in this order.
    """
    found: set[int] = set()
    for chunk in chunks(sorted(set(codes))):
        rows = connection.execute(
            select(t.redemption.c.id).where(
                t.redemption.c.programme_id == work.programme_id,
                tuple_(t.redemption.c.store_id, t.redemption.c.code_key).in_(chunk),
            )
        )
        found |= set(rows.scalars())
    load_redemptions(connection, work, found, lock=lock)


def load_redemptions(
    connection: Connection, work: WorkSet, ids: Iterable[int], *, lock: bool
) -> None:
    """Load redemptions by id with all that replace one another, and the orders that showed any of them."""
    asked: set[int] = set()
    wanted = set(ids)
    while wanted:
        for chunk in chunks(sorted(wanted)):
            _load_rows(connection, work, chunk, lock=lock)
        asked |= wanted
        line = {row.id for row in work.redemptions.values()}
        line |= {
            row.replaces_id for row in work.redemptions.values() if row.replaces_id is not None
        }
        wanted = line - asked
    for chunk in chunks(sorted(work.redemptions)):
        shown = connection.execute(
            select(t.redemption_use).where(t.redemption_use.c.redemption_id.in_(chunk))
        )
        for row in shown:
            work.shown_on.setdefault(row.redemption_id, set()).add(row.object_id)
    here = {row.id for row in work.objects.values()}
    others = sorted({one for orders in work.shown_on.values() for one in orders} - here)
    for chunk in chunks(others):
        add_objects(connection, work, t.source_object.c.id.in_(chunk), lock=False)


def _load_rows(connection: Connection, work: WorkSet, ids: Sequence[int], *, lock: bool) -> None:
    """Load redemptions and what replaces them; their objects are locked before they are."""
    these = or_(t.redemption.c.id.in_(ids), t.redemption.c.replaces_id.in_(ids))
    objects = select(t.redemption.c.object_id).where(these)
    add_objects(connection, work, t.source_object.c.id.in_(objects), lock=lock)
    query = select(t.redemption).where(these).order_by(t.redemption.c.id)
    # As they are now that nobody else changes them. The pusher, which locks them alone, is let finish.
    for row in connection.execute(query.with_for_update(key_share=True) if lock else query):
        if row.id not in work.redemptions:
            work.redemptions[row.id] = row_of(RedemptionRow, row)


def codes_of(row: ObjectRow) -> list[CodeKey]:
    """Return the codes that a stored order shows, as `load_shown` takes them."""
    facts = decode_facts(row.facts) if row.kind == "order" and '"codes"' in row.facts else None
    return [(row.store_id, code) for code in facts.codes] if isinstance(facts, OrderFacts) else []


def capture(work: WorkSet, versions: Sequence[Version]) -> list[ObjectKey]:
    """Tie orders to the codes they show; returns the redemptions whose worth may have changed."""
    by_code = {
        (row.store_id, row.code_key): row
        for row in work.redemptions.values()
        if row.code_key is not None
    }
    for order in list(work.objects.values()) if by_code else ():
        for key in codes_of(order):
            redemption = by_code.get(key)
            known = work.shown_on.setdefault(redemption.id, set()) if redemption else set()
            if redemption is None or order.id in known:
                continue
            known.add(order.id)
            work.insert(t.redemption_use, redemption_id=redemption.id, object_id=order.id)
            object_of(work, redemption).dirty = True  # whoever evaluated without it must do so anew
    return settle_redemptions(work, versions)


def settle_redemptions(work: WorkSet, versions: Sequence[Version]) -> list[ObjectKey]:
    """Bring the loaded redemptions to the states that follow; returns those worth something else now."""
    changed = []
    for row in sorted(work.redemptions.values(), key=lambda row: row.id):
        changed += _settle(work, versions, row)
    for row in work.redemptions.values():
        if row.dirty:
            object_of(work, row).dirty = True  # whoever evaluated without this must do so anew
    return changed


def _settle(work: WorkSet, versions: Sequence[Version], row: RedemptionRow) -> list[ObjectKey]:
    owner = object_of(work, row)
    facts = facts_of(owner)
    verdict = verdict_of(work, versions, row, owner, facts)
    told = msgspec.structs.replace(
        facts,
        cost=_cost(work, versions, row, facts),
        state=verdict.state,
        given_back=verdict.given_back,
    )
    if verdict.state is RedemptionState.USED and row.made_at is None:
        row.made_at, row.dirty = work.now, True  # an order shows it, so it is there
    if verdict.used_by != row.used_by:
        row.used_by, row.dirty = verdict.used_by, True
        order = _object(work, verdict.used_by)
        owner.delivery_id = order.delivery_id if order is not None else owner.delivery_id
        owner.dirty = True
    if verdict.undone and row.ending is None and row.dead_at is None:
        # For good: should that order count again, it has the code all the same.
        row.ending, row.due_at, row.dirty = ORDER_CANCELLED, work.now, True
    if _owes_another(work, versions, row):
        changed = _replace(work, versions, row, told)
    else:
        changed = _revoke(work, versions, row)
    if told == facts:
        return changed
    owner.facts, owner.dirty = encode_facts(told), True
    if told.state is not facts.state:
        row.state, row.dirty = told.state.value, True
        row.due_at = next_due(row, work.now)
        if facts.state is RedemptionState.USED and row.due_at is not None:
            row.due_at = work.now  # its order was cancelled: only the shop knows what that leaves
        work.moved.add(work.member(owner.owner_id or row.member_id).id)  # the shop shows live codes
    return [*changed, owner.key]


def _replacement(work: WorkSet, row: RedemptionRow) -> RedemptionRow | None:
    return next((one for one in work.redemptions.values() if one.replaces_id == row.id), None)


def _known(work: WorkSet, versions: Sequence[Version], row: RedemptionRow) -> Verdict:
    owner = object_of(work, row)
    return verdict_of(work, versions, row, owner, facts_of(owner))


def _owes_another(work: WorkSet, versions: Sequence[Version], row: RedemptionRow) -> bool:
    """Say whether another code is due in the place of this one.

    Its order was refunded in full, or it was revoked for a refund that turned out to be one after all;
    and the same holds for the code whose place it took itself.
    """
    replaced = _known(work, versions, row).replaced or _revoked(work, versions, row)
    before = _before(work, row)
    return replaced and (before is None or _owes_another(work, versions, before))


def _revoked(work: WorkSet, versions: Sequence[Version], row: RedemptionRow) -> bool:
    """Say whether a code ended unused because the refund it was given for was undone."""
    released = _known(work, versions, row).state is RedemptionState.RELEASED
    return released and row.ending == REFUND_UNDONE


def _before(work: WorkSet, row: RedemptionRow) -> RedemptionRow | None:
    return None if row.replaces_id is None else work.redemptions[row.replaces_id]


def _cost(
    work: WorkSet, versions: Sequence[Version], row: RedemptionRow, facts: RedemptionFacts
) -> int:
    """Return what a redemption costs: nothing if the one it stands in for has paid for it.

    That one's points went back if its refunded order was cancelled as well and nobody can use its code:
    a replacement that was used by then has to be paid for itself.
    """
    before = _before(work, row)
    if before is None or row.granted_by is not None:
        return facts.cost
    while _revoked(work, versions, before) and (earlier := _before(work, before)) is not None:
        before = earlier
    used = _known(work, versions, row).state is RedemptionState.USED
    if not used or _known(work, versions, before).state is not RedemptionState.RELEASED:
        return 0
    offered = version_of(versions, object_of(work, row).version).programme.rewards
    return next(one.cost for one in offered if one.key == facts.reward)


def _replace(
    work: WorkSet, versions: Sequence[Version], row: RedemptionRow, facts: RedemptionFacts
) -> list[ObjectKey]:
    """Give another code for one whose order was refunded in full; it costs nothing more."""
    replacement = _replacement(work, row)
    if replacement is not None:
        if replacement.dead_at is None and replacement.ending == REFUND_UNDONE:
            replacement.ending, replacement.dirty = None, True
        return []
    owner = object_of(work, row)
    offered_by = version_of(versions, owner.version).programme
    reward = next(one for one in offered_by.rewards if one.key == facts.reward)
    made = reserve(
        work,
        work.member(owner.owner_id or row.member_id),
        store_id=row.store_id,
        customer=row.customer,
        facts=msgspec.structs.replace(facts, cost=0, state=RedemptionState.RESERVED),
        version=owner.version,
        ends_at=code_end(offered_by, reward, work.now),
        granted_by=row.granted_by,
        replaces=row,
    )
    return [made.key]


def _revoke(work: WorkSet, versions: Sequence[Version], row: RedemptionRow) -> list[ObjectKey]:
    """End the code given for a refund that turned out not to be one; of two codes only one is used."""
    replacement = _replacement(work, row)
    if replacement is None:
        return []
    used = _known(work, versions, replacement).state is RedemptionState.USED
    ended, why = (row, REPLACED) if used else (replacement, REFUND_UNDONE)
    if ended.ending is None and _known(work, versions, ended).state is not RedemptionState.USED:
        ended.ending, ended.due_at, ended.dirty = why, work.now, True
    return []


def open_redemptions(
    connection: Connection, programme_id: int, ids: Iterable[int], now: datetime
) -> WorkSet:
    """Load redemptions, locked, with all that a change of them may touch; ends with `commit_change`."""
    lock = connection.dialect.name != "sqlite"
    work = WorkSet(programme_id, now)
    workset.load_programme(connection, work, lock=lock)
    load_redemptions(connection, work, ids, lock=lock)
    owners = workset.load_object_awards(connection, work)
    accounts.load_people(connection, work, customers=(), hashes=(), owners=owners, lock=lock)
    return work


def commit_change(connection: Connection, vault: Vault, work: WorkSet) -> None:
    """Post and write what follows from changed redemptions."""
    known = versions(connection, work.programme_id)
    issued = {row.id for row in work.redemptions.values() if row.state == RedemptionState.ISSUED}
    settle_objects(connection, work, vault, known, settle_redemptions(work, known))
    moved = sorted(work.moved)
    workset.flush(connection, work)
    want_writing(connection, moved, work.now)
    for row in work.redemptions.values():
        if row.state == RedemptionState.ISSUED and row.id not in issued:
            want_mail(
                connection,
                programme_id=row.programme_id,
                member_id=row.member_id,
                kind=CODE,
                subject_id=row.id,
                now=work.now,
            )


def next_due(row: RedemptionRow, now: datetime) -> datetime | None:
    """Return when the shop must be asked next about a redemption's code, None if no more."""
    if row.dead_at is not None or row.state == RedemptionState.USED:
        return None
    if row.kind in AT_ONCE:
        return row.ends_at
    if row.ending is not None or row.state == RedemptionState.RESERVED:
        return now
    if row.ends_at is None:
        return now + LOOK_AGAIN
    after = AFTER_CREDIT if row.kind == STORE_CREDIT else AFTER_END
    return max(now, min(now + LOOK_AGAIN, row.ends_at + after))


def verdict_of(
    work: WorkSet,
    versions: Sequence[Version],
    row: RedemptionRow,
    owner: ObjectRow,
    facts: RedemptionFacts,
) -> Verdict:
    """Return what all that is loaded of a redemption means."""
    orders = (_object(work, one) for one in sorted(work.shown_on.get(row.id, ())))
    uses = [use_of(order) for order in orders if order is not None]
    return judged(row, uses, versions, owner.version, facts.reward)


def object_of(work: WorkSet, row: RedemptionRow) -> ObjectRow:
    """Return the source object of a loaded redemption."""
    return work.objects[row.store_id, REDEMPTION, str(row.id)]


def facts_of(row: ObjectRow) -> RedemptionFacts:
    """Return the facts of a redemption's object."""
    facts = decode_facts(row.facts)
    if not isinstance(facts, RedemptionFacts):
        raise TypeError(f"object {row.id} is no redemption")
    return facts


def _object(work: WorkSet, object_id: int | None) -> ObjectRow | None:
    return next((row for row in work.objects.values() if row.id == object_id), None)
