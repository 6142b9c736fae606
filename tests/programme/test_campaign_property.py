"""Rules, tiers, campaigns and refunds in any combination end as the final order placed at once would."""

import itertools
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.programme.document import Programme, parse
from app.programme.events import Line, OrderFacts, Refund, RefundLine, Standing
from app.programme.rules import Context, evaluate, points_of
from tests.programme.orders import HEAD, order

BEGINS = datetime(2026, 11, 27, 12, tzinfo=UTC)
SKUS = ("MUG", "TEA", "CUP")
STACKINGS = ("best", "add", "multiply")
RULES = (
    '[[rule]]\nkey = "unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
    'multiply = [{ by = "1.5", skus = ["CUP"] }]\n'
    '[[rule]]\nkey = "piece"\non = "order.paid"\npoints = 7\nper_piece = true\n'
    'except_lines = { skus = ["CUP"] }\n'
    '[[rule]]\nkey = "steps"\non = "order.paid"\npoints = 3\nper = "10"\nstep = true\n'
    '[[rule]]\nkey = "once"\non = "order.paid"\npoints = 5\nwhen = { goods_from = "20" }\n'
    '[[tier]]\nkey = "low"\nfrom = "1"\nmultiply = "0.5"\n'
    '[[tier]]\nkey = "high"\nfrom = "2"\nmultiply = "1.25"\n'
)


@dataclass(frozen=True)
class Told:
    """A campaign as the model sees it; it begins at noon and runs so many hours."""

    key: str
    hours: int
    by: str | None
    bonus: int | None
    rules: tuple[str, ...]
    only: str | None
    never: str | None
    tier: str | None
    over: int | None

    def text(self) -> str:
        ends = BEGINS + timedelta(hours=self.hours)
        lines = [
            f'[[campaign]]\nkey = "{self.key}"',
            f"from = {BEGINS:%Y-%m-%dT%H:%M:%S}\nuntil = {ends:%Y-%m-%dT%H:%M:%S}",
        ]
        for name, value in (
            ("multiply", self.by and f'"{self.by}"'),
            ("bonus", self.bonus),
            ("rules", self.rules and str(list(self.rules))),
            ("lines", self.only and f'{{ skus = ["{self.only}"] }}'),
            ("except_lines", self.never and f'{{ skus = ["{self.never}"] }}'),
            ("tiers", self.tier and f'["{self.tier}"]'),
            ("goods_over", self.over and f'"{self.over}"'),
        ):
            if value:
                lines.append(f"{name} = {value}")
        return "\n".join(lines) + "\n"

    def is_for(self, sku: str) -> bool:
        return (self.only is None or sku == self.only) and sku != self.never

    def runs(self, tier: str | None, hour: int, left: dict[str, Fraction]) -> bool:
        goods = sum((left[sku] for sku in left if self.is_for(sku)), Fraction(0))
        return (
            hour < self.hours
            and (self.tier is None or tier == self.tier)
            and (self.over is None or goods > self.over)
        )


campaigns = st.builds(
    Told,
    key=st.just(""),
    hours=st.integers(1, 3),
    by=st.sampled_from([None, "1.5", "2", "3.3333"]),
    bonus=st.sampled_from([40, 9, None]),
    rules=st.sampled_from([(), ("unit",), ("piece", "once"), ("steps", "unit")]),
    only=st.sampled_from([None, None, *SKUS]),
    never=st.sampled_from([None, None, *SKUS]),
    tier=st.sampled_from([None, "low", "high"]),
    over=st.sampled_from([None, 15]),
).filter(lambda one: bool(one.by or one.bonus))


def model(
    several: list[Told], stacking: str, tier: str | None, hour: int, left: dict[str, int]
) -> dict[str, int]:
    """Return what each rule and bonus gives for so many pieces of 10.07 zł each, by hand."""
    money = {sku: Fraction(pieces * 1007, 100) for sku, pieces in left.items()}
    total = sum(money.values(), Fraction(0))
    running = [one for one in several if one.runs(tier, hour, money)]
    own = {"low": Fraction(1, 2), "high": Fraction(5, 4)}.get(tier or "")

    def times(rule: str, sku: str | None) -> Fraction:
        factors = [] if own is None else [own]
        for one in running:
            named = not one.rules or rule in one.rules
            lines = one.only is None and one.never is None if sku is None else one.is_for(sku)
            if one.by and named and lines:
                factors.append(Fraction(one.by))
        if not factors:
            return Fraction(1)
        if stacking == "best":
            return max(factors)
        found = Fraction(1)
        for factor in factors:
            found = found + factor - 1 if stacking == "add" else found * factor
        return found

    counts = {sku: money[sku] * (Fraction(3, 2) if sku == "CUP" else 1) for sku in left}
    in_pieces = {sku: left[sku] for sku in left if sku != "CUP"}
    steps = sum((money[sku] * times("steps", sku) for sku in left), Fraction(0))
    points = {
        "unit": floor(sum((counts[sku] * times("unit", sku) for sku in left), Fraction(0))),
        "piece": floor(
            sum((7 * in_pieces[sku] * times("piece", sku) for sku in in_pieces), Fraction())
        ),
        "steps": floor(3 * floor(total / 10) * steps / total) if total else 0,
        "once": floor(5 * times("once", None)) if total >= 20 else 0,
    }
    counted = {"unit": counts, "piece": in_pieces, "steps": money, "once": money}
    for one in several:
        if one.bonus and hour < one.hours:
            earned = any(
                points[rule]
                and any(one.is_for(sku) and counted[rule][sku] for sku in counted[rule])
                for rule in (one.rules or counted)
            )
            points[one.key] = one.bonus if one in running and earned else 0
    return points


def bought(sku: str, pieces: int) -> Line:
    return Line(id=sku, sku=sku, quantity=pieces, net=Decimal(pieces * 1007).scaleb(-2))


def worth(rules: Programme, facts: OrderFacts, tier: str | None, hour: int) -> dict[str, int]:
    context, at = Context(tier=tier), BEGINS + timedelta(hours=hour)
    awards = evaluate(rules, 1, context, facts, at, store="shop")
    found = {award.rule: award.points for award in awards}
    assert found == points_of(rules, context, facts, at, store="shop")
    return found


@given(
    several=st.lists(campaigns, max_size=3),
    stacking=st.sampled_from(STACKINGS),
    tier=st.sampled_from([None, "low", "high"]),
    hour=st.integers(0, 3),
    pieces=st.fixed_dictionaries({sku: st.integers(0, 3) for sku in SKUS}),
    kept=st.fixed_dictionaries({sku: st.integers(0, 3) for sku in SKUS}),
    chance=st.randoms(use_true_random=False),
)
def test_whatever_runs_refunds_leave_what_the_final_order_earns(
    several: list[Told],
    stacking: str,
    tier: str | None,
    hour: int,
    pieces: dict[str, int],
    kept: dict[str, int],
    chance: Any,
) -> None:
    named = [replace(one, key=f"c{at}") for at, one in enumerate(several)]
    rules = parse(
        HEAD + f'stacking = "{stacking}"\n' + RULES + "".join(one.text() for one in named)
    )
    left = {sku: min(pieces[sku], kept[sku]) for sku in SKUS}
    refunds = [
        Refund(
            id=f"{sku}{number}",
            amount=Decimal("10.07"),
            lines=(RefundLine(line=sku, quantity=1, net=Decimal("10.07")),),
        )
        for sku in SKUS
        for number in range(pieces[sku] - left[sku])
    ]
    placed = order(*(bought(sku, pieces[sku]) for sku in SKUS))
    final = order(*(bought(sku, left[sku]) for sku in SKUS))
    expected = model(named, stacking, tier, hour, left)
    assert worth(rules, final, tier, hour) == expected
    for sequence in itertools.islice(itertools.permutations(refunds), 3):
        told = list(sequence)
        chance.shuffle(told)
        state = msgspec.structs.replace(placed, refunds=tuple(told))
        assert worth(rules, state, tier, hour) == expected
        cancelled = msgspec.structs.replace(state, standing=Standing.CANCELLED)
        assert set(worth(rules, cancelled, tier, hour).values()) <= {0}
