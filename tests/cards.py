"""Orders of so many pieces, for tests of punch cards and of what they give."""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from app.programme.events import Event, Line, OrderFacts, Refund, RefundLine, Standing
from tests.people import START, order


def cups(
    number: int,
    pieces: int = 1,
    *,
    back: int = 0,
    days: int = 0,
    at: int = 0,
    standing: Standing = Standing.PAID,
    customer: str | None = "5",
    email: str | None = None,
    code: str | None = None,
) -> Event:
    """An order of so many cups at 10.00, placed so many days after the start."""
    told = order(number, customer=customer, email=email, at=at)
    assert isinstance(told.facts, OrderFacts)
    each = Decimal(10)
    returned = RefundLine(line="1", quantity=back, net=each * back)
    refund = Refund(id="9", amount=each * back, lines=(returned,))
    facts = msgspec.structs.replace(
        told.facts,
        standing=standing,
        codes=() if code is None else (code.lower(),),
        total=each * pieces,
        lines=(Line(id="1", net=each * pieces, quantity=pieces, sku="CUP"),),
        refunds=(refund,) if back else (),
    )
    placed: datetime = START + timedelta(days=days)
    return msgspec.structs.replace(told, facts=facts, occurred_at=placed)
