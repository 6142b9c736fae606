"""Redemptions as support sees them: what was taken for points, and how far its code has come."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, select

from app.db import tables as t
from app.db.ids import first_id_of
from app.errors import Conflict, NotFound
from app.programme.by_hand import DRAW
from app.programme.document import Programme, load
from app.programme.events import OrderFacts, RedemptionFacts, RedemptionState
from app.programme.redemption import AT_ONCE, LIVE
from app.programme.shop_money import SHOP_MONEY
from app.services.codes import act_at
from app.services.draws import Drawn, drawn
from app.services.facts import decode_facts
from app.services.mail import CODE
from app.services.redemptions import ORDER_CANCELLED
from app.services.view_ledger import EntryView, entries_of_object
from app.services.views import Page, error_line, key_of, page_of, page_size, storable

STATES = tuple(str(state) for state in RedemptionState)

_LONGEST_ID = 20  # digits


class RedemptionView(msgspec.Struct, frozen=True, kw_only=True):
    """One redemption. `name` is what the merchant called the reward then, "" if nothing."""

    id: int
    programme_id: int
    programme: str
    store: str
    platform: str
    member_id: int  # whose it is now: accounts may have been joined since
    state: str
    reward: str
    name: str
    cost: int
    kind: str
    value: Decimal | None
    currency: str | None
    product: str | None
    code: str | None  # None: a perk, or what people hand out
    created_at: datetime
    made_at: datetime | None
    ends_at: datetime | None
    ending: str | None  # why the code shall end
    dead_at: datetime | None
    given_back: bool
    used_in: str | None  # the order that captured it, by the name it has in the shop
    replaces: int | None
    url: str = ""  # of a download
    cause: str = ""  # of a donation
    granted_by: str | None = None  # the rule that gave it without points

    @property
    def ended_at(self) -> datetime | None:
        """Return when its code ends or ended, None if it never does."""
        if self.dead_at is None or self.ends_at is None:
            return self.dead_at or self.ends_at
        return min(self.dead_at, self.ends_at)

    @property
    def at_once(self) -> bool:
        """Say whether it can be released at once, because no shop has anything of it."""
        return self.kind in AT_ONCE

    @property
    def taken_back(self) -> bool:
        """Say whether its code shall end and may still be used until the shop has confirmed it."""
        return self.ending is not None and self.state in LIVE

    @property
    def ended_for(self) -> str | None:
        """Return why it ends or ended; None if it was used before it could."""
        return None if self.state == RedemptionState.USED else self.ending


class UseView(msgspec.Struct, frozen=True, kw_only=True):
    """An order that showed the code. `shows` says that it still does, `captures` that it counts."""

    object_id: int
    number: str
    placed_at: datetime
    standing: str
    status: str  # in the platform's own word
    shows: bool
    captures: bool
    gone: bool


class MailView(msgspec.Struct, frozen=True, kw_only=True):
    """The e-mail with the code: sent, to be sent, or given up (`error` says why)."""

    created_at: datetime
    sent_at: datetime | None
    due_at: datetime | None
    tries: int
    error: str | None


class NextView(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done at the shop, and what keeps it from being done."""

    what: str  # make | end | look | over (of a perk)
    due_at: datetime
    tries: int
    error: str | None  # of the last try, its first line
    blocked: str | None  # a person must act at the store first
    paused_until: datetime | None  # the shop is left alone for longer than `due_at` says
    money: bool = False  # it is money to pay with, no code


class ReleaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A person's wish that the code shall end."""

    at: datetime
    actor: str
    reason: str


class RedemptionDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known about one redemption."""

    redemption: RedemptionView
    taken_by: int  # the account that took it, as it was then
    customer: str | None  # the shop's id of the person who can use the code; None: by e-mail
    version: int
    refunded: str  # none | points | new-code: what a refund of its whole order gives back
    cancelled: str  # code | points | none: what its cancellation gives back
    uses: int  # as the shop told last
    next: NextView | None
    release: ReleaseView | None
    mail: MailView | None
    orders: list[UseView]
    entries: list[EntryView]
    replaced_by: int | None
    drawn: Drawn | None = None  # of a ticket, once its draw was held

    @property
    def restores(self) -> bool:
        """Say whether points come back once nobody can use its code any more."""
        lost = self.cancelled == "none" and self.redemption.ending == ORDER_CANCELLED
        return self.redemption.granted_by is None and not lost

    @property
    def releasable(self) -> bool:
        """Say whether somebody may ask for its points back."""
        one = self.redemption
        return one.state in LIVE and one.ending is None and self.drawn is None


def list_redemptions(
    connection: Connection,
    *,
    programme_id: int | None = None,
    state: str | None = None,
    store_id: int | None = None,
    member_id: int | None = None,
    search: str | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> Page[RedemptionView]:
    """Return redemptions, newest first; `search` is a whole code in any case.

    A member's are also those that were taken by accounts joined to it.
    """
    size = page_size(limit)
    query = _query().order_by(t.redemption.c.id.desc()).limit(size + 1)
    if search is not None and search.strip():
        if not storable(search.strip()):
            return Page([])
        query = query.where(
            # The stores are named so that the index over both finds it.
            t.redemption.c.store_id.in_(select(t.store.c.id)),
            t.redemption.c.code_key.in_(_spellings(search)),
        )
    for column, wanted in (
        (t.redemption.c.programme_id, programme_id),
        (t.redemption.c.state, state),
        (t.redemption.c.store_id, store_id),
        (t.source_object.c.owner_id, member_id),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if before is not None:
        query = query.where(t.redemption.c.id < key_of(before))
    items = _views(connection, connection.execute(query).all())
    return page_of(items, [item.id for item in items], size)


def show_redemption(connection: Connection, redemption_id: int) -> RedemptionDetail:
    """Return one redemption with its orders, entries and mail; raises NotFound."""
    row = connection.execute(
        _query().where(t.redemption.c.id == key_of(redemption_id))
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no redemption {redemption_id}. See: stempel redemption list")
    [one] = _views(connection, [row])
    rewards = _document(connection, one.programme_id, row.version).rewards
    offered = next((reward for reward in rewards if reward.key == one.reward), None)
    replaced_by = connection.execute(
        select(t.redemption.c.id).where(t.redemption.c.replaces_id == row.id)
    ).scalar()
    return RedemptionDetail(
        redemption=one,
        taken_by=row.member_id,
        customer=row.customer,
        version=row.version,
        refunded="none" if offered is None else offered.refunded,
        cancelled="code" if offered is None else offered.cancelled,
        uses=row.uses,
        next=_next(row),
        release=None if row.ending is None else _release(connection, row),
        mail=_mail(connection, row.id),
        orders=_orders(connection, row),
        entries=entries_of_object(connection, row.object_id),
        replaced_by=replaced_by,
        drawn=drawn(connection, row.id) if one.kind == DRAW else None,
    )


def find_redemption(connection: Connection, which: str) -> int:
    """Return the number of the redemption with this number or code; raises NotFound, Conflict."""
    typed = which.strip()
    if typed.isascii() and typed.isdecimal() and len(typed) <= _LONGEST_ID:
        return show_redemption(connection, int(typed)).redemption.id
    found = list_redemptions(connection, search=typed, limit=10).items if typed else []
    if not found:
        raise NotFound(f"There is no redemption {which!r}. See: stempel redemption list")
    if len(found) > 1:
        those = ", ".join(f"{one.id} in {one.store}" for one in found)
        raise Conflict(f"Several stores have the code {which!r}: {those}. Name one by its id.")
    return found[0].id


def _query() -> Select[Any]:
    order = t.source_object.alias("used_in")
    return (
        select(
            t.redemption,
            t.source_object.c.facts,
            t.source_object.c.version,
            t.source_object.c.owner_id,
            t.programme.c.key.label("programme"),
            t.store.c.key.label("store"),
            t.store.c.platform,
            t.store.c.blocked_reason,
            t.store.c.paused_until,
            func.coalesce(order.c.number, order.c.external_id).label("used_in"),
        )
        .join(t.source_object, t.source_object.c.id == t.redemption.c.object_id)
        .join(t.programme, t.programme.c.id == t.redemption.c.programme_id)
        .join(t.store, t.store.c.id == t.redemption.c.store_id)
        .outerjoin(order, order.c.id == t.redemption.c.used_by)
    )


def _spellings(search: str) -> list[str]:
    """Return how a code may be stored that somebody typed: with or without its hyphens."""
    typed = search.strip().lower()
    bare = "".join(char for char in typed if char.isalnum())
    return [typed, "-".join(bare[at : at + 4] for at in range(0, len(bare), 4))]


def _views(connection: Connection, rows: Sequence[Row[Any]]) -> list[RedemptionView]:
    names = _names(connection, {(row.programme_id, row.version) for row in rows})
    return [_view(row, names) for row in rows]


def _view(row: Row[Any], names: dict[tuple[int, int, str], str]) -> RedemptionView:
    facts = decode_facts(row.facts)
    assert isinstance(facts, RedemptionFacts)
    return RedemptionView(
        id=row.id,
        programme_id=row.programme_id,
        programme=row.programme,
        store=row.store,
        platform=row.platform,
        member_id=row.member_id if row.owner_id is None else row.owner_id,
        state=row.state,
        reward=facts.reward,
        name=names.get((row.programme_id, row.version, facts.reward), ""),
        cost=facts.cost,
        kind=facts.kind,
        value=facts.value,
        currency=facts.currency,
        product=facts.product,
        url=facts.url,
        cause=facts.cause,
        code=row.code,
        created_at=row.created_at,
        made_at=row.made_at,
        ends_at=row.ends_at,
        ending=row.ending,
        dead_at=row.dead_at,
        given_back=facts.given_back,
        used_in=row.used_in,
        replaces=row.replaces_id,
        granted_by=row.granted_by,
    )


def _names(
    connection: Connection, versions: set[tuple[int, int]]
) -> dict[tuple[int, int, str], str]:
    """Return what rewards are called, by programme, version and key."""
    return {
        (programme_id, number, reward.key): reward.name
        for programme_id, number in sorted(versions)
        for reward in _document(connection, programme_id, number).rewards
    }


def _document(connection: Connection, programme_id: int, number: int) -> Programme:
    return load(
        connection.execute(
            select(t.programme_version.c.document).where(
                t.programme_version.c.programme_id == programme_id,
                t.programme_version.c.number == number,
            )
        ).scalar_one()
    )


def _next(row: Row[Any]) -> NextView | None:
    if row.due_at is None:
        return None
    longer = row.paused_until is not None and row.paused_until > row.due_at
    return NextView(
        what="over" if row.kind in AT_ONCE else act_at(row, row.due_at)[0],
        due_at=row.due_at,
        tries=row.tries,
        error=error_line(row.error),
        blocked=row.blocked_reason,
        paused_until=row.paused_until if longer else None,
        money=row.kind in SHOP_MONEY,
    )


def _release(connection: Connection, row: Row[Any]) -> ReleaseView | None:
    """Return who asked for its points back first, if a person did."""
    act = connection.execute(
        select(t.audit)
        .where(
            t.audit.c.programme_id == row.programme_id,
            t.audit.c.id >= first_id_of(row.created_at),
            t.audit.c.action == "redemption.release",
            t.audit.c.subject == f"redemption {row.id}",
        )
        .order_by(t.audit.c.id)
    ).first()
    return None if act is None else ReleaseView(at=act.at, actor=act.actor, reason=act.reason)


def _mail(connection: Connection, redemption_id: int) -> MailView | None:
    row = connection.execute(
        select(t.mail).where(t.mail.c.kind == CODE, t.mail.c.subject_id == redemption_id)
    ).one_or_none()
    if row is None:
        return None
    return MailView(
        created_at=row.created_at,
        sent_at=row.sent_at,
        due_at=row.due_at,
        tries=row.tries,
        error=error_line(row.error),
    )


def _orders(connection: Connection, redemption: Row[Any]) -> list[UseView]:
    rows = connection.execute(
        select(t.source_object)
        .join(t.redemption_use, t.redemption_use.c.object_id == t.source_object.c.id)
        .where(t.redemption_use.c.redemption_id == redemption.id)
        .order_by(t.source_object.c.occurred_at, t.source_object.c.id)
    )
    return [_use(row, redemption) for row in rows]


def _use(row: Row[Any], redemption: Row[Any]) -> UseView:
    facts = decode_facts(row.facts)
    order = facts if isinstance(facts, OrderFacts) else None
    return UseView(
        object_id=row.id,
        number=row.number or row.external_id,
        placed_at=row.occurred_at,
        standing="" if order is None else order.standing,
        status="" if order is None else order.status or order.standing,
        shows=order is not None and redemption.code_key in order.codes,
        captures=row.id == redemption.used_by,
        gone=bool(row.gone),
    )
