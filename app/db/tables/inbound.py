"""Deliveries: what came, its body, its place in the queue, how each attempt ended."""

from sqlalchemy import Column, ForeignKey, Index, UniqueConstraint

from app.db.tables.columns import id_column, store_column, table
from app.db.types import Moment, big, blob, text

# The three tables that every webhook writes, in one statement with its delivery: each foreign key here
# costs the edge a look-up per row (all seven a quarter of the database's time, measured), so only the
# two that guard against losing something are there. Deliveries, stores and programmes are not deleted.

delivery = table(
    "delivery",
    id_column(),
    Column("programme_id", big(), nullable=False),
    store_column(),
    Column("source", text(), nullable=False),  # webhook | read | sync
    Column("topic", text(), nullable=False),
    Column("received_at", Moment(), nullable=False),
    Column("began_at", Moment()),  # when our read began
    # 1: only an unsigned header said which store it is for.
    Column("by_header", big(), nullable=False, server_default="0"),
    Column("content_key", blob()),  # NULL for a signal, which is never a duplicate
    Column("size", big(), nullable=False),
    Column("repeats", big(), nullable=False, server_default="0"),
    Column("repeated_at", Moment()),
    UniqueConstraint("store_id", "content_key"),
    Index("ix_delivery_store_id_id", "store_id", "id"),
)

delivery_body = table(
    "delivery_body",
    Column("delivery_id", big(), primary_key=True, autoincrement=False),
    # Kept: a process may remember a key that a restored backup does not have.
    Column("data_key_id", big(), ForeignKey("data_key.id"), nullable=False),
    Column("body", blob(), nullable=False),  # nonce + AES-256-GCM(zstd(raw body))
)

delivery_queue = table(
    "delivery_queue",
    Column("delivery_id", big(), primary_key=True, autoincrement=False),
    Column("programme_id", big(), nullable=False),
    Column("store_id", big(), nullable=False),
    Column("due_at", Moment(), nullable=False),
    Column("tries", big(), nullable=False, server_default="0"),
    # 1: a read is under way, whose end makes it due again. 2: the shop was asked in vain.
    Column("reading", big(), nullable=False, server_default="0"),
    Index("ix_delivery_queue_store_id_due_at", "store_id", "due_at"),
)

delivery_outcome = table(
    "delivery_outcome",
    id_column(),
    Column("delivery_id", big(), ForeignKey("delivery.id"), nullable=False),
    Column("at", Moment(), nullable=False),
    # processed | stale | ignored | reading | failed | dead | discarded | replayed
    Column("status", text(), nullable=False),
    Column("reason", text(), nullable=False),
    Column("error", text()),  # class, message and traceback of a failed attempt
    Column("version", text()),  # of Stempel, for failed attempts
    Column("fingerprint", text()),  # of a failure: which others are the same fault
    Index("ix_delivery_outcome_delivery_id_id", "delivery_id", "id"),
    # The few that failed: what goes well, which is nearly everything, pays nothing for it.
    Index(
        "ix_delivery_outcome_fingerprint",
        "fingerprint",
        sqlite_where=Column("fingerprint", text()).is_not(None),
        postgresql_where=Column("fingerprint", text()).is_not(None),
    ),
)
