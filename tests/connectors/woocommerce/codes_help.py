"""A sandbox shop with two customers and goods, and the role that makes codes in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.base import Access
from connectors.http import GuardedClient
from connectors.rewards import CodeShown, Discount, DiscountKind, Made, MadeCode
from connectors.woocommerce.client import Session
from connectors.woocommerce.codes import WooCodes
from connectors.woocommerce.sandbox import KEY, SECRET, Sandbox
from tests.connectors.woocommerce.sandbox_help import World, small_shop

ENDS = datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC)
MUG, HOODIE = 1, 2


@dataclass
class Till:
    """The shop, and our role in it. Anna is customer 1 with another billing e-mail, Piotr is 2."""

    world: World
    codes: WooCodes

    @property
    def shop(self) -> Sandbox:
        return self.world.shop

    def make(self, *wanted: Discount) -> list[Made]:
        return list(self.codes.make(wanted))

    def made(self, discount: Discount) -> str:
        [made] = self.make(discount)
        assert made.error is None
        assert made.id is not None
        return made.id

    def look(self, *codes: MadeCode) -> list[CodeShown]:
        return list(self.codes.look(codes))

    def end(self, *codes: MadeCode) -> list[CodeShown]:
        return list(self.codes.end(codes))

    def coupon(self, code: str) -> dict[str, Any]:
        [found] = [one for one in self.shop.all_coupons() if one["code"] == code.lower()]
        return found

    def calls(self) -> dict[str, int]:
        found = {name: count for name, count in self.shop.calls.items() if "fault" not in name}
        self.shop.calls.clear()
        return found


@contextmanager
def open_till() -> Iterator[Till]:
    with small_shop() as world:
        world.shop.register_customer("Anna@Example.pl", billing={"email": "anna.work@example.pl"})
        world.shop.register_customer("piotr@example.pl")
        access = Access(
            store_key="k",
            url=world.running.url,
            credentials={"consumer-key": KEY, "consumer-secret": SECRET},
        )
        session = Session(access, GuardedClient(allow_private=True))
        yield Till(world, WooCodes(session, lambda: world.now[0]))
        session.close()


def discount(number: int = 1, kind: DiscountKind = "percent", **values: Any) -> Discount:
    given: dict[str, Any] = {
        "reference": str(number),
        "code": f"K7QM-3XTD-{number:04}",
        "title": "10 % off",
        "value": {"percent": Decimal(10), "fixed": Decimal("20.00")}.get(kind),
        "currency": "PLN",
        "product": str(MUG) if kind == "free-product" else None,
        "customer": "1",
        "starts_at": datetime(2026, 11, 21, 17, 0, tzinfo=UTC),
        "ends_at": ENDS,
        **values,
    }
    return Discount(kind=kind, **given)


def known(made: Made, wanted: Discount, spent: int = 0) -> MadeCode:
    return MadeCode(reference=made.reference, code=wanted.code, id=made.id, spent=spent)
