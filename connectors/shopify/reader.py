"""Reads one object from the shop, as the truth of the moment the read began."""

from datetime import datetime

import msgspec

from app.clock import Clock
from app.errors import Invalid, Passing
from connectors.base import ReadAnswer, Ref
from connectors.shopify.answers import (
    DELETED_ORDER,
    RETURN_UNKNOWN,
    CustomerBody,
    InstallationBody,
    MergeBody,
    OrderBody,
    ProductBody,
    ReturnBody,
    merged_ids,
    topic_of,
)
from connectors.shopify.client import Data, Session, shaped
from connectors.shopify.gids import global_id
from connectors.shopify.paid_with import names_credit
from connectors.shopify.refusals import Denied, NoAccess
from connectors.shopify.values import gid
from connectors.shopify.version import ALL_ORDERS

_TRIES = 3  # an order that is being changed at this moment comes to rest
_PAGES = 40  # of one list: 2,000 lines
_REFUNDS = 200  # as many as order.graphql asks for
_REFUNDS_AT_ONCE = 10
_TRANSACTIONS = 150  # as many as order_transactions.graphql asks for

# Which document has the further pages of a list.
_ORDER_LISTS = {"lineItems": "order_lines", "shippingLines": "order_shipping_lines"}
_REFUND_LISTS = {"refundLineItems": "refund_lines", "refundShippingLines": "refund_shipping_lines"}


class _PageInfo(msgspec.Struct, rename="camel"):
    has_next_page: bool
    end_cursor: str | None = None


class _Page(msgspec.Struct, rename="camel"):
    nodes: list[Data]
    page_info: _PageInfo


class _Refund(msgspec.Struct):
    id: str


class _Head(msgspec.Struct, rename="camel"):
    """What leads to the rest of an order; everything else is judged when it is normalised."""

    id: str
    updated_at: str
    refunds: list[_Refund]
    payment_gateway_names: list[str] = msgspec.field(default_factory=list)


class _Transactions(msgspec.Struct):
    transactions: list[Data]


class _Scope(msgspec.Struct):
    handle: str


class _Installation(msgspec.Struct, rename="camel"):
    access_scopes: list[_Scope]


class _Changed(Exception):
    """The order is not what it was when its reading began."""


class ShopifyReader:
    """Shopify's `Reader` role."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def read(self, ref: Ref) -> ReadAnswer:
        """Read an order (also by its return), a customer, a product, both of a merge, or the installation."""
        match ref.kind:
            case "order" | "deleted_order":
                return self._order(ref, global_id("Order", ref.external_id))
            case "return":
                return self._return(ref)
            case "customer":
                return self._customer(ref)
            case "product":
                return self._product(ref)
            case "customer_merge":
                return self._merge(ref)
            case "installation":
                return self._installation(ref)
            case kind:
                raise Invalid(f"Nothing of Shopify's can be read as {kind[:40]!r}.")

    def _order(self, ref: Ref, order_id: str) -> ReadAnswer:
        for _ in range(_TRIES):
            began_at = self._clock()
            data = self._session.ask("order", {"id": order_id})
            order = _root(data, "order")
            try:
                if order is not None:
                    self._complete(order)
            except _Changed:
                continue
            # Also what is merely old is null to an app that may not see it, unless it was said to be gone.
            unsaid = order is None and ref.kind != DELETED_ORDER
            body = OrderBody(
                id=gid(order_id, "Order", "id"),
                shop=data.get("shop"),
                order=order,
                hidden=unsaid and not self._sees_all_orders(),
            )
            return _answer(ref, body, began_at)
        raise Passing("The order keeps changing while it is read.")

    def _complete(self, order: Data) -> None:
        """Fetch what the first answer about an order has no room for; raises _Changed."""
        head = shaped(order, _Head)
        for name, document in _ORDER_LISTS.items():
            self._join(head, order, name, document)
        if len(head.refunds) >= _REFUNDS:
            raise Invalid("The order has more refunds than can be read.")
        refunds: list[Data] = []
        for start in range(0, len(head.refunds), _REFUNDS_AT_ONCE):
            ids = [refund.id for refund in head.refunds[start : start + _REFUNDS_AT_ONCE]]
            data = self._session.ask("refunds", {"order": head.id, "ids": ids})
            _unchanged(head, data)
            found = shaped(data.get("nodes"), list[Data | None])
            refunds.extend(refund for refund in found if refund)
        if [refund.get("id") for refund in refunds] != [refund.id for refund in head.refunds]:
            raise _Changed
        for refund in refunds:
            for name, document in _REFUND_LISTS.items():
                self._join(head, refund, name, document)
        order["refunds"] = refunds
        if names_credit(head.payment_gateway_names):
            order["transactions"] = self._transactions(head)

    def _transactions(self, head: _Head) -> list[Data]:
        data = self._session.ask("order_transactions", {"order": head.id})
        _unchanged(head, data)
        found = shaped(data.get("order"), _Transactions).transactions
        if len(found) >= _TRANSACTIONS:
            raise Invalid("The order has more payments than can be read.")
        return found

    def _join(self, head: _Head, owner: Data, name: str, document: str) -> None:
        """Put all pages of a list into the `nodes` of its first one."""
        page = shaped(owner.get(name), _Page)
        nodes = page.nodes
        for _ in range(_PAGES):
            if not page.page_info.has_next_page:
                owner[name] = {"nodes": nodes}
                return
            asked = {"order": head.id, "id": owner["id"], "after": page.page_info.end_cursor}
            data = self._session.ask(document, asked)
            _unchanged(head, data)
            page = shaped((data.get("owner") or {}).get("page"), _Page)
            nodes.extend(page.nodes)
        raise Invalid(f"The order has more {name} than can be read.")

    def _return(self, ref: Ref) -> ReadAnswer:
        began_at = self._clock()
        found, denied = None, False
        try:
            answer = self._session.ask("return", {"id": global_id("Return", ref.external_id)})
            found = _root(answer, "return")
        except Denied:
            denied = True  # one permission less than could be: no reason to stop calling the shop
        if found is None:
            body = msgspec.json.encode(ReturnBody(id=ref.external_id, denied=denied))
            return ReadAnswer(topic=RETURN_UNKNOWN, body=body, began_at=began_at)
        order = shaped(found, dict[str, Data])["order"]
        number = gid(order.get("id"), "Order", "id of the return's order")
        return self._order(ref, global_id("Order", number))

    def _customer(self, ref: Ref) -> ReadAnswer:
        began_at = self._clock()
        data = self._session.ask("customer", {"id": global_id("Customer", ref.external_id)})
        body = CustomerBody(
            id=ref.external_id, shop=data.get("shop"), customer=_root(data, "customer")
        )
        return _answer(ref, body, began_at)

    def _product(self, ref: Ref) -> ReadAnswer:
        began_at = self._clock()
        body = ProductBody(id=ref.external_id, shop=None, product=None)
        try:
            data = self._session.ask("product", {"id": global_id("Product", ref.external_id)})
        except Denied:
            body.denied = True  # orders are judged without: no reason to stop calling the shop
        else:
            body.shop, body.product = data.get("shop"), _root(data, "product")
        return _answer(ref, body, began_at)

    def _merge(self, ref: Ref) -> ReadAnswer:
        deleted, kept = merged_ids(ref)
        began_at = self._clock()
        data = self._session.ask(
            "customer_merge",
            {"kept": global_id("Customer", kept), "deleted": global_id("Customer", deleted)},
        )
        body = MergeBody(
            kept=kept,
            deleted=deleted,
            shop=data.get("shop"),
            keptCustomer=_root(data, "keptCustomer"),
            deletedCustomer=_root(data, "deletedCustomer"),
        )
        return _answer(ref, body, began_at)

    def _installation(self, ref: Ref) -> ReadAnswer:
        began_at = self._clock()
        body = InstallationBody(installed=False, shop=None, scopes=[])
        try:
            data = self._session.ask("installation")
        except NoAccess:
            return _answer(ref, body, began_at)
        body.installed, body.shop, body.scopes = True, data.get("shop"), _scopes(data)
        return _answer(ref, body, began_at)

    def _sees_all_orders(self) -> bool:
        return ALL_ORDERS in _scopes(self._session.ask("installation"))


def _root(data: Data, name: str) -> Data | None:
    """Return an object that was asked for; only a null that was said means that it is gone."""
    if name not in data:
        raise Passing(f"The shop's answer does not speak of {name}.")
    return None if data[name] is None else shaped(data[name], Data)


def _scopes(data: Data) -> list[str]:
    found = shaped(data.get("currentAppInstallation"), _Installation)
    return [scope.handle for scope in found.access_scopes]


def _unchanged(head: _Head, data: Data) -> None:
    order = data.get("order")
    if order is None or order.get("updatedAt") != head.updated_at:
        raise _Changed


def _answer(ref: Ref, body: msgspec.Struct, began_at: datetime) -> ReadAnswer:
    return ReadAnswer(topic=topic_of(ref), body=msgspec.json.encode(body), began_at=began_at)
