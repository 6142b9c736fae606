"""A draft that is evaluated beside the live programme, and what both give: nothing here is ever paid."""

from sqlalchemy import Column, ForeignKey, Index, PrimaryKeyConstraint

from app.db.tables.columns import id_column, member_column, programme_column, table
from app.db.types import Moment, big, text

_RUNNING = Column("ended_at", Moment()).is_(None)

shadow = table(
    "shadow",
    id_column(),
    programme_column(),
    Column("source", text(), nullable=False),  # the TOML as it was given
    Column("started_at", Moment(), nullable=False),  # judges what occurred from then on
    Column("ended_at", Moment()),
    Column("ended", text()),  # stopped | promoted
    # Up to which id each kind of change was followed.
    Column("objects_to", big(), nullable=False),
    Column("outcomes_to", big(), nullable=False),
    Column("entries_to", big(), nullable=False),
    Column("error", text()),  # what the draft could not judge, the latest
    # One per programme at a time.
    Index(
        "uq_shadow_running",
        "programme_id",
        unique=True,
        sqlite_where=_RUNNING,
        postgresql_where=_RUNNING,
    ),
)

shadow_due = table(
    "shadow_due",  # of whom something changed since they were last looked at
    Column("shadow_id", big(), ForeignKey("shadow.id"), nullable=False),
    member_column(),
    PrimaryKeyConstraint("shadow_id", "member_id"),
)

shadow_award = table(
    "shadow_award",  # what a day's events give one person, object by object
    Column("shadow_id", big(), ForeignKey("shadow.id"), nullable=False),
    member_column(),
    Column("object_id", big(), nullable=False),  # 0: what several are worth together
    Column("day", big(), nullable=False),  # days since 1970, of the draft's time zone
    Column("live", big(), nullable=False),
    Column("draft", big(), nullable=False),
    PrimaryKeyConstraint("shadow_id", "member_id", "object_id", "day"),
    Index("ix_shadow_award_shadow_id_object_id", "shadow_id", "object_id"),
)
"""Rows of one person are always replaced together."""
