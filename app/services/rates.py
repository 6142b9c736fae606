"""Exchange rates: a dated table per programme, and mending the orders that waited for one.

The rate that was in force when an order was placed is frozen with the order; an order without one is
worth 0 ("no rate for X") until a rate for its time is added (DESIGN.md, Basis).
"""

from datetime import datetime
from decimal import Decimal

import msgspec
from sqlalchemy import Connection, insert, select, update

from app.db import tables as t
from app.errors import ConfigError, Conflict
from app.programme.document import Programme
from app.programme.events import Facts, OrderFacts
from app.programme.rules import Context
from app.services import accounts, workset
from app.services.awards import context_of, encode_context
from app.services.facts import decode_facts
from app.services.friends import look_again
from app.services.keys import Vault
from app.services.programmes import versions
from app.services.referral_cases import has_referrals
from app.services.workset import WorkSet
from app.services.worth import settle_objects
from app.services.writeback import want_writing

_CHUNK = 500


class Rates(msgspec.Struct, frozen=True):
    """A programme's rates: (currency, since when, rate), latest first."""

    known: tuple[tuple[str, datetime, Decimal], ...]

    def context_of(
        self, programme: Programme, facts: Facts | None, occurred_at: datetime
    ) -> Context:
        """Return the context to be frozen with an object that is seen for the first time."""
        if not isinstance(facts, OrderFacts) or facts.currency == programme.currency:
            return Context()
        for currency, since, rate in self.known:
            if currency == facts.currency and since <= occurred_at:
                return Context(rate=rate)
        return Context()


def load_rates(connection: Connection, programme_id: int) -> Rates:
    """Return the programme's rates."""
    rows = connection.execute(
        select(t.rate).where(t.rate.c.programme_id == programme_id).order_by(t.rate.c.since.desc())
    )
    return Rates(tuple((row.currency, row.since, Decimal(row.rate)) for row in rows))


def add_rate(
    connection: Connection,
    vault: Vault,
    *,
    programme_id: int,
    currency: str,
    rate: Decimal,
    since: datetime,
    now: datetime,
) -> int:
    """Add a rate and pay the orders that waited for it; returns how many were mended.

    Call in a writing transaction. What was judged by another rate stays as it is. Raises ConfigError
    for a rate that makes no sense and Conflict if there is one from that moment already.
    """
    # Waits for the batches that are under way: their orders are mended too.
    connection.execute(
        update(t.programme)
        .where(t.programme.c.id == programme_id)
        .values(rev=t.programme.c.rev + 1)
    )
    known = versions(connection, programme_id)
    if currency == known[-1].programme.currency or not (
        len(currency) == 3 and currency.isascii() and currency.isupper()
    ):
        raise ConfigError(f"{currency!r} must be the code of another currency, as EUR.")
    if not rate.is_finite() or not Decimal(0) < rate < Decimal(10) ** 9:
        raise ConfigError(f"a rate is a number above 0, not {rate}")
    taken = select(t.rate.c.rate).where(
        t.rate.c.programme_id == programme_id,
        t.rate.c.currency == currency,
        t.rate.c.since == since,
    )
    if connection.execute(taken).first() is not None:
        raise Conflict(f"There is a rate for {currency} from {since:%Y-%m-%d} on already.")
    connection.execute(
        insert(t.rate).values(
            programme_id=programme_id,
            currency=currency,
            since=since,
            rate=str(rate),
            created_at=now,
        )
    )
    return _mend(connection, vault, programme_id, now)


def _mend(connection: Connection, vault: Vault, programme_id: int, now: datetime) -> int:
    rates = load_rates(connection, programme_id)
    known = versions(connection, programme_id)
    rows = connection.execute(
        select(t.source_object.c.id, t.source_object.c.facts, t.source_object.c.context)
        .where(t.source_object.c.programme_id == programme_id, t.source_object.c.kind == "order")
        .order_by(t.source_object.c.id)
    ).all()
    waiting = []
    for row in rows:
        facts = decode_facts(row.facts)
        foreign = isinstance(facts, OrderFacts) and facts.currency != known[-1].programme.currency
        if foreign and context_of(row.context).rate is None:
            waiting.append(row.id)
    mended = 0
    for start in range(0, len(waiting), _CHUNK):
        mended += _mend_some(
            connection, vault, WorkSet(programme_id, now), waiting[start : start + _CHUNK], rates
        )
    return mended


def _mend_some(
    connection: Connection, vault: Vault, work: WorkSet, ids: list[int], rates: Rates
) -> int:
    known = versions(connection, work.programme_id)
    lock = connection.dialect.name != "sqlite"
    workset.load_objects_by_id(connection, work, ids, lock=lock)
    changed = []
    for row in work.objects.values():
        programme = known[row.version - 1].programme
        context = rates.context_of(programme, decode_facts(row.facts), row.occurred_at)
        if context.rate is not None:
            known_now = context_of(row.context)
            mended = msgspec.structs.replace(known_now, rate=context.rate)
            row.context, row.dirty = encode_context(mended), True
            changed.append(row.key)
    owners = workset.load_object_awards(connection, work)
    owners |= {row.owner_id for row in work.objects.values() if row.owner_id is not None}
    accounts.load_members(connection, work, owners, lock=lock)
    settle_objects(connection, work, vault, known, changed)
    moved = sorted(work.moved)
    workset.flush(connection, work)
    if has_referrals(known):
        look_again(connection, work.members, (), work.now)
    want_writing(connection, moved, work.now)
    return len(changed)
