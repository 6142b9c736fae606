"""Who brought whom, and the traits by which one person behind two accounts is noticed."""

from sqlalchemy import Column, ForeignKey, Index, PrimaryKeyConstraint

from app.db.tables.columns import id_column, member_column, programme_column, table
from app.db.types import Moment, big, blob, text

referral = table(
    "referral",  # of a friend, as last judged; `verdict` and the claim are staff's
    id_column(),
    programme_column(),
    Column("friend_id", big(), ForeignKey("member.id"), nullable=False, unique=True),
    Column("referrer_id", big(), ForeignKey("member.id")),
    Column("code", text()),  # by which the referrer was found
    Column("stated_at", Moment()),
    Column("object_id", big(), ForeignKey("source_object.id")),  # the friend's first order
    Column("score", big(), nullable=False, server_default="0"),
    Column("signals", text(), nullable=False, server_default="[]"),  # JSON list of Signal
    Column("state", text(), nullable=False),  # of app.programme.referrals.State
    Column("verdict", text()),  # approved | refused, by a person; NULL: none yet
    Column("decided_at", Moment()),
    Column("claimed_id", big(), ForeignKey("member.id")),  # who it was, as staff were told
    Column("claimed_at", Moment()),
    Column("created_at", Moment(), nullable=False),
    Column("due_at", Moment()),  # to be judged anew; NULL: nothing has changed since
    Index("ix_referral_referrer_id_stated_at", "referrer_id", "stated_at"),
    Index("ix_referral_programme_id_id", "programme_id", "id"),
    Index(
        "ix_referral_due_at",
        "due_at",
        sqlite_where=Column("due_at", Moment()).is_not(None),
        postgresql_where=Column("due_at", Moment()).is_not(None),
    ),
)

trait = table(
    "trait",  # kept only where the programme has a rule about friends; goes with the member
    programme_column(),
    member_column(),
    Column("kind", text(), nullable=False),  # of app.programme.referral_score.TraitKind
    Column("hash", blob(), nullable=False),  # keyed
    Column("seen_at", Moment(), nullable=False),  # the earliest that the shop tells of
    PrimaryKeyConstraint("member_id", "kind", "hash"),
)
