"""Which rewards can be had in which shop. Pure."""

from enum import StrEnum

import msgspec

from app.programme.document import Programme
from app.programme.reward import Reward


class Hidden(StrEnum):
    """Why a reward cannot be had in a store."""

    NO_PRODUCT = "no-product"  # the document names no product of that store
    NOT_MADE = "not-made"  # the store makes no such codes, or cannot be called


class Offer(msgspec.Struct, frozen=True):
    """A reward as one store has it: it can be had there unless `hidden` says why not."""

    reward: Reward
    product: str | None  # of a free product: its number in that store
    hidden: Hidden | None


def offers(programme: Programme, store_key: str, makes: frozenset[str]) -> tuple[Offer, ...]:
    """Return every reward as the store has it, in the order of the document.

    `makes` are the kinds of rewards that the store can give now; empty without API keys.
    """
    return tuple(_offer(reward, store_key, makes) for reward in programme.rewards)


def _offer(reward: Reward, store_key: str, makes: frozenset[str]) -> Offer:
    product = next((one.id for one in reward.product if one.store == store_key), None)
    if reward.kind not in makes:
        hidden: Hidden | None = Hidden.NOT_MADE
    elif reward.kind == "free-product" and product is None:
        hidden = Hidden.NO_PRODUCT
    else:
        hidden = None
    return Offer(reward, product, hidden)
