"""What is known of one friend, put together for judging: the accounts, orders and words, and the traits."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, or_, select

from app.db import tables as t
from app.programme.events import CustomerFacts
from app.programme.referral_score import (
    CROWD_DAYS,
    Signal,
    Trait,
    TraitKind,
    judged_until,
    signals_of,
)
from app.programme.referrals import (
    AccountItem,
    Referred,
    State,
    Strength,
    Verdict,
    Word,
    codes_in,
    referral_rules,
    referred,
    return_days,
    words_of,
)
from app.services.accounts import people_of
from app.services.facts import decode_facts
from app.services.order_windows import ORDER, order_item
from app.services.programmes import Version
from app.services.rows import ObjectRow
from app.services.workset import chunks

KINDS = ("customer", ORDER)
"""The source objects that name who recommended the shop, or decide what that is worth."""

_SIGNALS: msgspec.json.Decoder[tuple[Signal, ...]] = msgspec.json.Decoder(tuple[Signal, ...])


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One friend as all that is stored makes them. `main` is the referral that stands for the person."""

    person: int
    main: Row[Any]
    others: tuple[Row[Any], ...]
    found: Referred | None
    verdict: Verdict | None

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Return the signals as they were last judged."""
        return stored_signals(self.main.signals)


def has_referrals(versions: Sequence[Version]) -> bool:
    """Say whether any version has a rule about friends."""
    return any(referral_rules(one.programme) for one in versions)


def stored_signals(text: str) -> tuple[Signal, ...]:
    """Return signals as they are stored with a referral."""
    return _SIGNALS.decode(text)


def put_together(
    versions: Sequence[Version],
    person: int,
    rows: Iterable[Row[Any]],
    objects: Iterable[Row[Any] | ObjectRow],
    holders: Mapping[str, int],
    person_of: Callable[[int], int],
) -> Case:
    """Return a friend's case from the rows of all their accounts. `holders` have the codes."""
    several = sorted(rows, key=lambda row: (row.friend_id != person, row.id))
    orders, accounts = [], []
    for row in objects:
        if row.kind == ORDER:
            orders.append(order_item(versions, row))
        elif isinstance(facts := decode_facts(row.facts), CustomerFacts):
            accounts.append(AccountItem(row.id, row.occurred_at, facts))
    known = {code: person_of(holder) for code, holder in holders.items()}
    for row in several:
        if row.code is not None and row.referrer_id is not None:
            known.setdefault(row.code, person_of(row.referrer_id))  # who has no code any more
    claims = [
        Word(row.claimed_at, Strength.STAFF, 0, "", person_of(row.claimed_id))
        for row in several
        if row.claimed_id is not None and row.claimed_at is not None
    ]
    words = words_of(orders, accounts, known, claim=min(claims, default=None))
    decided = [row for row in several if row.verdict is not None]
    last = max(decided, key=lambda row: (row.decided_at, row.id), default=None)
    return Case(
        person=person,
        main=several[0],
        others=tuple(several[1:]),
        found=referred(person, orders, words),
        verdict=None if last is None else Verdict(last.verdict),
    )


def load_rows(connection: Connection, accounts: Sequence[int]) -> list[Row[Any]]:
    """Return the referrals of a friend's accounts."""
    return list(connection.execute(select(t.referral).where(t.referral.c.friend_id.in_(accounts))))


def load_objects(connection: Connection, accounts: Sequence[int]) -> list[Row[Any]]:
    """Return the orders and shop accounts of a friend."""
    return list(
        connection.execute(
            select(t.source_object).where(
                t.source_object.c.owner_id.in_(accounts), t.source_object.c.kind.in_(KINDS)
            )
        )
    )


def code_holders(connection: Connection, programme_id: int, codes: Iterable[str]) -> dict[str, int]:
    """Return the accounts that members' codes were made for."""
    found: dict[str, int] = {}
    for chunk in chunks(sorted(set(codes))):
        rows = connection.execute(
            select(t.member.c.referral_code, t.member.c.id).where(
                t.member.c.programme_id == programme_id, t.member.c.referral_code.in_(chunk)
            )
        )
        found |= {row.referral_code: row.id for row in rows}
    return found


def named_codes(objects: Iterable[Row[Any] | ObjectRow]) -> set[str]:
    """Return the codes that orders and accounts name."""
    return {code for row in objects for code in codes_in(decode_facts(row.facts))}


def find_signals(
    connection: Connection,
    case: Case,
    found: Referred,
    friend: Sequence[int],
    referrer: Sequence[int],
) -> tuple[Signal, ...]:
    """Return what speaks against a referral; `friend` and `referrer` are the accounts of both."""
    if found.first is None or found.oneself:
        return ()
    theirs = load_traits(connection, friend)
    loop = (
        select(t.referral.c.id)
        .where(
            t.referral.c.friend_id.in_(referrer),
            t.referral.c.referrer_id.in_(friend),
            t.referral.c.state != State.JOINED.value,
            or_(
                t.referral.c.stated_at < found.word.at,
                and_(t.referral.c.stated_at == found.word.at, t.referral.c.id < case.main.id),
            ),
        )
        .limit(1)
    )
    until = judged_until(found.first.occurred_at, return_days(found))
    blocks = [one.hash for one in theirs if one.kind is TraitKind.BLOCK and one.seen_at <= until]
    return signals_of(
        theirs,
        load_traits(connection, referrer),
        until=until,
        loop=connection.execute(loop).first() is not None,
        neighbours=1 + _neighbours(connection, found, friend, referrer, blocks),
        refunded=found.refunded,
    )


def load_traits(connection: Connection, accounts: Sequence[int]) -> list[Trait]:
    """Return what is kept of a person to be compared."""
    rows = connection.execute(
        select(t.trait.c.kind, t.trait.c.hash, t.trait.c.seen_at).where(
            t.trait.c.member_id.in_(accounts)
        )
    )
    return [Trait(TraitKind(row.kind), row.hash, row.seen_at) for row in rows]


def _neighbours(
    connection: Connection,
    found: Referred,
    friend: Sequence[int],
    referrer: Sequence[int],
    blocks: Sequence[bytes],
) -> int:
    """Count the other friends of one person who came from the same block in the days before."""
    if not blocks:
        return 0
    since = found.word.at - timedelta(days=CROWD_DAYS)
    others = connection.execute(
        select(t.referral.c.friend_id).where(
            t.referral.c.referrer_id.in_(referrer),
            t.referral.c.friend_id.not_in([*friend, *referrer]),
            t.referral.c.state != State.JOINED.value,
            t.referral.c.stated_at.between(since, found.word.at),
        )
    )
    people = people_of(connection, others.scalars())
    came: set[int] = set()
    for chunk in chunks(sorted(people)):
        rows = connection.execute(
            select(t.trait.c.member_id).where(
                t.trait.c.member_id.in_(chunk),
                t.trait.c.kind == TraitKind.BLOCK.value,
                t.trait.c.hash.in_(blocks),
            )
        )
        came |= {people[member_id] for member_id in rows.scalars()}
    return len(came)
