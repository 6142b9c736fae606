"""Entries, lots, and the daily seals over both."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    and_,
    literal_column,
)

from app.db.tables.columns import id_column, member_column, programme_column, table
from app.db.types import Moment, big, blob, text

entry = table(
    "entry",
    id_column(),
    programme_column(),
    member_column(),
    Column("seq", big(), nullable=False),  # 1, 2, 3 … of this member
    # earn | reverse | forgive | spend | restore | expire | adjust | merge
    Column("kind", text(), nullable=False),
    Column("points", big(), nullable=False),  # change of the available balance
    Column("pending", big(), nullable=False),  # change of the pending balance
    Column("award_id", big(), ForeignKey("award.id")),
    Column("rule", text()),
    Column("version", big()),
    Column("occurred_at", Moment(), nullable=False),
    Column("recorded_at", Moment(), nullable=False),
    Column("delivery_id", big(), ForeignKey("delivery.id")),  # what caused it
    Column("key", text(), nullable=False, unique=True),  # idempotency
    Column("explanation", text(), nullable=False),
    Column("mac", blob(), nullable=False),
    UniqueConstraint("member_id", "seq"),
    Index("ix_entry_award_id", "award_id"),
    Index("ix_entry_delivery_id", "delivery_id"),
    Index("ix_entry_programme_id_id", "programme_id", "id"),
    CheckConstraint("seq > 0", name="seq_positive"),
)

# Written out, not bound: an index is only found by the very same words.
_OPEN_TO_EXPIRE = and_(
    Column("remaining", big()) > literal_column("0"), Column("expires_at", Moment()).is_not(None)
)

lot = table(
    "lot",
    id_column(),
    member_column(),
    Column("award_id", big(), ForeignKey("award.id")),
    Column("entry_id", big(), ForeignKey("entry.id"), nullable=False),  # which opened it
    Column("origin_id", big(), ForeignKey("lot.id")),  # of an account joined to this one
    Column("points", big(), nullable=False),
    Column("remaining", big(), nullable=False),
    Column("available_at", Moment(), nullable=False),
    Column("expires_at", Moment()),
    # So many days before was its member told, the fewest; NULL: not yet (app.services.reminders).
    Column("reminded", big()),
    Index("ix_lot_member_id", "member_id"),
    # What expires is asked each minute.
    Index(
        "ix_lot_expires_at",
        "expires_at",
        sqlite_where=_OPEN_TO_EXPIRE,
        postgresql_where=_OPEN_TO_EXPIRE,
    ),
    Index(
        "ix_lot_origin_id",
        "origin_id",
        sqlite_where=Column("origin_id", big()).is_not(None),
        postgresql_where=Column("origin_id", big()).is_not(None),
    ),
    CheckConstraint("remaining >= 0 AND remaining <= points", name="remaining_in_range"),
)

lot_use = table(
    "lot_use",  # which lots an entry took from (negative) or gave back to (positive)
    Column("entry_id", big(), ForeignKey("entry.id"), nullable=False),
    Column("lot_id", big(), ForeignKey("lot.id"), nullable=False),
    Column("points", big(), nullable=False),
    PrimaryKeyConstraint("entry_id", "lot_id"),
    Index("ix_lot_use_lot_id", "lot_id"),
)

checkpoint = table(
    "checkpoint",  # the daily seal over all heads
    id_column(),
    programme_column(),
    Column("day", big(), nullable=False),
    Column("members", big(), nullable=False),
    Column("entries", big(), nullable=False),
    Column("heads", blob(), nullable=False),  # zstd of (member id, entries, head) in id order
    Column("mac", blob(), nullable=False),
    Column("at", Moment(), nullable=False),
    UniqueConstraint("programme_id", "day"),
)
