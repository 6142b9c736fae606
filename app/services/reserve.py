"""Makes the rows of a new redemption: its source object, and its code, drawn before any shop is asked."""

import secrets
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from app.db.ids import new_id
from app.programme.by_hand import DOWNLOAD
from app.programme.document import Programme
from app.programme.events import RedemptionFacts, RedemptionState
from app.programme.redemption import AT_ONCE, NO_CODES
from app.programme.referral import LETTERS
from app.programme.reward import Reward
from app.programme.shop_money import GIFT_CARD
from app.services.facts import encode_facts
from app.services.rows import REDEMPTION, MemberRow, ObjectRow, RedemptionRow
from app.services.workset import WorkSet

_GROUPS, _GROUP = 3, 4


_CARD = 16
"""As many characters as Shopify draws itself for a gift card: whoever has the code has the money."""


def draw_code(kind: str) -> str:
    """Return a code that nobody can guess: 12 characters of 30, as K7QM-3XTD-9RWB.

    Of a gift card 16, without hyphens: it may have letters and digits only.
    """
    if kind == GIFT_CARD:
        return "".join(secrets.choice(LETTERS) for _ in range(_CARD))
    groups = ("".join(secrets.choice(LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def code_end(programme: Programme, reward: Reward, now: datetime) -> datetime | None:
    """Return when a code of today ends: with the last day of its validity, as the programme's clock says."""
    if reward.valid_days is None:
        return None
    zone = ZoneInfo(programme.timezone)
    last = now.astimezone(zone).date() + timedelta(days=reward.valid_days)
    # Where the clocks go back at midnight, the last hour of that day comes twice: the second one.
    return datetime.combine(last, time(23, 59, 59, fold=1), zone).astimezone(now.tzinfo)


def reserve(
    work: WorkSet,
    owner: MemberRow,
    *,
    store_id: int,
    customer: str | None,
    facts: RedemptionFacts,
    version: int,
    ends_at: datetime | None,
    request_key: str | None = None,
    granted_by: str | None = None,
    replaces: RedemptionRow | None = None,
) -> ObjectRow:
    """Add a redemption to the working set; its points are posted by whoever settles its object.

    What has no code is there at once: a perk for as long as it lasts, a link as if it had been used.
    """
    redemption_id = new_id()
    at_once, told = facts.kind in AT_ONCE, facts.kind == DOWNLOAD
    if at_once:
        there = RedemptionState.USED if told else RedemptionState.ISSUED
        facts = msgspec.structs.replace(facts, state=there)
    row = ObjectRow(
        new=True,
        id=new_id(),
        programme_id=work.programme_id,
        store_id=store_id,
        kind=REDEMPTION,
        external_id=str(redemption_id),
        number=None,
        facts=encode_facts(facts),
        modified_at=work.now,
        truth_at=None,
        accepted_at=work.now,
        occurred_at=work.now,
        earned_at=None,
        version=version,
        context="{}",
        owner_id=owner.id,
        owner_ref=f"redemption:{owner.id}",
        owner_known_at=work.now,
        delivery_id=None,
        rev=1,
        seen_at=work.now,
    )
    work.objects[row.key] = row
    code = None if facts.kind in NO_CODES else draw_code(facts.kind)
    work.redemptions[redemption_id] = RedemptionRow(
        new=True,
        id=redemption_id,
        programme_id=work.programme_id,
        store_id=store_id,
        member_id=owner.id,
        object_id=row.id,
        reward=facts.reward,
        kind=facts.kind,
        request_key=request_key,
        granted_by=granted_by,
        replaces_id=replaces.id if replaces is not None else None,
        state=facts.state.value,
        customer=customer,
        code=code,
        code_key=None if code is None else code.lower(),
        created_at=work.now,
        ends_at=ends_at,
        made_at=work.now if at_once else None,
        uses=1 if told else 0,
        due_at=ends_at if at_once else work.now,
    )
    return row
