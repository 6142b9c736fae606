"""Which rewards can be had in which shop. Pure."""

from enum import StrEnum

import msgspec

from app.programme.document import Programme
from app.programme.reward import Reward


class Hidden(StrEnum):
    """Why a reward cannot be had in a store."""

    NO_PRODUCT = "no-product"  # the document names no product of that store
    NOT_FOR_POINTS = "not-for-points"  # a rule or challenge gives it, nobody can ask for it
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
    if not reward.cost:
        hidden: Hidden | None = Hidden.NOT_FOR_POINTS
    else:
        hidden = why_not_given(reward, store_key, makes)
    return Offer(reward, product_in(reward, store_key), hidden)


def product_in(reward: Reward, store_key: str) -> str | None:
    """Return the number that the free product of a reward has in a store."""
    return next((one.id for one in reward.product if one.store == store_key), None)


def why_not_given(reward: Reward, store_key: str, makes: frozenset[str]) -> Hidden | None:
    """Say why a store cannot give a reward, whatever it costs; None if it can."""
    if reward.kind not in makes:
        return Hidden.NOT_MADE
    if reward.kind == "free-product" and product_in(reward, store_key) is None:
        return Hidden.NO_PRODUCT
    return None
