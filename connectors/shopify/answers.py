"""What our own reads store: the shop's answers in an envelope that says what was asked.

The reader writes them, `normalise` reads them back. Objects are as GraphQL gave them (documents/), all
pages joined into the first one's `nodes`. Ids outside of objects are the numeric part of a gid, as text.
"""

from typing import Any

import msgspec

from connectors.base import Ref

DELETED_ORDER = "deleted_order"
"""Kind of a `Ref`: an order that the shop says it has deleted."""

RETURN_UNKNOWN = "read.return"

Object = dict[str, Any] | msgspec.Raw
"""An object of the shop as it came, decoded or not."""


class OrderBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Topic `read.order`. `order` is null when the shop does not know it (any more).

    `hidden` says that it may only be too old for us to see.
    """

    id: str
    shop: Object | None
    order: Object | None
    hidden: bool = False


class ReturnBody(msgspec.Struct, kw_only=True):
    """Topic `read.return`: its order could not be learned. `denied` says that we may not see returns."""

    id: str
    denied: bool


class CustomerBody(msgspec.Struct, kw_only=True):
    """Topic `read.customer`. `customer` is null when the shop does not know it (any more)."""

    id: str
    shop: Object | None
    customer: Object | None


class ProductBody(msgspec.Struct, kw_only=True):
    """Topic `read.product`. `denied` says that we may not see products; else null is one that is gone."""

    id: str
    shop: Object | None
    product: Object | None
    denied: bool = False


class MergeBody(msgspec.Struct, kw_only=True):
    """Topic `read.customer_merge`: both customers of a merge, null where the shop knows none."""

    kept: str
    deleted: str
    shop: Object | None
    keptCustomer: Object | None  # noqa: N815  # as the document names it
    deletedCustomer: Object | None  # noqa: N815  # as the document names it


class InstallationBody(msgspec.Struct, kw_only=True):
    """Topic `read.installation`. `installed` is false when the shop refuses our credentials."""

    installed: bool
    shop: Object | None
    scopes: list[str]


def topic_of(ref: Ref) -> str:
    """Return the topic under which the answer for `ref` is stored; a return is answered by its order."""
    return "read.order" if ref.kind in {"return", DELETED_ORDER} else f"read.{ref.kind}"


def merge_ref(deleted: str, kept: str) -> Ref:
    """Return what to read about a merge."""
    return Ref("customer_merge", f"{deleted}:{kept}")


def merged_ids(ref: Ref) -> tuple[str, str]:
    """Return the ids (deleted, kept) that `merge_ref` was made from."""
    deleted, _, kept = ref.external_id.partition(":")
    return deleted, kept
