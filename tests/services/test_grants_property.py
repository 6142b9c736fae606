"""Random orders, refunds, uses and cancellations, told twice and late: all end with what was earned."""

from dataclasses import dataclass, replace
from random import Random

import pytest

from app.programme.events import Standing
from jobs.codes import push_codes
from tests.cards import cups
from tests.codeshop import CodeShop
from tests.jobs.test_grants import opened, turn
from tests.people import People
from tests.pipeline import Pipeline

EVERY = 3


@pytest.fixture
def backend() -> str:
    """Return SQLite: what locks rows is tested on both in tests/jobs."""
    return "sqlite"


@dataclass(frozen=True)
class Bought:
    """An order as the model knows it."""

    number: int
    pieces: int
    code: str | None = None
    back: int = 0
    cancelled: bool = False
    at: int = 0


@dataclass
class Counter:
    """A shop whose one customer drinks coffee, and what must come of it."""

    people: People
    shop: CodeShop
    orders: dict[int, Bought]

    def tell(self, bought: Bought) -> None:
        self.orders[bought.number] = bought
        standing = Standing.CANCELLED if bought.cancelled else Standing.PAID
        self.people.tell(
            0,
            cups(
                bought.number,
                bought.pieces,
                back=bought.back,
                days=bought.number % 7,
                at=bought.at,
                standing=standing,
                code=bought.code,
            ),
        )

    def step(self, dice: Random) -> None:
        """Do one thing that happens in shops."""
        act = dice.choice(["buy", "buy", "use", "refund", "cancel", "restore", "again", "work"])
        codes = [row.code for row in self.people.rows("redemption") if self.shop.usable(row.code)]
        known = dice.choice(list(self.orders.values())) if self.orders else None
        if act == "buy" or known is None:
            self.tell(Bought(len(self.orders) + 1, dice.randint(1, 4)))
        elif act == "use" and codes:
            self.tell(Bought(len(self.orders) + 1, dice.randint(1, 2), code=dice.choice(codes)))
        elif act == "refund":
            self.tell(replace(known, back=dice.randint(0, known.pieces), at=known.at + 1))
        elif act == "cancel":
            self.tell(replace(known, cancelled=True, at=known.at + 1))
        elif act == "restore" and (known.code is None or known.code in codes):
            self.tell(replace(known, cancelled=False, at=known.at + 1))
        elif act == "again":
            self.tell(known)
        elif act == "work":
            self.work(dice.choice([1, 1, 2]))

    def work(self, times: int) -> None:
        """Let what is due be given, made, looked at and ended."""
        for _ in range(times):
            turn(self.people)
            push_codes(self.people.pipeline.runtime, self.people.stores[0], self.shop)
            self.people.pipeline.clock.advance(minutes=11)

    def uses(self, code: str) -> int:
        """Say how often the shop counts a code as used: it gives a cancelled order's use back."""
        shown = (one for one in self.orders.values() if not one.cancelled and one.code is not None)
        return sum(1 for one in shown if (one.code or "").lower() == code)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_the_codes_are_as_many_as_full_cards(
    pipeline: Pipeline, seed: int
) -> None:
    dice = Random(seed)
    people = opened(pipeline)
    counter = Counter(people, CodeShop(pipeline.clock), {})
    counter.shop.uses = counter.uses
    for _ in range(24):
        counter.step(dice)
        assert people.problems() == []
    counter.work(2)
    pipeline.clock.advance(days=1)
    counter.work(4)
    living = [one for one in counter.orders.values() if not one.cancelled]
    full = sum(one.pieces - one.back for one in living) // EVERY
    used = len({one.code for one in living if one.code is not None})
    rows = people.rows("redemption")
    live = [row for row in rows if row.state == "issued" and row.ending is None]
    assert sum(1 for row in rows if row.state == "used") == used
    assert len(live) == max(full - used, 0)
    assert [counter.shop.usable(row.code) for row in live] == [True] * len(live)
    assert sum(counter.shop.usable(row.code) for row in rows) == len(live)
    assert people.problems() == []
