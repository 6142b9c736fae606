"""The first tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BLOB = sa.LargeBinary()


def upgrade() -> None:  # noqa: PLR0915 - one statement per table
    op.create_table(
        "delivery_queue",
        sa.Column("delivery_id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("store_id", BIG, nullable=False),
        sa.Column("due_at", BIG, nullable=False),
        sa.Column("tries", BIG, server_default="0", nullable=False),
        sa.Column("reading", BIG, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_delivery_queue")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_delivery_queue_store_id_due_at", "delivery_queue", ["store_id", "due_at"], unique=False
    )
    op.create_table(
        "programme",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("rev", BIG, server_default="0", nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme")),
        sa.UniqueConstraint("key", name=op.f("uq_programme_key")),
        sqlite_strict=True,
    )
    op.create_table(
        "schedule_run",
        sa.Column("job", TEXT, nullable=False),
        sa.Column("due_at", BIG, nullable=False),
        sa.Column("lease_until", BIG, nullable=True),
        sa.Column("ran_at", BIG, nullable=True),
        sa.Column("error", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_schedule_run")),
        sqlite_strict=True,
    )
    op.create_table(
        "audit",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_audit_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_strict=True,
    )
    op.create_index("ix_audit_programme_id_id", "audit", ["programme_id", "id"], unique=False)
    op.create_table(
        "celebration",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("after_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_celebration_programme_id")
        ),
        sa.PrimaryKeyConstraint("programme_id", name=op.f("pk_celebration")),
        sqlite_strict=True,
    )
    op.create_table(
        "checkpoint",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("members", BIG, nullable=False),
        sa.Column("entries", BIG, nullable=False),
        sa.Column("heads", BLOB, nullable=False),
        sa.Column("mac", BLOB, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_checkpoint_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoint")),
        sa.UniqueConstraint("programme_id", "day", name=op.f("uq_checkpoint_programme_id_day")),
        sqlite_strict=True,
    )
    op.create_table(
        "data_key",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("wrapped", BLOB, nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_data_key_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_key")),
        sa.UniqueConstraint("programme_id", "day", name=op.f("uq_data_key_programme_id_day")),
        sqlite_strict=True,
    )
    op.create_table(
        "draw",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("reward", TEXT, nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("secret", BLOB, nullable=False),
        sa.Column("commitment", TEXT, nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("held_at", BIG, nullable=True),
        sa.Column("closed_at", BIG, nullable=True),
        sa.Column("prizes", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_draw_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw")),
        sqlite_strict=True,
    )
    op.create_index(
        "uq_draw_open",
        "draw",
        ["programme_id", "reward"],
        unique=True,
        sqlite_where=sa.text("held_at IS NULL"),
        postgresql_where=sa.text("held_at IS NULL"),
    )
    op.create_table(
        "programme_version",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("effective_at", BIG, nullable=True),
        sa.Column("published_at", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_programme_version_programme_id")
        ),
        sa.PrimaryKeyConstraint("programme_id", "number", name=op.f("pk_programme_version")),
        sqlite_strict=True,
    )
    op.create_table(
        "rate",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("since", BIG, nullable=False),
        sa.Column("rate", TEXT, nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_rate_programme_id")
        ),
        sa.PrimaryKeyConstraint("programme_id", "currency", "since", name=op.f("pk_rate")),
        sqlite_strict=True,
    )
    op.create_table(
        "replay",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("act", TEXT, nullable=False),
        sa.Column("choice", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("total", BIG, nullable=False),
        sa.Column("newest_id", BIG, nullable=False),
        sa.Column("cursor", BIG, server_default="0", nullable=False),
        sa.Column("done", BIG, server_default="0", nullable=False),
        sa.Column("left_out", BIG, server_default="0", nullable=False),
        sa.Column("per_second", BIG, nullable=True),
        sa.Column("due_at", BIG, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("ended_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_replay_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replay")),
        sqlite_strict=True,
    )
    op.create_index("ix_replay_programme_id_id", "replay", ["programme_id", "id"], unique=False)
    op.create_index("ix_replay_state", "replay", ["state"], unique=False)
    op.create_table(
        "segment_run",
        sa.Column("programme_id", BIG, autoincrement=False, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("due_at", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_segment_run_programme_id")
        ),
        sa.PrimaryKeyConstraint("programme_id", name=op.f("pk_segment_run")),
        sqlite_strict=True,
    )
    op.create_table(
        "shadow",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("started_at", BIG, nullable=False),
        sa.Column("ended_at", BIG, nullable=True),
        sa.Column("ended", TEXT, nullable=True),
        sa.Column("objects_to", BIG, nullable=False),
        sa.Column("outcomes_to", BIG, nullable=False),
        sa.Column("entries_to", BIG, nullable=False),
        sa.Column("error", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_shadow_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow")),
        sqlite_strict=True,
    )
    op.create_index(
        "uq_shadow_running",
        "shadow",
        ["programme_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "store",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("platform", TEXT, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("ref", TEXT, nullable=True),
        sa.Column("host", TEXT, nullable=True),
        sa.Column("shop_id", TEXT, nullable=True),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("blocked_reason", TEXT, nullable=True),
        sa.Column("paused_until", BIG, nullable=True),
        sa.Column("pinged_at", BIG, nullable=True),
        sa.Column("copy_host", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_store_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store")),
        sa.UniqueConstraint("key", name=op.f("uq_store_key")),
        sa.UniqueConstraint("platform", "ref", name=op.f("uq_store_platform_ref")),
        sqlite_strict=True,
    )
    op.create_table(
        "tier_run",
        sa.Column("programme_id", BIG, autoincrement=False, nullable=False),
        sa.Column("day", TEXT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("measures", TEXT, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("after", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_tier_run_programme_id")
        ),
        sa.PrimaryKeyConstraint("programme_id", name=op.f("pk_tier_run")),
        sqlite_strict=True,
    )
    op.create_table(
        "delivery",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("store_id", BIG, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("received_at", BIG, nullable=False),
        sa.Column("began_at", BIG, nullable=True),
        sa.Column("by_header", BIG, server_default="0", nullable=False),
        sa.Column("content_key", BLOB, nullable=True),
        sa.Column("size", BIG, nullable=False),
        sa.Column("repeats", BIG, server_default="0", nullable=False),
        sa.Column("repeated_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_delivery_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint(
            "store_id", "content_key", name=op.f("uq_delivery_store_id_content_key")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_delivery_store_id_id", "delivery", ["store_id", "id"], unique=False)
    op.create_table(
        "delivery_body",
        sa.Column("delivery_id", BIG, autoincrement=False, nullable=False),
        sa.Column("data_key_id", BIG, nullable=False),
        sa.Column("body", BLOB, nullable=False),
        sa.ForeignKeyConstraint(
            ["data_key_id"], ["data_key.id"], name=op.f("fk_delivery_body_data_key_id")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_delivery_body")),
        sqlite_strict=True,
    )
    op.create_table(
        "import_batch",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("kind", TEXT, server_default="import", nullable=False),
        sa.Column("store_id", BIG, nullable=True),
        sa.Column("system", TEXT, nullable=False),
        sa.Column("digest", BLOB, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("settings", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("audit_id", BIG, nullable=True),
        sa.Column("undo_id", BIG, nullable=True),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("ended_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name=op.f("fk_import_batch_audit_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_import_batch_programme_id")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_import_batch_store_id")),
        sa.ForeignKeyConstraint(["undo_id"], ["audit.id"], name=op.f("fk_import_batch_undo_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_import_batch_programme_id_id", "import_batch", ["programme_id", "id"], unique=False
    )
    op.create_table(
        "member",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("email", BLOB, nullable=True),
        sa.Column("email_hash", BLOB, nullable=True),
        sa.Column("data_key_id", BIG, nullable=True),
        sa.Column("enrolled_at", BIG, nullable=True),
        sa.Column("referral_code", TEXT, nullable=True),
        sa.Column("merged_into", BIG, nullable=True),
        sa.Column("balance", BIG, server_default="0", nullable=False),
        sa.Column("pending", BIG, server_default="0", nullable=False),
        sa.Column("entries", BIG, server_default="0", nullable=False),
        sa.Column("head", BLOB, nullable=False),
        sa.Column("rev", BIG, server_default="0", nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("tier", TEXT, nullable=True),
        sa.Column("tier_since", BIG, nullable=True),
        sa.Column("tier_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["data_key_id"], ["data_key.id"], name=op.f("fk_member_data_key_id")
        ),
        sa.ForeignKeyConstraint(["merged_into"], ["member.id"], name=op.f("fk_member_merged_into")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_member_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint(
            "programme_id", "referral_code", name=op.f("uq_member_programme_id_referral_code")
        ),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_member_merged_into",
        "member",
        ["merged_into"],
        unique=False,
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index(
        "ix_member_programme_id_email_hash", "member", ["programme_id", "email_hash"], unique=False
    )
    op.create_index("ix_member_programme_id_id", "member", ["programme_id", "id"], unique=False)
    op.create_index(
        "ix_member_programme_id_state_balance",
        "member",
        ["programme_id", "state", "balance"],
        unique=False,
    )
    op.create_table(
        "store_secret",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("store_id", BIG, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("ciphertext", BLOB, nullable=False),
        sa.Column("digest", BLOB, nullable=False),
        sa.Column("not_before", BIG, nullable=False),
        sa.Column("not_after", BIG, nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_store_secret_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_secret")),
        sqlite_strict=True,
    )
    op.create_index("ix_store_secret_digest", "store_secret", ["digest"], unique=False)
    op.create_index("ix_store_secret_store_id", "store_secret", ["store_id"], unique=False)
    op.create_table(
        "birthday",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("told_at", BIG, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_birthday_member_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_birthday_programme_id")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_birthday")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_birthday_programme_id_day", "birthday", ["programme_id", "day"], unique=False
    )
    op.create_table(
        "claim",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("holder_id", BIG, nullable=False),
        sa.Column("email_hash", BLOB, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("decided_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["holder_id"], ["member.id"], name=op.f("fk_claim_holder_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_claim_member_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_claim_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sa.UniqueConstraint(
            "member_id",
            "holder_id",
            "email_hash",
            name=op.f("uq_claim_member_id_holder_id_email_hash"),
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_claim_holder_id", "claim", ["holder_id"], unique=False)
    op.create_index(
        "ix_claim_to_join",
        "claim",
        ["id"],
        unique=False,
        sqlite_where=sa.text("status = 'proved' AND decided_at IS NULL"),
        postgresql_where=sa.text("status = 'proved' AND decided_at IS NULL"),
    )
    op.create_table(
        "delivery_outcome",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("delivery_id", BIG, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("error", TEXT, nullable=True),
        sa.Column("version", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_delivery_outcome_delivery_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_outcome")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_delivery_outcome_delivery_id_id",
        "delivery_outcome",
        ["delivery_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_delivery_outcome_fingerprint",
        "delivery_outcome",
        ["fingerprint"],
        unique=False,
        sqlite_where=sa.text("fingerprint IS NOT NULL"),
        postgresql_where=sa.text("fingerprint IS NOT NULL"),
    )
    op.create_table(
        "identity",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("email_hash", BLOB, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_identity_member_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_identity_programme_id")
        ),
        sa.PrimaryKeyConstraint("programme_id", "email_hash", name=op.f("pk_identity")),
        sqlite_strict=True,
    )
    op.create_index("ix_identity_member_id", "identity", ["member_id"], unique=False)
    op.create_table(
        "mail",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject_id", BIG, nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("due_at", BIG, nullable=True),
        sa.Column("sent_at", BIG, nullable=True),
        sa.Column("tries", BIG, server_default="0", nullable=False),
        sa.Column("lease_until", BIG, nullable=True),
        sa.Column("fence", BIG, server_default="0", nullable=False),
        sa.Column("error", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_mail_member_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_mail_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
        sa.UniqueConstraint("kind", "subject_id", name=op.f("uq_mail_kind_subject_id")),
        sqlite_strict=True,
    )
    op.create_index("ix_mail_due_at", "mail", ["due_at"], unique=False)
    op.create_index("ix_mail_member_id", "mail", ["member_id"], unique=False)
    op.create_table(
        "outbox_task",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("store_id", BIG, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("payload", TEXT, nullable=False),
        sa.Column("started", BIG, server_default="0", nullable=False),
        sa.Column("due_at", BIG, nullable=False),
        sa.Column("tries", BIG, server_default="0", nullable=False),
        sa.Column("lease_until", BIG, nullable=True),
        sa.Column("fence", BIG, server_default="0", nullable=False),
        sa.Column("error", TEXT, nullable=True),
        sa.Column("answer_id", BIG, nullable=True),
        sa.Column("created_at", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["delivery.id"], name=op.f("fk_outbox_task_answer_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_outbox_task_programme_id")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_outbox_task_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_task")),
        sqlite_strict=True,
    )
    op.create_index("ix_outbox_task_answer_id", "outbox_task", ["answer_id"], unique=False)
    op.create_index("ix_outbox_task_due_at", "outbox_task", ["due_at"], unique=False)
    op.create_index(
        "uq_outbox_task_waiting",
        "outbox_task",
        ["store_id", "kind", "subject"],
        unique=True,
        sqlite_where=sa.text("started = 0"),
        postgresql_where=sa.text("started = 0"),
    )
    op.create_table(
        "segment_member",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("segment", TEXT, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("since", BIG, nullable=False),
        sa.Column("until", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_segment_member_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_segment_member_programme_id")
        ),
        sa.PrimaryKeyConstraint(
            "programme_id", "segment", "member_id", "since", name=op.f("pk_segment_member")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_segment_member_member_id", "segment_member", ["member_id"], unique=False)
    op.create_index(
        "uq_segment_member_now",
        "segment_member",
        ["programme_id", "segment", "member_id"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "shadow_award",
        sa.Column("shadow_id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("object_id", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("live", BIG, nullable=False),
        sa.Column("draft", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_shadow_award_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["shadow_id"], ["shadow.id"], name=op.f("fk_shadow_award_shadow_id")
        ),
        sa.PrimaryKeyConstraint(
            "shadow_id", "member_id", "object_id", "day", name=op.f("pk_shadow_award")
        ),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_shadow_award_shadow_id_object_id",
        "shadow_award",
        ["shadow_id", "object_id"],
        unique=False,
    )
    op.create_table(
        "shadow_due",
        sa.Column("shadow_id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_shadow_due_member_id")),
        sa.ForeignKeyConstraint(["shadow_id"], ["shadow.id"], name=op.f("fk_shadow_due_shadow_id")),
        sa.PrimaryKeyConstraint("shadow_id", "member_id", name=op.f("pk_shadow_due")),
        sqlite_strict=True,
    )
    op.create_table(
        "source_object",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("store_id", BIG, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("external_id", TEXT, nullable=False),
        sa.Column("number", TEXT, nullable=True),
        sa.Column("facts", TEXT, nullable=False),
        sa.Column("modified_at", BIG, nullable=True),
        sa.Column("truth_at", BIG, nullable=True),
        sa.Column("accepted_at", BIG, nullable=False),
        sa.Column("gone", BIG, server_default="0", nullable=False),
        sa.Column("settled_by_rule", BIG, server_default="0", nullable=False),
        sa.Column("occurred_at", BIG, nullable=False),
        sa.Column("earned_at", BIG, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.Column("context", TEXT, nullable=False),
        sa.Column("owner_id", BIG, nullable=True),
        sa.Column("owner_ref", TEXT, nullable=True),
        sa.Column("owner_known_at", BIG, nullable=True),
        sa.Column("writer_hash", BLOB, nullable=True),
        sa.Column("delivery_id", BIG, nullable=True),
        sa.Column("rev", BIG, nullable=False),
        sa.Column("seen_at", BIG, nullable=False),
        sa.Column("undated", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_source_object_delivery_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["member.id"], name=op.f("fk_source_object_owner_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_source_object_programme_id")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_source_object_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_object")),
        sa.UniqueConstraint(
            "store_id",
            "kind",
            "external_id",
            name=op.f("uq_source_object_store_id_kind_external_id"),
        ),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_source_object_owner_id_kind", "source_object", ["owner_id", "kind"], unique=False
    )
    op.create_index(
        "ix_source_object_programme_id_writer_hash",
        "source_object",
        ["programme_id", "writer_hash"],
        unique=False,
    )
    op.create_table(
        "store_customer",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("store_id", BIG, nullable=False),
        sa.Column("external_id", TEXT, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("gone", BIG, server_default="0", nullable=False),
        sa.Column("kept_as", TEXT, nullable=True),
        sa.Column("proved_hash", BLOB, nullable=True),
        sa.Column("email_hash", BLOB, nullable=True),
        sa.Column("wanted_rev", BIG, server_default="0", nullable=False),
        sa.Column("written_rev", BIG, server_default="0", nullable=False),
        sa.Column("written", TEXT, nullable=True),
        sa.Column("written_at", BIG, nullable=True),
        sa.Column("marks", TEXT, nullable=True),
        sa.Column("restored_at", BIG, nullable=True),
        sa.Column("due_at", BIG, nullable=True),
        sa.Column("tries", BIG, server_default="0", nullable=False),
        sa.Column("error", TEXT, nullable=True),
        sa.Column("lease_until", BIG, nullable=True),
        sa.Column("fence", BIG, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_store_customer_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_store_customer_programme_id")
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_store_customer_store_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_customer")),
        sa.UniqueConstraint(
            "store_id", "external_id", name=op.f("uq_store_customer_store_id_external_id")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_store_customer_due_at", "store_customer", ["due_at"], unique=False)
    op.create_index("ix_store_customer_member_id", "store_customer", ["member_id"], unique=False)
    op.create_index(
        "ix_store_customer_programme_id_email_hash",
        "store_customer",
        ["programme_id", "email_hash"],
        unique=False,
    )
    op.create_table(
        "trait",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("hash", BLOB, nullable=False),
        sa.Column("seen_at", BIG, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_trait_member_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_trait_programme_id")
        ),
        sa.PrimaryKeyConstraint("member_id", "kind", "hash", name=op.f("pk_trait")),
        sqlite_strict=True,
    )
    op.create_table(
        "award",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("object_id", BIG, nullable=True),
        sa.Column("window_key", TEXT, server_default="", nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.Column("forgiven", BIG, server_default="0", nullable=False),
        sa.Column("pending", BIG, server_default="0", nullable=False),
        sa.Column("matures_at", BIG, nullable=True),
        sa.Column("expires_at", BIG, nullable=True),
        sa.Column("expired", BIG, server_default="0", nullable=False),
        sa.Column("reward", TEXT, nullable=True),
        sa.Column("grants", BIG, server_default="0", nullable=False),
        sa.Column("badge", TEXT, nullable=True),
        sa.Column("until", BIG, nullable=True),
        sa.Column("perks", TEXT, nullable=True),
        sa.Column("lapses_at", BIG, nullable=True),
        sa.Column("grant_due_at", BIG, nullable=True),
        sa.Column("grant_note", TEXT, nullable=True),
        sa.Column("postings", BIG, nullable=False),
        sa.Column("explanation", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_award_member_id")),
        sa.ForeignKeyConstraint(
            ["object_id"], ["source_object.id"], name=op.f("fk_award_object_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_award_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
        sa.UniqueConstraint(
            "member_id", "object_id", "rule", name=op.f("uq_award_member_id_object_id_rule")
        ),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_award_grant_due_at",
        "award",
        ["grant_due_at"],
        unique=False,
        sqlite_where=sa.text("grant_due_at IS NOT NULL"),
        postgresql_where=sa.text("grant_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_award_lapses_at",
        "award",
        ["lapses_at"],
        unique=False,
        sqlite_where=sa.text("lapses_at IS NOT NULL"),
        postgresql_where=sa.text("lapses_at IS NOT NULL"),
    )
    op.create_index(
        "ix_award_matures_at",
        "award",
        ["matures_at"],
        unique=False,
        sqlite_where=sa.text("matures_at IS NOT NULL"),
        postgresql_where=sa.text("matures_at IS NOT NULL"),
    )
    op.create_index("ix_award_object_id", "award", ["object_id"], unique=False)
    op.create_index(
        "uq_award_window",
        "award",
        ["member_id", "rule", "window_key"],
        unique=True,
        sqlite_where=sa.text("object_id IS NULL"),
        postgresql_where=sa.text("object_id IS NULL"),
    )
    op.create_table(
        "object_delivery",
        sa.Column("object_id", BIG, nullable=False),
        sa.Column("delivery_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_object_delivery_delivery_id")
        ),
        sa.ForeignKeyConstraint(
            ["object_id"], ["source_object.id"], name=op.f("fk_object_delivery_object_id")
        ),
        sa.PrimaryKeyConstraint("object_id", "delivery_id", name=op.f("pk_object_delivery")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_object_delivery_delivery_id", "object_delivery", ["delivery_id"], unique=False
    )
    op.create_table(
        "object_part",
        sa.Column("store_id", BIG, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("external_id", TEXT, nullable=False),
        sa.Column("object_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["object_id"], ["source_object.id"], name=op.f("fk_object_part_object_id")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_object_part_store_id")),
        sa.PrimaryKeyConstraint("store_id", "kind", "external_id", name=op.f("pk_object_part")),
        sqlite_strict=True,
    )
    op.create_table(
        "redemption",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("store_id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("object_id", BIG, nullable=False),
        sa.Column("reward", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("request_key", TEXT, nullable=True),
        sa.Column("granted_by", TEXT, nullable=True),
        sa.Column("replaces_id", BIG, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("customer", TEXT, nullable=True),
        sa.Column("code", TEXT, nullable=True),
        sa.Column("code_key", TEXT, nullable=True),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("ends_at", BIG, nullable=True),
        sa.Column("remote_id", TEXT, nullable=True),
        sa.Column("made_at", BIG, nullable=True),
        sa.Column("tried_at", BIG, nullable=True),
        sa.Column("ending", TEXT, nullable=True),
        sa.Column("dead_at", BIG, nullable=True),
        sa.Column("uses", BIG, server_default="0", nullable=False),
        sa.Column("used_by", BIG, nullable=True),
        sa.Column("due_at", BIG, nullable=True),
        sa.Column("tries", BIG, server_default="0", nullable=False),
        sa.Column("lease_until", BIG, nullable=True),
        sa.Column("fence", BIG, server_default="0", nullable=False),
        sa.Column("error", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_redemption_member_id")),
        sa.ForeignKeyConstraint(
            ["object_id"], ["source_object.id"], name=op.f("fk_redemption_object_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_redemption_programme_id")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["redemption.id"], name=op.f("fk_redemption_replaces_id")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_redemption_store_id")),
        sa.ForeignKeyConstraint(
            ["used_by"], ["source_object.id"], name=op.f("fk_redemption_used_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption")),
        sa.UniqueConstraint(
            "member_id", "request_key", name=op.f("uq_redemption_member_id_request_key")
        ),
        sa.UniqueConstraint("object_id", name=op.f("uq_redemption_object_id")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_redemption_replaces_id")),
        sa.UniqueConstraint("store_id", "code_key", name=op.f("uq_redemption_store_id_code_key")),
        sqlite_strict=True,
    )
    op.create_index("ix_redemption_due_at", "redemption", ["due_at"], unique=False)
    op.create_index(
        "ix_redemption_programme_id_id", "redemption", ["programme_id", "id"], unique=False
    )
    op.create_index(
        "ix_redemption_programme_id_reward", "redemption", ["programme_id", "reward"], unique=False
    )
    op.create_index(
        "ix_redemption_store_id_due_at", "redemption", ["store_id", "due_at"], unique=False
    )
    op.create_index(
        "ix_redemption_store_id_remote_id", "redemption", ["store_id", "remote_id"], unique=False
    )
    op.create_table(
        "referral",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("friend_id", BIG, nullable=False),
        sa.Column("referrer_id", BIG, nullable=True),
        sa.Column("code", TEXT, nullable=True),
        sa.Column("stated_at", BIG, nullable=True),
        sa.Column("object_id", BIG, nullable=True),
        sa.Column("score", BIG, server_default="0", nullable=False),
        sa.Column("signals", TEXT, server_default="[]", nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("verdict", TEXT, nullable=True),
        sa.Column("decided_at", BIG, nullable=True),
        sa.Column("claimed_id", BIG, nullable=True),
        sa.Column("claimed_at", BIG, nullable=True),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("due_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["claimed_id"], ["member.id"], name=op.f("fk_referral_claimed_id")),
        sa.ForeignKeyConstraint(["friend_id"], ["member.id"], name=op.f("fk_referral_friend_id")),
        sa.ForeignKeyConstraint(
            ["object_id"], ["source_object.id"], name=op.f("fk_referral_object_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_referral_programme_id")
        ),
        sa.ForeignKeyConstraint(
            ["referrer_id"], ["member.id"], name=op.f("fk_referral_referrer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
        sa.UniqueConstraint("friend_id", name=op.f("uq_referral_friend_id")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_referral_due_at",
        "referral",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_referral_programme_id_id", "referral", ["programme_id", "id"], unique=False)
    op.create_index(
        "ix_referral_referrer_id_stated_at", "referral", ["referrer_id", "stated_at"], unique=False
    )
    op.create_table(
        "task_waiter",
        sa.Column("task_id", BIG, nullable=False),
        sa.Column("delivery_id", BIG, nullable=False),
        sa.Column("again", BIG, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_task_waiter_delivery_id")
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["outbox_task.id"], name=op.f("fk_task_waiter_task_id")
        ),
        sa.PrimaryKeyConstraint("task_id", "delivery_id", name=op.f("pk_task_waiter")),
        sqlite_strict=True,
    )
    op.create_index("ix_task_waiter_delivery_id", "task_waiter", ["delivery_id"], unique=False)
    op.create_table(
        "tier_fact",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("object_id", BIG, nullable=False),
        sa.Column("measure", TEXT, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("since", BIG, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_tier_fact_member_id")),
        sa.ForeignKeyConstraint(
            ["object_id"], ["source_object.id"], name=op.f("fk_tier_fact_object_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_tier_fact_programme_id")
        ),
        sa.PrimaryKeyConstraint("object_id", "measure", "at", name=op.f("pk_tier_fact")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_tier_fact_programme_id_member_id",
        "tier_fact",
        ["programme_id", "member_id", "measure", "since"],
        unique=False,
    )
    op.create_table(
        "draw_ticket",
        sa.Column("draw_id", BIG, nullable=False),
        sa.Column("redemption_id", BIG, nullable=False),
        sa.Column("person", BIG, nullable=False),
        sa.Column("place", BIG, nullable=True),
        sa.Column("told_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["draw_id"], ["draw.id"], name=op.f("fk_draw_ticket_draw_id")),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemption.id"], name=op.f("fk_draw_ticket_redemption_id")
        ),
        sa.PrimaryKeyConstraint("draw_id", "redemption_id", name=op.f("pk_draw_ticket")),
        sqlite_strict=True,
    )
    op.create_index("ix_draw_ticket_redemption_id", "draw_ticket", ["redemption_id"], unique=False)
    op.create_table(
        "entry",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.Column("pending", BIG, nullable=False),
        sa.Column("award_id", BIG, nullable=True),
        sa.Column("rule", TEXT, nullable=True),
        sa.Column("version", BIG, nullable=True),
        sa.Column("occurred_at", BIG, nullable=False),
        sa.Column("recorded_at", BIG, nullable=False),
        sa.Column("delivery_id", BIG, nullable=True),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("explanation", TEXT, nullable=False),
        sa.Column("mac", BLOB, nullable=False),
        sa.CheckConstraint("seq > 0", name=op.f("ck_entry_seq_positive")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_entry_award_id")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_entry_delivery_id")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_entry_member_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_entry_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
        sa.UniqueConstraint("key", name=op.f("uq_entry_key")),
        sa.UniqueConstraint("member_id", "seq", name=op.f("uq_entry_member_id_seq")),
        sqlite_strict=True,
    )
    op.create_index("ix_entry_award_id", "entry", ["award_id"], unique=False)
    op.create_index("ix_entry_delivery_id", "entry", ["delivery_id"], unique=False)
    op.create_index("ix_entry_programme_id_id", "entry", ["programme_id", "id"], unique=False)
    op.create_table(
        "redemption_use",
        sa.Column("redemption_id", BIG, nullable=False),
        sa.Column("object_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["object_id"], ["source_object.id"], name=op.f("fk_redemption_use_object_id")
        ),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemption.id"], name=op.f("fk_redemption_use_redemption_id")
        ),
        sa.PrimaryKeyConstraint("redemption_id", "object_id", name=op.f("pk_redemption_use")),
        sqlite_strict=True,
    )
    op.create_index("ix_redemption_use_object_id", "redemption_use", ["object_id"], unique=False)
    op.create_table(
        "waiting",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("reward", TEXT, nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("due_at", BIG, nullable=True),
        sa.Column("note", TEXT, nullable=True),
        sa.Column("redemption_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_waiting_member_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_waiting_programme_id")
        ),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemption.id"], name=op.f("fk_waiting_redemption_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting")),
        sqlite_strict=True,
    )
    op.create_index("ix_waiting_due_at", "waiting", ["due_at"], unique=False)
    op.create_index("ix_waiting_member_id", "waiting", ["member_id"], unique=False)
    op.create_table(
        "import_row",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("batch_id", BIG, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("faults", TEXT, nullable=True),
        sa.Column("person", BLOB, nullable=True),
        sa.Column("slot", BLOB, nullable=True),
        sa.Column("store_id", BIG, nullable=True),
        sa.Column("customer", TEXT, nullable=True),
        sa.Column("email", BLOB, nullable=True),
        sa.Column("email_hash", BLOB, nullable=True),
        sa.Column("data_key_id", BIG, nullable=True),
        sa.Column("points", BIG, server_default="0", nullable=False),
        sa.Column("expires_at", BIG, nullable=True),
        sa.Column("forever", BIG, server_default="0", nullable=False),
        sa.Column("tier", TEXT, nullable=True),
        sa.Column("joined_at", BIG, nullable=True),
        sa.Column("member_id", BIG, nullable=True),
        sa.Column("made", BIG, server_default="0", nullable=False),
        sa.Column("entry_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_import_row_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["data_key_id"], ["data_key.id"], name=op.f("fk_import_row_data_key_id")
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_import_row_entry_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_import_row_member_id")),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_import_row_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_row")),
        sa.UniqueConstraint("batch_id", "number", name=op.f("uq_import_row_batch_id_number")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_import_row_batch_id_person", "import_row", ["batch_id", "person"], unique=False
    )
    op.create_index("ix_import_row_batch_id_slot", "import_row", ["batch_id", "slot"], unique=False)
    op.create_index(
        "ix_import_row_batch_id_state_number",
        "import_row",
        ["batch_id", "state", "number"],
        unique=False,
    )
    op.create_index(
        "ix_import_row_email_hash",
        "import_row",
        ["email_hash"],
        unique=False,
        sqlite_where=sa.text("email_hash IS NOT NULL"),
        postgresql_where=sa.text("email_hash IS NOT NULL"),
    )
    op.create_index("ix_import_row_entry_id", "import_row", ["entry_id"], unique=False)
    op.create_index("ix_import_row_member_id", "import_row", ["member_id"], unique=False)
    op.create_table(
        "lot",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("award_id", BIG, nullable=True),
        sa.Column("entry_id", BIG, nullable=False),
        sa.Column("origin_id", BIG, nullable=True),
        sa.Column("points", BIG, nullable=False),
        sa.Column("remaining", BIG, nullable=False),
        sa.Column("available_at", BIG, nullable=False),
        sa.Column("expires_at", BIG, nullable=True),
        sa.Column("reminded", BIG, nullable=True),
        sa.CheckConstraint(
            "remaining >= 0 AND remaining <= points", name=op.f("ck_lot_remaining_in_range")
        ),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_lot_award_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_lot_entry_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_lot_member_id")),
        sa.ForeignKeyConstraint(["origin_id"], ["lot.id"], name=op.f("fk_lot_origin_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_lot_expires_at",
        "lot",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("remaining > 0 AND expires_at IS NOT NULL"),
        postgresql_where=sa.text("remaining > 0 AND expires_at IS NOT NULL"),
    )
    op.create_index("ix_lot_member_id", "lot", ["member_id"], unique=False)
    op.create_index(
        "ix_lot_origin_id",
        "lot",
        ["origin_id"],
        unique=False,
        sqlite_where=sa.text("origin_id IS NOT NULL"),
        postgresql_where=sa.text("origin_id IS NOT NULL"),
    )
    op.create_table(
        "lot_use",
        sa.Column("entry_id", BIG, nullable=False),
        sa.Column("lot_id", BIG, nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_lot_use_entry_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_lot_use_lot_id")),
        sa.PrimaryKeyConstraint("entry_id", "lot_id", name=op.f("pk_lot_use")),
        sqlite_strict=True,
    )
    op.create_index("ix_lot_use_lot_id", "lot_use", ["lot_id"], unique=False)
