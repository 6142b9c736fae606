"""A shop whose Admin API answers what a test says, over real HTTP, and time that a test can see pass."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.base import Access
from connectors.http import GuardedClient
from connectors.shopify.client import Session
from tests.connectors.loopback import Loopback, Reply, Request, loopback

SHOP = "kawa.myshopify.com"
TOKEN = {"access-token": "shpat_for_tests"}
APP = {"client-id": "app-for-tests", "client-secret": "secret_for_tests"}
SHOP_NODE = {"id": "gid://shopify/Shop/70001", "myshopifyDomain": SHOP}

Answerer = Callable[[dict[str, Any]], object]
"""Takes the variables, returns the data or a whole Reply."""


@dataclass
class Time:
    """A clock that moves only when somebody sleeps or a test says so."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class GraphqlShop:
    """What a test has of the shop: a session to it, what came, and the time."""

    session: Session
    server: Loopback
    time: Time

    @property
    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        """Operation names and variables, in the order in which they came."""
        sent = [
            request for request in self.server.requests if request.path.endswith("graphql.json")
        ]
        return [
            (body["operationName"], body["variables"])
            for body in (json.loads(request.body) for request in sent)
        ]

    def documents(self, operation: str) -> list[str]:
        bodies = [json.loads(request.body) for request in self.server.requests]
        return [body["query"] for body in bodies if body["operationName"] == operation]


def sample(name: str, status: int = 200) -> Reply:
    """Return a stored answer as it travels."""
    path = Path(__file__).with_name("answers") / f"{name}.json"
    return Reply(status, path.read_bytes())


def as_data(data: object, **beside: object) -> Reply:
    return Reply(200, json.dumps({"data": data, **beside}).encode())


def cost(requested: float, available: float, rate: float = 100.0) -> dict[str, Any]:
    """Return `extensions` as Shopify adds them."""
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": rate}
    return {"cost": {"requestedQueryCost": requested, "throttleStatus": status}}


@contextmanager
def shop_with(
    answers: Mapping[str, Answerer | Reply | list[Reply] | dict[str, Any]],
    credentials: Mapping[str, str] = TOKEN,
) -> Iterator[GraphqlShop]:
    """Open a shop that answers by operation name ("token" for the grant); a list is used up in order."""

    def answer_for(request: Request) -> Reply:
        if request.path.endswith("/oauth/access_token"):
            return reply_of("token", {})
        sent = json.loads(request.body)
        return reply_of(sent["operationName"], sent["variables"])

    def reply_of(name: str, variables: dict[str, Any]) -> Reply:
        found = answers[name]
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        if callable(found):
            found = found(variables)
        return found if isinstance(found, Reply) else as_data(found)

    time = Time()
    with loopback(answer_for) as server:
        access = Access(
            store_key="k",
            url=f"https://{SHOP}",
            credentials=credentials,
            origin=f"{server.url}/{{shop}}",
        )
        http = GuardedClient(allow_private=True)
        session = Session(access, http, clock=time.clock, sleep=time.sleep)
        yield GraphqlShop(session, server, time)
        session.close()
