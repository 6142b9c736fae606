"""Members as support sees them: contact, balance, accounts in the shops, objects, who is the same."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, and_, false, or_, select
from sqlalchemy.sql.elements import ColumnElement

from app.clock import now as present
from app.db import tables as t
from app.errors import Conflict, NotFound
from app.programme.events import (
    ActionFacts,
    CustomerFacts,
    EnrolmentFacts,
    OrderFacts,
    ProductFacts,
    RedemptionFacts,
    ReviewFacts,
)
from app.services.facts import decode_facts
from app.services.keys import Vault
from app.services.people import email_hash_of
from app.services.rows import REDEMPTION
from app.services.view_awards import AwardView, award_views, decisive, windows_of
from app.services.view_claims import ClaimView, claims_where
from app.services.view_gifts import Gifts, gifts_of
from app.services.view_life import Dated, becoming_available, going
from app.services.views import Page, key_of, page_of, page_size, programme_views, storable


class _Written(msgspec.Struct, frozen=True, array_like=True):
    """What a shop shows of a member (`app.services.writeback.Wanted.value`), but for codes and perks."""

    programme: str
    balance: int | None = None
    tier: str | None = None


_WRITTEN = msgspec.json.Decoder(_Written)


class MemberView(msgspec.Struct, frozen=True, kw_only=True):
    """One account. `email` is None where only a keyed hash is known (guests) or nothing at all."""

    id: int
    programme_id: int
    programme: str
    email: str | None
    state: str
    balance: int
    pending: int
    entries: int
    enrolled_at: datetime | None
    created_at: datetime
    merged_into: int | None


class CustomerView(msgspec.Struct, frozen=True, kw_only=True):
    """A member's account in one shop and whether that shop shows the newest balance."""

    store: str
    platform: str
    external_id: str
    gone: bool
    due: bool
    due_at: datetime | None
    balance: int | None  # as last written, None if nothing was
    tier: str | None
    written_at: datetime | None
    tries: int
    error: str | None


class ObjectView(msgspec.Struct, frozen=True, kw_only=True):
    """One source object of a member with what it is worth to that member."""

    id: int
    kind: str
    external_id: str
    number: str | None
    store: str
    status: str  # in the platform's own word where it has one
    amount: Decimal | None
    currency: str | None
    occurred_at: datetime
    gone: bool
    settled_by_rule: bool
    delivery_id: int | None
    awards: list[AwardView]


class MemberDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One member with accounts, claims, objects (newest first) and awards over several objects.

    `joined` are the accounts that were joined to this one; what they earned is shown here.
    """

    member: MemberView
    joined: list[int]
    customers: list[CustomerView]
    claims: list[ClaimView]
    objects: Page[ObjectView]
    available: list[Dated]  # what is pending, by when it becomes available
    expiring: list[Dated]
    windows: list[AwardView]
    gifts: Gifts


def list_members(
    connection: Connection,
    vault: Vault,
    *,
    search: str | None = None,
    programme_id: int | None = None,
    state: str | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> Page[MemberView]:
    """Return members, newest first; `search` is an id or a whole e-mail address."""
    size = page_size(limit)
    query = _members().order_by(t.member.c.id.desc()).limit(size + 1)
    if search is not None and search.strip():
        found = _matching(connection, vault, search.strip())
        query = query.where(found)
    if programme_id is not None:
        query = query.where(t.member.c.programme_id == programme_id)
    if state is not None:
        query = query.where(t.member.c.state == state)
    if before is not None:
        query = query.where(t.member.c.id < key_of(before))
    items = [_member(connection, vault, row) for row in connection.execute(query).all()]
    return page_of(items, [item.id for item in items], size)


def find_member(
    connection: Connection, vault: Vault, who: str, *, programme_id: int | None = None
) -> MemberView:
    """Return the one member with this id or e-mail; raises NotFound, Conflict if there are several.

    Who asks by an id means that account, who asks by an e-mail the person. Nothing means nobody, even
    where there is only one: a script whose variable is empty must not act on somebody.
    """
    if not who.strip():
        raise NotFound("Name a member, by its id or e-mail address. See: stempel member list")
    found = list_members(connection, vault, search=who, programme_id=programme_id, limit=10).items
    if [str(one.id) for one in found] != [who.strip()]:
        found = list({one.id: one for one in _living(connection, vault, found)}.values())
    known = [one for one in found if one.state != "erased"] or found
    enrolled = [one for one in known if one.state == "member"] or known
    if len(enrolled) == 1:
        return enrolled[0]
    if not enrolled:
        raise NotFound(f"There is no member {who!r}. See: stempel member list")
    those = ", ".join(f"{one.id} in {one.programme}" for one in enrolled)
    several = len({one.programme_id for one in enrolled}) > 1
    how = "by its id, or a --programme" if several else "by its id"
    raise Conflict(f"Several accounts have {who!r}: {those}. Name one {how}.")


def _living(
    connection: Connection, vault: Vault, several: Iterable[MemberView]
) -> Iterable[MemberView]:
    """Return whom these accounts were joined to, or themselves."""
    for one in several:
        end = one
        while end.merged_into is not None:
            [end] = list_members(connection, vault, search=str(end.merged_into)).items
        yield end


def show_member(
    connection: Connection,
    vault: Vault,
    member_id: int,
    *,
    objects_before: int | None = None,
    limit: int | None = None,
    now: datetime | None = None,
) -> MemberDetail:
    """Return one member, with gifts as they stand `now` (left out: at this moment); raises NotFound."""
    now = now or present()
    row = connection.execute(_members().where(t.member.c.id == key_of(member_id))).one_or_none()
    if row is None:
        raise NotFound(f"There is no member {member_id}.")
    joined = _joined(connection, member_id)
    mine = [] if row.merged_into is not None else [member_id, *joined]
    return MemberDetail(
        member=_member(connection, vault, row),
        joined=joined,
        customers=_customers(connection, member_id),
        claims=claims_where(
            connection, or_(t.claim.c.member_id == member_id, t.claim.c.holder_id == member_id)
        ),
        objects=_objects(connection, member_id, mine, objects_before, page_size(limit)),
        available=becoming_available(connection, mine),
        expiring=going(connection, row.programme_id, member_id, now),
        windows=windows_of(connection, mine),
        gifts=gifts_of(connection, row.programme_id, mine, now),
    )


def _members() -> Select[Any]:
    return select(t.member, t.programme.c.key.label("programme")).join(
        t.programme, t.programme.c.id == t.member.c.programme_id
    )


def _matching(connection: Connection, vault: Vault, search: str) -> ColumnElement[bool]:
    if search.isascii() and search.isdecimal():
        return t.member.c.id == key_of(int(search[:30]))
    if not storable(search):
        return false()
    # The hash is keyed by programme: one e-mail is somebody else in each.
    found: list[ColumnElement[bool]] = []
    for one in programme_views(connection):
        hashed = email_hash_of(vault, one, search)
        if hashed is None:
            continue
        in_shops = select(t.store_customer.c.member_id).where(
            t.store_customer.c.programme_id == one, t.store_customer.c.email_hash == hashed
        )
        found.append(and_(t.member.c.programme_id == one, t.member.c.email_hash == hashed))
        found.append(t.member.c.id.in_(in_shops))
    return or_(*found) if found else false()


def _member(connection: Connection, vault: Vault, row: Row[Any]) -> MemberView:
    email = None
    if row.email is not None and row.data_key_id is not None:
        email = vault.open_email(connection, row.data_key_id, row.id, row.email)
    return MemberView(
        id=row.id,
        programme_id=row.programme_id,
        programme=row.programme,
        email=email,
        state=row.state,
        balance=row.balance,
        pending=row.pending,
        entries=row.entries,
        enrolled_at=row.enrolled_at,
        created_at=row.created_at,
        merged_into=row.merged_into,
    )


def _customers(connection: Connection, member_id: int) -> list[CustomerView]:
    rows = connection.execute(
        select(t.store_customer, t.store.c.key.label("store"), t.store.c.platform)
        .join(t.store, t.store.c.id == t.store_customer.c.store_id)
        .where(t.store_customer.c.member_id == member_id)
        .order_by(t.store_customer.c.id)
    )
    found = []
    for row in rows:
        written = _WRITTEN.decode(row.written) if row.written else _Written("")
        found.append(
            CustomerView(
                store=row.store,
                platform=row.platform,
                external_id=row.external_id,
                gone=bool(row.gone),
                due=row.due_at is not None and not row.gone,
                due_at=row.due_at,
                balance=written.balance,
                tier=written.tier,
                written_at=row.written_at,
                tries=row.tries,
                error=row.error,
            )
        )
    return found


def _joined(connection: Connection, member_id: int) -> list[int]:
    """Return the accounts that were joined to this one, one after the other."""
    found: list[int] = []
    ends = [member_id]
    while ends:
        ends = list(
            connection.execute(
                select(t.member.c.id)
                .where(t.member.c.merged_into.in_(ends))
                .order_by(t.member.c.id)
            ).scalars()
        )
        ends = [one for one in ends if one not in found and one != member_id]
        found += ends
    return found


def _objects(
    connection: Connection,
    member_id: int,
    accounts: Sequence[int],
    before: int | None,
    size: int,
) -> Page[ObjectView]:
    query = (
        select(t.source_object, t.store.c.key.label("store"))
        .join(t.store, t.store.c.id == t.source_object.c.store_id)
        .where(
            t.source_object.c.owner_id == member_id,
            t.source_object.c.kind != REDEMPTION,  # see view_redemptions
        )
        .order_by(t.source_object.c.id.desc())
        .limit(size + 1)
    )
    if before is not None:
        query = query.where(t.source_object.c.id < key_of(before))
    rows = connection.execute(query).all()
    awards: dict[int, list[AwardView]] = defaultdict(list)
    given = connection.execute(
        select(t.award)
        .where(t.award.c.object_id.in_([row.id for row in rows]), t.award.c.member_id.in_(accounts))
        .order_by(t.award.c.rule)
    )
    decided = decisive(given)
    for award, view in zip(decided, award_views(connection, decided), strict=True):
        awards[award.object_id].append(view)
    items = [_object(row, awards[row.id]) for row in rows]
    return page_of(items, [item.id for item in items], size)


def _object(row: Row[Any], awards: Sequence[AwardView]) -> ObjectView:
    amount: Decimal | None = None
    currency: str | None = None
    match decode_facts(row.facts):
        case OrderFacts() as order:
            status, amount, currency = order.status or order.standing, order.total, order.currency
        case ReviewFacts() as review:
            status = review.status
        case CustomerFacts() as customer:
            status = customer.role or ""
        case EnrolmentFacts() as enrolment:
            status = enrolment.by
        case ActionFacts() as action:
            status = "withdrawn" if action.removed else action.action
        case ProductFacts() as product:
            status = "removed" if product.removed else ""
        case RedemptionFacts() as redemption:
            status = redemption.state
    return ObjectView(
        id=row.id,
        kind=row.kind,
        external_id=row.external_id,
        number=row.number,
        store=row.store,
        status=status,
        amount=amount,
        currency=currency,
        occurred_at=row.occurred_at,
        gone=bool(row.gone),
        settled_by_rule=bool(row.settled_by_rule),
        delivery_id=row.delivery_id,
        awards=list(awards),
    )
