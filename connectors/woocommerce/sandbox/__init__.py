"""A small WooCommerce for demo, tests and benchmarks: a real HTTP server with the real one's traps.

    shop = Sandbox()
    mug = shop.add_product("Mug", "49.99")
    with serve(shop) as running:            # keys: KEY, SECRET; OAuth1 on plain http
        shop.add_webhook("order.updated", "http://127.0.0.1:8000/hook", "secret")
        shop.place_order({mug["id"]: 2}, email="ola@example.pl")
        shop.run_queue()
        shop.faults.add("429", retry_after="2")

What it does was measured on real shops; behaviour that was not seen is not imitated.
"""

from connectors.woocommerce.sandbox.errors import RestError
from connectors.woocommerce.sandbox.faults import Fault
from connectors.woocommerce.sandbox.server import Running, serve
from connectors.woocommerce.sandbox.shop import KEY, SECRET, Sandbox
from connectors.woocommerce.sandbox.state import Sent, Settings

__all__ = ["KEY", "SECRET", "Fault", "RestError", "Running", "Sandbox", "Sent", "Settings", "serve"]
