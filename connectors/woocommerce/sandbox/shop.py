"""The sandbox shop: what shoppers and the merchant do in it, as plain calls.

Every method is thread-safe and returns the object as the REST API shows it (amounts are strings).
The webhooks that an act causes wait in the queue until `run_queue()` or a served runner sends them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from app import clock
from connectors.woocommerce.sandbox import (
    coupons,
    customers,
    orders,
    products,
    refunds,
    render,
    reviews,
    seed,
    webhooks,
)
from connectors.woocommerce.sandbox.state import ApiKey, Row, Settings, State

KEY = "ck_sandbox"
SECRET = "cs_sandbox"  # noqa: S105 - the published key of a make-believe shop


class Sandbox(State):
    """A make-believe WooCommerce shop; `serve` gives it an address."""

    def __init__(self, settings: Settings | None = None, now: clock.Clock = clock.now) -> None:
        super().__init__(settings, now)
        self.add_key(KEY, SECRET)
        self.listeners.append(partial(webhooks.hear, self))

    # --- the merchant sets up -----------------------------------------------------------------

    def add_key(
        self, key: str, secret: str, permissions: str = "read_write", *, rights: bool = True
    ) -> ApiKey:
        """Give out a REST key; without `rights` its user may not see the shop (403)."""
        made = ApiKey(key, secret, permissions, rights)
        with self.lock:
            self.keys[key] = made
        return made

    def change_settings(self, **values: Any) -> None:
        """Change settings while serving; raises AttributeError for one that does not exist."""
        with self.lock:
            for name, value in values.items():
                old = getattr(self.settings, name)
                setattr(
                    self.settings, name, Decimal(str(value)) if isinstance(old, Decimal) else value
                )

    def add_product(
        self,
        name: str,
        price: str | Decimal,
        *,
        sku: str = "",
        taxable: bool = True,
        category: str = "Uncategorized",
        tags: Sequence[str] = (),
    ) -> Row:
        """Put a product on the shelf at this shelf price."""
        with self.lock:
            row = products.add(
                self,
                name,
                Decimal(price),
                sku=sku,
                taxable=taxable,
                category=category,
                tags=tags,
            )
            return products.view(self, row)

    def change_product(self, product_id: int, **values: Any) -> Row:
        """Change `name`, `sku`, `price`, `category`, `tags`, or put it on `sale` ("" ends it)."""
        with self.lock:
            return products.view(self, products.change(self, product_id, **values))

    def trash_product(self, product_id: int) -> None:
        """Trash a product: coupon.deleted is heard as well."""
        with self.lock:
            products.trash(self, product_id)

    def trash_page(self) -> int:
        """Trash an ordinary page: product.deleted and coupon.deleted are heard, for its id."""
        with self.lock:
            number = self.next_id("post")
            self.fire("wp_trash_post", number, "page")
            return number

    def add_coupon(self, code: str, amount: str, kind: str = "percent", **values: Any) -> Row:
        """Make a coupon; `values` as in REST (usage_limit, email_restrictions, …)."""
        sent = {"code": code, "amount": amount, "discount_type": kind, **values}
        with self.lock:
            return render.coupon(self, coupons.create(self, sent))

    def change_coupon(self, coupon_id: int, **values: Any) -> Row:
        """Change a coupon on the admin screen (`amount`, `status` "draft", …)."""
        with self.lock:
            return render.coupon(self, coupons.update(self, coupon_id, values))

    def delete_coupon(self, coupon_id: int, *, force: bool = False) -> None:
        """Put a coupon into the trash, which frees its code, or delete it for good."""
        with self.lock:
            coupons.delete(self, coupon_id, force=force)

    def restore_coupon(self, coupon_id: int) -> Row:
        """Take a coupon out of the trash: it can be used again."""
        with self.lock:
            return render.coupon(self, coupons.restore(self, coupon_id))

    def add_webhook(self, topic: str, delivery_url: str, secret: str, *, ping: bool = False) -> Row:
        """Make a webhook; with `ping` the target is asked first, as REST and the admin screen do."""
        values = {"topic": topic, "delivery_url": delivery_url, "secret": secret, "name": topic}
        with self.lock:
            row = webhooks.create(self, values)
            row["_pending"] = ping
        if ping:
            webhooks.ping(self, row)
        with self.lock:
            return render.webhook(self, row)

    def revoke_webhook_owner(self, webhook_id: int, *, has_rights: bool = False) -> None:
        """Take the shop's rights from the user who made a webhook: 403 bodies, still signed."""
        with self.lock:
            webhooks.get(self, webhook_id)["_owner_has_rights"] = has_rights

    # --- people -------------------------------------------------------------------------------

    def register_customer(
        self,
        email: str,
        first_name: str = "",
        last_name: str = "",
        *,
        role: str = "customer",
        **values: Any,
    ) -> Row:
        """Sign up on the my-account page; `role` "subscriber" is a plain WordPress user."""
        sent = {"email": email, "first_name": first_name, "last_name": last_name, **values}
        with self.lock:
            return render.customer(self, customers.create(self, sent, role=role))

    def change_customer(self, customer_id: int, **values: Any) -> Row:
        """Change an account (email, first_name, billing, meta_data, …)."""
        with self.lock:
            return render.customer(self, customers.update(self, customer_id, values))

    def delete_customer(self, customer_id: int) -> None:
        """Delete an account; its orders keep customer_id 0 and nobody is told."""
        with self.lock:
            customers.delete(self, customer_id)

    def erase_customer(self, email: str) -> None:
        """Run the privacy tool for an e-mail."""
        with self.lock:
            customers.erase(self, email)

    # --- orders -------------------------------------------------------------------------------

    def place_order(
        self,
        items: Mapping[int, int] | Sequence[Mapping[str, Any]],
        *,
        customer_id: int = 0,
        email: str | None = None,
        status: str = "processing",
        via: str = "checkout",
        coupons: Sequence[str] = (),
        shipping: str | None = None,
        billing: Mapping[str, str] | None = None,
        at: datetime | str | None = None,
        **values: Any,
    ) -> Row:
        """Place an order of {product id: pieces} (or REST line items).

        `shipping` is the delivery's cost ex tax. `via`: checkout, store-api, rest-api or admin. `at` is
        when it happened (ISO 8601 with offset), if not now.
        Raises RestError when a coupon is refused; the draft stays behind.
        """
        account = self.tables.customers.get(customer_id)
        name = {key: account[key] for key in ("first_name", "last_name")} if account else {}
        address = {"country": "PL", **name, "email": email or (account["email"] if account else "")}
        lines = (
            [{"product_id": number, "quantity": pieces} for number, pieces in items.items()]
            if isinstance(items, Mapping)
            else [dict(item) for item in items]
        )
        sent: Row = {
            "customer_id": customer_id,
            "status": status,
            "billing": {**address, **(billing or {})},
            "line_items": lines,
            "coupon_lines": [{"code": code} for code in coupons],
            "payment_method": "bacs",
            **values,
        }
        if shipping is not None:
            sent["shipping_lines"] = [
                {"method_id": "flat_rate", "method_title": "Kurier", "total": shipping}
            ]
        with self.at(datetime.fromisoformat(at) if isinstance(at, str) else at):
            return render.order(self, orders.create(self, sent, via))

    def set_status(self, order_id: int, status: str) -> Row:
        """Move an order to any status; "refunded" makes the refund of the rest itself."""
        with self.lock:
            return render.order(self, orders.set_status(self, order_id, status))

    def edit_line(self, order_id: int, item_id: int, quantity: int) -> Row:
        """Change a line's quantity on the admin screen; 0 removes the line."""
        with self.lock:
            return render.order(self, orders.edit_line(self, order_id, item_id, quantity))

    def change_order(self, order_id: int, **values: Any) -> Row:
        """Apply a PUT (customer_id, billing, meta_data, fee_lines, …)."""
        with self.lock:
            return render.order(self, orders.update(self, order_id, values))

    def refund(
        self,
        order_id: int,
        *,
        lines: Mapping[int, int] | None = None,
        amount: str | None = None,
        reason: str = "",
    ) -> Row:
        """Refund pieces of lines ({line item id: pieces}), or an amount without lines."""
        with self.lock:
            order = orders.get(self, order_id)
            sent: Row = {"reason": reason, "api_refund": False}
            if amount is not None:
                sent["amount"] = amount
            sent["line_items"] = [
                refunds.line_request(self, order, int(item), pieces)
                for item, pieces in (lines or {}).items()
            ]
            return render.refund(self, orders.refund(self, order_id, sent))

    def delete_refund(
        self, order_id: int, refund_id: int, *, on_admin_screen: bool = False
    ) -> None:
        """Delete a refund: invisible through REST; the admin screen fires one custom action."""
        with self.lock:
            refunds.delete(self, order_id, refund_id, on_admin_screen=on_admin_screen)

    def trash_order(self, order_id: int) -> None:
        """Put an order into the trash: order.deleted."""
        with self.lock:
            orders.trash(self, order_id)

    def restore_order(self, order_id: int) -> Row:
        """Take an order out of the trash: order.restored, and its completion fires again."""
        with self.lock:
            return render.order(self, orders.restore(self, order_id))

    def delete_order(self, order_id: int) -> None:
        """Delete an order for good: only action.woocommerce_delete_order is heard."""
        with self.lock:
            orders.delete(self, order_id)

    # --- reviews ------------------------------------------------------------------------------

    def submit_review(
        self, product_id: int, reviewer: str, email: str, text: str, rating: int = 5
    ) -> Row:
        """Write a review in the storefront; a first one is held."""
        with self.lock:
            return render.review(
                self, reviews.submit(self, product_id, reviewer, email, text, rating)
            )

    def set_review_status(self, review_id: int, status: str) -> Row:
        """Set a review approved, hold, spam or trash on the admin screen."""
        with self.lock:
            return render.review(self, reviews.set_status(self, review_id, status))

    def approve_review(self, review_id: int) -> Row:
        """Approve a review on the admin screen."""
        return self.set_review_status(review_id, "approved")

    def delete_review(self, review_id: int) -> None:
        """Delete a review for good; from the trash this fires nothing."""
        with self.lock:
            reviews.delete(self, review_id, force=True)

    # --- looking and running ------------------------------------------------------------------

    def order(self, order_id: int) -> Row:
        """Return an order as the API shows it."""
        with self.lock:
            return render.order(self, orders.get(self, order_id))

    def customer(self, customer_id: int) -> Row:
        """Return a customer as the API shows it."""
        with self.lock:
            return render.customer(self, customers.get(self, customer_id))

    def meta_of(self, customer_id: int) -> dict[str, Any]:
        """Return a customer's visible meta as {key: value}."""
        return {meta["key"]: meta["value"] for meta in self.customer(customer_id)["meta_data"]}

    def coupon(self, coupon_id: int) -> Row:
        """Return a coupon as the API shows it, in whatever status."""
        with self.lock:
            return render.coupon(self, coupons.get(self, coupon_id))

    def all_coupons(self) -> list[Row]:
        """Return every coupon as the API shows it, the trash too, by id."""
        with self.lock:
            return [render.coupon(self, row) for row in self.tables.coupons.values()]

    def run_queue(self, limit: int | None = 1000) -> int:
        """Send what waits, one after another, until nothing does; returns how many were sent."""
        return webhooks.run_queue(self, limit)

    def seed_captured(
        self, folder: Path | str, *, webhooks: bool = True, until: str | None = None
    ) -> None:
        """Load the state that a folder of captured REST answers tells of.

        Without `webhooks` those are left out, so nobody is sent to their old addresses; `until`
        names the last file to read. What is loaded causes no deliveries.
        """
        with self.lock:
            waiting = dict(self.queue)
            seed.seed_captured(self, Path(folder), webhooks=webhooks, until=until)
            self.queue = waiting
