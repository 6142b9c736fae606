"""The connector that the entry point `woocommerce` names: its settings and its roles."""

from collections.abc import Mapping, Sequence
from typing import get_args

from app import clock
from connectors.base import (
    CONTRACT_VERSION,
    Access,
    Connector,
    Field,
    HealthCheck,
    Inbound,
    Installer,
    Place,
    Reader,
    Shop,
    Writer,
)
from connectors.http import HttpClient
from connectors.rewards import Codes, Credits, DiscountKind, RewardKind
from connectors.woocommerce.client import CONSUMER_KEY, CONSUMER_SECRET, Session
from connectors.woocommerce.codes import WooCodes
from connectors.woocommerce.inbound import WooInbound
from connectors.woocommerce.install import WooHealth, WooInstaller
from connectors.woocommerce.reader import WooReader
from connectors.woocommerce.writer import WooWriter


class WooShop:
    """An open connection to one shop; has every role."""

    def __init__(self, access: Access, http: HttpClient) -> None:
        self._session = Session(access, http)
        self.reader: Reader | None = WooReader(self._session, clock.now)
        self.writer: Writer | None = WooWriter(self._session)
        self.codes: Codes | None = WooCodes(self._session, clock.now)
        self.installer: Installer | None = WooInstaller(self._session)
        self.credits: Credits | None = None
        self.health: HealthCheck | None = WooHealth(self._session)

    def close(self) -> None:
        """Close the session."""
        self._session.close()


class WooConnector:
    """WooCommerce's `Connector`."""

    name = "woocommerce"
    contract = CONTRACT_VERSION
    fields: Sequence[Field] = (
        Field(
            name="url",
            help="Address of the shop, as https://shop.example (with the folder, if it is in one).",
            required=True,
            locates=True,
        ),
        Field(
            name="webhook-secret",
            help="Secret of the shop's webhooks; several while one replaces the other. Letters and "
            "digits only: WooCommerce decodes HTML entities in it before signing.",
            secret=True,
            repeatable=True,
            required=True,
            signs=True,
        ),
        Field(
            name=CONSUMER_KEY,
            help="REST API key (ck_…) with Read/Write, of a user who may manage the shop. Without it "
            "nothing is read back and no balance is written.",
            secret=True,
        ),
        Field(name=CONSUMER_SECRET, help="Secret of the REST API key (cs_…).", secret=True),
    )
    inbound: Inbound = WooInbound()
    # The shop itself knows neither gift cards nor store credit; plug-ins have each their own.
    makes: frozenset[RewardKind] = frozenset(get_args(DiscountKind))
    shows_perks = True

    def place(self, values: Mapping[str, Sequence[str]]) -> Place:
        """Return the shop's address; its deliveries name no store, so the path must."""
        return Place(values["url"][0])

    def can_call(self, credentials: Mapping[str, str]) -> bool:
        """Say whether both halves of the API key are there."""
        return bool(credentials.get(CONSUMER_KEY) and credentials.get(CONSUMER_SECRET))

    def connect(self, access: Access, http: HttpClient) -> Shop:
        """Open a session to the shop. No network yet."""
        return WooShop(access, http)


connector: Connector = WooConnector()
