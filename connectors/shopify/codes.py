"""Makes discount codes, looks at them and ends them.

Shopify has no idempotency key for discounts: a code that is TAKEN is looked up, and known as ours by its
tag. So every document here may be sent twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from app.errors import Invalid, Passing
from connectors.rewards import CodeShown, Discount, Made, MadeCode
from connectors.shopify import code_documents
from connectors.shopify.client import WRITE_SECONDS, Data, Session, shaped
from connectors.shopify.code_answers import (
    FOR_EVER,
    Created,
    Currency,
    Node,
    Payload,
    Product,
    said,
)
from connectors.shopify.code_inputs import (
    Creation,
    bears,
    creation_of,
    needs_currency,
    product_of,
)
from connectors.shopify.gids import global_id
from connectors.shopify.refusals import Denied
from connectors.shopify.values import gid

_BATCH = 25
_NODE = "DiscountCodeNode"
_TAKEN = "TAKEN"


class _Unseen(Exception):
    """The shop does not show us what must be known to make a code."""


class ShopifyCodes:
    """Shopify's `Codes` role.

    How often a code was used is counted there some time after the order: for a short while a used one
    looks as if it were not. The order itself tells.
    """

    batch_size = _BATCH

    def __init__(self, session: Session) -> None:
        self._session = session
        self._currency: str | None = None

    def make(self, wanted: Sequence[Discount]) -> Sequence[Made]:
        """Make the codes in one call; those that are taken are looked up in a second one."""
        made: dict[int, Made] = {}
        creations: dict[int, Creation] = {}
        prices = self._prices(wanted)
        for place, discount in enumerate(wanted):
            try:
                creations[place] = self._creation(discount, prices)
            except Invalid as error:
                made[place] = _never(discount, str(error))
            except _Unseen as error:
                made[place] = Made(reference=discount.reference, error=str(error))
        for place, answer in self._create(creations).items():
            made[place] = _result(wanted[place], creations[place], answer)
        taken = [place for place, one in made.items() if one.taken]
        made |= zip(taken, self._taken([wanted[place] for place in taken]), strict=True)
        return [made[place] for place in range(len(wanted))]

    def look(self, codes: Sequence[MadeCode]) -> Sequence[CodeShown]:
        """Say how the codes are now."""
        found = self._found(codes)
        return [_shown(code, nodes) for code, nodes in zip(codes, found, strict=True)]

    def end(self, codes: Sequence[MadeCode]) -> Sequence[CodeShown]:
        """Delete the codes: nobody in the shop can make a deleted one work again.

        What is said of them is what is found afterwards.
        """
        before = self._found(codes)
        shown = [_shown(code, nodes) for code, nodes in zip(codes, before, strict=True)]
        doomed = [
            place
            for place, (code, nodes) in enumerate(zip(codes, before, strict=True))
            if nodes and _uses(nodes) <= code.spent
        ]
        if not doomed:
            return shown
        refused = self._delete([node.id for place in doomed for node in before[place]])
        after = self._found([codes[place] for place in doomed])
        for place, nodes in zip(doomed, after, strict=True):
            # A deleted one tells its uses no more.
            uses = max(_uses(before[place]), _uses(nodes))
            reason = next((refused[node.id] for node in nodes if node.id in refused), None)
            shown[place] = msgspec.structs.replace(
                _shown(codes[place], nodes),
                id=shown[place].id,
                uses=uses,
                error=reason,
            )
        return shown

    # --- making ------------------------------------------------------------------------------------

    def _creation(self, discount: Discount, prices: Mapping[str, Decimal] | None) -> Creation:
        price = None
        product = product_of(discount)
        if product is not None:
            if prices is None:
                raise _Unseen(
                    "The app may not see what the product costs: it lacks the permission read_products."
                )
            price = prices.get(product)
        currency = self._shop_currency() if needs_currency(discount) else None
        return creation_of(discount, currency=currency, price=price)

    def _create(self, creations: Mapping[int, Creation]) -> dict[int, Created | Invalid]:
        """Make discounts; what spoils the whole call is traced to the one that it lies in."""
        places = list(creations)
        if not places:
            return {}
        text, variables = code_documents.making(list(creations.values()))
        points = code_documents.POINTS_TO_WRITE * len(places)
        try:
            data = self._session.run(text, variables, points=points, seconds=WRITE_SECONDS)
        except Invalid as error:
            if len(places) == 1:
                return {places[0]: error}
            half = len(places) // 2
            return {
                place: answer
                for part in (places[:half], places[half:])
                for place, answer in self._create({it: creations[it] for it in part}).items()
            }
        return {
            place: shaped(data.get(code_documents.alias(number)), Created)
            for number, place in enumerate(places)
        }

    def _taken(self, wanted: Sequence[Discount]) -> list[Made]:
        """Say whose the codes are that the shop has already."""
        codes = [MadeCode(reference=one.reference, code=one.code) for one in wanted]
        data = self._looked_up(codes)
        results = []
        for number, one in enumerate(wanted):
            node = _node(data, code_documents.alias(number))
            if node is None:
                # Deleted a moment ago, or not to be seen yet.
                error = "the shop has such a code and does not show it"
                results.append(Made(reference=one.reference, error=error))
            elif bears(node.code_discount.tags, one.reference):
                results.append(Made(reference=one.reference, id=gid(node.id, _NODE, "id")))
            else:
                results.append(Made(reference=one.reference, error="the code is taken", taken=True))
        return results

    def _shop_currency(self) -> str:
        if self._currency is None:
            shop = shaped(self._session.ask("shop_currency").get("shop"), Currency)
            self._currency = shop.currency_code
        return self._currency

    def _prices(self, wanted: Iterable[Discount]) -> dict[str, Decimal] | None:
        """Return what the free products cost, without those that there are not; None if we may not see."""
        ids: list[str] = []
        for one in wanted:
            try:
                product = product_of(one)
            except Invalid:
                continue  # said when its own turn comes
            if product is not None and product not in ids:
                ids.append(product)
        if not ids:
            return {}
        try:
            data = self._session.ask("product_prices", {"ids": ids})
        except Denied:
            # One permission less than could be: the other kinds can be made all the same.
            return None
        nodes = shaped(data.get("nodes"), list[Product | None])
        return {node.id: node.dearest for node in nodes if node is not None}

    # --- looking and ending ------------------------------------------------------------------------

    def _found(self, codes: Sequence[MadeCode]) -> list[list[Node]]:
        """Return for each code the discounts that are ours: the one we know, and one that bears our tag.

        There may be two where somebody in the shop renamed or copied a code.
        """
        if not codes:
            return []
        known = {
            place: global_id(_NODE, code.id)
            for place, code in enumerate(codes)
            if code.id is not None
        }
        data = self._looked_up(codes, list(known.values()))
        by_id = _nodes(data, list(known.values()))
        found = []
        for place, code in enumerate(codes):
            node = by_id.get(known.get(place, ""))
            named = _node(data, code_documents.alias(place))
            ours = [] if node is None else [node]
            if (
                named is not None
                and bears(named.code_discount.tags, code.reference)
                and (node is None or node.id != named.id)
            ):
                ours.append(named)
            found.append(ours)
        return found

    def _looked_up(self, codes: Sequence[MadeCode], ids: Sequence[str] = ()) -> Data:
        if not codes:
            return {}
        text, variables = code_documents.looking([code.code for code in codes], ids)
        points = code_documents.POINTS_TO_LOOK * len(codes)
        return self._session.run(text, variables, points=points)

    def _delete(self, ids: Sequence[str]) -> dict[str, str]:
        """Delete discounts; return what the shop refuses to, and why."""
        text, variables = code_documents.deleting(ids)
        points = code_documents.POINTS_TO_WRITE * len(ids)
        data = self._session.run(text, variables, points=points, seconds=WRITE_SECONDS)
        refused = {}
        for number, one in enumerate(ids):
            payload = shaped(data.get(code_documents.alias(number)), Payload)
            if payload.user_errors:
                refused[one] = said("discountCodeDelete", payload.user_errors)
        return refused


def _result(discount: Discount, creation: Creation, answer: Created | Invalid) -> Made:
    if isinstance(answer, Invalid):
        return _never(discount, f"{creation.field}: {answer}")
    if answer.code_discount_node is not None:
        number = gid(answer.code_discount_node.id, _NODE, "id of the discount")
        return Made(reference=discount.reference, id=number)
    codes = {error.code for error in answer.user_errors}
    return Made(
        reference=discount.reference,
        error=said(creation.field, answer.user_errors),
        taken=_TAKEN in codes,
        never=_TAKEN not in codes and bool(codes & FOR_EVER),
    )


def _never(discount: Discount, reason: str) -> Made:
    return Made(reference=discount.reference, error=reason, never=True)


def _shown(code: MadeCode, nodes: Sequence[Node]) -> CodeShown:
    if not nodes:
        return CodeShown(reference=code.reference, id=code.id)
    first = next((node for node in nodes if node.usable), nodes[0])
    return CodeShown(
        reference=code.reference,
        id=gid(first.id, _NODE, "id of the discount"),
        exists=True,
        usable=first.usable,
        uses=_uses(nodes),
    )


def _uses(nodes: Sequence[Node]) -> int:
    return sum(node.code_discount.async_usage_count for node in nodes)


def _node(data: Data, name: str) -> Node | None:
    """Return what was found under a name; only a null that was said means that there is none."""
    if name not in data:
        raise Passing(f"The shop's answer does not speak of {name}.")
    return shaped(data[name], Node | None)  # type: ignore[arg-type]  # a union is a shape too


def _nodes(data: Data, wanted: Sequence[str]) -> dict[str, Node]:
    if not wanted:
        return {}
    nodes: list[Any] = shaped(data.get("nodes"), list[Node | None])
    if len(nodes) != len(wanted) or any(
        node is not None and node.id != one for node, one in zip(nodes, wanted, strict=True)
    ):
        raise Passing("The shop's answer speaks of other discounts than were asked for.")
    return {node.id: node for node in nodes if node is not None}
