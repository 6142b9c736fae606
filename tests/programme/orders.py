"""Short ways to say what a shop tells, for the tests of rules."""

from datetime import UTC, datetime
from decimal import Decimal

from app.programme.basis import Basis
from app.programme.document import Programme, parse
from app.programme.events import Line, LineKind, OrderFacts, Refund, RefundLine, Standing
from app.programme.presets import preset_source
from app.programme.rules import Award, Context, evaluate

PLACED = datetime(2026, 11, 21, 17, 40, tzinfo=UTC)
HEAD = '[programme]\nkey = "kawa"\ncurrency = "PLN"\n'


def preset(name: str) -> Programme:
    return parse(preset_source(name))


def programme(rules: str, head: str = "") -> Programme:
    return parse(HEAD + head + rules)


def line(
    id_: str,
    net: str,
    tax: str = "0",
    kind: LineKind = LineKind.GOODS,
    quantity: int = 1,
    *,
    sku: str | None = None,
    product: str | None = None,
) -> Line:
    return Line(
        id=id_,
        net=Decimal(net),
        tax=Decimal(tax),
        kind=kind,
        quantity=quantity,
        sku=sku,
        product=product,
    )


def order(
    *lines: Line,
    refunds: tuple[Refund, ...] = (),
    total: str | None = None,
    standing: Standing = Standing.PAID,
    currency: str = "PLN",
    prices_include_tax: bool = True,
    test: bool = False,
    channel: str | None = None,
) -> OrderFacts:
    summed = sum((part.net + part.tax for part in lines), Decimal(0))
    return OrderFacts(
        standing=standing,
        status=standing.value,
        currency=currency,
        prices_include_tax=prices_include_tax,
        total=summed if total is None else Decimal(total),
        lines=lines,
        refunds=refunds,
        test=test,
        channel=channel,
    )


def goods(amount: str, **more: object) -> OrderFacts:
    """Return an order of one untaxed line."""
    return order(line("1", amount), **more)  # type: ignore[arg-type]


def refund(id_: str, amount: str, *lines: tuple[str, str] | tuple[str, str, str]) -> Refund:
    """Return a refund whose lines are read; each is (line, net) or (line, net, tax)."""
    return Refund(
        id=id_,
        amount=Decimal(amount),
        lines=tuple(
            RefundLine(line=part[0], net=Decimal(part[1]), tax=Decimal((*part, "0")[2]))
            for part in lines
        ),
    )


def returned(id_: str, amount: str, *lines: tuple[str, int, str]) -> Refund:
    """Return a refund of pieces; each is (line, pieces, net)."""
    return Refund(
        id=id_,
        amount=Decimal(amount),
        lines=tuple(
            RefundLine(line=line_id, quantity=pieces, net=Decimal(net))
            for line_id, pieces, net in lines
        ),
    )


def unread(id_: str, amount: str) -> Refund:
    """Return a refund as an order body shows it: its lines are unknown."""
    return Refund(id=id_, amount=Decimal(amount))


def judge(
    rules: Programme,
    facts: OrderFacts | None,
    *,
    context: Context | None = None,
    occurred_at: datetime = PLACED,
    store: str | None = None,
) -> tuple[Award, ...]:
    return evaluate(rules, 1, context or Context(), facts, occurred_at, store=store)


def points(
    rules: Programme,
    facts: OrderFacts | None,
    context: Context | None = None,
    store: str | None = None,
) -> int:
    return sum(award.points for award in judge(rules, facts, context=context, store=store))


def written(basis: Basis) -> str:
    """Return all that a basis says. As text: the decimals that are written are the same too."""
    return str(
        (
            basis.with_tax,
            basis.total,
            basis.lines,
            basis.pieces,
            basis.left_out,
            basis.discount,
            basis.refunded,
        )
    )
