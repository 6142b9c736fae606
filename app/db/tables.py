"""Every table. Ids are made by us (`app.db.ids`), the database makes none.

Words are those of DESIGN.md. Migrations are written by hand beside this; a test holds the two equal.
"""

from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from app.db.types import Moment, big, blob, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _table(name: str, *parts: Any) -> Table:
    return Table(name, metadata, *parts, sqlite_strict=True)


def _id() -> Column[int]:
    return Column("id", big(), primary_key=True, autoincrement=False)


def _programme() -> Column[int]:
    return Column("programme_id", big(), ForeignKey("programme.id"), nullable=False)


def _store() -> Column[int]:
    return Column("store_id", big(), ForeignKey("store.id"), nullable=False)


def _member() -> Column[int]:
    return Column("member_id", big(), ForeignKey("member.id"), nullable=False)


# --- programmes and stores -----------------------------------------------------------------------

programme = _table(
    "programme",
    _id(),
    Column("key", text(), nullable=False, unique=True),
    Column("rev", big(), nullable=False, server_default="0"),  # moves with what batches rely on
    Column("created_at", Moment(), nullable=False),
)

programme_version = _table(
    "programme_version",
    _programme(),
    Column("number", big(), nullable=False),
    Column("document", text(), nullable=False),  # canonical JSON of what was validated
    Column("source", text(), nullable=False),  # the TOML as it was given
    # NULL: since ever (the first version). In force for objects that occurred from then on.
    Column("effective_at", Moment(), nullable=True),
    Column("published_at", Moment(), nullable=False),
    PrimaryKeyConstraint("programme_id", "number"),
)

rate = _table(
    "rate",  # dated; an order is judged by the one in force when it was placed, for ever
    _programme(),
    Column("currency", text(), nullable=False),
    Column("since", Moment(), nullable=False),
    Column("rate", text(), nullable=False),  # programme currency for one unit, exact
    Column("created_at", Moment(), nullable=False),
    PrimaryKeyConstraint("programme_id", "currency", "since"),
)

store = _table(
    "store",
    _id(),
    _programme(),
    Column("key", text(), nullable=False, unique=True),
    Column("platform", text(), nullable=False),  # "stempel" is the programme's own source
    Column("url", text(), nullable=False),
    Column("ref", text()),  # what its deliveries call it where the path has no key
    Column("host", text()),  # as the shop's own links name it, learned at first delivery
    Column("created_at", Moment(), nullable=False),
    # Set while a person must act (Blocked) or until the breaker closes; outbound rests.
    Column("blocked_reason", text()),
    Column("paused_until", Moment()),
    Column("pinged_at", Moment()),
    Column("copy_host", text()),  # a copy of the shop that keeps sending with our secret
    UniqueConstraint("platform", "ref"),
)

store_secret = _table(
    "store_secret",
    _id(),
    _store(),
    Column("name", text(), nullable=False),  # the connector's field, e.g. "webhook-secret"
    Column("key_id", text(), nullable=False),  # which of SECRET_KEYS wrapped it
    Column("ciphertext", blob(), nullable=False),
    Column("not_before", Moment(), nullable=False),
    Column("not_after", Moment()),
    Index("ix_store_secret_store_id", "store_id"),
)

data_key = _table(
    "data_key",
    _id(),
    _programme(),
    Column("day", big(), nullable=False),  # days since 1970, UTC
    Column("key_id", text(), nullable=False),
    Column("wrapped", blob(), nullable=False),
    UniqueConstraint("programme_id", "day"),
)

# --- inbound -------------------------------------------------------------------------------------

# The three tables that every webhook writes, in one statement with its delivery: each foreign key here
# costs the edge a look-up per row (all seven a quarter of the database's time, measured), so only the
# two that guard against losing something are there. Deliveries, stores and programmes are not deleted.

delivery = _table(
    "delivery",
    _id(),
    Column("programme_id", big(), nullable=False),
    _store(),
    Column("source", text(), nullable=False),  # webhook | read | sync
    Column("topic", text(), nullable=False),
    Column("received_at", Moment(), nullable=False),
    Column("began_at", Moment()),  # when our read began
    Column("content_key", blob()),  # NULL for a signal, which is never a duplicate
    Column("size", big(), nullable=False),
    Column("repeats", big(), nullable=False, server_default="0"),
    Column("repeated_at", Moment()),
    UniqueConstraint("store_id", "content_key"),
    Index("ix_delivery_store_id_id", "store_id", "id"),
)

delivery_body = _table(
    "delivery_body",
    Column("delivery_id", big(), primary_key=True, autoincrement=False),
    # Kept: a process may remember a key that a restored backup does not have.
    Column("data_key_id", big(), ForeignKey("data_key.id"), nullable=False),
    Column("body", blob(), nullable=False),  # nonce + AES-256-GCM(zstd(raw body))
)

delivery_queue = _table(
    "delivery_queue",
    Column("delivery_id", big(), primary_key=True, autoincrement=False),
    Column("programme_id", big(), nullable=False),
    Column("store_id", big(), nullable=False),
    Column("due_at", Moment(), nullable=False),
    Column("tries", big(), nullable=False, server_default="0"),
    # While a read is under way the delivery rests; the read's end makes it due again.
    Column("reading", big(), nullable=False, server_default="0"),
    Index("ix_delivery_queue_store_id_due_at", "store_id", "due_at"),
)

delivery_outcome = _table(
    "delivery_outcome",
    _id(),
    Column("delivery_id", big(), ForeignKey("delivery.id"), nullable=False),
    Column("at", Moment(), nullable=False),
    # processed | stale | ignored | reading | failed | dead | discarded
    Column("status", text(), nullable=False),
    Column("reason", text(), nullable=False),
    Column("error", text()),  # class, message and traceback of a failed attempt
    Column("version", text()),  # of Stempel, for failed attempts
    Index("ix_delivery_outcome_delivery_id_id", "delivery_id", "id"),
)

# --- source objects and what they are worth ------------------------------------------------------

source_object = _table(
    "source_object",
    _id(),
    _programme(),
    _store(),
    Column("kind", text(), nullable=False),
    Column("external_id", text(), nullable=False),
    Column("number", text()),
    Column("facts", text(), nullable=False),  # JSON of app.programme.events, no personal data
    Column("modified_at", Moment()),
    Column("truth_at", Moment()),  # when the read began that this state comes from
    Column("accepted_at", Moment(), nullable=False),  # receipt of the state, or begin of its read
    Column("gone", big(), nullable=False, server_default="0"),  # the shop has it no more
    Column("settled_by_rule", big(), nullable=False, server_default="0"),
    Column("occurred_at", Moment(), nullable=False),  # frozen at first sight
    Column("earned_at", Moment()),  # when it first reached earning status
    Column("version", big(), nullable=False),  # the programme version that judges it for ever
    Column("context", text(), nullable=False),  # JSON, frozen: tier, campaign, segment, rate
    Column("owner_id", big(), ForeignKey("member.id")),
    # What named the owner: "customer:5" or "guest", and the modification time of that state.
    Column("owner_ref", text()),
    Column("owner_known_at", Moment()),
    # Of a review: the keyed hash of its writer's e-mail, to find the account that it belongs to.
    Column("writer_hash", blob()),
    Column("delivery_id", big(), ForeignKey("delivery.id")),  # which told the newest state
    Column("rev", big(), nullable=False),
    Column("seen_at", Moment(), nullable=False),
    UniqueConstraint("store_id", "kind", "external_id"),
    Index("ix_source_object_owner_id_kind", "owner_id", "kind"),
    Index("ix_source_object_programme_id_writer_hash", "programme_id", "writer_hash"),
)

object_part = _table(
    "object_part",  # finds the order that a refund id belongs to
    _store(),
    Column("kind", text(), nullable=False),
    Column("external_id", text(), nullable=False),
    Column("object_id", big(), ForeignKey("source_object.id"), nullable=False),
    PrimaryKeyConstraint("store_id", "kind", "external_id"),
)

object_delivery = _table(
    "object_delivery",  # every delivery that spoke of an object, for support
    Column("object_id", big(), ForeignKey("source_object.id"), nullable=False),
    Column("delivery_id", big(), ForeignKey("delivery.id"), nullable=False),
    PrimaryKeyConstraint("object_id", "delivery_id"),
    Index("ix_object_delivery_delivery_id", "delivery_id"),
)

award = _table(
    "award",
    _id(),
    _programme(),
    _member(),
    Column("object_id", big(), ForeignKey("source_object.id")),  # NULL for a window
    Column("window_key", text(), nullable=False, server_default=""),  # "" for an object award
    Column("rule", text(), nullable=False),
    Column("points", big(), nullable=False),  # entitled = posted, net of all entries of this award
    Column("forgiven", big(), nullable=False, server_default="0"),
    Column("postings", big(), nullable=False),
    Column("explanation", text(), nullable=False),
    UniqueConstraint("member_id", "object_id", "rule"),
    Index(
        "uq_award_window",
        "member_id",
        "rule",
        "window_key",
        unique=True,
        sqlite_where=Column("object_id").is_(None),
        postgresql_where=Column("object_id").is_(None),
    ),
    Index("ix_award_object_id", "object_id"),
)

# --- people --------------------------------------------------------------------------------------

member = _table(
    "member",
    _id(),
    _programme(),
    # guest: accrues under a keyed hash; member: enrolled; merged: see merged_into; erased
    Column("state", text(), nullable=False),
    Column("email", blob()),  # encrypted; contact only, proves nothing
    Column("email_hash", blob()),  # keyed; for look-up
    Column("data_key_id", big(), ForeignKey("data_key.id")),
    Column("enrolled_at", Moment()),
    Column("merged_into", big(), ForeignKey("member.id")),
    Column("balance", big(), nullable=False, server_default="0"),  # available; below 0 is debt
    Column("pending", big(), nullable=False, server_default="0"),
    Column("entries", big(), nullable=False, server_default="0"),  # length of the chain
    Column("head", blob(), nullable=False),  # HMAC of the newest entry
    Column("rev", big(), nullable=False, server_default="0"),  # moves with every change of the row
    Column("created_at", Moment(), nullable=False),
    Index("ix_member_programme_id_id", "programme_id", "id"),
    Index("ix_member_programme_id_email_hash", "programme_id", "email_hash"),
)

identity = _table(
    "identity",  # the one account that a proved (or guest's) e-mail belongs to
    _programme(),
    Column("email_hash", blob(), nullable=False),
    _member(),
    PrimaryKeyConstraint("programme_id", "email_hash"),
    Index("ix_identity_member_id", "member_id"),
)

store_customer = _table(
    "store_customer",
    _id(),
    _programme(),
    _store(),
    Column("external_id", text(), nullable=False),
    _member(),
    Column("gone", big(), nullable=False, server_default="0"),  # deleted in the shop
    # What the shop shall show: due while wanted_rev differs from written_rev.
    Column("wanted_rev", big(), nullable=False, server_default="0"),
    Column("written_rev", big(), nullable=False, server_default="0"),
    Column("written", text()),  # JSON of the CustomerState last written
    Column("written_at", Moment()),
    Column("due_at", Moment()),  # NULL: nothing to write
    Column("tries", big(), nullable=False, server_default="0"),
    Column("error", text()),
    Column("lease_until", Moment()),
    Column("fence", big(), nullable=False, server_default="0"),
    UniqueConstraint("store_id", "external_id"),
    Index("ix_store_customer_member_id", "member_id"),
    Index("ix_store_customer_due_at", "due_at"),
)

claim = _table(
    "claim",  # an account whose e-mail is another account's, waiting for proof
    _id(),
    _programme(),
    _member(),  # who claims
    Column("holder_id", big(), ForeignKey("member.id"), nullable=False),
    Column("email_hash", blob(), nullable=False),
    Column("status", text(), nullable=False),  # pending | confirmed | refused
    Column("created_at", Moment(), nullable=False),
    Column("decided_at", Moment()),
    UniqueConstraint("member_id", "holder_id", "email_hash"),
    Index("ix_claim_holder_id", "holder_id"),
)

# --- ledger --------------------------------------------------------------------------------------

entry = _table(
    "entry",
    _id(),
    _programme(),
    _member(),
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

lot = _table(
    "lot",
    _id(),
    _member(),
    Column("award_id", big(), ForeignKey("award.id")),
    Column("entry_id", big(), ForeignKey("entry.id"), nullable=False),  # which opened it
    Column("origin_id", big(), ForeignKey("lot.id")),
    Column("points", big(), nullable=False),
    Column("remaining", big(), nullable=False),
    Column("available_at", Moment(), nullable=False),
    Column("expires_at", Moment()),
    Index("ix_lot_member_id", "member_id"),
    Index("ix_lot_expires_at", "expires_at"),
    CheckConstraint("remaining >= 0 AND remaining <= points", name="remaining_in_range"),
)

lot_use = _table(
    "lot_use",  # which lots an entry took from (negative) or gave back to (positive)
    Column("entry_id", big(), ForeignKey("entry.id"), nullable=False),
    Column("lot_id", big(), ForeignKey("lot.id"), nullable=False),
    Column("points", big(), nullable=False),
    PrimaryKeyConstraint("entry_id", "lot_id"),
    Index("ix_lot_use_lot_id", "lot_id"),
)

checkpoint = _table(
    "checkpoint",  # the daily seal over all heads
    _id(),
    _programme(),
    Column("day", big(), nullable=False),
    Column("members", big(), nullable=False),
    Column("entries", big(), nullable=False),
    Column("heads", blob(), nullable=False),  # zstd of (member id, entries, head) in id order
    Column("mac", blob(), nullable=False),
    Column("at", Moment(), nullable=False),
    UniqueConstraint("programme_id", "day"),
)

# --- outbound and upkeep -------------------------------------------------------------------------

outbox_task = _table(
    "outbox_task",
    _id(),
    _programme(),
    _store(),
    Column("kind", text(), nullable=False),  # read
    Column("subject", text(), nullable=False),  # what it is about, as "order 16"
    Column("payload", text(), nullable=False),  # JSON
    # Only one task not yet started may exist per subject; a started one absorbs no new signal.
    Column("started", big(), nullable=False, server_default="0"),
    Column("due_at", Moment(), nullable=False),
    Column("tries", big(), nullable=False, server_default="0"),
    Column("lease_until", Moment()),
    Column("fence", big(), nullable=False, server_default="0"),
    Column("error", text()),
    Column("answer_id", big(), ForeignKey("delivery.id")),  # the delivery that holds the answer
    Column("created_at", Moment(), nullable=False),
    Index("ix_outbox_task_answer_id", "answer_id"),
    Index(
        "uq_outbox_task_waiting",
        "store_id",
        "kind",
        "subject",
        unique=True,
        sqlite_where=Column("started", big()) == 0,
        postgresql_where=Column("started", big()) == 0,
    ),
    Index("ix_outbox_task_due_at", "due_at"),
)

task_waiter = _table(
    "task_waiter",  # deliveries that rest until a task has ended
    Column("task_id", big(), ForeignKey("outbox_task.id"), nullable=False),
    Column("delivery_id", big(), ForeignKey("delivery.id"), nullable=False),
    PrimaryKeyConstraint("task_id", "delivery_id"),
    Index("ix_task_waiter_delivery_id", "delivery_id"),
)

audit = _table(
    "audit",
    _id(),
    _programme(),
    Column("at", Moment(), nullable=False),
    Column("actor", text(), nullable=False),
    Column("action", text(), nullable=False),
    Column("subject", text(), nullable=False),
    Column("reason", text(), nullable=False),
    Column("detail", text(), nullable=False),
    Index("ix_audit_programme_id_id", "programme_id", "id"),
)

schedule_run = _table(
    "schedule_run",
    Column("job", text(), primary_key=True),
    Column("due_at", Moment(), nullable=False),
    Column("lease_until", Moment()),
    Column("ran_at", Moment()),
    Column("error", text()),
)
