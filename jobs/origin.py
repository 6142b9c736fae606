"""Is a delivery really the store's? Only bodies are signed; the header that names the store is not.

One app's secret may sign for many shops, so a body signed for shop A may be sent again under shop B's
name. Whatever its own content says counts first, then how it was located (DESIGN.md, Security).
"""

from enum import StrEnum

import msgspec

from connectors.base import Origin


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a store. `trusted`: the path names it, or no other store has its secrets."""

    ref: str | None = None
    shop_id: str | None = None
    host: str | None = None
    trusted: bool = True


class Origins(StrEnum):
    """Whose a delivery is."""

    OURS = "ours"
    UNSURE = "unsure"  # nothing in it says so: what it speaks of must be known or read first
    ANOTHER = "another"  # another shop's
    COPY = "copy"  # sent by a copy of the shop, such as a staging site


def judge(known: Known, origin: Origin | None) -> Origins:
    """Say whose a delivery with this origin is."""
    if origin is None:
        return Origins.OURS if known.trusted else Origins.UNSURE
    pairs = [(known.ref, origin.ref), (known.shop_id, origin.shop_id)]
    told = [(ours, theirs) for ours, theirs in pairs if ours is not None and theirs is not None]
    if any(ours == theirs for ours, theirs in told):
        return Origins.OURS
    if told:
        return Origins.ANOTHER
    if origin.host is not None and known.host not in {None, origin.host}:
        return Origins.COPY
    return Origins.OURS if known.trusted else Origins.UNSURE


def learned(known: Known, origin: Origin | None, *, read: bool) -> Known:
    """Return what is known after a delivery of ours.

    An id is believed from an answer of the shop (`read`), and beside the name that we know the shop by:
    platforms sign made-up samples too, and an id learned from one would make the shop a stranger.
    """
    if origin is None:
        return known
    if read:
        return msgspec.structs.replace(known, shop_id=origin.shop_id or known.shop_id)
    named = origin.ref is not None and origin.ref == known.ref
    return msgspec.structs.replace(
        known,
        shop_id=known.shop_id or (origin.shop_id if named else None),
        host=known.host or origin.host,
    )


def name_of(origin: Origin) -> str:
    """Return how people know the shop a body names."""
    return origin.host or origin.ref or f"shop {origin.shop_id}"
