"""A product of the shop, as our own read shows it → an event: what kind of goods it is."""

from app.programme.events import Event, ProductFacts
from connectors import texts
from connectors.shopify import graphql_payloads, values

KIND = "product"


def product_event(product: graphql_payloads.Product) -> Event:
    """Return what a product states: collections are its categories.

    It is on sale if any variant costs less than it is compared to.
    """
    collections = (texts.short(one.handle, 255) for one in product.collections.nodes)
    tags = (texts.short(tag, 255) for tag in product.tags)
    return Event(
        kind=KIND,
        external_id=values.gid(product.id, "Product", "id"),
        modified_at=values.moment(product.updated_at, "updatedAt"),
        occurred_at=values.moment(product.created_at, "createdAt"),
        facts=ProductFacts(
            categories=tuple(sorted({one for one in collections if one})),
            tags=tuple(sorted({one for one in tags if one})),
            on_sale=any(
                one.compare_at_price is not None and one.compare_at_price > one.price
                for one in product.variants.nodes
            ),
        ),
    )


def gone_product(number: str) -> Event:
    """Return the event of a product that the shop does not know (any more)."""
    return Event(kind=KIND, external_id=number, modified_at=None, occurred_at=None, facts=None)
