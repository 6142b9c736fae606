"""A day in the sandbox shop kawa: made-up customers buy, pay later, send back and are tagged.

It steers the shop over HTTP (`/{shop}/_sandbox/`), so the sandbox may run in another process. Every step
yields one sentence for people; the caller prints it. Anna's e-mail is verified here, and she is a customer
of the WooCommerce sandbox's day too: one person with one wallet.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.sandbox.desk import Desk as AnyDesk
from connectors.sandbox.story import Till, later_days, play, put_on_sale, zloty

SHOP = "kawa"
ANNA = "anna.nowak@example.pl"
_GOODS = (
    ("Espresso beans, 1 kg", "89.00", "BEAN-1"),
    ("Dripper", "59.00", "DRIP-1"),
    ("Paper filters", "16.50", "FILT-1"),
)
_PEOPLE = (
    ("Anna", "Nowak", ANNA, True),
    ("Tomasz", "Lis", "tomasz.lis@example.pl", False),
)
_buy = Till(
    product="title",
    total="total_price",
    number="name",
    guest="A guest (Zofia)",
    guest_email="zofia.krol@example.pl",
).buy


class Desk(AnyDesk):
    """The desk of one shop of a sandbox somewhere at `base_url`."""

    def __init__(self, base_url: str, shop: str = SHOP) -> None:
        domain = f"{shop.removesuffix('.myshopify.com')}.myshopify.com"
        super().__init__(f"{base_url.rstrip('/')}/{domain}")


def open_shop(base_url: str, name: str = SHOP, **settings: Any) -> Any:
    """Open a shop in a sandbox somewhere else; returns {domain, id, token}. Raises Passing."""
    return AnyDesk(base_url).post("shops", {"name": name, **settings})


def register_webhooks(
    base_url: str, webhook_url: str, topics: Sequence[str], shop: str = SHOP
) -> None:
    """Make the shop send these topics ("orders/paid" or "ORDERS_PAID") to `webhook_url`."""
    desk = Desk(base_url, shop)
    for topic in topics:
        desk.do("add_webhook", topic=topic, uri=webhook_url)


def run_demo(
    base_url: str, shop: str = SHOP, *, pace: float = 1.0, rounds: int = 1
) -> Iterator[str]:
    """Play the day and yield its sentences, one step each `pace` seconds.

    The shop is open and its webhooks are made. `rounds` adds ordinary buying days after the story.
    Raises Passing if the sandbox is gone.
    """
    desk = Desk(base_url, shop)
    yield from play(desk, _all_days(desk, rounds), pace)


def _all_days(desk: Desk, rounds: int) -> Iterator[str]:
    goods = put_on_sale(desk, _GOODS)
    people: dict[str, Any] = {}
    for first, last, email, verified in _PEOPLE:
        people[first] = desk.do(
            "create_customer",
            email=email,
            first_name=first,
            last_name=last,
            verified=verified,
            tags=["newsletter"],
        )
        proved = "proves the e-mail address" if verified else "does not prove the e-mail address"
        yield f"{first} opens an account in the shop {SHOP} and {proved}"
    yield from _buying(desk, goods, people)
    yield from _returning(desk, goods, people)
    yield from _tagging(desk, people)
    for items, person in later_days(rounds - 1, goods, people):
        yield _buy(desk, items, person)[1]


def _buying(desk: Desk, goods: Mapping[str, Any], people: Mapping[str, Any]) -> Iterator[str]:
    beans, dripper, filters = (goods[sku]["id"] for _, _, sku in _GOODS)
    order, sentence = _buy(desk, {beans: 1, filters: 2}, people["Anna"], shipping="12.00")
    yield sentence + ", 12.00 zł of it delivery"
    desk.do("fulfil", order_id=order["id"])
    yield f"Order {order['name']} is sent to Anna"
    order, sentence = _buy(desk, {dripper: 1}, people["Tomasz"], paid=False)
    yield sentence + ", to be paid by bank transfer"
    desk.do("pay", order_id=order["id"])
    yield f"Tomasz pays order {order['name']}"
    desk.do("add_discount", code="KAWA10", value="10")
    yield (
        _buy(desk, {beans: 2}, None, codes=["kawa10"], tip="5.00")[1] + ", with 10 % off and a tip"
    )


def _returning(desk: Desk, goods: Mapping[str, Any], people: Mapping[str, Any]) -> Iterator[str]:
    beans, dripper, filters = (goods[sku]["id"] for _, _, sku in _GOODS)
    order, sentence = _buy(desk, {dripper: 1, filters: 3}, people["Anna"])
    yield sentence
    number, line = order["id"], order["line_items"][1]["id"]
    back = desk.do("refund", order_id=number, lines={line: 1}, note="One pack was torn")
    yield f"Anna sends one pack back: {zloty(back['transactions'][0]['amount'])} back"
    back = desk.do("refund", order_id=number, amount="10.00", note="Late delivery")
    yield f"Anna gets {zloty(back['transactions'][0]['amount'])} back for the delay"
    add = [{"product_id": filters, "quantity": 1}]
    order, sentence = _buy(desk, {beans: 1}, people["Tomasz"])
    yield sentence
    edited = desk.do("edit_order", order_id=order["id"], add=add)
    more = zloty(edited["total_outstanding"])
    yield f"The merchant adds filters to it: {more} more to pay, and only a paid order earns"
    desk.do("pay", order_id=order["id"])
    yield f"Tomasz pays the rest of order {order['name']}"
    order, sentence = _buy(desk, {beans: 3}, people["Tomasz"])
    yield sentence
    desk.do("cancel_order", order_id=order["id"])
    yield f"Order {order['name']} is cancelled, Tomasz gets all of it back"


def _tagging(desk: Desk, people: Mapping[str, Any]) -> Iterator[str]:
    desk.do("tag_customer", customer_id=people["Anna"]["id"], tags=["VIP"])
    yield "The merchant gives Anna the tag VIP, which is none of Stempel's business"
