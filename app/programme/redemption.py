"""What a redemption has come to: pure, from what is known of its code and of the orders that show it.

The same answer in every order in which that became known (DESIGN.md, Redemption).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

import msgspec

from app.programme.by_hand import BY_HAND
from app.programme.events import OrderFacts, RedemptionState, Standing
from app.programme.reward import Cancelled
from app.programme.shop_money import STORE_CREDIT

PERK: Final = "early-access"
"""The kind of reward that is no code: the shop shows that somebody has it, for as long as it lasts."""

AT_ONCE = frozenset({PERK}) | BY_HAND
"""The kinds for which no shop makes anything: they are there from the first moment."""

NO_CODES = AT_ONCE | {STORE_CREDIT}
"""The kinds of which there is no code."""

LIVE = frozenset({RedemptionState.RESERVED, RedemptionState.ISSUED})
"""The states of what can be used, now or soon."""

_COUNTS = frozenset({Standing.OPEN, Standing.PAID, Standing.COMPLETED})


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One order that showed the code at some time. `number` is the shop's own, `object_id` ours."""

    object_id: int
    number: str
    placed_at: datetime
    facts: OrderFacts | None
    gone: bool = False


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What follows. `used_by` is the order that captures, `spent` counts uses that do not count."""

    state: RedemptionState
    used_by: int | None = None
    spent: int = 0
    given_back: bool = False  # the points are due again although it was used
    replaced: bool = False  # another code is due instead
    undone: bool = False  # its order came to nothing, and the reward ends its code for that


def judge(
    code: str,
    uses: Iterable[Use],
    *,
    made: bool,
    dead: bool,
    refunded: Literal["none", "points", "new-code"],
    lapsed: bool = False,
    cancelled: Cancelled = "code",
) -> Verdict:
    """Say how far a redemption has come; `code` is lower-cased, as orders show codes.

    `lapsed`: it ended because its time was over, of a reward that gives nothing back then. It is released
    all the same if an order had shown it: that was used in time, and its order was cancelled. What then
    comes back is as `cancelled` says: whatever the shop makes of the code, or the points, or nothing.

    The newest order that shows the code and was not cancelled captures it, even if the code was
    already released: then the points are spent again.
    """
    showing = [use for use in uses if use.facts is not None and code in use.facts.codes]
    counting = [use for use in showing if _counts(use)]
    spent = sum(1 for use in showing if not _counts(use) and not _draft(use))
    if not counting:
        if dead:
            kept = cancelled == "none" if spent else lapsed and made
            state = RedemptionState.LAPSED if kept else RedemptionState.RELEASED
        else:
            state = RedemptionState.ISSUED if made else RedemptionState.RESERVED
        return Verdict(state=state, spent=spent, undone=bool(spent) and cancelled != "code")
    newest = max(counting, key=_age)
    refund = newest.facts is not None and refunded_in_full(newest.facts)
    return Verdict(
        state=RedemptionState.USED,
        used_by=newest.object_id,
        spent=spent,
        given_back=refund and refunded == "points",
        replaced=refund and refunded == "new-code",
    )


def judge_perk(*, dead: bool, over: bool) -> Verdict:
    """Say how far what is no code has come: it is there from the first moment.

    It is used when its time is over, or when somebody has handed it out.
    """
    if dead:
        return Verdict(state=RedemptionState.RELEASED)
    return Verdict(state=RedemptionState.USED if over else RedemptionState.ISSUED)


def judge_money(*, made: bool, dead: bool, spent: bool, lapsed: bool = False) -> Verdict:
    """Say how far money to pay with has come; `spent`: the shop said that some of it was.

    That is for good. An order that is cancelled gives the money back to the card or account, where it can
    be spent again: the member still has what the points were for.
    """
    if spent:
        return Verdict(state=RedemptionState.USED)
    if dead:
        return Verdict(
            state=RedemptionState.LAPSED if lapsed and made else RedemptionState.RELEASED
        )
    return Verdict(state=RedemptionState.ISSUED if made else RedemptionState.RESERVED)


def refunded_in_full(order: OrderFacts) -> bool:
    """Say whether all that was to be paid has been given back; an order of 0 never is."""
    return 0 < order.total <= sum(refund.amount for refund in order.refunds)


def _age(use: Use) -> tuple[datetime, int, str]:
    """Order by age; within one second by the shop's numbers, which grow, and not by what came first."""
    return use.placed_at, len(use.number), use.number


def _counts(use: Use) -> bool:
    return use.facts is not None and not use.gone and use.facts.standing in _COUNTS


def _draft(use: Use) -> bool:
    return use.facts is not None and use.facts.standing is Standing.DRAFT
