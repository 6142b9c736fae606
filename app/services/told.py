"""What recording a statement works with, and what comes of it."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection

from app.services.goods import Shelf
from app.services.keys import Vault
from app.services.own_credit import Issuers
from app.services.programmes import Version
from app.services.rates import Rates
from app.services.segments import Memberships
from app.services.workset import WorkSet

UNSURE_NO_KEYS = (
    "its signature fits several stores here, nothing in it says which shop sent it, and there are no "
    "API keys to ask with"
)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Who told us, and when: the delivery that carries a statement."""

    delivery_id: int
    store_id: int
    accepted_at: datetime  # received, or when our read began
    read_at: datetime | None  # set for an answer of ours
    readable: bool  # the store's API can be called
    sure: bool = True  # it is this store's; else what it speaks of must be known here or read


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one statement. `reading`: only the shop can tell."""

    status: str  # processed | stale | ignored | reading
    reason: str
    changed: bool = False
    again: bool = False  # of what is read: it has more to say afterwards
    alone: bool = False  # of what is read: it can be judged without, where the shop shows nothing
    products: tuple[str, ...] = ()  # to be read instead of the object itself


class Observer(msgspec.Struct, frozen=True):
    """What recording needs besides the statement itself."""

    connection: Connection
    work: WorkSet
    vault: Vault
    versions: list[Version]
    rates: Rates
    memberships: Memberships = Memberships()
    shelf: Shelf = Shelf()
    issuers: Issuers = frozenset()
