"""What alembic runs: the migrations, inside the transaction that `app.db.migrating` has begun."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import BigInteger, LargeBinary, Text

from app.db.migrating import default_differs
from app.db.tables import metadata
from app.db.types import Moment

_OUR_TYPES = ((Moment, "BIG"), (BigInteger, "BIG"), (Text, "TEXT"), (LargeBinary, "BLOB"))


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Name our column types in a draft as the template of revisions does."""
    if kind == "type":
        for python_type, name in _OUR_TYPES:
            if isinstance(item, python_type):
                return name
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=render_item,
    render_as_batch=context.config.attributes.get("batch", True),
    compare_type=True,
    compare_server_default=default_differs,
)
with context.begin_transaction():
    context.run_migrations()
