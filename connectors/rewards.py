"""The part of the contract that is about rewards: discount codes, gift cards, store credit.

Plain data in and out, as in `connectors.base`; a trouble of one of them is in its result.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

import msgspec

from app.programme.shop_money import MoneyKind

DiscountKind = Literal["percent", "fixed", "free-delivery", "free-product"]
RewardKind = DiscountKind | MoneyKind


class Discount(msgspec.Struct, frozen=True, kw_only=True):
    """A discount code to be made: for one person, for one use.

    `reference` is ours and unique: the shop keeps it beside the code, so that a code made by a call
    whose answer was lost is known again. `customer` is the platform's id; a person without an account in
    the shop has `email` only. Amounts (`value` of "fixed", `minimum`) are in `currency`, `value` of
    "percent" is above 0 and up to 100. Without `ends_at` the code never ends.
    """

    reference: str
    code: str
    title: str
    kind: DiscountKind
    value: Decimal | None = None
    currency: str
    product: str | None = None  # of "free-product": which it is
    products: tuple[str, ...] = ()  # that "percent" and "fixed" are off; none named: all goods
    minimum: Decimal | None = None  # the least that the goods of the order must cost
    combinable: bool = False  # with other discounts
    customer: str | None = None
    email: str | None = None
    starts_at: datetime
    ends_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Discount({self.reference})"


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The result of making one code: `id` is the platform's; without one there is none, and `error` why.

    `taken`: the shop has such a code that is not ours, another one must be drawn. `never`: asking again
    cannot help (the product or the customer is not there). Of store credit also: `undone`, no call until
    now has made any, and `held`, nobody but a person can tell whether one has.
    """

    reference: str
    id: str | None = None
    error: str | None = None
    taken: bool = False
    never: bool = False
    undone: bool = False
    held: bool = False


class MadeCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code that was made, or may have been: then `id` is None.

    `spent` is how many of its uses are known not to count (of orders that were cancelled).
    """

    reference: str
    code: str
    id: str | None = None
    spent: int = 0


class CodeShown(msgspec.Struct, frozen=True, kw_only=True):
    """What the shop says about one code of ours.

    `exists`: the shop has it, if only in a trash. `usable`: somebody can still use it, now
    or later. `uses`: how often it was used (of money: 1 as soon as any of it was spent), None if the shop
    does not tell. With an `error` nothing is known; `held`: and nobody but a person can find out.
    """

    reference: str
    id: str | None = None
    exists: bool = False
    usable: bool = False
    uses: int | None = None
    error: str | None = None
    held: bool = False


class Credit(msgspec.Struct, frozen=True, kw_only=True):
    """Money to pay with in the shop: a gift card, or store credit on a customer's account.

    To be given, or given already: then `id` is the platform's, if it is known. `reference` is ours and
    unique. `code` is of a gift card only. `created_at` is when the member took it: nothing that is older
    can be it. `tried_at`: when the last call began of which we do not know what it did; None: there is
    none. `claimed`: what is known to be another one's of the same customer (platform's ids); of one that
    was given, only what stands of these.
    """

    reference: str
    kind: MoneyKind
    title: str
    value: Decimal
    currency: str
    customer: str | None
    code: str | None = None
    id: str | None = None
    created_at: datetime
    ends_at: datetime | None = None
    tried_at: datetime | None = None
    claimed: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Credit({self.reference})"


class Codes(Protocol):
    """Makes discount codes and ends them. Each act may be done twice without harm.

    A trouble of one code is in its result; of the whole call, it is raised as anywhere. A call whose
    answer was lost may have taken effect: the same call again must find out.
    """

    batch_size: int

    def make(self, wanted: Sequence[Discount]) -> Sequence[Made]:
        """Make up to `batch_size` codes; one that is there with our reference counts as made."""

    def look(self, codes: Sequence[MadeCode]) -> Sequence[CodeShown]:
        """Say how up to `batch_size` codes are now."""

    def end(self, codes: Sequence[MadeCode]) -> Sequence[CodeShown]:
        """Make sure that the codes cannot be used (any more), and say how they are then.

        One that was used more often than its `spent` uses is left as it is.
        """


class Credits(Protocol):
    """Gives gift cards and store credit, and takes back what nobody has spent any of.

    As `Codes`. Where a platform has nothing by which a call that is made twice gives once, it must look
    for what an earlier call did before it gives, and leave to a person what cannot be told (`held`).
    """

    batch_size: int

    def give(self, wanted: Sequence[Credit]) -> Sequence[Made]:
        """Give it, each once."""

    def look(self, given: Sequence[Credit]) -> Sequence[CodeShown]:
        """Say how it stands."""

    def end(self, given: Sequence[Credit]) -> Sequence[CodeShown]:
        """Take back what is whole, and say how it stands then; what was spent in part is left as it is."""
