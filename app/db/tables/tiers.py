"""What orders add to the sums that tiers are reached by, and how far all members were looked at."""

from sqlalchemy import Column, ForeignKey, Index, PrimaryKeyConstraint

from app.db.tables.columns import member_column, programme_column, table
from app.db.types import Moment, big, text

tier_fact = table(
    "tier_fact",  # from `at` on, an order earned at `since` counts for so much more, or less
    programme_column(),
    member_column(),
    Column("object_id", big(), ForeignKey("source_object.id"), nullable=False),
    Column("measure", text(), nullable=False),  # spend | points | orders
    Column("at", Moment(), nullable=False),
    Column("since", Moment(), nullable=False),
    Column("amount", big(), nullable=False),  # in ten-thousandths
    PrimaryKeyConstraint("object_id", "measure", "at"),
    # All that recalculating every member reads.
    Index(
        "ix_tier_fact_programme_id_member_id",
        "programme_id",
        "member_id",
        "measure",
        "since",
    ),
)

tier_run = table(
    "tier_run",  # when a programme's members were last gone through, for calendar and rules
    Column(
        "programme_id", big(), ForeignKey("programme.id"), primary_key=True, autoincrement=False
    ),
    Column("day", text(), nullable=False),  # of the programme's time zone
    Column("version", big(), nullable=False),  # that was in force
    # That facts are kept of, as "orders spend"; with " …" behind them while they are worked out.
    Column("measures", text(), nullable=False),
    Column("at", Moment(), nullable=False),  # the moment that tiers are told for
    Column("after", big()),  # the last account gone through; NULL: all were
)
