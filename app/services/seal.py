"""The daily checkpoint: one MAC over every member's head, so that a cut-off chain is found too."""

from datetime import datetime

import msgspec
import zstandard
from sqlalchemy import Connection, select

from app.clock import EPOCH
from app.crypto import MAX_BODY_BYTES, Keyring
from app.db import tables as t
from app.db.ids import new_id
from app.db.upsert import insert_missing

Head = tuple[int, int, bytes]  # member id, entries, MAC of the newest entry

_HEADS: msgspec.msgpack.Decoder[list[Head]] = msgspec.msgpack.Decoder(list[Head])


def seal_heads(connection: Connection, keyring: Keyring, now: datetime) -> int:
    """Seal the heads of every programme for today; returns how many programmes were sealed.

    A day is sealed once: the same day again changes nothing.
    """
    day = (now - EPOCH).days
    programmes = list(connection.execute(select(t.programme.c.id)).scalars())
    for programme_id in programmes:
        heads = [
            (row.id, row.entries, row.head)
            for row in connection.execute(
                select(t.member.c.id, t.member.c.entries, t.member.c.head)
                .where(t.member.c.programme_id == programme_id, t.member.c.entries > 0)
                .order_by(t.member.c.id)
            )
        ]
        packed = msgspec.msgpack.encode(heads)
        insert_missing(
            connection,
            t.checkpoint,
            [
                {
                    "id": new_id(),
                    "programme_id": programme_id,
                    "day": day,
                    "members": len(heads),
                    "entries": sum(entries for _, entries, _ in heads),
                    "heads": zstandard.compress(packed),
                    "mac": seal_mac(keyring, programme_id, day, packed),
                    "at": now,
                }
            ],
            keys=("programme_id", "day"),
        )
    return len(programmes)


def seal_mac(keyring: Keyring, programme_id: int, day: int, packed: bytes) -> bytes:
    """Return the MAC of a checkpoint."""
    return keyring.chain(
        programme_id.to_bytes(8, "big") + day.to_bytes(8, "big", signed=True), packed
    )


def unpack_heads(packed: bytes) -> list[Head]:
    """Return the sealed heads."""
    return _HEADS.decode(packed)


def decompress_heads(stored: bytes) -> bytes | None:
    """Return the packed heads as they were sealed, None if this is not what was stored."""
    try:
        return zstandard.ZstdDecompressor().decompress(stored, max_output_size=MAX_BODY_BYTES * 16)
    except zstandard.ZstdError:
        return None
