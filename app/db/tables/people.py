"""Members, the e-mails that prove them, their accounts in shops, and claims that wait."""

from sqlalchemy import Column, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint, and_

from app.db.tables.columns import id_column, member_column, programme_column, store_column, table
from app.db.types import Moment, big, blob, text

member = table(
    "member",
    id_column(),
    programme_column(),
    # guest: accrues under a keyed hash; member: enrolled; merged: see merged_into; erased
    Column("state", text(), nullable=False),
    Column("email", blob()),  # encrypted; contact only, proves nothing
    Column("email_hash", blob()),  # keyed; for look-up
    Column("data_key_id", big(), ForeignKey("data_key.id")),
    Column("enrolled_at", Moment()),
    Column("referral_code", text()),  # as `programme.referral.code_in` has it; NULL: not asked for
    Column("merged_into", big(), ForeignKey("member.id")),
    Column("balance", big(), nullable=False, server_default="0"),  # available; below 0 is debt
    Column("pending", big(), nullable=False, server_default="0"),
    Column("entries", big(), nullable=False, server_default="0"),  # length of the chain
    Column("head", blob(), nullable=False),  # HMAC of the newest entry
    Column("rev", big(), nullable=False, server_default="0"),  # moves with every change of the row
    Column("created_at", Moment(), nullable=False),
    Column("tier", text()),  # the key of the tier that the account has, NULL for none
    Column("tier_since", Moment()),
    Column("tier_at", Moment()),  # the moment that the tier was worked out for
    Index("ix_member_programme_id_id", "programme_id", "id"),
    Index("ix_member_programme_id_email_hash", "programme_id", "email_hash"),
    UniqueConstraint("programme_id", "referral_code"),
    # Who has reached the cost of a reward is asked each second.
    Index("ix_member_programme_id_state_balance", "programme_id", "state", "balance"),
    Index(
        "ix_member_merged_into",
        "merged_into",
        sqlite_where=Column("merged_into", big()).is_not(None),
        postgresql_where=Column("merged_into", big()).is_not(None),
    ),
)

identity = table(
    "identity",  # the one account that a proved (or guest's) e-mail belongs to
    programme_column(),
    Column("email_hash", blob(), nullable=False),
    member_column(),
    PrimaryKeyConstraint("programme_id", "email_hash"),
    Index("ix_identity_member_id", "member_id"),
)

birthday = table(
    "birthday",  # of who told it; goes with the member
    programme_column(),
    member_column(),
    Column("day", big(), nullable=False),  # month and day, no year: 229 is 29 February
    Column("told_at", Moment(), nullable=False),  # it counts from the next day on
    PrimaryKeyConstraint("member_id"),
    Index("ix_birthday_programme_id_day", "programme_id", "day"),
)

store_customer = table(
    "store_customer",
    id_column(),
    programme_column(),
    store_column(),
    Column("external_id", text(), nullable=False),
    member_column(),
    Column("gone", big(), nullable=False, server_default="0"),  # deleted in the shop
    Column("kept_as", text()),  # the customer that the shop merged this one into, for good
    # Keyed hash of the e-mail that the shop vouches for. The first one: a changed one proves nothing.
    Column("proved_hash", blob()),
    # Keyed hash of the e-mail that the shop gives it now; empty: none, NULL: not told yet.
    Column("email_hash", blob()),
    # What the shop shall show: due while wanted_rev differs from written_rev.
    Column("wanted_rev", big(), nullable=False, server_default="0"),
    Column("written_rev", big(), nullable=False, server_default="0"),
    Column("written", text()),  # JSON of the CustomerState last written
    Column("written_at", Moment()),
    Column("marks", text()),  # JSON list: what the shop shows that a person could take away there
    Column("restored_at", Moment()),  # when marks taken away were, or will be, put back
    Column("due_at", Moment()),  # NULL: nothing to write
    Column("tries", big(), nullable=False, server_default="0"),
    Column("error", text()),
    Column("lease_until", Moment()),
    Column("fence", big(), nullable=False, server_default="0"),
    UniqueConstraint("store_id", "external_id"),
    Index("ix_store_customer_member_id", "member_id"),
    Index("ix_store_customer_programme_id_email_hash", "programme_id", "email_hash"),
    Index("ix_store_customer_due_at", "due_at"),
)

_TO_JOIN = and_(Column("status", text()) == "proved", Column("decided_at", Moment()).is_(None))

claim = table(
    "claim",  # an account that may be, or is, the same person as another one, its holder
    id_column(),
    programme_column(),
    member_column(),  # who claims
    Column("holder_id", big(), ForeignKey("member.id"), nullable=False),
    Column("email_hash", blob(), nullable=False),  # empty: the shop merged two of its customers
    # pending: waits for a person | confirmed: by one | joined: for another reason
    # proved: by a shop, to be joined at once; done if there is a `decided_at`
    Column("status", text(), nullable=False),
    Column("created_at", Moment(), nullable=False),
    Column("decided_at", Moment()),
    UniqueConstraint("member_id", "holder_id", "email_hash"),
    Index("ix_claim_holder_id", "holder_id"),
    Index(
        "ix_claim_to_join",
        "id",
        sqlite_where=_TO_JOIN,
        postgresql_where=_TO_JOIN,
    ),
)
