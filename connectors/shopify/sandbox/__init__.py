"""A small Shopify for demo, tests and benchmarks: a real HTTP server with the real one's traps.

    sandbox = Sandbox()
    kawa = sandbox.open_shop("kawa", currency="PLN")   # kawa.myshopify.com, its token: kawa.token
    mug = kawa.add_product("Mug", "49.99")
    with serve(sandbox) as running:                     # SHOPIFY_ORIGIN: running.origin
        kawa.add_webhook("orders/paid", "http://127.0.0.1:8000/hook")
        anna = kawa.create_customer("anna@example.com", "Anna", verified=True)
        kawa.place_order({mug["id"]: 2}, customer_id=anna["id"])
        kawa.run_queue()
        kawa.faults.add("429", retry_after="2", operation="TagsAdd")

It executes GraphQL against the official schema. What it does is taken from Shopify's documentation and
from bodies that were seen; a field that it does not imitate is an error that says so.
"""

from connectors.shopify.sandbox.execute import SCHEMA_FILE, schema
from connectors.shopify.sandbox.faults import Fault
from connectors.shopify.sandbox.server import Running, serve
from connectors.shopify.sandbox.shop import Shop
from connectors.shopify.sandbox.shops import CLIENT_ID, CLIENT_SECRET, SCOPES, Sandbox
from connectors.shopify.sandbox.state import SandboxError, Sent, Settings

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "SCHEMA_FILE",
    "SCOPES",
    "Fault",
    "Running",
    "Sandbox",
    "SandboxError",
    "Sent",
    "Settings",
    "Shop",
    "schema",
    "serve",
]
