"""Who is in which segment, and when members were last counted."""

from sqlalchemy import Column, ForeignKey, Index, PrimaryKeyConstraint

from app.db.tables.columns import member_column, programme_column, table
from app.db.types import Moment, big, text

segment_member = table(
    "segment_member",  # a member was found in a segment at `since`, and no more at `until`
    programme_column(),
    Column("segment", text(), nullable=False),  # its key
    member_column(),
    Column("since", Moment(), nullable=False),
    Column("until", Moment()),  # NULL: is in it
    PrimaryKeyConstraint("programme_id", "segment", "member_id", "since"),
    Index(
        "uq_segment_member_now",
        "programme_id",
        "segment",
        "member_id",
        unique=True,
        sqlite_where=Column("until", Moment()).is_(None),
        postgresql_where=Column("until", Moment()).is_(None),
    ),
    # Orders are judged by the segments of who placed them.
    Index("ix_segment_member_member_id", "member_id"),
)

segment_run = table(
    "segment_run",  # when a programme's members were last counted
    Column(
        "programme_id", big(), ForeignKey("programme.id"), primary_key=True, autoincrement=False
    ),
    Column("version", big(), nullable=False),  # that was in force
    Column("at", Moment(), nullable=False),  # the moment that they were counted for
    Column("due_at", Moment(), nullable=False),  # when they are counted again, at the latest
)
