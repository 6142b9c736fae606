"""Discount codes against the sandbox: made, used at its checkout, ended, with troubles in between."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.errors import Blocked, Passing
from app.programme.events import OrderFacts
from connectors.base import Access, Delivery, Observed
from connectors.base import Shop as OpenShop
from connectors.http import GuardedClient
from connectors.rewards import Codes, CodeShown, Discount, Made, MadeCode
from connectors.shopify import connector
from connectors.shopify.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox, Shop, serve
from connectors.shopify.sandbox.state import SandboxError
from tests.connectors.shopify.graphql_shop import Time

APP = {"client-id": CLIENT_ID, "client-secret": CLIENT_SECRET}


@dataclass
class Counter:
    """The shop as seen from both sides of its counter."""

    codes: Codes
    another: Callable[[], Codes]  # over a connection of its own
    shop: Shop
    now: list[datetime]
    mug: int
    anna: int

    def wanted(self, number: int = 1, **values: Any) -> Discount:
        given = {
            "reference": str(9000 + number),
            "code": f"K7QM-3XTD-{number:04d}",
            "title": "A reward",
            "kind": "percent",
            "value": Decimal(10),
            "currency": "PLN",
            "customer": str(self.anna),
            "starts_at": self.now[0],
            "ends_at": self.now[0] + timedelta(days=90),
        }
        return Discount(**{**given, **values})

    def make(self, wanted: Sequence[Discount]) -> list[Made]:
        size = self.codes.batch_size
        parts = [wanted[start : start + size] for start in range(0, len(wanted), size)]
        return [made for part in parts for made in self.codes.make(part)]

    def made(self, number: int = 1, **values: Any) -> MadeCode:
        wanted = self.wanted(number, **values)
        [made] = self.make([wanted])
        assert made.error is None
        return MadeCode(reference=wanted.reference, code=wanted.code, id=made.id)

    def buy(self, code: str, pieces: int = 2, **values: Any) -> Any:
        given = {"customer_id": self.anna, "shipping": "15.00", "codes": [code], **values}
        return self.shop.place_order({self.mug: pieces}, **given)

    def later(self, **time: float) -> None:
        self.now[0] += timedelta(**time)

    def look(self, code: MadeCode) -> CodeShown:
        [shown] = self.codes.look([code])
        return shown

    def end(self, code: MadeCode) -> CodeShown:
        [shown] = self.codes.end([code])
        return shown

    def alive(self) -> list[str]:
        return [one["code"] for one in self.shop.discounts_made() if not one["deleted"]]


@contextmanager
def counter(*, token: bool = True, **settings: Any) -> Iterator[Counter]:
    now, time = [datetime(2026, 11, 22, 2, 30, 15, 250_000, tzinfo=UTC)], Time()
    sandbox = Sandbox(now=lambda: now[0], seconds=time.clock)
    shop = sandbox.open_shop("kawa", **settings)
    mug = shop.add_product("Mug", "40.00")["id"]
    anna = shop.create_customer("anna@example.com", "Anna", "Nowak")["id"]
    with serve(sandbox) as running:
        access = Access(
            store_key="k",
            url=connector.place({"shop": ["kawa"]}).url,
            credentials={"access-token": shop.token} if token else APP,
            origin=running.origin,
        )
        opened: list[OpenShop] = []

        def another() -> Codes:
            opened.append(connector.connect(access, GuardedClient(allow_private=True)))
            assert opened[-1].codes is not None
            return opened[-1].codes

        yield Counter(another(), another, shop, now, mug, anna)
        for one in opened:
            one.close()


def paid(order: Any) -> tuple[Decimal, Decimal]:
    """Return what the goods and what delivery came to."""
    goods = Decimal(order["subtotal_price"])
    return goods, Decimal(order["total_price"]) - goods


# --- every kind, at the checkout ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reward", "goods", "delivery"),
    [
        ({"kind": "percent", "value": Decimal("12.5")}, "70.00", "15.00"),
        ({"kind": "fixed", "value": Decimal("15.00")}, "65.00", "15.00"),
        ({"kind": "fixed", "value": Decimal(500)}, "0.00", "15.00"),
        ({"kind": "free-delivery", "value": None}, "80.00", "0.00"),
    ],
)
def test_a_code_gives_at_the_checkout_what_the_reward_says(
    reward: dict[str, Any], goods: str, delivery: str
) -> None:
    with counter() as seen:
        code = seen.made(**reward)
        order = seen.buy(code.code.lower())
        assert paid(order) == (Decimal(goods), Decimal(delivery))
        seen.later(minutes=5)
        shown = seen.look(code)
    assert (shown.exists, shown.usable, shown.uses) == (True, False, 1)


def test_a_free_product_is_one_piece_however_many_are_in_the_cart() -> None:
    with counter() as seen:
        code = seen.made(kind="free-product", value=None, product=str(seen.mug))
        lines = [
            {"product_id": seen.mug, "quantity": 3},
            {"title": "Beans", "price": "30.00", "quantity": 1},
        ]
        order = seen.shop.place_order(lines, customer_id=seen.anna, codes=[code.code])
    assert Decimal(order["subtotal_price"]) == Decimal("110.00")


def test_an_order_shows_the_code_to_whoever_reads_it() -> None:
    with counter() as seen:
        code = seen.made()
        order = seen.buy(code.code)
        delivery = Delivery(
            source="webhook",
            topic="orders/create",
            body=seen.shop.rendered(order["id"]),
            received_at=seen.now[0],
        )
        stated = connector.inbound.normalise(delivery)
    assert isinstance(stated, Observed)
    facts = stated.events[0].facts
    assert isinstance(facts, OrderFacts)
    assert facts.codes == (code.code.lower(),)


@pytest.mark.parametrize("kind", ["percent", "fixed", "free-delivery", "free-product"])
def test_nobody_else_can_use_it_and_nobody_twice(kind: str) -> None:
    with counter() as seen:
        code = seen.made(kind=kind, product=str(seen.mug))
        eve = seen.shop.create_customer("eve@example.com", "Eve")["id"]
        with pytest.raises(SandboxError, match="not for this customer"):
            seen.buy(code.code, customer_id=eve)
        seen.buy(code.code)
        with pytest.raises(SandboxError, match="usage limit"):
            seen.buy(code.code)


def test_a_minimum_and_an_end_hold_at_the_checkout() -> None:
    with counter() as seen:
        code = seen.made(minimum=Decimal("80.00"))
        with pytest.raises(SandboxError, match="minimum"):
            seen.buy(code.code, pieces=1)
        seen.later(days=90, seconds=1)
        with pytest.raises(SandboxError, match="not active"):
            seen.buy(code.code)
        assert not seen.look(code).usable


def test_only_combinable_codes_go_together() -> None:
    with counter() as seen:
        first = seen.made(1, combinable=True)
        free = seen.made(2, combinable=True, kind="free-delivery")
        alone = seen.made(3)
        with pytest.raises(SandboxError, match="cannot be combined"):
            seen.buy(first.code, codes=[first.code, alone.code])
        order = seen.buy(first.code, codes=[first.code, free.code])
        assert paid(order) == (Decimal("72.00"), Decimal(0))


# --- made once ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", ["reset_after", "reset_before", "half_body", "wrong_json", "wrong_page", "500", "html"]
)
def test_a_lost_answer_and_another_try_make_one_code(fault: str) -> None:
    with counter() as seen:
        wanted = [seen.wanted(number) for number in range(3)]
        seen.shop.faults.add(fault, operation="MakeCodes")
        with pytest.raises(Passing):
            seen.make(wanted)
        made = seen.make(wanted)
        ids = [one["id"] for one in seen.shop.discounts_made()]
        assert [one.id for one in made] == [str(number) for number in ids]
        assert len(ids) == 3
        assert seen.make(wanted) == made


def test_the_look_up_of_a_taken_code_may_fail_too() -> None:
    with counter() as seen:
        code = seen.made()
        seen.shop.faults.add("reset_before", operation="LookAtCodes")
        with pytest.raises(Passing):
            seen.make([seen.wanted()])
        assert seen.make([seen.wanted()])[0].id == code.id
        assert len(seen.alive()) == 1


def test_a_call_that_is_sent_again_makes_one_code() -> None:
    with counter(token=False) as seen:
        seen.made(1)
        seen.shop.end_tokens()
        seen.shop.faults.add("throttled", operation="MakeCodes", after=1)
        seen.made(2)
        assert len(seen.shop.discounts_made()) == 2


STORM = {
    "reset_after": 0.1,
    "reset_before": 0.05,
    "half_body": 0.05,
    "wrong_json": 0.1,
    "wrong_page": 0.05,
    "429": 0.05,
    "500": 0.05,
    "denied": 0.05,
}


@pytest.mark.parametrize("seed", range(3))
def test_in_any_storm_each_code_is_made_once_and_ended_at_last(seed: int) -> None:
    def until_done(act: Callable[[Any], Any], asked: Sequence[Any]) -> list[Any]:
        for _ in range(100):
            try:
                return list(act(asked))
            except (Passing, Blocked):
                continue
        raise AssertionError("the storm never ends")

    with counter(bucket_size=1_000_000) as seen:
        wanted = [seen.wanted(number) for number in range(200)]
        seen.shop.faults.storm(seed, STORM)
        parts = [wanted[start : start + 25] for start in range(0, 200, 25)]
        made = [one for part in parts for one in until_done(seen.codes.make, part)]
        assert [one.error for one in made] == [None] * 200
        assert sorted(seen.alive()) == sorted(one.code for one in wanted)
        # As if no answer had ever been noted: the codes are known, their ids are not.
        asked = [MadeCode(reference=one.reference, code=one.code) for one in wanted]
        for start in range(0, 200, 25):
            shown = until_done(seen.codes.end, asked[start : start + 25])
            assert not any(one.exists or one.usable or one.error for one in shown)
        assert seen.alive() == []
        assert len(seen.shop.discounts_made()) == 200


def test_many_who_make_the_same_codes_at_once_make_one_of_each() -> None:
    with counter() as seen, ThreadPoolExecutor(4) as pool:
        wanted = [seen.wanted(number) for number in range(10)]
        sessions = [seen.another() for _ in range(4)]
        results = list(pool.map(lambda codes: codes.make(wanted), sessions))
        assert all(result == results[0] for result in results)
        assert len(seen.alive()) == 10


def test_a_code_that_somebody_else_has_is_taken_in_any_case() -> None:
    with counter() as seen:
        seen.shop.add_discount("k7qm-3xtd-0001", "5")
        made = seen.make([seen.wanted(1), seen.wanted(2)])
        assert [(one.taken, one.id is None) for one in made] == [(True, True), (False, False)]


def test_one_code_for_two_rewards_is_made_for_the_first() -> None:
    with counter() as seen:
        twice = [seen.wanted(1), seen.wanted(2, code="k7qm-3xtd-0001")]
        assert [one.taken for one in seen.make(twice)] == [False, True]


def test_sixty_codes_take_three_calls() -> None:
    with counter() as seen:
        wanted = [seen.wanted(number) for number in range(60)]
        made = seen.make(wanted)
        assert len({one.id for one in made}) == 60
        assert seen.shop.calls["MakeCodes"] == 3
        codes = [
            MadeCode(reference=one.reference, code=one.code, id=done.id)
            for one, done in zip(wanted, made, strict=True)
        ]
        shown = [seen.codes.end(codes[start : start + 25]) for start in (0, 25, 50)]
        assert [one.exists for part in shown for one in part] == [False] * 60
        assert seen.alive() == []


def test_what_the_shop_refuses_for_ever_is_said_so() -> None:
    with counter() as seen:
        made = seen.make(
            [
                seen.wanted(1, customer="4711"),
                seen.wanted(2, ends_at=seen.now[0] - timedelta(days=1)),
                seen.wanted(3, kind="fixed", currency="EUR"),
                seen.wanted(4, kind="free-product", product="4711"),
                seen.wanted(5),
            ]
        )
    assert [(one.never, one.id is None) for one in made] == [(True, True)] * 4 + [(False, False)]
    assert made[0].error == "discountCodeBasicCreate: INVALID context.customers.add"
    assert made[1].error == "discountCodeBasicCreate: END_DATE_BEFORE_START_DATE endsAt"


@pytest.mark.parametrize(
    "title",
    ["10 % \"off\" & 'more'", "<script>alert(1)</script>", "a\r\nb", "\u202eevil", "ż" * 300, ""],
)
def test_any_title_is_kept_as_one_short_line(title: str) -> None:
    with counter() as seen:
        seen.made(title=title)
        [kept] = seen.shop.discounts_made()
    assert kept["title"].isprintable()
    assert 0 < len(kept["title"]) <= 255


@pytest.mark.parametrize(
    ("values", "goods"),
    [({}, "67.00"), ({"kind": "fixed", "value": Decimal("20.00")}, "50.00")],
)
def test_a_code_for_some_products_takes_nothing_off_others(
    values: dict[str, Any], goods: str
) -> None:
    with counter() as seen:
        beans = seen.shop.add_product("Beans", "30.00")["id"]
        code = seen.made(products=(str(beans),), **values)
        with pytest.raises(SandboxError, match="not for the goods"):
            seen.buy(code.code)
        cart = {seen.mug: 1, beans: 1}
        order = seen.shop.place_order(cart, customer_id=seen.anna, codes=[code.code])
        assert paid(order)[0] == Decimal(goods)


def test_a_code_for_products_that_are_not_there_is_never_made() -> None:
    with counter() as seen:
        [missing] = seen.make([seen.wanted(products=("1234567",))])
        [least] = seen.make([seen.wanted(products=(str(seen.mug),), minimum=Decimal(10))])
    assert (missing.id, missing.never) == (None, True)
    assert "the products of the reward alone" in str(least.error)
