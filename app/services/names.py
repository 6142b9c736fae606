"""What people call tiers, campaigns and memberships now, for explanations that hold only their keys."""

from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import Connection, select

from app.db import tables as t
from app.programme.explanation import Explanation, Reason
from app.services.explain_multipliers import Names

_NAMING = frozenset(
    {
        *(Reason.BONUS, Reason.NOT_INVITED, Reason.NOTHING_EARNED, Reason.TIER_REACHED),
        *(Reason.MEMBER, Reason.NO_MEMBER),
    }
)


class _Named(msgspec.Struct, frozen=True):
    key: str
    name: str = ""


class _Document(msgspec.Struct, frozen=True):
    """What is read of a stored version."""

    tiers: tuple[_Named, ...] = ()
    campaigns: tuple[_Named, ...] = ()
    membership: _Named | None = None


_DOCUMENT: msgspec.json.Decoder[_Document] = msgspec.json.Decoder(_Document)


def names_for(
    connection: Connection, told: Iterable[tuple[int, Explanation | None]]
) -> Mapping[int, Names]:
    """Return by programme what these explanations name; each is given with its programme's id.

    Costs nothing where none of them names anything.
    """
    asked = {one for one, why in told if why is not None and _names(why)}
    return {programme_id: names_of(connection, programme_id) for programme_id in asked}


def names_of(connection: Connection, programme_id: int) -> Names:
    """Return the names of a programme's tiers, campaigns and memberships: the newest of each, even gone."""
    names: dict[tuple[str, str], str] = {}
    documents = connection.execute(
        select(t.programme_version.c.document)
        .where(t.programme_version.c.programme_id == programme_id)
        .order_by(t.programme_version.c.number)
    )
    for document in documents.scalars():
        version = _DOCUMENT.decode(document)
        sold = () if version.membership is None else (version.membership,)
        for kind, several in (
            ("tier", version.tiers),
            ("campaign", version.campaigns),
            ("membership", sold),
        ):
            names |= {(kind, one.key): one.name or one.key for one in several}
    return names


def _names(why: Explanation) -> bool:
    return bool(why.multipliers) or why.reason in _NAMING
