"""Draws: the secret that decides each, and the tickets as they were when it was held."""

from sqlalchemy import Column, ForeignKey, Index, PrimaryKeyConstraint

from app.db.tables.columns import id_column, programme_column, table
from app.db.types import Moment, big, blob, text

_OPEN = Column("held_at", Moment()).is_(None)

draw = table(
    "draw",
    id_column(),
    programme_column(),
    Column("reward", text(), nullable=False),  # its key
    Column("key_id", text(), nullable=False),  # which of SECRET_KEYS wrapped the secret
    Column("secret", blob(), nullable=False),
    Column("commitment", text(), nullable=False),  # its SHA-256, shown from the first ticket on
    Column("created_at", Moment(), nullable=False),  # with the first ticket
    Column("held_at", Moment()),
    Column("closed_at", Moment()),  # of those held: until when there were tickets
    Column("prizes", big()),  # of those held: how many there were to win
    # One at a time: later tickets are for the next one.
    Index(
        "uq_draw_open",
        "programme_id",
        "reward",
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    ),
)

draw_ticket = table(
    "draw_ticket",  # what a draw was held with
    Column("draw_id", big(), ForeignKey("draw.id"), nullable=False),
    Column("redemption_id", big(), ForeignKey("redemption.id"), nullable=False),  # its number
    Column(
        "person", big(), nullable=False
    ),  # the account that it was then, for others joined to it
    Column("place", big()),  # 1 is the first prize; NULL: it did not win
    Column("told_at", Moment()),  # when its redemption had been ended, or its winner written to
    PrimaryKeyConstraint("draw_id", "redemption_id"),
    Index("ix_draw_ticket_redemption_id", "redemption_id"),
)
