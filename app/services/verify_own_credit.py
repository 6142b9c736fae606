"""Proves what orders are judged to have been paid with of the programme's own credit."""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection, and_, or_, select

from app.db import tables as t
from app.errors import Invalid
from app.programme.shop_money import STORE_CREDIT
from app.services.awards import context_of
from app.services.order_windows import ORDER
from app.services.own_credit import credit_of, gives_credit
from app.services.problems import Problem
from app.services.programmes import Version
from app.services.rows import REDEMPTION, ObjectRow
from app.services.workset import object_row


def check_own_credit(
    connection: Connection,
    programme_id: int,
    known: Sequence[Version],
    joined: Mapping[int, int],
    problems: list[Problem],
) -> None:
    """Work out from all orders and credits what paid for what; the contexts of the orders must say so."""
    if not gives_credit(known):
        return
    columns = t.source_object.c
    rows = connection.execute(
        select(t.source_object).where(
            columns.programme_id == programme_id,
            or_(
                and_(
                    columns.kind == ORDER,
                    or_(columns.facts.contains('"credits"'), columns.context.contains('"credit"')),
                ),
                and_(columns.kind == REDEMPTION, columns.facts.contains(f'"{STORE_CREDIT}"')),
            ),
        )
    )
    orders: list[ObjectRow] = []
    given: list[ObjectRow] = []
    for row in map(object_row, rows):
        (orders if row.kind == ORDER else given).append(row)
    try:
        right = credit_of(
            connection, programme_id, orders, given, lambda owner: joined.get(owner, owner)
        )
        wrong = [row for row in orders if context_of(row.context).credit != right[row.id]]
    except (msgspec.DecodeError, Invalid, ValueError):
        return  # named with its object
    problems.extend(
        Problem(
            what=f"{row.kind} {row.external_id} is not judged with the credit of the programme that "
            "paid for it",
            object=row.id,
            member=row.owner_id,
        )
        for row in wrong
    )
