"""A person says whether the shop has given a store credit: where no call and no look could tell."""

import re
from datetime import datetime

from sqlalchemy import Connection, select, update

from app.db import tables as t
from app.errors import Conflict, Invalid
from app.programme.shop_money import STORE_CREDIT
from app.services.audit import Act, note_act
from app.services.code_answers import HELD
from app.services.keys import Vault
from app.services.redemptions import commit_change
from app.services.release import open_redemption

_NUMBER = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


def settle_credit(
    connection: Connection,
    vault: Vault,
    *,
    redemption_id: int,
    given: str | None,
    reason: str,
    actor: str,
    now: datetime,
) -> None:
    """Note which transaction of the shop gave a credit that is held (`given`, its number), or that none did.

    One that was given goes on as any other; one that was not is given anew. Call in a writing
    transaction. Raises NotFound, Invalid without a reason, and Conflict for one that is not held.
    """
    if not reason.strip():
        raise Invalid("this needs a reason: it is kept in the audit log")
    work, row = open_redemption(connection, redemption_id, now)
    told = connection.execute(
        select(t.redemption.c.error).where(t.redemption.c.id == row.id)
    ).scalar()
    if row.kind != STORE_CREDIT or not str(told or "").startswith(HELD):
        raise Conflict(f"Redemption {redemption_id} does not wait for a person to say that.")
    if given is not None:
        _take(connection, row.store_id, given)
        row.remote_id, row.made_at = given, row.made_at or now
    row.due_at, row.dirty = now, True
    commit_change(connection, vault, work)
    connection.execute(
        update(t.redemption)
        .where(t.redemption.c.id == row.id)
        .values(due_at=now, error=None, tries=0, tried_at=None, fence=t.redemption.c.fence + 1)
    )
    note_act(
        connection,
        Act(
            programme_id=row.programme_id,
            actor=actor,
            action="redemption.settle",
            subject=f"redemption {redemption_id}",
            reason=reason,
            detail={"given": given or "no"},
        ),
        now,
    )


def _take(connection: Connection, store_id: int, number: str) -> None:
    """Refuse what is no transaction's number, or is known to be another redemption's."""
    if not _NUMBER.fullmatch(number):
        raise Invalid(f"{number!r} is no number of a transaction of store credit")
    other = connection.execute(
        select(t.redemption.c.id).where(
            t.redemption.c.store_id == store_id,
            t.redemption.c.kind == STORE_CREDIT,
            t.redemption.c.remote_id == number,
        )
    ).scalar()
    if other is not None:
        raise Conflict(f"Transaction {number} is redemption {other}'s.")
