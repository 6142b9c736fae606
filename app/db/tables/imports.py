"""Points on their way to many: files from a former programme, bonuses, and their rows until dealt with."""

from sqlalchemy import Column, ForeignKey, Index, UniqueConstraint

from app.db.tables.columns import id_column, programme_column, table
from app.db.types import Moment, big, blob, text

import_batch = table(
    "import_batch",  # one file, or one bonus to many
    id_column(),
    programme_column(),
    Column("kind", text(), nullable=False, server_default="import"),  # import | bonus
    Column("store_id", big(), ForeignKey("store.id")),  # that its customers' ids are of
    Column("system", text(), nullable=False),  # key of app.programme.import_columns; of a file
    Column("digest", blob(), nullable=False),  # keyed hash of the whole file; empty: none
    # staging | staged | applying | applied | undoing | undone | discarded
    Column("state", text(), nullable=False),
    Column("settings", text(), nullable=False),  # JSON: how it was read, or what was previewed
    Column("reason", text(), nullable=False),
    Column("actor", text(), nullable=False),
    Column("audit_id", big(), ForeignKey("audit.id")),  # who applied it; its entries point there
    Column("undo_id", big(), ForeignKey("audit.id")),  # who undid it
    Column("created_at", Moment(), nullable=False),
    Column("ended_at", Moment()),  # when it was applied, undone or discarded to its end
    Index("ix_import_batch_programme_id_id", "programme_id", "id"),
)

import_row = table(
    "import_row",  # points of one person that end together; of a bonus, those of one member
    id_column(),
    Column("batch_id", big(), ForeignKey("import_batch.id"), nullable=False),
    Column("number", big(), nullable=False),  # 1, 2, 3 … of its batch
    Column("line", big(), nullable=False),  # where it begins in the file
    # ready | bad | failed (to be posted) | applied | skipped | stuck (not taken back) | undone
    Column("state", text(), nullable=False),
    Column("faults", text()),  # JSON of what is wrong with it, or was when it was dealt with
    Column("person", blob()),  # keyed hash of whom it names
    Column("slot", blob()),  # keyed hash of whom it names and until when
    Column("store_id", big(), ForeignKey("store.id")),
    Column("customer", text()),  # the shop's id of the person
    # Until it is dealt with: afterwards the member has it.
    Column("email", blob()),  # encrypted
    Column("email_hash", blob()),
    Column("data_key_id", big(), ForeignKey("data_key.id")),
    Column("points", big(), nullable=False, server_default="0"),
    Column("expires_at", Moment()),  # NULL: as the programme says, or never
    Column("forever", big(), nullable=False, server_default="0"),
    Column("tier", text()),
    Column("joined_at", Moment()),
    Column("member_id", big(), ForeignKey("member.id")),
    Column("made", big(), nullable=False, server_default="0"),  # 1: this row made the member
    Column("entry_id", big(), ForeignKey("entry.id")),
    UniqueConstraint("batch_id", "number"),
    Index("ix_import_row_batch_id_state_number", "batch_id", "state", "number"),
    Index("ix_import_row_batch_id_slot", "batch_id", "slot"),
    Index("ix_import_row_batch_id_person", "batch_id", "person"),
    Index("ix_import_row_member_id", "member_id"),
    Index("ix_import_row_entry_id", "entry_id"),
    Index(
        "ix_import_row_email_hash",
        "email_hash",
        sqlite_where=Column("email_hash", blob()).is_not(None),
        postgresql_where=Column("email_hash", blob()).is_not(None),
    ),
)
