"""A shop whose REST API answers what a test says, over real HTTP."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

from connectors.base import Access, Delivery, Observed, Ref, Shop
from connectors.http import GuardedClient
from connectors.woocommerce import connector
from tests.connectors.loopback import Loopback, Reply, Request, loopback
from tests.connectors.woocommerce.captured import NOW, reply

KEYS = {"consumer-key": "ck_for_tests", "consumer-secret": "cs_for_tests"}
API = "/wp-json/wc/v3"
Routes = Mapping[str, Reply | Callable[[Request], Reply]]


def as_json(body: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode())


def path_of(request: Request) -> str:
    return urlsplit(request.path).path.removeprefix(API)


def query_of(request: Request) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.path).query))


@contextmanager
def shop_with(routes: Routes) -> Iterator[tuple[Shop, Loopback]]:
    """Open a shop whose REST API answers by path; everything else is an unknown route."""

    def answer_for(request: Request) -> Reply:
        found = routes.get(f"{request.method} {path_of(request)}", reply("047"))
        return found if isinstance(found, Reply) else found(request)

    with loopback(answer_for) as server:
        access = Access(store_key="k", url=server.url, credentials=KEYS)
        shop = connector.connect(access, GuardedClient(allow_private=True))
        yield shop, server
        shop.close()


def read(shop: Shop, kind: str, number: str) -> Observed:
    """Read an object and normalise the answer as a worker would."""
    assert shop.reader is not None
    found = shop.reader.read(Ref(kind, number))
    delivery = Delivery(
        source="read",
        topic=found.topic,
        body=found.body,
        received_at=NOW,
        began_at=found.began_at,
    )
    outcome = connector.inbound.normalise(delivery)
    assert isinstance(outcome, Observed)
    return outcome
