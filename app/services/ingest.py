"""One batch of normalised deliveries becomes states, awards, entries and things to write back.

`evaluate` works in memory on what it loaded, `commit` writes it: on PostgreSQL in one transaction with
the rows locked, on SQLite with the write lock taken only for the second half.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from app.programme.events import Event, OrderFacts
from app.services import accounts, friends, outcomes, workset
from app.services.goods import PRODUCT, is_asked, load_shelf
from app.services.keys import Vault
from app.services.observe import observe
from app.services.outbox import ReadRequest, orders_under_way, request_reads
from app.services.outcomes import Outcome
from app.services.own_credit import load_issuers
from app.services.people import email_hash_of, give_reviews
from app.services.programmes import versions
from app.services.rates import load_rates
from app.services.redemptions import capture, codes_of, load_shown
from app.services.rows import ObjectKey
from app.services.segments import load_memberships
from app.services.told import Finding, Observer, Told
from app.services.workset import WorkSet
from app.services.worth import settle_objects
from app.services.writeback import block, look_again, restore_marks, want_writing

NO_KEYS = "cannot be read, no API keys"


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery as its connector understood it.

    `refs` are (kind, external id), `lost` (customer, marks that the shop no longer shows), `closed` why
    the store cannot be called any more. Unless `sure`, another shop may have sent it: only what is
    known to be this store's is believed.
    """

    delivery_id: int
    store_id: int
    source: str
    received_at: datetime
    began_at: datetime | None
    readable: bool
    events: tuple[Event, ...] = ()
    refs: tuple[tuple[str, str], ...] = ()
    ignored: str | None = None
    closed: str | None = None
    lost: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sure: bool = True
    note: str | None = None


class Batch(msgspec.Struct, frozen=True):
    """An evaluated batch, ready to be written."""

    work: WorkSet
    outcomes: tuple[Outcome, ...]
    reads: tuple[ReadRequest, ...]
    closed: tuple[tuple[int, str], ...]  # (store, why it cannot be called any more)
    lost: tuple[tuple[int, str, tuple[str, ...]], ...]  # (store, customer, marks)
    joined: tuple[tuple[int, str], ...]  # (store, customer that the shop made one of two)
    friends: friends.Noted


def evaluate(
    connection: Connection,
    vault: Vault,
    *,
    programme_id: int,
    incoming: Sequence[Incoming],
    now: datetime,
    lock: bool,
) -> Batch:
    """Work out what the deliveries change. Loaded rows are locked if `lock` (PostgreSQL)."""
    work = WorkSet(programme_id, now)
    workset.load_programme(connection, work, lock=lock)
    known = versions(connection, programme_id)
    # Asked before the refunds' orders are looked up: an answer dealt with in between is found there.
    under_way = orders_under_way(connection, _stores_with_refunds(incoming))
    if not is_asked(known):
        incoming = [_without_products(one) for one in incoming]
    _load(connection, vault, work, incoming, lock=lock)
    told = [(one.store_id, event) for one in incoming for event in one.events]
    here = Observer(
        connection,
        work,
        vault,
        known,
        load_rates(connection, programme_id),
        load_memberships(connection, known, list(work.members)),
        load_shelf(connection, known, told),
        load_issuers(connection, programme_id, known, told),
    )
    results: list[Outcome] = []
    reads: list[ReadRequest] = []
    changed: set[ObjectKey] = set()
    for one in incoming:
        result, wanted = _one(here, one, changed, under_way.get(one.store_id, ()))
        results.append(result)
        reads.extend(wanted)
    reads.extend(_unknown_customers(work, incoming))
    changed.update(give_reviews(work))
    changed.update(capture(work, known))
    settle_objects(connection, work, vault, known, changed)
    return Batch(
        work,
        tuple(results),
        tuple(reads),
        closed=tuple((one.store_id, one.closed) for one in incoming if one.closed is not None),
        lost=tuple((one.store_id, *lost) for one in incoming for lost in one.lost),
        joined=tuple(
            (one.store_id, event.into)
            for one in incoming
            for event in one.events
            if event.into is not None
        ),
        friends=friends.note(connection, vault, work, known, incoming, changed),
    )


def commit(connection: Connection, batch: Batch, *, recheck: bool) -> None:
    """Write an evaluated batch; raises Conflict if `recheck` finds that its rows changed since."""
    work = batch.work
    if recheck:
        workset.recheck(connection, work)
    moved = sorted(work.moved)
    workset.flush(connection, work)
    friends.write(connection, work, batch.friends)
    want_writing(connection, moved, work.now)
    for store_id, customer, marks in batch.lost:
        restore_marks(connection, store_id, customer, marks, work.now)
    for store_id, customer in sorted(set(batch.joined)):
        look_again(
            connection, store_id, customer, work.now
        )  # it shows the other's marks as well now
    for store_id, reason in batch.closed:
        block(connection, store_id, reason)
    request_reads(connection, work.programme_id, batch.reads, work.now)
    outcomes.record(connection, batch.outcomes, work.now)
    outcomes.settle_waiters(connection, batch.outcomes, work.now)


def _load(
    connection: Connection,
    vault: Vault,
    work: WorkSet,
    incoming: Sequence[Incoming],
    *,
    lock: bool,
) -> None:
    keys: set[ObjectKey] = set()
    customers: set[tuple[int, str]] = set()
    hashes: set[bytes] = set()
    for one in incoming:
        keys |= {(one.store_id, kind, external_id) for kind, external_id in one.refs}
        for event in one.events:
            keys.add((one.store_id, event.kind, event.external_id))
            if event.kind == "customer":
                customers.add((one.store_id, event.external_id))
                customers.add((one.store_id, event.into or event.external_id))
            if event.person.customer is not None:
                customers.add((one.store_id, event.person.customer))
            hashed = email_hash_of(vault, work.programme_id, event.person.email)
            if hashed is not None and not event.person.erased:
                hashes.add(hashed)
    workset.load_objects(connection, work, keys, lock=lock)
    shown = {code for row in work.objects.values() for code in codes_of(row)}
    shown |= {
        (one.store_id, code)
        for one in incoming
        for event in one.events
        if isinstance(event.facts, OrderFacts)
        for code in event.facts.codes
    }
    workset.load_reviews_by_writer(connection, work, hashes, lock=lock)
    if shown:
        load_shown(connection, work, shown, lock=lock)
    reviewed = {
        one.store_id for one in incoming if any(event.kind == "review" for event in one.events)
    }
    owners = workset.load_object_awards(connection, work)
    accounts.load_people(
        connection,
        work,
        customers=customers,
        hashes=hashes,
        owners=owners,
        lock=lock,
        reviewed=reviewed,
    )


def _one(
    here: Observer, one: Incoming, changed: set[ObjectKey], under_way: Sequence[str]
) -> tuple[Outcome, list[ReadRequest]]:
    if one.ignored is not None:
        return _outcome(one, "ignored", one.ignored), []
    if one.closed is not None:
        return _outcome(one, "processed", one.closed), []
    if one.refs:
        return _signal(here, one, under_way)
    told = Told(
        delivery_id=one.delivery_id,
        store_id=one.store_id,
        accepted_at=one.began_at or one.received_at,
        read_at=one.began_at,
        readable=one.readable,
        sure=one.sure,
    )
    findings = []
    reads: list[ReadRequest] = []
    for event in one.events:
        finding = observe(here, told, event)
        findings.append(finding)
        if finding.changed:
            changed.add((one.store_id, event.kind, event.external_id))
        if finding.status == "reading":
            wanted = [(PRODUCT, product) for product in finding.products]
            reads.extend(
                ReadRequest(
                    one.store_id,
                    kind,
                    external_id,
                    one.delivery_id,
                    again=finding.again,
                    alone=finding.alone,
                )
                for kind, external_id in wanted or [(event.kind, event.external_id)]
            )
    status, reason = _summary(findings, one.note)
    return _outcome(one, status, reason), reads


def _signal(
    here: Observer, one: Incoming, under_way: Sequence[str]
) -> tuple[Outcome, list[ReadRequest]]:
    """Ask for a read of the objects a message points at, each time such a message comes.

    A refund that belongs to no order seen here may belong to one that is being read just now, and
    may have been deleted after it was read: those orders are read once more.
    """
    if not one.readable:
        return _outcome(one, "ignored", NO_KEYS), []
    wanted = []
    orders = {row.id: row for row in here.work.objects.values()}
    for kind, external_id in one.refs:
        if kind != "refund":
            wanted.append(ReadRequest(one.store_id, kind, external_id, one.delivery_id))
            continue
        order = orders.get(here.work.parts.get((one.store_id, kind, external_id), 0))
        if order is not None:
            wanted.append(ReadRequest(one.store_id, order.kind, order.external_id, one.delivery_id))
            continue
        wanted.extend(
            ReadRequest(one.store_id, "order", number, one.delivery_id) for number in under_way
        )
    if not wanted:
        names = ", ".join(f"{kind} {external_id}" for kind, external_id in one.refs)
        return _outcome(one, "ignored", f"{names} belongs to no order seen here"), []
    return _outcome(one, "reading", one.note or "only points at what must be read"), wanted


def _stores_with_refunds(incoming: Sequence[Incoming]) -> list[int]:
    return sorted(
        {one.store_id for one in incoming if any(kind == "refund" for kind, _ in one.refs)}
    )


def _summary(findings: Sequence[Finding], note: str | None) -> tuple[str, str]:
    """Sum up a delivery that may speak of several objects."""
    if not findings:
        return "processed", note or "names no object"
    order = ("reading", "processed", "stale", "ignored")
    status = min((finding.status for finding in findings), key=order.index)
    reasons = [finding.reason for finding in findings if finding.status == status]
    text = "; ".join(reasons[:3]) + (f"; and {len(reasons) - 3} more" if len(reasons) > 3 else "")
    return status, f"{text} ({note})" if note else text


def _unknown_customers(work: WorkSet, incoming: Sequence[Incoming]) -> list[ReadRequest]:
    """Accounts first seen on an order: their own date and role are read once."""
    readable: Mapping[int, bool] = {one.store_id: one.readable for one in incoming}
    return [
        ReadRequest(row.store_id, "customer", row.external_id)
        for row in work.customers.values()
        if row.new
        and readable.get(row.store_id)
        and (row.store_id, "customer", row.external_id) not in work.objects
    ]


def _without_products(one: Incoming) -> Incoming:
    """Return a message without what it says of products: no rule asks what kind of goods they are."""
    events = tuple(event for event in one.events if event.kind != PRODUCT)
    refs = tuple(ref for ref in one.refs if ref[0] != PRODUCT)
    if len(events) == len(one.events) and len(refs) == len(one.refs):
        return one
    why = None
    if not events and not refs:
        said = f" ({one.note})" if one.note else ""
        why = f"no rule asks what kind of goods a product is{said}"
    return msgspec.structs.replace(one, events=events, refs=refs, ignored=one.ignored or why)


def _outcome(one: Incoming, status: str, reason: str) -> Outcome:
    return Outcome(delivery_id=one.delivery_id, status=status, reason=reason)
