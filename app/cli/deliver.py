"""`stempel deliver`: sends captured deliveries through the edge in this process, and drains them."""

import asyncio
import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from sqlalchemy import Connection, func, select

from app.cli.shared import Context, as_json, pass_context, show, table
from app.db import tables as t
from app.errors import ConfigError, Invalid
from app.main import Application
from app.services.stores import Store, get_store
from app.services.view_deliveries import show_delivery
from connectors.registry import load_connectors
from jobs.drain import drain
from jobs.joins import join_proved
from jobs.push import push
from jobs.referrals import judge_referrals
from jobs.runtime import Runtime, new_runtime
from jobs.shops import Shops

_HOP_HEADERS = frozenset({"connection", "content-length", "host", "transfer-encoding"})
_TURNS = 100
_LARGEST_FILE = 64 * 1024 * 1024
_REFUSALS = {
    200: "a test ping, noted",
    401: "refused: no signature, or none by a secret of this store",
    413: "refused: larger than MAX_BODY_BYTES",
    503: "refused: the database was away",
}


class _Message(msgspec.Struct, frozen=True):
    """One captured delivery: what was sent, byte by byte."""

    file: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class _Row(msgspec.Struct, frozen=True):
    """What became of one file."""

    file: str
    http_status: int
    status: str
    reason: str


@click.command()
@click.option("--store", "store_key", required=True, metavar="KEY", help="The store they are for.")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@as_json
@pass_context
def deliver(context: Context, files: Sequence[Path], *, store_key: str, as_json: bool) -> None:
    """Send captured deliveries to a store, as its shop would, and show what became of each.

    A FILE is JSON with `headers` and either `body_base64` (the exact bytes) or `body` (JSON). The
    signature in the headers must fit one of the store's secrets. Works beside a running service too.

    Example: stempel deliver --store shop-example-1a2b order_paid.json --json
    """
    messages = [_read(path) for path in files]
    with context.database().snapshot() as connection:
        store = get_store(connection, store_key)
    if store.platform not in load_connectors():
        raise ConfigError(f"The connector for {store.platform!r} is not installed.")
    rows = asyncio.run(_send_all(context, store, messages))
    bad = [row for row in rows if row.http_status != 200 or row.status in {"failed", "dead"}]
    show(
        [msgspec.structs.asdict(row) for row in rows],
        as_json,
        table(
            [[row.file, str(row.http_status), row.status, row.reason] for row in rows],
            ["file", "http", "status", "reason"],
        ),
    )
    if bad:
        raise SystemExit(1)


async def _send_all(context: Context, store: Store, messages: Sequence[_Message]) -> list[_Row]:
    runtime = new_runtime(context.database(), context.settings, load_connectors(), context.clock)
    app = Application(runtime, worker=None, wake=_nobody)
    sent: list[tuple[_Message, int, int | None]] = []
    await app.startup()
    try:
        with Shops(runtime) as shops:
            for message in messages:
                with runtime.database.snapshot() as connection:
                    before = _counts(connection, store.id)
                status = await _post(app, store, message)
                with runtime.database.snapshot() as connection:
                    kept = status == 200 and _counts(connection, store.id) != before
                    delivery_id = _newest(connection, store, message) if kept else None
                sent.append((message, status, delivery_id))
                for _ in range(_TURNS):
                    if not _drained(runtime) + push(runtime, shops):
                        break
        with runtime.database.snapshot() as connection:
            return [_row(connection, *one) for one in sent]
    finally:
        await app.shutdown()


def _drained(runtime: Runtime) -> int:
    """Deal with what was delivered and with all that follows from it here."""
    return drain(runtime) + join_proved(runtime) + judge_referrals(runtime)


def _nobody(_store_id: int) -> None:
    """Wake nobody: this process drains by itself."""


async def _post(app: Application, store: Store, message: _Message) -> int:
    """POST one message to the edge as a server would hand it over; returns the HTTP status."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": f"/webhooks/{store.platform}/{store.key}",
        "raw_path": f"/webhooks/{store.platform}/{store.key}".encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [*message.headers, (b"content-length", str(len(message.body)).encode())],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
    }
    answers: list[Mapping[str, Any]] = []
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": message.body, "more_body": False}

    async def send(answer: Any) -> None:
        answers.append(answer)

    await app(scope, receive, send)
    return int(answers[0]["status"])


def _counts(connection: Connection, store_id: int) -> tuple[int, int]:
    row = connection.execute(
        select(func.count(), func.coalesce(func.sum(t.delivery.c.repeats), 0)).where(
            t.delivery.c.store_id == store_id, t.delivery.c.source == "webhook"
        )
    ).one()
    return int(row[0]), int(row[1])


def _newest(connection: Connection, store: Store, message: _Message) -> int | None:
    """Return the delivery that was stored or repeated last with a body of this size."""
    found: int | None = connection.execute(
        select(t.delivery.c.id)
        .where(t.delivery.c.store_id == store.id, t.delivery.c.size == len(message.body))
        .order_by(
            func.coalesce(t.delivery.c.repeated_at, t.delivery.c.received_at).desc(),
            t.delivery.c.id.desc(),
        )
        .limit(1)
    ).scalar()
    return found


def _row(
    connection: Connection, message: _Message, http_status: int, delivery_id: int | None
) -> _Row:
    if delivery_id is None:
        reason = _REFUSALS.get(http_status, "refused by the edge")
        return _Row(message.file, http_status, "not stored", reason)
    delivery = show_delivery(connection, delivery_id).delivery
    return _Row(message.file, http_status, delivery.status, delivery.reason or "")


def _read(path: Path) -> _Message:
    if path.stat().st_size > _LARGEST_FILE:
        raise Invalid(f"{path} is too large for one delivery")
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise Invalid(f"{path} is not JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("headers"), dict):
        raise Invalid(f"{path}: a delivery has an object `headers`")
    headers = tuple(
        (name.lower().encode("latin-1", "replace"), str(value).encode("latin-1", "replace"))
        for name, value in document["headers"].items()
        if name.lower() not in _HOP_HEADERS
    )
    if isinstance(document.get("body_base64"), str):
        try:
            body = base64.b64decode(document["body_base64"], validate=True)
        except binascii.Error as error:
            raise Invalid(f"{path}: `body_base64` is not base64: {error}") from error
    elif "body" in document:
        # Shopify's captured samples are signed over exactly this form of their JSON.
        text = json.dumps(document["body"], separators=(",", ":"), ensure_ascii=False)
        body = text.encode()
    else:
        raise Invalid(f"{path}: a delivery has `body_base64` or `body`")
    return _Message(path.name, headers, body)
