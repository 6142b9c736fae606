"""A product of the shop → an event: what kind of goods it is. It earns nothing itself."""

from app.programme.events import Event, ProductFacts
from connectors.woocommerce import payloads, values

KIND = "product"

_MOST = 1000  # categories or tags; WordPress has no limit


def product_event(product: payloads.Product) -> Event:
    """Return what a product states. Of one with variations, WooCommerce says "on sale" if any is."""
    return Event(
        kind=KIND,
        external_id=values.identifier(product.id, "id"),
        modified_at=values.moment(product.date_modified_gmt, "date_modified_gmt"),
        occurred_at=values.moment(product.date_created_gmt, "date_created_gmt"),
        facts=ProductFacts(
            categories=_slugs(product.categories),
            tags=_slugs(product.tags),
            on_sale=values.truth(product.on_sale),
            removed=product.status == "trash",
        ),
    )


def gone_product(number: str) -> Event:
    """Return the event of a product that the shop does not know (any more)."""
    return Event(kind=KIND, external_id=number, modified_at=None, occurred_at=None, facts=None)


def _slugs(several: payloads.Terms) -> tuple[str, ...]:
    found = (values.text(term.slug, 255) for term in payloads.items(several)[:_MOST])
    return tuple(sorted({slug for slug in found if slug}))
