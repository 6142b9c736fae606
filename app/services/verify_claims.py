"""Proves that whose a shop's customer is, and who was said to be one person, is as the shops told it."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection, and_, func, select

from app.db import tables as t
from app.services.people import BY_THE_SHOP
from app.services.problems import Problem

_NAMED = "customer:"  # begins what names the owner of an object, see `people.owner_of`


class _Confirmed(msgspec.Struct, frozen=True):
    """What the audit log holds of a claim that somebody confirmed."""

    claim: str


def check_claims(
    connection: Connection, programme_id: int, joined: Mapping[int, int], problems: list[Problem]
) -> None:
    """Check shop customers against the objects that name them, and claims against what settled them."""
    _check_customers(connection, programme_id, problems)
    _check_proved(connection, programme_id, problems)
    _check_settled(connection, programme_id, joined, problems)


def _check_customers(connection: Connection, programme_id: int, problems: list[Problem]) -> None:
    """Check that an object that names a customer belongs to whom the customer belongs."""
    named = and_(
        t.store_customer.c.store_id == t.source_object.c.store_id,
        t.store_customer.c.external_id == func.substr(t.source_object.c.owner_ref, len(_NAMED) + 1),
    )
    rows = connection.execute(
        select(
            t.source_object.c.id,
            t.source_object.c.owner_id,
            t.source_object.c.owner_ref,
            t.store_customer.c.id.label("customer"),
        )
        .outerjoin(t.store_customer, named)
        .where(
            t.source_object.c.programme_id == programme_id,
            t.source_object.c.owner_ref.startswith(_NAMED),
            t.store_customer.c.member_id.is_distinct_from(t.source_object.c.owner_id),
        )
    )
    for row in rows:
        state = "is missing" if row.customer is None else "is another member's than its orders"
        problems.append(
            Problem(
                what=f"the shop's {row.owner_ref.replace(':', ' ')} {state}",
                member=row.owner_id,
                object=row.id,
            )
        )


def _check_proved(connection: Connection, programme_id: int, problems: list[Problem]) -> None:
    """Check that an e-mail a shop vouches for is that customer's own, or claimed."""
    waiting = select(t.claim.c.id).where(
        t.claim.c.decided_at.is_(None),
        t.claim.c.member_id == t.store_customer.c.member_id,
        t.claim.c.holder_id == t.identity.c.member_id,
        t.claim.c.email_hash == t.store_customer.c.proved_hash,
    )
    held = and_(
        t.identity.c.programme_id == t.store_customer.c.programme_id,
        t.identity.c.email_hash == t.store_customer.c.proved_hash,
    )
    rows = connection.execute(
        select(t.store_customer.c.external_id, t.store_customer.c.member_id)
        .outerjoin(t.identity, held)
        .where(
            t.store_customer.c.programme_id == programme_id,
            t.store_customer.c.proved_hash.is_not(None),
            t.identity.c.member_id.is_distinct_from(t.store_customer.c.member_id),
            ~waiting.exists(),
        )
    )
    problems.extend(
        Problem(
            what=f"the e-mail that customer {row.external_id} proved belongs to somebody else",
            member=row.member_id,
        )
        for row in rows
    )


def _check_settled(
    connection: Connection, programme_id: int, joined: Mapping[int, int], problems: list[Problem]
) -> None:
    """Check that settled claims joined their accounts, and for the reason that they name."""
    customers = connection.execute(
        select(
            t.store_customer.c.member_id,
            t.store_customer.c.proved_hash,
            t.store_customer.c.kept_as,
        ).where(t.store_customer.c.programme_id == programme_id)
    ).all()
    vouched = {(row.member_id, row.proved_hash) for row in customers if row.proved_hash}
    vouched |= {(row.member_id, BY_THE_SHOP) for row in customers if row.kept_as}
    confirmed = {
        msgspec.json.decode(detail, type=_Confirmed).claim
        for detail in connection.execute(
            select(t.audit.c.detail).where(
                t.audit.c.programme_id == programme_id, t.audit.c.action == "claim.confirm"
            )
        ).scalars()
    }
    rows = connection.execute(
        select(t.claim).where(t.claim.c.programme_id == programme_id).order_by(t.claim.c.id)
    )
    for row in rows:
        member, holder = (joined.get(one, one) for one in (row.member_id, row.holder_id))
        what = None
        if row.decided_at is None and (member, holder) != (row.member_id, row.holder_id):
            what = "is open and speaks of an account that was joined to another"
        elif row.decided_at is not None and member != holder:
            what = "is settled, and its accounts are not one"
        elif row.status == "proved" and (member, row.email_hash) not in vouched:
            what = "is proved by no shop"
        elif row.status == "confirmed" and str(row.id) not in confirmed:
            what = "was confirmed by nobody"
        if what is not None:
            problems.append(Problem(what=f"claim {row.id} {what}", member=member))
