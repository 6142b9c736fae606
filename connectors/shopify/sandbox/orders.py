"""What happens to orders: placed, paid, edited, refunded, cancelled, fulfilled, disputed, deleted.

Each function changes the order and announces it; one call is one action of the merchant or shopper, so
all its deliveries share an event id.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.shopify.sandbox import bodies, checkout, refunds, store_credits, sums
from connectors.shopify.sandbox import gift_cards as cards
from connectors.shopify.sandbox.money import Exchange, shop_amount
from connectors.shopify.sandbox.state import Order, Row, SandboxError, State, gid

# What Shopify calls the gateways.
_GIFT_CARD = "gift_card"
_STORE_CREDIT = "shopify_store_credit"


def get(shop: State, order_id: int) -> Order:
    """Return an order; raises SandboxError if it is not there."""
    found = shop.tables.orders.get(order_id)
    if found is None:
        raise SandboxError(f"There is no order {order_id}.")
    return found


def touch(shop: State, order: Order) -> Row:
    """Note that an order changed: its time, and its customer as he is now."""
    body = order.body
    body["updated_at"] = shop.stamp()
    if body.get("customer"):
        person = shop.tables.people.get(body["customer"]["id"])
        body["customer"] = bodies.in_order(person.body) if person else None
    return body


def place(
    shop: State,
    items: Sequence[Mapping[str, Any]],
    *,
    customer_id: int | None,
    email: str | None,
    codes: Sequence[str],
    shipping: Decimal | None,
    tip: Decimal,
    paid: bool,
    gift_card: Decimal,
    gift_cards: Sequence[str],
    store_credit: Decimal,
    presentment: tuple[str, Decimal] | None,
    placed: datetime | None,
    source_name: str,
    test: bool,
    gateway: str,
) -> Order:
    """Place an order of lines: {product_id, quantity} or {title, price, quantity, …}."""
    settings = shop.settings
    buyer, rate = presentment or (settings.currency, Decimal(1))
    if buyer == settings.currency and rate != 1:
        raise SandboxError("A currency is worth itself.")
    exchange = Exchange(settings.currency, buyer, rate)
    person = shop.tables.people[customer_id].body if customer_id is not None else None
    body = bodies.order(
        shop,
        exchange,
        person=person,
        email=email or (person or {}).get("email"),
        placed=shop.stamp(placed),
        source_name=source_name,
        test=test,
    )
    order = Order(body, rate)
    body["line_items"] = [_line(shop, exchange, item) for item in items]
    if shipping is not None:
        body["shipping_lines"].append(bodies.shipping_line(shop, exchange, shipping))
    checkout.apply(shop, order, codes, placed or shop.now())
    for line in body["line_items"]:
        sums.tax(order, line, sums.goods(line), settings.tax_rate)
    for line in body["shipping_lines"]:
        sums.tax(order, line, shop_amount(line, "discounted_price"), settings.tax_rate)
    if tip:
        body["line_items"].append(bodies.tip(shop, exchange, tip))
    body["payment_gateway_names"] = [gateway]
    sums.place(order)
    shop.tables.orders[body["id"]] = order
    _pay_by_credit(shop, order, customer_id, store_credit)
    _pay_by_cards(shop, order, gift_cards, gift_card)
    if paid:
        _receive(shop, order, gateway, Decimal(body["total_outstanding"]))
    events = [("orders/create", body), ("orders/updated", body)]
    if body["financial_status"] == "paid":
        events.append(("orders/paid", body))
    shop.tell(*events)
    return order


def _line(shop: State, exchange: Exchange, item: Mapping[str, Any]) -> Row:
    values = dict(item)
    product = shop.tables.products.get(values.get("product_id", 0))
    if product is not None:
        keys = ("title", "price", "sku", "product_id", "variant_id", "gift_card", "taxable")
        values = {key: product[key] for key in keys} | values
    values["price"] = Decimal(str(values["price"]))
    return bodies.line(shop, exchange, **values)


def _pay_by_cards(shop: State, order: Order, codes: Sequence[str], unknown: Decimal) -> None:
    """Pay by the shop's cards, and this much by one that the sandbox knows nothing of."""
    if unknown or codes:
        _name_gateway(order, _GIFT_CARD)
    _receive(shop, order, _GIFT_CARD, unknown)
    for code in codes:
        outstanding = Decimal(order.body["total_outstanding"])
        amount, receipt = cards.pay(shop, code, order.body["id"], outstanding)
        _receive(shop, order, _GIFT_CARD, amount, receipt)


def _pay_by_credit(shop: State, order: Order, customer: int | None, most: Decimal) -> None:
    if not most:
        return
    outstanding = Decimal(order.body["total_outstanding"])
    paid = store_credits.pay(shop, customer, order.body["id"], min(most, outstanding))
    _name_gateway(order, _STORE_CREDIT)
    _receive(shop, order, _STORE_CREDIT, paid)


def _name_gateway(order: Order, name: str) -> None:
    """Name what an order was paid with besides, before the way that the rest is paid."""
    known = order.body["payment_gateway_names"]
    if name not in known:
        order.body["payment_gateway_names"] = [name, *known]


def _receive(
    shop: State, order: Order, gateway: str, amount: Decimal, receipt: Row | None = None
) -> None:
    if amount > 0:
        made = bodies.transaction(
            shop, order.body, order.exchange, kind="sale", gateway=gateway, amount=amount
        )
        order.payments.append({**made, "receipt": receipt or {}, "_shop": amount})
    sums.settle(order)


def pay(shop: State, order: Order, amount: Decimal | None) -> None:
    """Pay what is outstanding, or a part of it."""
    if order.body["cancelled_at"]:
        raise SandboxError("A cancelled order cannot be paid.")
    outstanding = Decimal(order.body["total_outstanding"])
    gateway = (order.body["payment_gateway_names"] or ["manual"])[-1]
    _receive(shop, order, gateway, outstanding if amount is None else min(amount, outstanding))
    body = touch(shop, order)
    events = [("orders/updated", body)]
    if body["financial_status"] == "paid":
        events.append(("orders/paid", body))
    shop.tell(*events)


def edit(
    shop: State, order: Order, remove: Mapping[int, int], add: Sequence[Mapping[str, Any]]
) -> None:
    """Take {line id: pieces} out and put lines in; what was agreed first stays in `total_price`."""
    body, now = order.body, shop.stamp()
    for line_id, pieces in remove.items():
        line = refunds.line_of(body, line_id)
        if not 0 < pieces <= line["current_quantity"]:
            raise SandboxError(f"{pieces} of line {line_id} cannot be removed.")
        line["current_quantity"] -= pieces
        line["fulfillable_quantity"] = min(line["fulfillable_quantity"], line["current_quantity"])
    added = [_line(shop, order.exchange, item) for item in add]
    for line in added:
        sums.tax(order, line, sums.goods(line), shop.settings.tax_rate)
    body["line_items"].extend(added)
    order.edited = True
    sums.bring_up_to_date(order)
    touch(shop, order)
    report = {
        "id": shop.next_id("edit"),
        "app_id": None,
        "created_at": now,
        "committed_at": now,
        "notify_customer": False,
        "order_id": body["id"],
        "staff_note": "",
        "user_id": None,
        "line_items": {
            "additions": [{"id": line["id"], "delta": line["quantity"]} for line in added],
            "removals": [{"id": line, "delta": pieces} for line, pieces in remove.items()],
        },
        "discounts": {"line_item": {"additions": [], "removals": []}},
        "shipping_lines": {"additions": [], "removals": []},
    }
    shop.tell(("orders/edited", {"order_edit": report}), ("orders/updated", body))


def give_back(
    shop: State,
    order: Order,
    *,
    lines: Mapping[int, int],
    amount: Decimal | None,
    shipping: Decimal,
    note: str,
    card: str | None = None,
) -> Row:
    """Refund and announce it."""
    made = refunds.refund(
        shop, order, lines=lines, amount=amount, shipping=shipping, note=note, card=card
    )
    body = touch(shop, order)
    shop.tell(("refunds/create", made), ("orders/updated", body))
    return made


def cancel(shop: State, order: Order, reason: str, *, refund: bool) -> None:
    """Cancel, and give back what was paid unless told not to."""
    body = order.body
    if body["cancelled_at"]:
        raise SandboxError("The order is cancelled already.")
    body["cancelled_at"], body["cancel_reason"] = shop.stamp(), reason
    events: list[tuple[str, Row]] = [("orders/cancelled", body), ("orders/updated", body)]
    money = sums.received(order) - sums.given_back(order)
    if refund and money:
        lines, shipping = refunds.rest(order)
        made = refunds.refund(
            shop,
            order,
            lines=lines,
            amount=money,
            shipping=shipping,
            note="",
            restock="cancel",
        )
        events.append(("refunds/create", made))
        cards.revert(shop, body["id"])
        store_credits.revert(shop, body["id"])
    sums.settle(order)
    touch(shop, order)
    shop.tell(*events)


def delete(shop: State, order: Order) -> None:
    """Delete an order for good: all that is heard of it is its id."""
    number = order.body["id"]
    del shop.tables.orders[number]
    shop.tell(("orders/delete", {"id": number}))


def fulfil(shop: State, order: Order) -> None:
    """Send everything out."""
    body, number, now = order.body, shop.next_id("fulfillment"), shop.stamp()
    for line in body["line_items"]:
        if line["current_quantity"]:
            line["fulfillment_status"], line["fulfillable_quantity"] = "fulfilled", 0
    body["fulfillment_status"] = "fulfilled"
    made = {
        "id": number,
        "admin_graphql_api_id": gid("Fulfillment", number),
        "created_at": now,
        "location_id": None,
        "name": f"{body['name']}.{len(body['fulfillments']) + 1}",
        "order_id": body["id"],
        "origin_address": {},
        "receipt": {},
        "service": "manual",
        "shipment_status": None,
        "status": "success",
        "tracking_company": None,
        "tracking_number": None,
        "tracking_numbers": [],
        "tracking_url": None,
        "tracking_urls": [],
        "updated_at": now,
        "line_items": [],
    }
    body["fulfillments"].append(made)
    touch(shop, order)
    shop.tell(("orders/fulfilled", body), ("orders/updated", body))


def dispute(shop: State, order: Order, amount: Decimal | None, kind: str) -> Row:
    """Open a dispute (a chargeback or an inquiry) over an amount, else over all that was paid."""
    number = shop.next_id("dispute")
    over = sums.received(order) - sums.given_back(order) if amount is None else amount
    made = {
        "id": number,
        "order_id": order.body["id"],
        "type": kind,
        "amount": order.exchange.text(over),
        "currency": order.exchange.shop,
        "reason": "fraudulent",
        "network_reason_code": "4837",
        "status": "needs_response",
        "evidence_due_by": None,
        "evidence_sent_on": None,
        "finalized_on": None,
        "initiated_at": shop.stamp(),
    }
    shop.tables.disputes[number] = made
    shop.tell(("disputes/create", made))
    return made


def settle_dispute(shop: State, dispute_id: int, status: str) -> Row:
    """Move a dispute to a status; "won", "lost" and their like end it today."""
    made = shop.tables.disputes.get(dispute_id)
    if made is None:
        raise SandboxError(f"There is no dispute {dispute_id}.")
    made["status"] = status
    if status in {"won", "lost", "accepted", "charge_refunded"}:
        made["finalized_on"] = shop.now().astimezone(shop.settings.zone).date().isoformat()
    shop.tell(("disputes/update", made))
    return made
