"""The two make-believe shops of the demo: opened, connected as a merchant would, and looked at."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app import clock
from app.db.engine import Database
from app.services.stores import WEBHOOK_SECRET, Store, add_store
from app.settings import Settings
from connectors.base import Access
from connectors.http import GuardedClient
from connectors.registry import load_connectors
from connectors.shopify import sandbox as shopify_sandbox
from connectors.shopify.sandbox import demo as shopify_story
from connectors.woocommerce import sandbox as woo_sandbox
from connectors.woocommerce.sandbox import demo as woo_story

_WOO_SECRET = "demo-shop-secret"  # noqa: S105 - the published secret of a make-believe shop


@dataclass(frozen=True)
class DemoShop:
    """A connected shop. `name_of` and `shown` tell of a customer by the platform's id."""

    platform: str
    address: str
    store: Store
    story: Callable[[float], Iterator[str]]  # pace in seconds → one sentence per step
    name_of: Callable[[str], str]
    shown: Callable[[str], str]  # the balance that the shop shows
    use: Callable[[str, str], str]  # (customer, code): they buy something with it; says what


def woocommerce(
    database: Database, settings: Settings, programme_id: int, running: woo_sandbox.Running
) -> DemoShop:
    """Connect the WooCommerce shop and have it make its webhooks."""
    keys = {"consumer-key": woo_sandbox.KEY, "consumer-secret": woo_sandbox.SECRET}
    shop = running.sandbox

    def shown(customer: str) -> str:
        return str(shop.meta_of(int(customer)).get("stempel_balance", "nothing yet"))

    def use(customer: str, code: str) -> str:
        product = next(iter(shop.tables.products))
        placed = shop.place_order(
            {product: 1}, customer_id=int(customer), coupons=[code], shipping="12.19"
        )
        return f"pays {placed['total']} zł for order {placed['number']}"

    return DemoShop(
        platform="WooCommerce",
        address=f"{running.url}/",
        store=_connect(
            database,
            settings,
            programme_id,
            platform="woocommerce",
            url=running.url,
            values={WEBHOOK_SECRET: [_WOO_SECRET], **{name: [key] for name, key in keys.items()}},
        ),
        story=lambda pace: woo_story.run_demo(running.url, pace=pace),
        name_of=lambda customer: str(shop.customer(int(customer))["first_name"]),
        shown=shown,
        use=use,
    )


def shopify(
    database: Database, settings: Settings, programme_id: int, running: shopify_sandbox.Running
) -> DemoShop:
    """Connect the Shopify shop and have it make its webhooks."""
    shop = running.sandbox.open_shop(shopify_story.SHOP, currency="PLN")
    secret = shopify_sandbox.CLIENT_SECRET
    points = "stempel:points="

    def shown(customer: str) -> str:
        tags = shop.tags_of(int(customer))
        found = [tag.removeprefix(points) for tag in tags if tag.startswith(points)]
        return found[0] if found else "nothing yet"

    def use(customer: str, code: str) -> str:
        product = next(iter(shop.tables.products))
        placed = shop.place_order(
            {product: 1}, customer_id=int(customer), codes=[code], shipping="12.19"
        )
        return f"pays {placed['total_price']} zł for order {placed['name']}"

    return DemoShop(
        platform="Shopify",
        address=f"{running.url}/{shop.domain}/",
        store=_connect(
            database,
            settings,
            programme_id,
            platform="shopify",
            url=f"https://{shop.domain}",
            ref=shop.domain,
            values={
                WEBHOOK_SECRET: [secret],
                "client-secret": [secret],
                "access-token": [shop.token],
            },
        ),
        story=lambda pace: shopify_story.run_demo(running.url, pace=pace),
        name_of=lambda customer: str(shop.customer(int(customer))["first_name"]),
        shown=shown,
        use=use,
    )


def _connect(
    database: Database,
    settings: Settings,
    programme_id: int,
    *,
    platform: str,
    url: str,
    values: Mapping[str, Sequence[str]],
    ref: str | None = None,
) -> Store:
    with database.transaction() as connection:
        store = add_store(
            connection,
            settings.keyring,
            programme_id=programme_id,
            platform=platform,
            url=url,
            ref=ref,
            values=values,
            now=clock.now(),
            key=f"demo-{platform}",
        )
    access = Access(
        store_key=store.key,
        url=url,
        credentials={name: several[-1] for name, several in values.items()},
        origin=settings.origin_of(platform),
    )
    shop = load_connectors()[platform].connect(access, GuardedClient(allow_private=True))
    try:
        if shop.installer is not None:
            address = f"{settings.public_url}/webhooks/{platform}/{store.key}"
            shop.installer.register(address, values[WEBHOOK_SECRET][-1])
    finally:
        shop.close()
    return store
