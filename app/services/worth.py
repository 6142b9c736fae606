"""Works out what changed objects and windows are worth now and posts the differences."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row

from app.programme.events import Facts
from app.programme.explanation import Explanation, Reason
from app.programme.facts import is_draft
from app.programme.order_windows import is_order_window
from app.programme.person import reason_of_nothing, worth_of_others
from app.programme.referrals import is_referral_window
from app.programme.rules import NO_RULE, Award, evaluate
from app.programme.windows import WINDOW_KINDS, WindowItem
from app.services.awards import (
    context_of,
    decisive_first,
    encode_context,
    encode_explanation,
    new_award,
    posted_windows,
)
from app.services.facts import decode_facts, encode_facts
from app.services.gifts import give, give_nothing, look_again
from app.services.holdings import load_window_objects, load_worth
from app.services.keys import Vault
from app.services.order_windows import judge_orders, settle_orders
from app.services.own_credit import settle_own_credit
from app.services.points_life import earning, restoring
from app.services.posting import Cause, settle
from app.services.programmes import Version, in_force, version_of
from app.services.rows import REDEMPTION, AwardRow, ObjectKey, ObjectRow
from app.services.tiers import settle_tiers
from app.services.workset import WorkSet

_WINDOW_KINDS = frozenset(kind for kinds in WINDOW_KINDS.values() for kind in kinds)


def worth_of(versions: Sequence[Version], row: ObjectRow, facts: Facts | None) -> tuple[Award, ...]:
    """Return what an object in this state is worth under its frozen version and context."""
    version = version_of(versions, row.version)
    return evaluate(
        version.programme,
        version.number,
        context_of(row.context),
        facts,
        row.occurred_at,
        store=version.stores.get(row.store_id),
    )


def window_item(versions: Sequence[Version], row: Row[Any] | ObjectRow) -> WindowItem:
    """Return a stored object as the windows see it, under its frozen version and context."""
    version = version_of(versions, row.version)
    return WindowItem(
        object_id=row.id,
        store_id=row.store_id,
        store=version.stores.get(row.store_id),
        occurred_at=row.occurred_at,
        programme=version.programme,
        version=version.number,
        context=context_of(row.context),
        facts=decode_facts(row.facts),
    )


def prefers(
    versions: Sequence[Version], row: ObjectRow, present: Facts | None, other: Facts | None
) -> bool:
    """Say whether `other` wins over the present state when only a rule can decide.

    The state worth less wins, then the greater content: the same answer in every order of receipt. But
    nothing becomes a draft within a second: there the order wins.
    """
    # Without what orders that are not known yet may still change: tier, number, who gave the credit.
    context = context_of(row.context)
    context = msgspec.structs.replace(context, tier=None, ordinal=None, credit=())
    plain = replace(row, context=encode_context(context))
    ranks = []
    for facts in (present, other):
        points = sum(award.points for award in worth_of(versions, plain, facts))
        content = b"" if facts is None else encode_facts(facts).encode()
        ranks.append((not is_draft(facts), -points, content))
    return ranks[1] > ranks[0]


def settle_objects(
    connection: Connection,
    work: WorkSet,
    vault: Vault,
    versions: Sequence[Version],
    changed: Iterable[ObjectKey],
    *,
    joined: Sequence[int] = (),
) -> None:
    """Post the difference between what changed objects are worth and what was posted for them.

    The windows of accounts that others were just `joined` to are worked out anew.
    """
    rows = sorted((work.objects[key] for key in changed), key=lambda row: row.id)
    rows += settle_own_credit(connection, work, versions, rows, joined)
    rows += settle_tiers(connection, work, versions, rows, joined)
    if not rows and not joined:
        return
    rows.sort(key=lambda row: row.id)
    load_worth(connection, work)
    live = in_force(versions, work.now)
    by_object: dict[int, list[AwardRow]] = defaultdict(list)
    for award in work.awards.values():
        if award.object_id is not None:
            by_object[award.object_id].append(award)
    # What a cap gives back goes first: else taking back an order would find less than there is.
    windows = judge_orders(connection, work, versions, rows, joined)
    settle_orders(work, vault, versions, [one for one in windows if one.relief])
    for row in rows:
        _settle_object(work, vault, versions, live, row, by_object[row.id])
    settle_orders(work, vault, versions, [one for one in windows if not one.relief])
    people: set[int] = set(joined)
    for row in rows:
        if row.kind in _WINDOW_KINDS:
            people |= work.former_owners.get(row.id, set())
            if row.owner_id is not None:
                people.add(row.owner_id)
    if people:
        load_window_objects(
            connection, work, {work.member(person).id for person in people}, _WINDOW_KINDS
        )
        _settle_windows(work, vault, versions, live, people)
    look_again(work, rows, joined)


def _settle_object(
    work: WorkSet,
    vault: Vault,
    versions: Sequence[Version],
    live: Version,
    row: ObjectRow,
    known: Sequence[AwardRow],
) -> None:
    owner = work.member(row.owner_id) if row.owner_id is not None else None
    spending = row.kind == REDEMPTION
    cause = restoring(versions, row, work.now) if spending else earning(versions, row, work.now)
    entitled = (
        {}
        if owner is None
        else {award.rule: award for award in worth_of(versions, row, decode_facts(row.facts))}
    )
    mine: dict[str, AwardRow] = {}
    for award_row in decisive_first(work, known):
        own = owner is not None and work.member(award_row.member_id) is owner
        if own and mine.setdefault(award_row.rule, award_row) is award_row:
            continue
        # Another person's, or of an account that was joined to this one: worth nothing besides.
        if award_row.points or award_row.rule != NO_RULE:
            reason = Reason.SAME_PERSON if own else Reason.OTHER_OWNER
            _withdraw(work, vault, award_row, row, live, reason)
    if owner is None:
        return
    for rule, award_row in mine.items():
        if rule not in entitled:
            _withdraw(work, vault, award_row, row, live, Reason.NO_RULE)
    for award in entitled.values():
        target = mine.get(award.rule)
        if target is None:
            target = new_award(work, owner.id, award.rule, object_id=row.id)
        settle(
            work,
            vault,
            target,
            points=award.points,
            explanation=encode_explanation(award.explanation),
            policy=live.programme.debt,
            cause=cause,
            spending=spending,
        )


def _withdraw(
    work: WorkSet,
    vault: Vault,
    award: AwardRow,
    row: ObjectRow,
    live: Version,
    reason: Reason,
) -> None:
    explanation = Explanation(rule=award.rule, version=row.version, reason=reason)
    settle(
        work,
        vault,
        award,
        points=0,
        explanation=encode_explanation(explanation),
        policy=live.programme.debt,
        cause=Cause(occurred_at=row.occurred_at, delivery_id=row.delivery_id, version=row.version),
    )


def _settle_windows(
    work: WorkSet,
    vault: Vault,
    versions: Sequence[Version],
    live: Version,
    people: Iterable[int],
) -> None:
    items, newest = _window_items(work, versions)
    posted, twice = posted_windows(work, _is_own)
    for person in sorted({work.member(person).id for person in people}):
        work.member(person).dirty = True  # whoever evaluated without this does it anew
        for award in twice[person]:
            give_nothing(work, award)
            settle(
                work,
                vault,
                award,
                points=0,
                explanation=encode_explanation(
                    Explanation(
                        rule=award.rule,
                        version=live.number,
                        reason=Reason.SAME_PERSON,
                    )
                ),
                policy=live.programme.debt,
                cause=Cause(occurred_at=work.now),
            )
        entitled = worth_of_others(items[person])
        for window, award_row in posted[person].items():
            if window not in entitled:
                entitled[window] = Award(
                    rule=window.rule,
                    points=0,
                    explanation=Explanation(
                        rule=window.rule,
                        version=live.number,
                        reason=reason_of_nothing(window),
                    ),
                )
            posted[person][window] = award_row
        for window, entitlement in sorted(
            entitled.items(), key=lambda pair: _turn(posted[person].get(pair[0]), pair[1])
        ):
            row_or_new = posted[person].get(window) or new_award(
                work, person, window.rule, window_key=window.key
            )
            give(work, row_or_new, entitlement)
            decisive = [newest[i] for i in entitlement.explanation.objects if i in newest]
            settle(
                work,
                vault,
                row_or_new,
                points=entitlement.points,
                explanation=encode_explanation(entitlement.explanation),
                policy=live.programme.debt,
                cause=_window_cause(versions, decisive, entitlement, work.now),
            )


def _turn(row: AwardRow | None, award: Award) -> int:
    """Order what is posted: what caps give back first, as with orders, and what they take last."""
    before, now = min(0 if row is None else row.points, 0), min(award.points, 0)
    return (now < before) - (now > before)


def _is_own(key: str) -> bool:
    """Say whether a window is one of those settled here."""
    return not is_order_window(key) and not is_referral_window(key)


def _window_items(
    work: WorkSet, versions: Sequence[Version]
) -> tuple[dict[int, list[WindowItem]], dict[int, ObjectRow]]:
    """Return what takes part in windows, per person, and the objects by id."""
    items: dict[int, list[WindowItem]] = defaultdict(list)
    newest: dict[int, ObjectRow] = {}
    for row in work.objects.values():
        if row.kind not in _WINDOW_KINDS or row.owner_id is None:
            continue
        items[work.member(row.owner_id).id].append(window_item(versions, row))
        newest[row.id] = row
    return items, newest


def _window_cause(
    versions: Sequence[Version], decisive: Sequence[ObjectRow], award: Award, now: datetime
) -> Cause:
    if not decisive:
        return Cause(occurred_at=now, version=award.explanation.version or None)
    return earning(versions, decisive[0], now)
