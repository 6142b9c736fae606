"""Proves the ledger: chain, balances, lots, awards, and that stored facts are still worth as posted.

Names every altered, removed, moved or cut-off entry it finds (DESIGN.md, Ledger invariants). Tests and
operators call the same code.

What cannot be found, by design: a change that somebody with write access made since the last daily seal
by cutting off a member's newest entries (or a whole member) together with everything that follows from
them; the removal of the newest seals; and changes of what no points follow from (the texts of awards,
facts that are worth the same, when a lot ends, who a guest's e-mail belongs to, or an object worth
nothing that names no customer).
"""

from sqlalchemy import Connection, select

from app.crypto import Keyring
from app.db import tables as t
from app.services.problems import Problem, Report
from app.services.programmes import versions
from app.services.verify_birthdays import check_birthdays
from app.services.verify_chains import check_chains, sealed_heads
from app.services.verify_claims import check_claims
from app.services.verify_draws import check_draws
from app.services.verify_grants import check_grants
from app.services.verify_imports import check_imports
from app.services.verify_order_windows import check_order_windows
from app.services.verify_own_credit import check_own_credit
from app.services.verify_people import check_people, joined_accounts
from app.services.verify_redemptions import check_redemptions
from app.services.verify_referrals import check_referrals
from app.services.verify_sums import check_awards, check_lots, check_openings, check_pending
from app.services.verify_tiers import check_tiers
from app.services.verify_worth import check_objects, check_windows

__all__ = ["Problem", "Report", "verify"]


def verify(connection: Connection, keyring: Keyring, *, programme_id: int | None = None) -> Report:
    """Check every invariant of one or all programmes. Changes nothing."""
    query = select(t.programme.c.id).order_by(t.programme.c.id)
    if programme_id is not None:
        query = query.where(t.programme.c.id == programme_id)
    problems: list[Problem] = []
    entries = members = objects = 0
    for one in connection.execute(query).scalars().all():
        known = versions(connection, one)
        sealed = sealed_heads(connection, keyring, one, problems)
        counted = check_chains(connection, keyring, one, sealed, problems)
        entries += counted[0]
        members += counted[1]
        joined = joined_accounts(connection, one)
        check_people(connection, one, problems)
        check_birthdays(connection, one, problems)
        check_claims(connection, one, joined, problems)
        check_lots(connection, one, problems)
        check_openings(connection, one, problems)
        check_awards(connection, one, joined, problems)
        check_pending(connection, one, joined, problems)
        objects += check_objects(connection, one, known, joined, problems)
        check_windows(connection, one, known, joined, problems)
        check_own_credit(connection, one, known, joined, problems)
        check_tiers(connection, one, known, joined, problems)
        check_order_windows(connection, one, known, joined, problems)
        check_referrals(connection, one, known, joined, problems)
        check_redemptions(connection, one, known, joined, problems)
        check_draws(connection, keyring, one, problems)
        check_imports(connection, one, problems)
        check_grants(connection, one, joined, problems)
    return Report(
        ok=not problems, entries=entries, members=members, objects=objects, problems=problems
    )
