"""Orders of one person and programmes with tiers, for the tests of tiers."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from app.programme.document import Programme, parse
from app.programme.events import Line, OrderFacts, Refund, Standing
from app.programme.order_windows import OrderItem

START = datetime(2026, 1, 10, 12, tzinfo=UTC)
HEAD = '[programme]\nkey = "kawa"\ncurrency = "PLN"\ntimezone = "Europe/Warsaw"\n'
RULE = '[[rule]]\nkey = "per-unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n'


def programme(
    tiers: str = 'window = "rolling"\nmonths = 12', *, silver: str = "500", gold: str = "2000"
) -> Programme:
    """Silver and gold; the first gives 100 points for reaching it, the second 300."""
    return parse(
        f"{HEAD}{RULE}[tiers]\n{tiers}\n"
        f'[[tier]]\nkey = "silver"\nfrom = "{silver}"\nmultiply = "1.25"\ngift = 100\n'
        f'[[tier]]\nkey = "gold"\nfrom = "{gold}"\nmultiply = "1.5"\ngift = 300\n'
    )


def days(number: float) -> datetime:
    return START + timedelta(days=number)


def item(
    number: int,
    placed: datetime,
    amount: str,
    of: Programme,
    *,
    earned: datetime | None = None,
    refunds: tuple[tuple[datetime | None, str], ...] = (),
    standing: Standing = Standing.PAID,
    shown: dict[str, datetime] | None = None,
    unpaid: bool = False,
) -> OrderItem:
    facts = OrderFacts(
        standing=standing,
        status=standing.value,
        currency="PLN",
        prices_include_tax=True,
        total=Decimal(amount),
        lines=(Line(id="1", net=Decimal(amount)),),
        refunds=tuple(
            Refund(id=str(at), amount=Decimal(back), at=moment, lines=())
            for at, (moment, back) in enumerate(refunds)
        ),
    )
    return OrderItem(
        object_id=number,
        occurred_at=placed,
        earned_at=None if unpaid else earned or placed,
        programme=of,
        version=1,
        facts=facts,
        shown=shown or {},
    )
