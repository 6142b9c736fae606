"""Programmes, their versions and rates; stores, their secrets; data keys."""

from sqlalchemy import Column, Index, PrimaryKeyConstraint, UniqueConstraint

from app.db.tables.columns import id_column, programme_column, store_column, table
from app.db.types import Moment, big, blob, text

programme = table(
    "programme",
    id_column(),
    Column("key", text(), nullable=False, unique=True),
    Column("rev", big(), nullable=False, server_default="0"),  # moves with what batches rely on
    Column("created_at", Moment(), nullable=False),
)

programme_version = table(
    "programme_version",
    programme_column(),
    Column("number", big(), nullable=False),
    Column("document", text(), nullable=False),  # canonical JSON of what was validated
    Column("source", text(), nullable=False),  # the TOML as it was given
    # NULL: since ever (the first version). In force for objects that occurred from then on.
    Column("effective_at", Moment(), nullable=True),
    Column("published_at", Moment(), nullable=False),
    PrimaryKeyConstraint("programme_id", "number"),
)

celebration = table(
    "celebration",  # how far birthdays and anniversaries have been gone through
    programme_column(),
    Column(
        "day", big(), nullable=False
    ),  # the next one, in days since 1970 of the programme's zone
    Column("after_id", big(), nullable=False),  # of that day: the last member dealt with
    PrimaryKeyConstraint("programme_id"),
)

rate = table(
    "rate",  # dated; an order is judged by the one in force when it was placed, for ever
    programme_column(),
    Column("currency", text(), nullable=False),
    Column("since", Moment(), nullable=False),
    Column("rate", text(), nullable=False),  # programme currency for one unit, exact
    Column("created_at", Moment(), nullable=False),
    PrimaryKeyConstraint("programme_id", "currency", "since"),
)

store = table(
    "store",
    id_column(),
    programme_column(),
    Column("key", text(), nullable=False, unique=True),
    Column("platform", text(), nullable=False),  # "stempel" is the programme's own source
    Column("url", text(), nullable=False),
    Column("ref", text()),  # what its deliveries call it where the path has no key
    Column("host", text()),  # as the shop's own links name it, learned at first delivery
    Column("shop_id", text()),  # the platform's own id of it, learned from signed bodies and reads
    Column("created_at", Moment(), nullable=False),
    # Set while a person must act (Blocked) or until the breaker closes; outbound rests.
    Column("blocked_reason", text()),
    Column("paused_until", Moment()),
    Column("pinged_at", Moment()),
    Column("copy_host", text()),  # a copy of the shop that keeps sending with our secret
    UniqueConstraint("platform", "ref"),
)

store_secret = table(
    "store_secret",
    id_column(),
    store_column(),
    Column("name", text(), nullable=False),  # the connector's field, e.g. "webhook-secret"
    Column("key_id", text(), nullable=False),  # which of SECRET_KEYS wrapped it
    Column("ciphertext", blob(), nullable=False),
    Column("digest", blob(), nullable=False),  # keyed hash: do other stores have the same one?
    Column("not_before", Moment(), nullable=False),
    Column("not_after", Moment()),
    Index("ix_store_secret_store_id", "store_id"),
    Index("ix_store_secret_digest", "digest"),
)

data_key = table(
    "data_key",
    id_column(),
    programme_column(),
    Column("day", big(), nullable=False),  # days since 1970, UTC
    Column("key_id", text(), nullable=False),
    Column("wrapped", blob(), nullable=False),
    UniqueConstraint("programme_id", "day"),
)
