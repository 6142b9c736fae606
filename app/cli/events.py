"""`stempel events`: what the shops sent, where each delivery stands and what it did."""

from typing import Any

import click

from app.cli.named import programme_named
from app.cli.printing import entry_row, moment, shortened, stamp
from app.cli.shared import (
    Context,
    as_json,
    gather,
    how_many,
    limit_option,
    only_programme_option,
    pass_context,
    show,
    table,
)
from app.services import stores
from app.services.view_deliveries import (
    STATUSES,
    DeliveryDetail,
    DeliveryView,
    list_deliveries,
    show_delivery,
)
from app.services.view_ledger import sentence


@click.group()
def events() -> None:
    """See the deliveries: what came in, what became of it and why.

    A delivery ends processed, stale (a newer state was known already), ignored (with the reason) or
    dead (it can never work). Until then it is received, reading (the shop is asked) or failed (tried
    again later).
    """


@events.command("list")
@click.option("--store", metavar="KEY", help="Only of this store.")
@click.option("--status", type=click.Choice(STATUSES), help="Only those in this state.")
@click.option("--topic", metavar="TOPIC", help='Only of this topic, as "order.updated".')
@only_programme_option
@click.option("--before", type=int, metavar="ID", help="Only older ones than this delivery.")
@limit_option
@as_json
@pass_context
def list_all(
    context: Context,
    *,
    store: str | None,
    status: str | None,
    topic: str | None,
    programme: str | None,
    before: int | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List deliveries, newest first.

    Example, everything that needs a look: stempel events list --status dead --json
    """
    with context.database().snapshot() as connection:
        if store is not None:
            stores.get_store(connection, store)  # a mistyped key is an error, not an empty list
        programme_id = programme_named(connection, programme)
        found = gather(
            lambda older_than, size: list_deliveries(
                connection,
                store=store,
                status=status,
                topic=topic,
                programme_id=programme_id,
                before=older_than,
                limit=size,
            ),
            how_many(limit, as_json),
            before=before,
        )
    show(
        [_row(one) for one in found],
        as_json,
        table(
            [
                [
                    str(one.id),
                    moment(one.received_at),
                    one.store,
                    one.source,
                    one.topic,
                    one.status + (f" (came {one.repeats + 1} times)" if one.repeats else ""),
                    shortened(one.reason),
                ]
                for one in found
            ],
            ["id", "received (UTC)", "store", "source", "topic", "status", "reason"],
        ),
    )


@events.command("show")
@click.argument("delivery", type=int, metavar="ID")
@as_json
@pass_context
def show_one(context: Context, *, delivery: int, as_json: bool) -> None:
    """Show one delivery: every attempt, the objects it spoke of, the ledger entries it caused.

    Example: stempel events show 385862746112131073
    """
    with context.database().snapshot() as connection:
        found = show_delivery(connection, delivery)
    show(_detail(found), as_json, _as_text(found))


def _row(one: DeliveryView) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "store": one.store,
        "platform": one.platform,
        "source": one.source,
        "topic": one.topic,
        "status": one.status,
        "reason": one.reason,
        "received_at": stamp(one.received_at),
        "repeats": one.repeats,
        "size": one.size,
        "tries": one.tries,
        "next_try": stamp(one.next_try),
        "error": one.error,
    }


def _detail(found: DeliveryDetail) -> dict[str, Any]:
    return _row(found.delivery) | {
        "repeated_at": stamp(found.delivery.repeated_at),
        "body_kept": found.body_kept,
        "attempts": [
            {
                "at": stamp(one.at),
                "status": one.status,
                "reason": one.reason,
                "error": one.error,
                "version": one.version,
            }
            for one in found.attempts
        ],
        "waits_for": found.waits_for,
        "objects": [
            {
                "id": str(one.id),
                "kind": one.kind,
                "external_id": one.external_id,
                "number": one.number,
                "member": None if one.owner_id is None else str(one.owner_id),
            }
            for one in found.objects
        ],
        "entries": [entry_row(one, "en") for one in found.entries],
    }


def _as_text(found: DeliveryDetail) -> str:
    one = found.delivery
    body = "kept" if found.body_kept else "removed"
    lines = [
        f"delivery {one.id}: {one.topic} from {one.store} ({one.platform}, {one.source})",
        f"received {moment(one.received_at)} UTC, {one.size} bytes, body {body}",
        f"{one.status}: {one.reason}" if one.reason else one.status,
    ]
    if one.repeats:
        lines.append(f"came {one.repeats + 1} times, last {moment(one.repeated_at)} UTC")
    if one.next_try is not None and not found.waits_for:
        lines.append(f"next try {moment(one.next_try)} UTC, {one.tries} so far")
    if found.waits_for:
        lines.append(f"waits for reading {', '.join(found.waits_for)}")
    if found.attempts:
        lines += ["", "attempts:"]
    for attempt in found.attempts:
        lines.append(f"  {moment(attempt.at)}  {attempt.status}: {attempt.reason}")
        lines += [f"    {line}" for line in (attempt.error or "").splitlines()]
    if found.objects:
        lines += ["", "spoke of:"]
    lines += [
        f"  {thing.kind} {thing.external_id}"
        + (f", of member {thing.owner_id}" if thing.owner_id else "")
        for thing in found.objects
    ]
    if found.entries:
        lines += ["", "caused:"]
    lines += [
        f"  member {entry.member_id}, entry {entry.seq}: {sentence(entry, 'en')}"
        for entry in found.entries
    ]
    return "\n".join(lines)
