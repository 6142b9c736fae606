"""Whom and what people name on the command line: a programme by its key, a member by id or e-mail."""

from sqlalchemy import Connection

from app.cli.shared import Context
from app.services.programmes import programme_id_of
from app.services.view_members import MemberView, find_member


def programme_named(connection: Connection, key: str | None) -> int | None:
    """Return the id of the programme with this key, None where none was named; raises NotFound."""
    return None if key is None else programme_id_of(connection, key)


def member_named(
    context: Context, connection: Connection, who: str, programme: str | None
) -> MemberView:
    """Return the one member with this id or e-mail, of this programme if one was named.

    Raises NotFound, Conflict if there are several.
    """
    programme_id = programme_named(connection, programme)
    return find_member(connection, context.vault(), who, programme_id=programme_id)
