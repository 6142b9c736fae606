"""What the edge hands to the writer: a verified delivery, and the request that waits for it."""

import asyncio
from datetime import datetime

import msgspec

from app.db.inbox import NewDelivery
from app.services.stores import EdgeStore
from connectors.base import Inbound


class Arrival(msgspec.Struct, eq=False):
    """A verified delivery whose sender waits; `answer` becomes True once it is committed."""

    id: int  # the delivery's, if it is not a repeat
    store: EdgeStore
    by_header: bool  # an unsigned header named the store, not the path
    inbound: Inbound
    topic: str
    body: bytes
    received_at: datetime
    since: float  # time.monotonic() of its arrival
    row: NewDelivery | None  # sealed; None while the key of the day is not known
    answer: asyncio.Future[bool]
