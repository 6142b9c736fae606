"""Shopify holds to the contract."""

from connectors.base import Delivery, NeedsRead
from connectors.registry import load_connectors
from connectors.shopify.connector import connector
from tests.connectors.contract import ConnectorContract
from tests.connectors.shopify.captured import deliveries


class TestContract(ConnectorContract):
    connector = connector
    signature_header = "X-Shopify-Hmac-Sha256"
    credentials = {"access-token": "shpat_for_tests"}  # noqa: RUF012  # never changed
    url = "https://kawa.myshopify.com"
    forged_reads = {  # noqa: RUF012  # never changed
        **ConnectorContract.forged_reads,
        "customer_merge": b'{"kept":"16","deleted":"17","shop":null,"keptCustomer":null,'
        b'"deletedCustomer":null}',
        "installation": b'{"installed":false,"shop":null,"scopes":[]}',
    }

    def deliveries(self) -> list[Delivery]:
        return [one.delivery for one in deliveries()]

    def signals(self) -> list[Delivery]:
        return [
            delivery
            for delivery in self.deliveries()
            if isinstance(connector.inbound.normalise(delivery), NeedsRead)
        ]


class TestTheOtherFamilyOfHeaders(TestContract):
    signature_header = "shopify-hmac-sha256"


def test_it_is_found_through_its_entry_point() -> None:
    assert load_connectors()["shopify"] is connector
