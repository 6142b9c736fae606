"""What a stored redemption has come to, by the version that offered its reward: `judge` on rows."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row

from app.programme.events import OrderFacts
from app.programme.redemption import AT_ONCE, Use, Verdict, judge, judge_money, judge_perk
from app.programme.reward import Cancelled, Reward
from app.programme.shop_money import SHOP_MONEY
from app.services.facts import decode_facts
from app.services.programmes import Version, version_of
from app.services.rows import ObjectRow, RedemptionRow

BY_HAND = "released by hand"

TIME_OVER = "its time is over"


def judged(
    row: RedemptionRow | Row[Any],
    uses: Iterable[Use],
    versions: Sequence[Version],
    number: int,
    reward: str,
) -> Verdict:
    """Return what a redemption has come to by the version (`number`) that offered its reward."""
    made, dead = row.made_at is not None, row.dead_at is not None
    if row.kind in AT_ONCE:
        return judge_perk(dead=dead, over=row.uses > 0)
    offered = _offered(versions, number, reward)
    keeps = offered is not None and offered.expired == "none"
    lapsed = row.ending == TIME_OVER and row.granted_by is None and keeps
    if row.kind in SHOP_MONEY:
        return judge_money(made=made, dead=dead, spent=row.uses > 0, lapsed=lapsed)
    return judge(
        row.code_key or "",
        uses,
        made=made,
        dead=dead,
        refunded="none" if offered is None else offered.refunded,
        lapsed=lapsed,
        cancelled=when_cancelled(row, versions, number, reward),
    )


def when_cancelled(
    row: RedemptionRow | Row[Any], versions: Sequence[Version], number: int, reward: str
) -> Cancelled:
    """Return what the cancellation of an order gives back of the code that was used for it.

    What nobody paid points for stays a code; what staff released before gives its points back.
    """
    if row.granted_by is not None or row.replaces_id is not None or row.ending == BY_HAND:
        return "code"
    offered = _offered(versions, number, reward)
    return "code" if offered is None else offered.cancelled


def _offered(versions: Sequence[Version], number: int, key: str) -> Reward | None:
    rewards = version_of(versions, number).programme.rewards
    return next((one for one in rewards if one.key == key), None)


def use_of(order: ObjectRow | Row[*tuple[Any, ...]]) -> Use:
    """Return a stored order as `judge` sees it."""
    facts = decode_facts(order.facts)
    return Use(
        object_id=order.id,
        number=order.external_id,
        placed_at=order.occurred_at,
        facts=facts if isinstance(facts, OrderFacts) else None,
        gone=bool(order.gone),
    )
