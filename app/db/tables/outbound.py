"""Acts outside that are wanted, staff's acts, and when periodic jobs ran."""

from sqlalchemy import Column, ForeignKey, Index, PrimaryKeyConstraint

from app.db.tables.columns import id_column, programme_column, store_column, table
from app.db.types import Moment, big, text

outbox_task = table(
    "outbox_task",
    id_column(),
    programme_column(),
    store_column(),
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

task_waiter = table(
    "task_waiter",  # deliveries that rest until a task has ended
    Column("task_id", big(), ForeignKey("outbox_task.id"), nullable=False),
    Column("delivery_id", big(), ForeignKey("delivery.id"), nullable=False),
    # 1: it has more to say than what is read, 2: it can be judged without, if nothing is found, 3: both.
    Column("again", big(), nullable=False, server_default="0"),
    PrimaryKeyConstraint("task_id", "delivery_id"),
    Index("ix_task_waiter_delivery_id", "delivery_id"),
)

audit = table(
    "audit",
    id_column(),
    programme_column(),
    Column("at", Moment(), nullable=False),
    Column("actor", text(), nullable=False),
    Column("action", text(), nullable=False),
    Column("subject", text(), nullable=False),
    Column("reason", text(), nullable=False),
    Column("detail", text(), nullable=False),
    Index("ix_audit_programme_id_id", "programme_id", "id"),
)

schedule_run = table(
    "schedule_run",
    Column("job", text(), primary_key=True),
    Column("due_at", Moment(), nullable=False),
    Column("lease_until", Moment()),
    Column("ran_at", Moment()),
    Column("error", text()),
)
