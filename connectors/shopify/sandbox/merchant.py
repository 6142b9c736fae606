"""What the owner of a shop sets up: its apps and their webhooks, settings, goods, discounts."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from connectors.shopify.sandbox import discounts, gift_cards, store_credits, tokens, webhooks
from connectors.shopify.sandbox.apps import App, Installation
from connectors.shopify.sandbox.offers import BASIC, CLASSES, Terms
from connectors.shopify.sandbox.shopdata import uninstall
from connectors.shopify.sandbox.state import Platform, Row, SandboxError, Settings, State, gid
from connectors.shopify.sandbox.topics import header_of


class Merchant(State):
    """The part of a shop that its owner sets up."""

    def __init__(self, platform: Platform, domain: str, shop_id: int, settings: Settings) -> None:
        super().__init__(platform, domain, shop_id, settings)
        self.listeners.append(partial(webhooks.hear, self))

    @property
    def name(self) -> str:
        """Return the part of the domain before .myshopify.com."""
        return self.domain.partition(".")[0]

    @property
    def token(self) -> str:
        """Return the token of the first app that never expires, as a custom app has it."""
        return f"shpat_sandbox_{self.name}"

    def app(self, client_id: str | None = None) -> App:
        """Return an app of the platform, the first one if none is named."""
        return self.platform.apps[client_id or next(iter(self.platform.apps))]

    def reinstall(self, scopes: Sequence[str] | None = None, client_id: str | None = None) -> None:
        """Install an app, with the first one's lasting token; `scopes` else what it asks for."""
        with self.lock:
            app = self.app(client_id)
            installation = self.install(app, scopes or app.scopes)
            if app is self.app():
                tokens.add(installation, self.token)

    def uninstall(self, client_id: str | None = None) -> None:
        """Uninstall an app: its tokens and subscriptions end, and app/uninstalled is its last word."""
        with self.lock:
            uninstall(self, self._installation(self.app(client_id)))

    def grant(self, scopes: Sequence[str], client_id: str | None = None) -> None:
        """Give an app exactly these scopes."""
        with self.lock:
            installation = self._installation(self.app(client_id))
            before = list(installation.scopes)
            installation.scopes = tuple(scopes)
            told = {
                "id": installation.app.number,
                "shop_id": gid("Shop", self.id),
                "previous": before,
                "current": list(scopes),
                "updated_at": f"{self.now():%Y-%m-%dT%H:%M:%S}.000Z",
            }
            self.tell(("app/scopes_update", told))

    def revoke(self, *scopes: str, client_id: str | None = None) -> None:
        """Take scopes away from an app; a write scope takes its reading with it."""
        with self.lock:
            have = self._installation(self.app(client_id)).scopes
            self.grant([one for one in have if one not in scopes], client_id)

    def _installation(self, app: App) -> Installation:
        found = self.installations.get(app.client_id)
        if found is None:
            raise SandboxError("The app is not installed.")
        return found

    def end_tokens(self) -> None:
        """End all access tokens at once, as if their hours had passed."""
        with self.lock:
            for installation in self.installations.values():
                installation.tokens.clear()

    def id_token(self, client_id: str | None = None) -> str:
        """Make an ID token ("session token") of an embedded page."""
        with self.lock:
            return tokens.id_token(self, self.app(client_id))

    def add_webhook(self, topic: str, uri: str, *, include_fields: Sequence[str] = ()) -> Row:
        """Subscribe the first app to a topic ("orders/paid" or "ORDERS_PAID")."""
        with self.lock:
            made = webhooks.subscribe(
                self,
                self._installation(self.app()),
                header_of(topic),
                uri,
                include_fields=include_fields,
            )
            return {"id": made.id, "topic": made.topic, "uri": made.uri}

    def webhooks_of(self) -> list[Row]:
        """Return the subscriptions of the first app."""
        with self.lock:
            found = self._installation(self.app()).subscriptions.values()
            return [{"id": one.id, "topic": one.topic, "uri": one.uri} for one in found]

    def change_settings(self, **values: Any) -> None:
        """Change settings while serving; raises AttributeError for one that does not exist."""
        with self.lock:
            for key, value in values.items():
                old = getattr(self.settings, key)
                new: Any = value
                if isinstance(old, Decimal):
                    new = Decimal(str(value))
                elif isinstance(old, tuple):
                    new = tuple(value)
                setattr(self.settings, key, new)

    def add_product(
        self,
        name: str,
        price: str,
        *,
        sku: str | None = None,
        taxable: bool = True,
        gift_card: bool = False,
        tags: Sequence[str] = (),
        compare_at: str | None = None,
    ) -> Row:
        """Put a product on the shelf at this price; on sale if it is compared to a higher one."""
        with self.lock:
            number = self.next_id("product")
            row = {
                "id": number,
                "product_id": number,
                "variant_id": self.next_id("variant"),
                "title": name,
                "price": str(Decimal(price)),
                "sku": sku,
                "taxable": taxable and not gift_card,
                "gift_card": gift_card,
                "tags": list(tags),
                "compare_at_price": None if compare_at is None else str(Decimal(compare_at)),
                "created_at": self.stamp(),
                "updated_at": self.stamp(),
            }
            self.tables.products[number] = row
            return dict(row)

    def change_product(
        self,
        product_id: int,
        *,
        tags: Sequence[str] | None = None,
        compare_at: str | None = None,
    ) -> None:
        """Give a product other tags, or another price to compare with ("" for none)."""
        with self.lock:
            row = self.tables.products[product_id]
            row["updated_at"] = self.stamp()
            if tags is not None:
                row["tags"] = list(tags)
            if compare_at is not None:
                row["compare_at_price"] = str(Decimal(compare_at)) if compare_at else None

    def delete_product(self, product_id: int) -> None:
        """Take a product off the shelf for good."""
        with self.lock:
            if self.tables.products.pop(product_id, None) is None:
                raise SandboxError(f"There is no product {product_id}.")

    def add_collection(self, name: str, product_ids: Sequence[int] | None = None) -> Row:
        """Put products together; without ids it holds all there are and will be."""
        with self.lock:
            products = None if product_ids is None else list(product_ids)
            number = self.next_id("collection")
            row = {"id": number, "title": name, "products": products}
            self.tables.collections[number] = row
            return dict(row)

    # --- discounts --------------------------------------------------------------------------------

    def add_discount(self, code: str, value: str, kind: str = "percentage") -> Row:
        """Make a code for everybody and every use: so many percent, or a "fixed_amount" in all."""
        with self.lock:
            amount = Decimal(value)
            percent = kind == "percentage"
            made = discounts.add(
                self,
                kind=BASIC,
                title=code,
                code=code,
                starts_at=self.now(),
                ends_at=None,
                terms=Terms(percent=amount) if percent else Terms(amount=amount),
                combines=CLASSES,
            )
            return discounts.told(self, made)

    def delete_discount(self, code: str) -> None:
        """Delete a discount by hand; its code is free again."""
        with self.lock:
            discounts.delete(self, discounts.get(self, code))

    def deactivate_discount(self, code: str) -> Row:
        """End a discount by hand."""
        with self.lock:
            found = discounts.get(self, code)
            discounts.deactivate(self, found)
            return discounts.told(self, found)

    def discounts_made(self, code: str | None = None) -> list[Row]:
        """Return all discounts that were ever made (under this code), deleted ones too."""
        with self.lock:
            every = self.tables.discounts.values()
            found = [one for one in every if code is None or one.code.lower() == code.lower()]
            return [discounts.told(self, one) for one in found]

    # --- gift cards -------------------------------------------------------------------------------

    def add_gift_card(self, code: str, value: str, customer_id: int | None = None) -> Row:
        """Make a gift card by hand."""
        with self.lock:
            return gift_cards.told(gift_cards.add(self, code, Decimal(value), customer=customer_id))

    def deactivate_gift_card(self, code: str) -> Row:
        """End a gift card by hand, for good."""
        with self.lock:
            found = gift_cards.by_code(self, code)
            if found is None:
                raise SandboxError("There is no gift card with this code.")
            gift_cards.deactivate(self, found)
            return gift_cards.told(found)

    def gift_cards_made(self) -> list[Row]:
        """Return all gift cards that were ever made."""
        with self.lock:
            return [gift_cards.told(one) for one in self.tables.gift_cards.values()]

    # --- store credit -----------------------------------------------------------------------------

    def add_store_credit(self, customer_id: int, value: str, expires: str | None = None) -> Row:
        """Give a customer credit by hand; `expires` is an ISO time."""
        with self.lock:
            at = None if expires is None else datetime.fromisoformat(expires)
            account, _ = store_credits.credit(self, customer_id, Decimal(value), expires_at=at)
            return store_credits.told(account)

    def take_store_credit(self, customer_id: int, value: str) -> Row:
        """Take credit from a customer by hand."""
        with self.lock:
            account = store_credits.find(self, customer_id, self.settings.currency)
            if account is None:
                raise SandboxError("The customer has no store credit.")
            store_credits.debit(self, account, Decimal(value), "ADJUSTMENT")
            return store_credits.told(account)

    def store_credit_of(self, customer_id: int) -> list[Row]:
        """Return a customer's accounts with all their transactions."""
        with self.lock:
            return [store_credits.told(one) for one in store_credits.of_customer(self, customer_id)]
