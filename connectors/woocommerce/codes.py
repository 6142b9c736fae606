"""Makes discount codes in the shop, looks at them and ends them.

A coupon is ours only if its metadata has our reference, or if it has both the id and the code that we
know. One that the merchant made under the code, or that has its id after the shop was restored from a copy,
is not, and the code counts as not existing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeGuard, TypeVar

import msgspec

from app.clock import Clock
from app.errors import Invalid, Passing
from connectors.rewards import CodeShown, Discount, Made, MadeCode
from connectors.woocommerce import coupons, payloads, values
from connectors.woocommerce.client import PER_PAGE, Session
from connectors.woocommerce.coupons import Coupon, Person, Product, Unfit

COUPON_GONE = frozenset({"woocommerce_rest_shop_coupon_invalid_id"})

_BATCH = 100  # WooCommerce answers 413 to more
_TAKEN = "woocommerce_rest_coupon_code_already_exists"
# What the shop will say again however often it is asked.
_NEVER = ("rest_invalid_param", "coupon_invalid_", "woocommerce_rest_empty_coupon_code")
_FEW = 3  # more codes than these are looked for among the newest coupons first
_TROUBLES = 2  # calls that fail before the codes that are left wait for another time
_TWINS = 3  # how often a code is deleted that comes up again under the same name
_FIELDS = ",".join(Coupon.__struct_fields__)


class _Identified(Protocol):
    id: values.Number


K = TypeVar("K", bound=_Identified)
T = TypeVar("T")

Seen = Coupon | str | None
"""A coupon, None where the shop has none, or the sentence why that is not known."""


class _Item(msgspec.Struct):
    """One coupon in the answer to a batch, or what went wrong with it."""

    id: values.Number = None
    error: payloads.RestError | None = None


class _Batch(msgspec.Struct):
    create: list[msgspec.Raw] = []
    delete: list[msgspec.Raw] = []


class _Currency(msgspec.Struct):
    code: str


class WooCodes:
    """WooCommerce's `Codes` role."""

    batch_size = _BATCH

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._currency: str | None = None

    def make(self, wanted: Sequence[Discount]) -> Sequence[Made]:
        """Make the codes in one call; one that is there with our reference counts as made."""
        done: dict[str, Made] = {}
        documents: dict[str, dict[str, Any]] = {}
        for reference, document in self._planned(wanted):
            if isinstance(document, str):
                done[reference] = Made(reference=reference, error=document, never=True)
            else:
                documents[reference] = document
        if documents:
            done.update(self._created(documents))
        return [done[one.reference] for one in wanted]

    def look(self, codes: Sequence[MadeCode]) -> Sequence[CodeShown]:
        """Say how the codes are now; one in the trash or unpublished is there and not usable."""
        found = self._found(codes)
        return [self._shown(one.reference, found[one.reference]) for one in codes]

    def end(self, codes: Sequence[MadeCode]) -> Sequence[CodeShown]:
        """Delete the codes for good, in the trash too: out of there they could come back.

        An order may use a code at the same moment: then the deleted coupon shows it, and `uses` says so.
        """
        done: dict[str, CodeShown] = {}
        waiting = {one.reference: one for one in codes}
        found = self._found(codes)
        for _ in range(_TWINS):
            doomed: dict[str, Coupon] = {}
            for reference, coupon in found.items():
                if isinstance(coupon, Coupon) and coupon.uses <= waiting[reference].spent:
                    doomed[reference] = coupon
                else:
                    done[reference] = self._shown(reference, coupon)
            if not doomed:
                break
            done |= {
                reference: shown
                for reference, shown in self._deleted(doomed).items()
                if shown.error or (shown.uses or 0) > waiting[reference].spent
            }
            # Two calls at the same moment can make a code twice; the one left behind works from now on.
            found = self._ours({r: waiting[r].code for r in doomed if r not in done})
        for reference in waiting.keys() - done.keys():
            done[reference] = CodeShown(reference=reference, error="The shop still has this code.")
        return [done[one.reference] for one in codes]

    # --- making ------------------------------------------------------------------------------

    def _planned(self, wanted: Sequence[Discount]) -> Iterator[tuple[str, dict[str, Any] | str]]:
        """Yield a coupon for each reference, or the sentence why it can never be made."""
        people = self._included(
            "customers",
            {one.customer for one in wanted},
            _person,
            role="all",
            _fields="id,email,billing",
        )  # without the role, it lists customers and no other users
        given = {one.product for one in wanted if one.kind == "free-product"}
        given |= {product for one in wanted for product in one.products}
        products = self._included("products", given, _product, _fields="id,status")
        for one in wanted:
            try:
                self._check_money(one)
                if one.kind == "free-product":
                    _check_product(coupons.product_of(one), products)
                if one.products:
                    _check_products(coupons.products_of(one), products)
                yield one.reference, coupons.asked(one, _emails(one, people))
            except Unfit as unfit:
                yield one.reference, str(unfit)

    def _check_money(self, one: Discount) -> None:
        """Refuse another currency: whatever we mean, a coupon's amounts are in the shop's own."""
        if one.kind != "fixed" and one.minimum is None:
            return
        if self._currency is None:
            body = self._session.get("data/currencies/current")
            self._currency = _read(body, _Currency, "the shop's currency").code
        if one.currency != self._currency:
            raise Unfit(
                f"The reward is in {values.text(one.currency, 3)}, and the shop's currency is "
                f"{values.text(self._currency, 3)}."
            )

    def _created(self, documents: Mapping[str, dict[str, Any]]) -> dict[str, Made]:
        answered = self._batch({"create": list(documents.values())}).create
        if len(answered) != len(documents):
            raise Passing("The shop's answer to a batch of coupons does not speak of all of them.")
        done: dict[str, Made] = {}
        there: dict[str, str] = {}
        # In the order in which they were sent; an item with an error has no id that could be trusted.
        for reference, raw in zip(documents, answered, strict=True):
            item = _read(raw, _Item, "a coupon of the batch")
            if item.error is None:
                done[reference] = _made(reference, documents[reference], _coupon(raw))
            elif item.error.code == _TAKEN:
                there[reference] = documents[reference]["code"]
            else:
                done[reference] = _refused(reference, str(item.error.code))
        # Made by a call whose answer was lost, or the merchant's.
        for reference, coupon in self._by_code(there).items():
            done[reference] = _adopted(reference, documents[reference], coupon)
        return done

    # --- looking -----------------------------------------------------------------------------

    def _shown(self, reference: str, coupon: Seen) -> CodeShown:
        if coupon is None:
            return CodeShown(reference=reference)
        if isinstance(coupon, str):
            return CodeShown(reference=reference, error=coupon)
        return CodeShown(
            reference=reference,
            id=coupon.key,
            exists=True,
            usable=coupon.usable(self._clock()),
            uses=coupon.uses,
        )

    def _found(self, codes: Sequence[MadeCode]) -> dict[str, Seen]:
        """Find our coupons by id, in the trash too; those whose id is unknown or not ours, by code."""
        listed = self._included("coupons", {one.id for one in codes}, _coupon, _fields=_FIELDS)
        found: dict[str, Seen] = {one.reference: listed.get(one.id or "") for one in codes}
        # What is not published is not listed.
        hidden = {
            r: one.id for one in codes if found[r := one.reference] is None and _is_id(one.id)
        }
        found.update(_each(hidden, self._by_id))
        for one in codes:
            # Under our id and our code it is ours even if somebody took our reference away.
            coupon = found[one.reference]
            if isinstance(coupon, Coupon) and not coupon.is_called(one.code):
                found[one.reference] = _if_ours(one.reference, coupon)
        missing = {r: one.code for one in codes if found[r := one.reference] is None}
        return {**found, **self._ours(missing)}

    def _ours(self, codes: Mapping[str, str]) -> dict[str, Seen]:
        found = self._by_code(codes)
        return {reference: _if_ours(reference, coupon) for reference, coupon in found.items()}

    def _by_code(self, codes: Mapping[str, str]) -> dict[str, Seen]:
        """Find whoever's coupons of these codes, by reference; what is not published is not found."""
        # Codes are mostly looked for because the answer to making them was lost: they are new.
        known = self._newest() if len(codes) > _FEW else {}
        found: dict[str, Seen] = {r: known.get(code.lower()) for r, code in codes.items()}
        return found | _each({r: codes[r] for r in codes if found[r] is None}, self._one_by_code)

    def _newest(self) -> dict[str, Coupon]:
        query = {"orderby": "id", "order": "desc", "per_page": str(PER_PAGE)}
        known: dict[str, Coupon] = {}
        for raw in self._list("coupons", {**query, "_fields": _FIELDS}):
            try:
                coupon = _coupon(raw)
            except Passing:
                continue  # most are the merchant's, with whatever a plugin made of them
            known.setdefault(str(coupon.code).lower(), coupon)
        return known

    def _one_by_code(self, code: str) -> Coupon | None:
        listed = map(_coupon, self._list("coupons", {"code": code, "_fields": _FIELDS}))
        return next((one for one in listed if str(one.code).lower() == code.lower()), None)

    def _by_id(self, number: str) -> Coupon | None:
        """Read one coupon, in whatever status."""
        body = self._session.get_known(f"coupons/{number}", COUPON_GONE, {"_fields": _FIELDS})
        return None if body is None else _coupon(body)

    def _included(
        self, path: str, numbers: set[str | None], read: Callable[[msgspec.Raw], K], **query: str
    ) -> dict[str, K]:
        """Read those objects of a list that have one of these ids, by id."""
        wanted = sorted(filter(_is_id, numbers))
        if not wanted:
            return {}
        query |= {"include": ",".join(wanted), "per_page": str(PER_PAGE)}
        return {_number(one.id): one for one in map(read, self._list(path, query))}

    def _list(self, path: str, query: Mapping[str, str]) -> list[msgspec.Raw]:
        return _read(self._session.get(path, query), list[msgspec.Raw], f"the shop's {path}")

    # --- ending ------------------------------------------------------------------------------

    def _deleted(self, doomed: Mapping[str, Coupon]) -> dict[str, CodeShown]:
        """Delete these coupons, and say how each was at that moment."""
        sent = [int(coupon.key) for coupon in doomed.values()]
        answered: dict[str, msgspec.Raw] = {}
        for raw in self._batch({"delete": sent}).delete:
            answered[_number(_read(raw, _Item, "a coupon of the batch").id)] = raw
        return {
            reference: _gone(reference, answered.get(coupon.key))
            for reference, coupon in doomed.items()
        }

    def _batch(self, document: dict[str, Any]) -> _Batch:
        body = self._session.send("POST", "coupons/batch", document)
        return _read(body, _Batch, "the answer to a batch")


def _emails(one: Discount, people: Mapping[str, Person]) -> Sequence[str]:
    if one.customer is None:
        return [one.email] if one.email else []
    person = people.get(one.customer)
    if person is None:
        raise Unfit("The shop has no such customer (any more).")
    return person.emails


def _check_product(number: str, products: Mapping[str, Product]) -> None:
    """Refuse what the shop would take: a code for a product that nobody can buy."""
    product = products.get(number)
    if product is None or product.status != "publish":
        raise Unfit(f"The shop has no published product with the id {number}.")


def _check_products(numbers: Sequence[int], products: Mapping[str, Product]) -> None:
    """Refuse a code for nothing that anybody could buy."""
    for number in numbers:
        product = products.get(str(number))
        if product is not None and product.status == "publish":
            return
    raise Unfit("The shop has published none of the products that this reward is for.")


def _made(reference: str, document: dict[str, Any], coupon: Coupon) -> Made:
    """Accept a coupon that is as it was asked for; any other would not be what the points paid."""
    try:
        other = coupons.unlike(document, coupon)
    except Invalid as error:
        return Made(reference=reference, error=str(error))
    if other is None:
        return Made(reference=reference, id=coupon.key)
    return Made(
        reference=reference,
        error=f"The shop has this code with another {other} than was asked for.",
        never=True,
    )


def _adopted(reference: str, document: dict[str, Any], coupon: Seen) -> Made:
    match coupon:
        case None:
            error = "The shop said that it had this code, and then that it had not."
            return Made(reference=reference, error=error)
        case str():
            return Made(reference=reference, error=coupon)
        case Coupon() if coupon.refers_to(reference):
            return _made(reference, document, coupon)
    return Made(reference=reference, error="The shop has a code of this name.", taken=True)


def _refused(reference: str, code: str) -> Made:
    word = values.text(code, 80) or "an error without a code"
    error = f"The shop does not make this code ({word})."
    return Made(reference=reference, error=error, never=code.startswith(_NEVER))


def _gone(reference: str, raw: msgspec.Raw | None) -> CodeShown:
    if raw is None:
        return CodeShown(
            reference=reference, error="The shop's answer does not speak of this code."
        )
    item = _read(raw, _Item, "a coupon of the batch")
    if item.error is None:
        return CodeShown(reference=reference, uses=_coupon(raw).uses)
    code = values.text(str(item.error.code), 80) or "an error without a code"
    if code in COUPON_GONE:
        return CodeShown(reference=reference)
    return CodeShown(reference=reference, error=f"The shop does not delete this code ({code}).")


def _if_ours(reference: str, coupon: Seen) -> Seen:
    return None if isinstance(coupon, Coupon) and not coupon.refers_to(reference) else coupon


def _each(asked: Mapping[str, str], ask: Callable[[str], Coupon | None]) -> dict[str, Seen]:
    """Ask for one after another; what fails says so by itself, so that each try gets further."""
    found: dict[str, Seen] = {}
    troubles, told = 0, ""
    for reference, what in asked.items():
        if troubles >= _TROUBLES:
            found[reference] = told
            continue
        try:
            found[reference] = ask(what)
        except Passing as error:
            found[reference] = told = str(error)
            # A shop that says when to come back is not asked again before.
            troubles += _TROUBLES if error.retry_after else 1
    return found


def _coupon(raw: bytes | msgspec.Raw) -> Coupon:
    """Decode a coupon with all that is counted on later."""
    coupon = _read(raw, Coupon, "a coupon of the shop")
    try:
        coupon.check()
    except Invalid as error:
        raise Passing(str(error)) from error
    return coupon


def _person(raw: msgspec.Raw) -> Person:
    return _read(raw, Person, "a customer of the shop")


def _product(raw: msgspec.Raw) -> Product:
    return _read(raw, Product, "a product of the shop")


def _is_id(text: str | None) -> TypeGuard[str]:
    return text is not None and text.isascii() and text.isdecimal()


def _number(value: values.Number) -> str:
    try:
        return values.identifier(value, "an id in the shop's answer")
    except Invalid as error:
        raise Passing(str(error)) from error


def _read(body: bytes | msgspec.Raw, kind: type[T], what: str) -> T:
    """Decode what the shop answered to us: what is not as asked may be a cache, and is asked again."""
    try:
        return payloads.decode(body, kind, what)
    except Invalid as error:
        raise Passing(str(error)) from error
