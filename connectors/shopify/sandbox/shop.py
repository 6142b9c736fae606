"""A shop of the sandbox: what shoppers and the merchant do in it, as plain calls.

Every method is thread-safe, takes plain values (amounts as text) and returns the object as its webhook
shows it. The deliveries that an act causes wait until `run_queue()` or a served runner sends them.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.shopify.sandbox import (
    loading,
    metafields,
    orders,
    people,
    privacy,
    returns,
    webhooks,
)
from connectors.shopify.sandbox.merchant import Merchant
from connectors.shopify.sandbox.state import Row


class Shop(Merchant):
    """A make-believe Shopify shop; `Sandbox.open_shop` opens one."""

    # --- people -------------------------------------------------------------------------------

    def create_customer(
        self,
        email: str | None = None,
        first_name: str = "",
        last_name: str = "",
        *,
        verified: bool = True,
        tags: Sequence[str] = (),
    ) -> Row:
        """Make a customer; `verified` says whether he proved the e-mail to be his."""
        with self.lock:
            made = people.create(
                self,
                email=email,
                first_name=first_name,
                last_name=last_name,
                verified=verified,
                tags=tags,
            )
            return deepcopy(made.body)

    def change_customer(self, customer_id: int, **values: Any) -> Row:
        """Change a customer (email, verified_email, first_name, last_name, note, phone, state)."""
        with self.lock:
            people.change(self, people.get(self, customer_id), values)
            return self.customer(customer_id)

    def delete_customer(self, customer_id: int) -> None:
        """Delete a customer without orders."""
        with self.lock:
            people.delete(self, people.get(self, customer_id))

    def merge_customers(self, kept_id: int, gone_id: int) -> Row:
        """Merge two customers into the first."""
        with self.lock:
            people.merge(self, people.get(self, kept_id), people.get(self, gone_id))
            return self.customer(kept_id)

    def tag_customer(self, customer_id: int, *tags: str) -> list[str]:
        """Add tags by hand; returns all."""
        with self.lock:
            person = people.get(self, customer_id)
            people.set_tags(self, person, people.joined(person.tags, tags))
            return list(person.tags)

    def untag_customer(self, customer_id: int, *tags: str) -> list[str]:
        """Take tags away by hand; returns what is left."""
        with self.lock:
            person = people.get(self, customer_id)
            people.set_tags(self, person, people.without(person.tags, tags))
            return list(person.tags)

    def tags_of(self, customer_id: int) -> list[str]:
        """Return a customer's tags."""
        with self.lock:
            return list(people.get(self, customer_id).tags)

    def metafields_of(self, customer_id: int) -> dict[str, str]:
        """Return a customer's metafields as {"namespace.key": value}; the first app's begin with $app."""
        with self.lock:
            own = f"app--{self.app().number}"
            return {
                f"{_short(one['namespace'], own)}.{one['key']}": one["value"]
                for one in metafields.fields_of(people.get(self, customer_id))
            }

    def request_data(self, customer_id: int) -> None:
        """Let a customer ask for his data."""
        with self.lock:
            privacy.request_data(self, customer_id)

    def redact_customer(self, customer_id: int) -> None:
        """Ask for a customer to be forgotten."""
        with self.lock:
            privacy.redact_customer(self, customer_id)

    def redact_shop(self) -> None:
        """Ask for the whole shop to be forgotten, as 48 hours after it uninstalled the app."""
        with self.lock:
            privacy.redact_shop(self)

    # --- orders -------------------------------------------------------------------------------

    def place_order(
        self,
        items: Mapping[int, int] | Sequence[Mapping[str, Any]],
        *,
        customer_id: int | None = None,
        email: str | None = None,
        codes: Sequence[str] = (),
        shipping: str | None = None,
        tip: str = "0",
        paid: bool = True,
        gift_card: str = "0",
        gift_cards: Sequence[str] = (),
        store_credit: str = "0",
        presentment: tuple[str, str] | None = None,
        placed: str | None = None,
        source_name: str = "web",
        test: bool = False,
        gateway: str = "shopify_payments",
    ) -> Row:
        """Place an order of {product id: pieces}, or of lines {title, price, quantity, …}.

        `shipping` is delivery's price in the shop's way (with or without tax), `gift_card` what is paid
        with one that is none of ours, `gift_cards` codes that each pay what is on them, `store_credit`
        how much of his credit the customer spends at most, `presentment` the
        buyer's currency and its rate, `placed` an ISO time for back-dating.
        """
        lines = (
            [{"product_id": number, "quantity": pieces} for number, pieces in items.items()]
            if isinstance(items, Mapping)
            else items
        )
        with self.lock:
            order = orders.place(
                self,
                lines,
                customer_id=customer_id,
                email=email,
                codes=codes,
                shipping=None if shipping is None else Decimal(shipping),
                tip=Decimal(tip),
                paid=paid,
                gift_card=Decimal(gift_card),
                gift_cards=gift_cards,
                store_credit=Decimal(store_credit),
                presentment=(presentment[0], Decimal(presentment[1])) if presentment else None,
                placed=datetime.fromisoformat(placed) if placed else None,
                source_name=source_name,
                test=test,
                gateway=gateway,
            )
            return deepcopy(order.body)

    def pay(self, order_id: int, amount: str | None = None) -> Row:
        """Pay what is outstanding, or this much of it."""
        with self.lock:
            order = orders.get(self, order_id)
            orders.pay(self, order, None if amount is None else Decimal(amount))
            return deepcopy(order.body)

    def edit_order(
        self,
        order_id: int,
        *,
        remove: Mapping[int, int] | None = None,
        add: Sequence[Mapping[str, Any]] = (),
    ) -> Row:
        """Take {line id: pieces} out of an order and put lines in, as for `place_order`."""
        with self.lock:
            order = orders.get(self, order_id)
            orders.edit(self, order, remove or {}, add)
            return deepcopy(order.body)

    def refund(
        self,
        order_id: int,
        *,
        lines: Mapping[int, int] | None = None,
        amount: str | None = None,
        shipping: str = "0",
        note: str = "",
        card: str | None = None,
    ) -> Row:
        """Refund {line id: pieces} and delivery; `amount` else exactly what these cost.

        `card` is the code of the gift card that it goes back to; else it goes back as money.
        """
        with self.lock:
            made = orders.give_back(
                self,
                orders.get(self, order_id),
                lines=lines or {},
                amount=None if amount is None else Decimal(amount),
                shipping=Decimal(shipping),
                note=note,
                card=card,
            )
            return deepcopy(made)

    def cancel_order(self, order_id: int, reason: str = "customer", *, refund: bool = True) -> Row:
        """Cancel an order, and give back what was paid."""
        with self.lock:
            order = orders.get(self, order_id)
            orders.cancel(self, order, reason, refund=refund)
            return deepcopy(order.body)

    def delete_order(self, order_id: int) -> None:
        """Delete an order for good."""
        with self.lock:
            orders.delete(self, orders.get(self, order_id))

    def fulfil(self, order_id: int) -> Row:
        """Send everything out."""
        with self.lock:
            order = orders.get(self, order_id)
            orders.fulfil(self, order)
            return deepcopy(order.body)

    def open_dispute(
        self, order_id: int, amount: str | None = None, kind: str = "chargeback"
    ) -> Row:
        """Let the buyer's bank dispute a payment."""
        with self.lock:
            over = None if amount is None else Decimal(amount)
            return dict(orders.dispute(self, orders.get(self, order_id), over, kind))

    def settle_dispute(self, dispute_id: int, status: str) -> Row:
        """Move a dispute to "under_review", "won", "lost", "accepted" or "charge_refunded"."""
        with self.lock:
            return dict(orders.settle_dispute(self, dispute_id, status))

    def request_return(self, order_id: int) -> Row:
        """Let the buyer ask for a return."""
        with self.lock:
            return dict(returns.request(self, orders.get(self, order_id)))

    def set_return(self, return_id: int, status: str) -> Row:
        """Set a return "open", "declined", "canceled" or "closed"."""
        with self.lock:
            return dict(returns.set_status(self, return_id, status))

    def change_return(self, return_id: int) -> Row:
        """Change what is sent back."""
        with self.lock:
            return dict(returns.change(self, return_id))

    # --- loading, looking and running ---------------------------------------------------------

    def load_order(self, body: Row) -> Row:
        """Hold exactly the order of this webhook body; nothing is announced."""
        with self.lock:
            return deepcopy(loading.order(self, body).body)

    def load_customer(self, body: Row) -> Row:
        """Hold exactly the customer of this webhook body; nothing is announced."""
        with self.lock:
            return deepcopy(loading.customer(self, body).body)

    def announce(self, topic: str, body: Row) -> None:
        """Send any body under a topic to those who subscribed to it."""
        with self.lock:
            webhooks.announce(self, topic, body)

    def announce_order(self, order_id: int, topic: str = "orders/updated") -> None:
        """Send an order as it is now under a topic."""
        with self.lock:
            webhooks.announce(self, topic, orders.get(self, order_id).body)

    def again(self, topic: str) -> None:
        """Send the newest delivery of a topic once more, with the original payload."""
        with self.lock:
            webhooks.again(self, topic)

    def order(self, order_id: int) -> Row:
        """Return an order as its webhook shows it."""
        with self.lock:
            return deepcopy(orders.get(self, order_id).body)

    def customer(self, customer_id: int) -> Row:
        """Return a customer as his webhook shows him."""
        with self.lock:
            return deepcopy(people.get(self, customer_id).body)

    def rendered(self, order_id: int) -> bytes:
        """Return the bytes that a delivery about this order has now."""
        with self.lock:
            return webhooks.dumps(orders.get(self, order_id).body)

    def run_queue(self, limit: int | None = 1000, *, ahead: bool = False) -> int:
        """Send what is due until nothing is; with `ahead` also what waits for its next try."""
        return webhooks.run_queue(self, limit, ahead=ahead)


def _short(space: str, own: str) -> str:
    if space == own:
        return "$app"
    return space.replace(f"{own}--", "$app:", 1) if space.startswith(f"{own}--") else space
