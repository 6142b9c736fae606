"""Rewards that are no codes (early access): they last, are shown in the shop meanwhile, and are over."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import Connection, select

from app.db import tables as t
from app.programme.redemption import AT_ONCE
from app.services.keys import Vault
from app.services.redemptions import commit_change, open_redemptions

_AT_ONCE = 100


def end_perks(connection: Connection, vault: Vault, now: datetime) -> int:
    """Let perks be over whose time has passed: they were used, the points stay spent."""
    rows = connection.execute(
        select(t.redemption.c.programme_id, t.redemption.c.id)
        .where(t.redemption.c.kind.in_(sorted(AT_ONCE)), t.redemption.c.due_at <= now)
        .order_by(t.redemption.c.due_at, t.redemption.c.id)
        .limit(_AT_ONCE)
    )
    over: dict[int, list[int]] = defaultdict(list)
    for row in rows.all():
        over[row.programme_id].append(row.id)
    for programme_id, ids in sorted(over.items()):
        work = open_redemptions(connection, programme_id, ids, now)
        for one in (work.redemptions[redemption_id] for redemption_id in ids):
            one.uses, one.due_at, one.dirty = 1, None, True
        commit_change(connection, vault, work)
    return sum(map(len, over.values()))
