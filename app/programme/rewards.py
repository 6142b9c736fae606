"""Which rewards can be had in which shop, and why the others cannot. Pure."""

import msgspec

from app.programme.by_hand import BY_HAND
from app.programme.document import Programme
from app.programme.limits import Hidden, Supply, why_not_now
from app.programme.reward import Reward
from app.programme.shop_money import SHOP_MONEY


class Offer(msgspec.Struct, frozen=True):
    """A reward as one store has it: it can be had there unless `hidden` says why not."""

    reward: Reward
    product: str | None  # of a free product: its number in that store
    products: tuple[str, ...]  # of one for certain products: their numbers in that store
    hidden: Hidden | None


def offers(
    programme: Programme, store_key: str, makes: frozenset[str], supply: Supply | None = None
) -> tuple[Offer, ...]:
    """Return every reward as the store has it, in the order of the document.

    `makes` are the kinds of rewards that the store can give now; empty without API keys. Without a
    `supply` no limit of number, time or person is looked at.
    """
    return tuple(
        Offer(
            reward,
            product_in(reward, store_key),
            products_in(reward, store_key),
            why_not_offered(programme, reward, supply) or why_not_given(reward, store_key, makes),
        )
        for reward in programme.rewards
    )


def why_not_offered(programme: Programme, reward: Reward, supply: Supply | None) -> Hidden | None:
    """Say why a reward can be had for points in no store, None if it can in those that can give it."""
    if not reward.cost:
        return Hidden.NOT_FOR_POINTS
    return None if supply is None else why_not_now(reward, programme.timezone, supply)


def product_in(reward: Reward, store_key: str) -> str | None:
    """Return the number that the free product of a reward has in a store."""
    return next((one.id for one in reward.product if one.store == store_key), None)


def products_in(reward: Reward, store_key: str) -> tuple[str, ...]:
    """Return the numbers that the products have in a store which a reward is for alone."""
    named = () if reward.lines is None else reward.lines.products
    return tuple(one.id for one in named if one.store == store_key)


def has_price_duty(reward: Reward) -> bool:
    """Say whether a reward lowers the price of goods that the seller chose.

    Then the lowest price of the 30 days before belongs beside the lowered one (directive 98/6/EC, article
    6a), although the reward is for members only; not so where members choose the goods.
    """
    return reward.kind in {"percent", "fixed"} and reward.lines is not None


def why_not_given(reward: Reward, store_key: str, makes: frozenset[str]) -> Hidden | None:
    """Say why a store cannot give a reward, whatever it costs; None if it can."""
    if reward.kind not in makes:
        callable_store = not makes <= BY_HAND
        return Hidden.NO_MONEY if reward.kind in SHOP_MONEY and callable_store else Hidden.NOT_MADE
    if reward.kind == "free-product" and product_in(reward, store_key) is None:
        return Hidden.NO_PRODUCT
    if reward.lines is not None and not products_in(reward, store_key):
        return Hidden.NO_PRODUCT
    return None
