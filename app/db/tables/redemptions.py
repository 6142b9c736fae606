"""Rewards that people took: each with the discount code that belongs to it, and the mail about it."""

from sqlalchemy import Column, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint

from app.db.tables.columns import id_column, member_column, programme_column, store_column, table
from app.db.types import Moment, big, text

redemption = table(
    "redemption",
    id_column(),  # also the external id of its source object
    programme_column(),
    store_column(),
    member_column(),  # who took it; see merged_into for who it is now
    Column("object_id", big(), ForeignKey("source_object.id"), nullable=False, unique=True),
    Column("reward", text(), nullable=False),  # as in the object's facts
    Column("kind", text(), nullable=False),  # as in the object's facts
    # The member's own word for this act, so that the same act twice is one redemption.
    Column("request_key", text()),
    Column("granted_by", text()),  # the rule that gave it without points, NULL: it was paid for
    Column("replaces_id", big(), ForeignKey("redemption.id"), unique=True),
    Column("state", text(), nullable=False),  # as in the object's facts
    Column("customer", text()),  # the shop's id of the person, NULL: only the e-mail is known
    Column("code", text()),  # drawn here, as people see it; NULL: there is none of this kind
    Column("code_key", text()),  # lower-cased: shops compare without case
    Column("created_at", Moment(), nullable=False),
    Column("ends_at", Moment()),  # the code's own end
    Column("remote_id", text()),  # the platform's id of the code
    Column("made_at", Moment()),  # when the shop confirmed it
    # When the last call began that may have made it (of store credit: or ended it) without our knowing.
    Column("tried_at", Moment()),
    Column("ending", text()),  # why the code shall end; NULL: it shall live
    Column("dead_at", Moment()),  # when it was proved that nobody can use it any more
    Column("uses", big(), nullable=False, server_default="0"),  # as the shop told last
    Column("used_by", big(), ForeignKey("source_object.id")),  # the order that captured it
    # Its row is the outbox of its code: what is due is made, looked at or ended.
    Column("due_at", Moment()),
    Column("tries", big(), nullable=False, server_default="0"),
    Column("lease_until", Moment()),
    Column("fence", big(), nullable=False, server_default="0"),
    Column("error", text()),
    UniqueConstraint("store_id", "code_key"),
    UniqueConstraint("member_id", "request_key"),
    # Gift cards that orders were paid with.
    Index("ix_redemption_store_id_remote_id", "store_id", "remote_id"),
    Index("ix_redemption_due_at", "due_at"),
    Index("ix_redemption_store_id_due_at", "store_id", "due_at"),
    Index("ix_redemption_programme_id_id", "programme_id", "id"),
    # How many of a reward were taken is asked whenever one more is wanted.
    Index("ix_redemption_programme_id_reward", "programme_id", "reward"),
)

redemption_use = table(
    "redemption_use",  # orders that showed the code at any time
    Column("redemption_id", big(), ForeignKey("redemption.id"), nullable=False),
    Column("object_id", big(), ForeignKey("source_object.id"), nullable=False),
    PrimaryKeyConstraint("redemption_id", "object_id"),
    Index("ix_redemption_use_object_id", "object_id"),
)

waiting = table(
    "waiting",  # who waits for a seat at an event: the first in the line gets the next one
    id_column(),
    programme_column(),
    member_column(),
    Column("reward", text(), nullable=False),
    Column("created_at", Moment(), nullable=False),
    Column("due_at", Moment()),  # from when on a free seat is theirs; NULL: they wait no more
    Column("note", text()),  # why the seat that was free could not be theirs: it is the next one's
    Column("redemption_id", big(), ForeignKey("redemption.id")),  # the seat they got
    Index("ix_waiting_due_at", "due_at"),
    Index("ix_waiting_member_id", "member_id"),
)

mail = table(
    "mail",  # e-mails to be sent, once each; what they say is worked out when they are
    id_column(),
    programme_column(),
    member_column(),
    Column("kind", text(), nullable=False),  # code
    Column("subject_id", big(), nullable=False),  # of a code: the redemption
    Column("created_at", Moment(), nullable=False),
    Column("due_at", Moment()),  # NULL: sent, or given up
    Column("sent_at", Moment()),
    Column("tries", big(), nullable=False, server_default="0"),
    Column("lease_until", Moment()),
    Column("fence", big(), nullable=False, server_default="0"),
    Column("error", text()),
    UniqueConstraint("kind", "subject_id"),
    Index("ix_mail_due_at", "due_at"),
    Index("ix_mail_member_id", "member_id"),
)
