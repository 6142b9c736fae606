"""Deliveries that staff want dealt with once more, or given up, in bulk."""

from sqlalchemy import Column, Index

from app.db.tables.columns import id_column, programme_column, table
from app.db.types import Moment, big, text

replay = table(
    "replay",  # one wish about many deliveries, worked off slice by slice in order of their ids
    id_column(),
    programme_column(),
    Column("act", text(), nullable=False),  # replay | fresh | discard
    Column("choice", text(), nullable=False),  # JSON: which deliveries
    Column("state", text(), nullable=False),  # running | paused | done | cancelled
    Column("total", big(), nullable=False),  # how many it was when it began
    Column("newest_id", big(), nullable=False),  # what comes in later is not meant
    Column("cursor", big(), nullable=False, server_default="0"),  # the last delivery dealt with
    Column("done", big(), nullable=False, server_default="0"),  # put back, read or given up
    Column(
        "left_out", big(), nullable=False, server_default="0"
    ),  # nothing could be done with them
    Column("per_second", big()),  # NULL: as fast as the workers take them
    Column("due_at", Moment(), nullable=False),
    Column("actor", text(), nullable=False),
    Column("reason", text(), nullable=False),
    Column("created_at", Moment(), nullable=False),
    Column("ended_at", Moment()),
    Index("ix_replay_state", "state"),
    Index("ix_replay_programme_id_id", "programme_id", "id"),
)
