"""What members have and have not used up, codes and perks of rewards and memberships: what a shop shows."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from app.db import tables as t
from app.programme.by_hand import BY_HAND
from app.programme.events import RedemptionFacts, RedemptionState
from app.programme.shop_money import STORE_CREDIT
from app.services.accounts import accounts_of
from app.services.facts import decode_facts


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """A code that can be used, or a perk that lasts.

    `customer` is the shop's one who can use it, None: whoever gives the e-mail.
    """

    code: str | None  # None: a perk
    reward: str
    ends_at: datetime | None
    customer: str | None


class LiveCodes:
    """The live codes in one shop of some members, those of accounts joined to them included."""

    def __init__(
        self, connection: Connection, store_id: int, members: Iterable[int], now: datetime
    ) -> None:
        self._homes = accounts_of(connection, sorted(set(members)))
        self._accounts = _accounts(connection, store_id, sorted(self._homes))
        self._codes = _codes(connection, store_id, self._homes)
        self._perks = _perks(connection, self._homes, now)

    def of(self, member: int, customer: str) -> tuple[Live, ...]:
        """Return what a member has to be shown to this customer of the shop, the oldest first.

        Who has two accounts in the shop sees a code where it works. If the account it was made for is
        gone (the shop may have merged it into the other), it is shown all the same. What a membership
        gives is shown in every shop.
        """
        codes = (
            one
            for one in self._codes.get(member, ())
            if one.customer in {None, customer} or (member, one.customer) not in self._accounts
        )
        return (*codes, *self._perks.get(member, ()))


def _accounts(
    connection: Connection, store_id: int, members: Sequence[int]
) -> set[tuple[int, str | None]]:
    rows = connection.execute(
        select(t.store_customer.c.member_id, t.store_customer.c.external_id).where(
            t.store_customer.c.store_id == store_id,
            t.store_customer.c.member_id.in_(members),
            t.store_customer.c.gone == 0,
            t.store_customer.c.kept_as.is_(None),
        )
    )
    return {(row.member_id, row.external_id) for row in rows}


def _codes(connection: Connection, store_id: int, homes: dict[int, int]) -> dict[int, list[Live]]:
    rows = connection.execute(
        select(
            t.redemption.c.member_id,
            t.redemption.c.code,
            t.redemption.c.customer,
            t.redemption.c.ends_at,
            t.source_object.c.facts,
        )
        .join(t.source_object, t.source_object.c.id == t.redemption.c.object_id)
        .where(
            t.redemption.c.store_id == store_id,
            t.redemption.c.member_id.in_(sorted(homes)),
            t.redemption.c.state == RedemptionState.ISSUED,
            t.redemption.c.made_at.is_not(None),
            t.redemption.c.ending.is_(None),
            t.redemption.c.dead_at.is_(None),
        )
        .order_by(t.redemption.c.id)
    )
    found: dict[int, list[Live]] = {}
    for row in rows:
        facts = decode_facts(row.facts)
        assert isinstance(facts, RedemptionFacts)
        if facts.kind in BY_HAND or facts.kind == STORE_CREDIT:
            continue  # people hand it out; the shop shows credit by itself
        one = Live(code=row.code, reward=facts.reward, ends_at=row.ends_at, customer=row.customer)
        found.setdefault(homes[row.member_id], []).append(one)
    return found


def _perks(
    connection: Connection, homes: dict[int, int], now: datetime
) -> dict[int, tuple[Live, ...]]:
    """Return the perks of memberships that run, per person."""
    rows = connection.execute(
        select(t.award.c.member_id, t.award.c.perks).where(
            t.award.c.member_id.in_(sorted(homes)),
            t.award.c.object_id.is_(None),
            t.award.c.until > now,
        )
    )
    found: dict[int, set[str]] = {}
    for row in rows:
        found.setdefault(homes[row.member_id], set()).update((row.perks or "").split(","))
    return {
        # Their end is not told: a renewal changes nothing that a shop shows.
        person: tuple(
            Live(code=None, reward=perk, ends_at=None, customer=None) for perk in sorted(perks)
        )
        for person, perks in found.items()
    }
