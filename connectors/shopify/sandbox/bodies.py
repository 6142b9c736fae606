"""New objects in the shape of the webhooks, with the keys (and their order) of version 2026-10."""

import secrets
from decimal import Decimal
from typing import Any

from connectors.shopify.sandbox.money import ZERO, Exchange
from connectors.shopify.sandbox.state import Row, State, gid

_COUNTRY = {"country": "Poland", "country_code": "PL", "province": None, "province_code": None}


def customer(
    shop: State, *, email: str | None, first_name: str, last_name: str, verified: bool
) -> Row:
    """Return a new customer's body; since 2025-01 it holds neither tags nor sums."""
    number, now = shop.next_id("customer"), shop.stamp()
    home: Row = {
        "id": shop.next_id("address"),
        "customer_id": number,
        "first_name": first_name,
        "last_name": last_name,
        "company": None,
        "address1": "ul. Przykładowa 1",
        "address2": None,
        "city": "Warszawa",
        "province": None,
        "country": _COUNTRY["country"],
        "zip": "00-001",
        "phone": None,
        "name": f"{first_name} {last_name}".strip(),
        "province_code": None,
        "country_code": _COUNTRY["country_code"],
        "country_name": _COUNTRY["country"],
        "default": True,
    }
    return {
        "id": number,
        "created_at": now,
        "updated_at": now,
        "first_name": first_name,
        "last_name": last_name,
        "state": "disabled",
        "note": None,
        "verified_email": verified,
        "multipass_identifier": None,
        "tax_exempt": False,
        "email": email,
        "phone": None,
        "currency": shop.settings.currency,
        "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", number),
        "default_address": home,
        "addresses": [dict(home)],
    }


def in_order(person: Row) -> Row:
    """Return a customer as an order's body holds it."""
    return {key: value for key, value in person.items() if key != "addresses"}


def line(
    shop: State,
    exchange: Exchange,
    *,
    title: str,
    price: Decimal,
    quantity: int = 1,
    sku: str | None = None,
    product_id: int | None = None,
    variant_id: int | None = None,
    gift_card: bool = False,
    taxable: bool = True,
) -> Row:
    """Return a line item without its taxes and discounts; without a product it is a custom one."""
    number, shipped = shop.next_id("line"), not gift_card and product_id is not None
    return {
        "id": number,
        "admin_graphql_api_id": gid("LineItem", number),
        "attributed_staffs": [],
        "current_quantity": quantity,
        "fulfillable_quantity": quantity,
        "fulfillment_service": "gift_card" if gift_card else "manual",
        "fulfillment_status": None,
        "gift_card": gift_card,
        "grams": 300 if shipped else 0,
        "name": title,
        "price": exchange.text(price),
        "price_set": exchange.bag(price),
        "product_exists": product_id is not None,
        "product_id": product_id,
        "properties": [],
        "quantity": quantity,
        "requires_shipping": shipped,
        "sales_line_item_group_id": None,
        "sku": sku,
        "taxable": taxable and not gift_card,
        "title": title,
        "total_discount": exchange.text(ZERO),
        "total_discount_set": exchange.bag(ZERO),
        "variant_id": variant_id,
        "variant_inventory_management": "shopify" if product_id is not None else None,
        "variant_title": None,
        "vendor": None,
        "tax_lines": [],
        "duties": [],
        "discount_allocations": [],
    }


def tip(shop: State, exchange: Exchange, amount: Decimal) -> Row:
    """Return a tip: a line that only the two tip keys tell from a custom one."""
    made = line(shop, exchange, title="Tip", price=amount, taxable=False)
    marks = {"tip_payment_gateway": "shopify_payments", "tip_payment_method": "visa"}
    at = list(made).index("title") + 1
    items = list(made.items())
    return dict([*items[:at], *marks.items(), *items[at:]])


def tax_line(exchange: Exchange, amount: Decimal, rate: Decimal) -> Row:
    """Return one tax line."""
    return {
        "channel_liable": False,
        "price": exchange.text(amount),
        "price_set": exchange.bag(amount),
        "rate": float(rate),
        "title": "VAT",
    }


def shipping_line(shop: State, exchange: Exchange, price: Decimal) -> Row:
    """Return a shipping line without its taxes."""
    return {
        "id": shop.next_id("line"),
        "carrier_identifier": None,
        "code": "Standard",
        "current_discounted_price_set": exchange.bag(price),
        "discounted_price": exchange.text(price),
        "discounted_price_set": exchange.bag(price),
        "is_removed": False,
        "phone": None,
        "price": exchange.text(price),
        "price_set": exchange.bag(price),
        "requested_fulfillment_service_id": None,
        "source": "shopify",
        "title": "Standard",
        "tax_lines": [],
        "discount_allocations": [],
    }


def address(first_name: str, last_name: str) -> Row:
    """Return an address on an order."""
    return {
        "first_name": first_name,
        "address1": "ul. Przykładowa 1",
        "phone": None,
        "city": "Warszawa",
        "zip": "00-001",
        "province": None,
        "country": _COUNTRY["country"],
        "last_name": last_name,
        "address2": None,
        "company": None,
        "latitude": None,
        "longitude": None,
        "name": f"{first_name} {last_name}".strip(),
        "country_code": _COUNTRY["country_code"],
        "province_code": None,
    }


def order(
    shop: State,
    exchange: Exchange,
    *,
    person: Row | None,
    email: str | None,
    placed: str,
    source_name: str,
    test: bool,
) -> Row:
    """Return an order's body without lines; `sums` fills in the amounts."""
    number, shown, token = shop.next_id("order"), shop.next_number(), secrets.token_hex(16)
    who = (str((person or {}).get("first_name") or ""), str((person or {}).get("last_name") or ""))
    now = shop.stamp()
    money: Any = None  # every amount is set by `sums`; the keys stand here for their order
    return {
        "id": number,
        "admin_graphql_api_id": gid("Order", number),
        "app_id": 580111,
        "browser_ip": None,
        "buyer_accepts_marketing": False,
        "cancel_reason": None,
        "cancelled_at": None,
        "cart_token": None,
        "checkout_token": token,
        "client_details": None,
        "closed_at": None,
        "company": None,
        "confirmation_number": token[:9].upper(),
        "confirmed": True,
        "contact_email": email,
        "created_at": now,
        "currency": exchange.shop,
        "current_shipping_price_set": money,
        "current_subtotal_price": money,
        "current_subtotal_price_set": money,
        "current_total_additional_fees_set": None,
        "current_total_discounts": money,
        "current_total_discounts_set": money,
        "current_total_duties_set": None,
        "current_total_price": money,
        "current_total_price_set": money,
        "current_total_tax": money,
        "current_total_tax_set": money,
        "customer_locale": "pl-PL",
        "device_id": None,
        "discount_codes": [],
        "duties_included": False,
        "email": email,
        "estimated_taxes": False,
        "financial_status": "pending",
        "fulfillment_status": None,
        "landing_site": "/",
        "landing_site_ref": None,
        "location_id": None,
        "merchant_business_entity_id": "MTAwMDAwMDAwMA",
        "merchant_of_record_app_id": None,
        "name": f"#{shown}",
        "note": None,
        "note_attributes": [],
        "number": shown - 1000,
        "order_number": shown,
        "order_status_url": f"https://{shop.domain}/{shop.id}/orders/{token}/authenticate?key=sandbox",
        "original_total_additional_fees_set": None,
        "original_total_duties_set": None,
        "payment_gateway_names": [],
        "phone": None,
        "po_number": None,
        "presentment_currency": exchange.buyer,
        "processed_at": placed,
        "reference": None,
        "referring_site": None,
        "source_identifier": None,
        "source_name": source_name,
        "source_url": None,
        "subtotal_price": money,
        "subtotal_price_set": money,
        "tags": "",
        "tax_exempt": False,
        "tax_lines": [],
        "taxes_included": shop.settings.taxes_included,
        "test": test,
        "token": token,
        "total_cash_rounding_payment_adjustment_set": exchange.bag(ZERO),
        "total_cash_rounding_refund_adjustment_set": exchange.bag(ZERO),
        "total_discounts": money,
        "total_discounts_set": money,
        "total_line_items_price": money,
        "total_line_items_price_set": money,
        "total_outstanding": money,
        "total_price": money,
        "total_price_set": money,
        "total_shipping_price_set": money,
        "total_tax": money,
        "total_tax_set": money,
        "total_tip_received": money,
        "total_weight": 0,
        "updated_at": now,
        "user_id": None,
        "billing_address": address(*who),
        "customer": None if person is None else in_order(person),
        "discount_applications": [],
        "fulfillments": [],
        "line_items": [],
        "payment_terms": None,
        "refunds": [],
        "shipping_address": address(*who),
        "shipping_lines": [],
        "returns": [],
        "line_item_groups": [],
    }


def transaction(
    shop: State, order_body: Row, exchange: Exchange, *, kind: str, gateway: str, amount: Decimal
) -> Row:
    """Return a transaction of this amount of shop money; like Shopify's it names the buyer's."""
    number, now = shop.next_id("transaction"), shop.stamp()
    nothing = {"amount": exchange.text(ZERO), "currency": exchange.shop}
    return {
        "id": number,
        "order_id": order_body["id"],
        "kind": kind,
        "gateway": gateway,
        "status": "success",
        "message": "Transaction approved",
        "created_at": now,
        "test": order_body["test"],
        "authorization": None,
        "location_id": None,
        "user_id": None,
        "parent_id": None,
        "processed_at": now,
        "device_id": None,
        "error_code": None,
        "source_name": order_body["source_name"],
        "receipt": {},
        "amount": str(exchange.shown(amount)),
        "currency": exchange.buyer,
        "payment_id": f"{order_body['name']}.1",
        "total_unsettled_set": {"presentment_money": nothing, "shop_money": nothing},
        "manual_payment_gateway": False,
        "amount_rounding": None,
        "admin_graphql_api_id": gid("OrderTransaction", number),
    }
