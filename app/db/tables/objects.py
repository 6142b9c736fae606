"""Source objects with their newest state, and what each rule gives for them."""

from sqlalchemy import Column, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint

from app.db.tables.columns import id_column, member_column, programme_column, store_column, table
from app.db.types import Moment, big, blob, text

source_object = table(
    "source_object",
    id_column(),
    programme_column(),
    store_column(),
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
    # JSON: of an order, when a body first showed what the shop does not date.
    Column("undated", text()),
    UniqueConstraint("store_id", "kind", "external_id"),
    Index("ix_source_object_owner_id_kind", "owner_id", "kind"),
    Index("ix_source_object_programme_id_writer_hash", "programme_id", "writer_hash"),
)

object_part = table(
    "object_part",  # finds the order that a refund id belongs to
    store_column(),
    Column("kind", text(), nullable=False),
    Column("external_id", text(), nullable=False),
    Column("object_id", big(), ForeignKey("source_object.id"), nullable=False),
    PrimaryKeyConstraint("store_id", "kind", "external_id"),
)

object_delivery = table(
    "object_delivery",  # every delivery that spoke of an object, for support
    Column("object_id", big(), ForeignKey("source_object.id"), nullable=False),
    Column("delivery_id", big(), ForeignKey("delivery.id"), nullable=False),
    PrimaryKeyConstraint("object_id", "delivery_id"),
    Index("ix_object_delivery_delivery_id", "delivery_id"),
)

award = table(
    "award",
    id_column(),
    programme_column(),
    member_column(),
    Column("object_id", big(), ForeignKey("source_object.id")),  # NULL for a window
    Column("window_key", text(), nullable=False, server_default=""),  # "" for an object award
    Column("rule", text(), nullable=False),
    Column("points", big(), nullable=False),  # entitled = posted, net of all entries of this award
    Column("forgiven", big(), nullable=False, server_default="0"),
    Column("pending", big(), nullable=False, server_default="0"),  # of `points`: not available yet
    Column("matures_at", Moment()),  # when they are; NULL: nothing is pending
    Column("expires_at", Moment()),  # of the lot that they will open
    # Of what it gave: gone unused, as far as that was not undone.
    Column("expired", big(), nullable=False, server_default="0"),
    # Of a window: how often it gives which reward without points, and which badge.
    Column("reward", text()),
    Column("grants", big(), nullable=False, server_default="0"),
    Column("badge", text()),
    # Of a membership: when it is over, its perks with commas between, and when the shops are to be told
    # that it is; NULL: they were.
    Column("until", Moment()),
    Column("perks", text()),
    Column("lapses_at", Moment()),
    Column("grant_due_at", Moment()),  # when to see whether the rewards were given; NULL: they were
    Column("grant_note", text()),  # why they have to wait
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
    # What is to be given without points is asked each second.
    Index(
        "ix_award_grant_due_at",
        "grant_due_at",
        sqlite_where=Column("grant_due_at", Moment()).is_not(None),
        postgresql_where=Column("grant_due_at", Moment()).is_not(None),
    ),
    # Which memberships are over is asked each minute.
    Index(
        "ix_award_lapses_at",
        "lapses_at",
        sqlite_where=Column("lapses_at", Moment()).is_not(None),
        postgresql_where=Column("lapses_at", Moment()).is_not(None),
    ),
    # What becomes available is asked each minute.
    Index(
        "ix_award_matures_at",
        "matures_at",
        sqlite_where=Column("matures_at", Moment()).is_not(None),
        postgresql_where=Column("matures_at", Moment()).is_not(None),
    ),
)
