"""What the days of all make-believe shops have in common: goods, sales, and a sentence for each step."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.sandbox.desk import Desk

Goods = Sequence[tuple[str, str, str]]
"""Name, price and SKU of each product."""


def play(desk: Desk, sentences: Iterable[str], pace: float) -> Iterator[str]:
    """Yield the sentences of a day, one step each `pace` seconds. Raises Passing without a sandbox."""
    for sentence in sentences:
        # What the step caused is on its way before the sentence is read.
        desk.post("run-queue", {})
        yield sentence
        if pace > 0:
            time.sleep(pace)


def put_on_sale(desk: Desk, goods: Goods) -> dict[str, Any]:
    """Add the goods to the shop; returns its products by SKU."""
    return {
        sku: desk.do("add_product", name=name, price=price, sku=sku) for name, price, sku in goods
    }


def later_days(
    days: int, goods: Mapping[str, Any], people: Mapping[str, Any]
) -> Iterator[tuple[dict[int, int], Any]]:
    """Yield what everybody buys on ordinary days: pieces by product id, and the buyer."""
    products = list(goods.values())
    for day in range(days):
        for at, person in enumerate(people.values()):
            product = products[(day + at) % len(products)]
            yield {product["id"]: 1 + (day + at) % 3}, person


@dataclass(frozen=True, kw_only=True)
class Till:
    """Where a platform's orders say what was sold, and who buys without an account."""

    product: str  # the key of a line's name
    total: str
    number: str
    guest: str
    guest_email: str

    def buy(
        self,
        desk: Desk,
        items: Mapping[int, int],
        person: Mapping[str, Any] | None,
        **more: Any,
    ) -> tuple[Any, str]:
        """Place an order of pieces by product id; returns it and the sentence about it."""
        who = {"customer_id": person["id"]} if person else {"email": self.guest_email}
        order = desk.do("place_order", items=items, **who, **more)
        what = ", ".join(self._sold(line) for line in order["line_items"])
        name = person["first_name"] if person else self.guest
        total, number = zloty(order[self.total]), order[self.number]
        return order, f"{name} buys {what}: {total} (order {number})"

    def _sold(self, line: Mapping[str, Any]) -> str:
        count, name = line["quantity"], line[self.product]
        return str(name) if count == 1 else f"{count} x {name}"


def zloty(amount: str) -> str:
    """Write an amount as people in Poland do."""
    return f"{amount} zł"
