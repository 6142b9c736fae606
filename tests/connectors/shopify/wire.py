"""A line to a shop of the sandbox without a network: answers can get lost on it, and calls arrive late."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from app.errors import Passing
from connectors.base import Access
from connectors.http import Answer
from connectors.shopify import connector
from connectors.shopify.connector import ShopifyShop
from connectors.shopify.credits import ShopifyCredits
from connectors.shopify.sandbox import Sandbox, Shop, execute

GIVING = frozenset({"StoreCreditGive", "GiftCardCreate"})
TAKING = frozenset({"StoreCreditTake", "GiftCardDeactivate"})


@dataclass
class Wire:
    """An `HttpClient`. `trouble` befalls the next call that gives or takes money, or any other one.

    "before": the shop never hears it; "after": its answer is lost; "late": the shop hears it only when
    `arrive` is called.
    """

    shop: Shop
    trouble: str = ""
    any_call: bool = False
    waiting: list[Mapping[str, Any]] = field(default_factory=list)

    def request(
        self,
        method: str,  # noqa: ARG002 - as the protocol has it
        url: str,  # noqa: ARG002
        *,
        headers: Mapping[str, str] | None = None,  # noqa: ARG002
        body: bytes | None = None,
        timeout: float = 10.0,  # noqa: ARG002
    ) -> Answer:
        sent = msgspec.json.decode(body or b"{}")
        trouble = ""
        if self.any_call or sent["operationName"] in GIVING | TAKING:
            trouble, self.trouble = self.trouble, ""
        if trouble == "late":
            self.waiting.append(sent)
        elif trouble != "before":
            answer = self._run(sent)
        if trouble:
            raise Passing("the line is bad")
        return Answer(status=200, headers={}, body=msgspec.json.encode(answer))

    def close(self) -> None:
        pass

    def arrive(self) -> None:
        """Let the shop hear what was on its way."""
        while self.waiting:
            self._run(self.waiting.pop(0))

    def _run(self, sent: Mapping[str, Any]) -> Any:
        with self.shop.lock:
            return execute.run(self.shop, self.shop._installation(self.shop.app()), sent)


def opened(sandbox: Sandbox, shop: Shop) -> tuple[ShopifyShop, Wire]:
    """Open a shop over such a line."""
    wire = Wire(shop)
    access = Access(
        store_key="k",
        url=connector.place({"shop": ["kawa"]}).url,
        credentials={"access-token": shop.token},
    )
    made = ShopifyShop(access, wire)
    made.credits = ShopifyCredits(made._session, sandbox.clock)
    return made, wire
