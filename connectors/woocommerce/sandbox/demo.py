"""A day in the sandbox shop: made-up customers sign up, buy, review and return.

It steers the shop over HTTP (`/_sandbox/`), so the shop may run in another process. Every step
yields one sentence for people; the caller prints it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.sandbox.desk import Desk
from connectors.sandbox.story import Till, later_days, play, put_on_sale, zloty
from connectors.woocommerce.install import TOPICS

_GOODS = (
    ("Mug", "49.99", "MUG-1"),
    ("Hoodie", "199.00", "HOOD-1"),
    ("Socks", "16.00", "SOCK-1"),
    ("Coffee, 250 g", "38.50", "COF-250"),
)
_PEOPLE = (
    ("Anna", "Nowak", "anna.nowak@example.pl"),
    ("Piotr", "Zieliński", "piotr.zielinski@example.pl"),
    ("Ewa", "Mazur", "ewa.mazur@example.pl"),
    ("Marek", "Wójcik", "marek.wojcik@example.pl"),
)
_buy = Till(
    product="name",
    total="total",
    number="number",
    guest="A guest (Jan)",
    guest_email="jan.kowalski@example.pl",
).buy


def register_webhooks(base_url: str, webhook_url: str, secret: str) -> None:
    """Make the shop send everything that Stempel needs to `webhook_url`."""
    desk = Desk(base_url)
    for topic in TOPICS:
        desk.do("add_webhook", topic=topic, delivery_url=webhook_url, secret=secret, ping=True)


def run_demo(
    base_url: str,
    webhook_url: str | None = None,
    secret: str = "",
    *,
    pace: float = 1.0,
    rounds: int = 1,
) -> Iterator[str]:
    """Play the day and yield its sentences, one step each `pace` seconds.

    With `webhook_url` the webhooks are registered first; without, they must be there already.
    `rounds` adds ordinary buying days after the story. Raises Passing if the sandbox is gone.
    """
    desk = Desk(base_url)
    if webhook_url is not None:
        register_webhooks(base_url, webhook_url, secret)
    yield from play(desk, _all_days(desk, rounds), pace)


def _all_days(desk: Desk, rounds: int) -> Iterator[str]:
    goods = put_on_sale(desk, _GOODS)
    people: dict[str, Any] = {}
    for first, last, email in _PEOPLE:
        people[first] = desk.do("register_customer", email=email, first_name=first, last_name=last)
        yield f"{first} signs up"
    yield from _buying(desk, goods, people)
    yield from _returning(desk, goods, people)
    yield from _reviewing(desk, goods, people)
    for items, person in later_days(rounds - 1, goods, people):
        yield _buy(desk, items, person)[1]


def _buying(desk: Desk, goods: Mapping[str, Any], people: Mapping[str, Any]) -> Iterator[str]:
    mug, hoodie, socks, coffee = (goods[sku]["id"] for _, _, sku in _GOODS)
    order, sentence = _buy(desk, {mug: 1}, people["Anna"])
    yield sentence
    desk.do("set_status", order_id=int(order["number"]), status="completed")
    yield f"Order {order['number']} is delivered to Anna"
    yield (
        _buy(desk, {hoodie: 1, socks: 2}, people["Piotr"], shipping="12.19")[1] + ", with delivery"
    )
    yield _buy(desk, {coffee: 3}, None, via="store-api", payment_method="cod")[1]
    desk.do("add_coupon", code="LATO10", amount="10")
    yield _buy(desk, {mug: 2, hoodie: 1}, people["Ewa"], coupons=["lato10"])[1] + ", with 10 % off"


def _returning(desk: Desk, goods: Mapping[str, Any], people: Mapping[str, Any]) -> Iterator[str]:
    mug, hoodie, socks, coffee = (goods[sku]["id"] for _, _, sku in _GOODS)
    order, sentence = _buy(desk, {mug: 3, coffee: 1}, people["Marek"])
    yield sentence
    number, line = int(order["number"]), order["line_items"][0]["id"]
    back = desk.do("refund", order_id=number, lines={line: 1}, reason="Broken on the way")
    yield f"Marek returns one Mug: {zloty(back['amount'])} back"
    back = desk.do("refund", order_id=number, amount="15.00", reason="Late delivery")
    yield f"Marek gets {zloty(back['amount'])} back for the delay"
    desk.do("delete_refund", order_id=number, refund_id=back["id"])
    # No webhook says so: only a read of the order finds it.
    yield f"The merchant deletes that refund of {zloty(back['amount'])} again, and no webhook says so"
    desk.do("set_status", order_id=number, status="completed")
    yield f"Order {number} is delivered to Marek, and that message shows it"
    order, sentence = _buy(desk, {hoodie: 2}, people["Piotr"], status="on-hold")
    yield sentence + ", to be paid by bank transfer"
    desk.do("set_status", order_id=int(order["number"]), status="cancelled")
    yield f"Piotr never pays, order {order['number']} is cancelled"
    order, sentence = _buy(desk, {socks: 5}, people["Anna"])
    yield sentence
    desk.do("set_status", order_id=int(order["number"]), status="refunded")
    yield f"Anna returns everything of order {order['number']}"


def _reviewing(desk: Desk, goods: Mapping[str, Any], people: Mapping[str, Any]) -> Iterator[str]:
    mug, anna = goods["MUG-1"]["id"], people["Anna"]
    review = desk.do(
        "submit_review",
        product_id=mug,
        reviewer="Anna Nowak",
        email=anna["email"],
        text="Holds half a litre, still warm after an hour.",
        rating=5,
    )
    yield "Anna reviews the Mug; the review waits for approval"
    desk.do("approve_review", review_id=review["id"])
    yield "The merchant approves Anna's review"
