"""The way an order came, in words that mean the same on every platform.

Each platform has its own words, and changes them: Shopify's subscription renewals were renamed once,
and loyalty rules that listed the old word stopped paying. So several words of theirs have one of ours,
and a word that nobody knows stands for itself (Shopify names other apps by their number).
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from app.errors import ConfigError
from app.programme.reading import wrong

MOST_CHANNELS = 50

# Shopify: source_name. https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order
# WooCommerce: created_via. No word means different things on the two.
_WORDS = {
    "checkout": "web",  # the classic checkout of WooCommerce
    "store-api": "web",  # the block checkout of WooCommerce
    "iphone": "mobile",
    "android": "mobile",
    "subscription_contract": "subscription",
    "subscription_contract_checkout_one": "subscription",
    "shopify_draft_order": "admin",  # written by staff, as WooCommerce's "admin"
    "rest-api": "api",
}

Channel = Annotated[
    str,
    Meta(
        pattern=r"\A(?=\S)[^\x00-\x1f\x7f]{1,64}(?<=\S)\Z",
        description='a way that orders come, as "web", "pos", "mobile", "subscription", "admin", '
        '"api" or the shop\'s own word',
    ),
]


def check_channels(path: str, channels: Sequence[str], others: Sequence[str]) -> None:
    """Refuse ways that exclude each other, and more than any shop has. Raises ConfigError."""
    if channels and others:
        raise ConfigError(f"{path}: channels and not_channels exclude each other")
    for name, several in (("channels", channels), ("not_channels", others)):
        if len(several) > MOST_CHANNELS:
            raise wrong(f"{path}.{name}", len(several), f"at most {MOST_CHANNELS} of them")


def channel_of(told: str | None) -> str:
    """Return the stable word for a platform's own; "" where the shop does not say."""
    word = (told or "").strip().casefold()
    return _WORDS.get(word, word)


def comes_through(told: str | None, channels: Sequence[str], others: Sequence[str]) -> bool:
    """Say whether an order came through one of `channels` (if any are named) and none of `others`.

    The shop's own words may be named too. An order that came nobody knows how is through none.
    """
    if not channels and not others:
        return True
    channel = channel_of(told)
    if channels:
        return channel in map(channel_of, channels)
    return channel not in map(channel_of, others)
