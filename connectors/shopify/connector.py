"""The connector that the entry point `shopify` names: its settings and its roles."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import get_args

from shopify.utils.shop_url import sanitize_shop_domain

from app import clock
from app.errors import Invalid
from app.programme.shop_money import MoneyKind
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
from connectors.shopify.client import Session
from connectors.shopify.codes import ShopifyCodes
from connectors.shopify.credits import ShopifyCredits
from connectors.shopify.inbound import ShopifyInbound
from connectors.shopify.install import ShopifyHealth, ShopifyInstaller
from connectors.shopify.reader import ShopifyReader
from connectors.shopify.tokens import ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, can_call
from connectors.shopify.writer import ShopifyWriter

SHOP = "shop"

_ADMIN = re.compile(r"(?:https://)?admin\.shopify\.com/store/([a-z0-9-]+)(?:[/?#].*)?", re.ASCII)
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,58}[a-z0-9]\.myshopify\.com", re.ASCII)


class ShopifyShop:
    """An open connection to one shop; has every role."""

    def __init__(self, access: Access, http: HttpClient) -> None:
        self._session = Session(access, http, clock=time.monotonic, sleep=time.sleep)
        self.reader: Reader | None = ShopifyReader(self._session, clock.now)
        self.writer: Writer | None = ShopifyWriter(self._session)
        self.codes: Codes | None = ShopifyCodes(self._session)
        self.credits: Credits | None = ShopifyCredits(self._session, clock.now)
        self.installer: Installer | None = ShopifyInstaller(self._session)
        self.health: HealthCheck | None = ShopifyHealth(self._session)

    def close(self) -> None:
        """Close the session."""
        self._session.close()


class ShopifyConnector:
    """Shopify's `Connector`."""

    name = "shopify"
    contract = CONTRACT_VERSION
    fields: Sequence[Field] = (
        Field(
            name=SHOP,
            help="Name of the shop, as kawa or kawa.myshopify.com (Settings > Domains in its admin).",
            required=True,
            locates=True,
        ),
        Field(
            name=CLIENT_SECRET,
            help="Client secret of the app in Shopify's Dev Dashboard, which signs the webhooks; several "
            "while one replaces the other, the newest last.",
            secret=True,
            repeatable=True,
            required=True,
            signs=True,
            calls=True,
        ),
        Field(
            name=CLIENT_ID,
            help="Client id of the app, if it belongs to the shop's own organisation: with it and the "
            "secret Stempel fetches access tokens by itself.",
        ),
        Field(
            name=ACCESS_TOKEN,
            help="Admin API access token (shpat_…), if the app has one that does not expire. Without it "
            "or the client id nothing is read back and no balance is written.",
            secret=True,
        ),
    )
    inbound: Inbound = ShopifyInbound()
    makes: frozenset[RewardKind] = frozenset({*get_args(DiscountKind), *get_args(MoneyKind)})
    shows_perks = True

    def place(self, values: Mapping[str, Sequence[str]]) -> Place:
        """Return the shop's address; its deliveries name it by its domain at myshopify.com."""
        domain = shop_domain(values[SHOP][0])
        return Place(url=f"https://{domain}", ref=domain)

    def can_call(self, credentials: Mapping[str, str]) -> bool:
        """Say whether there is a token, or what it takes to fetch one."""
        return can_call(credentials)

    def connect(self, access: Access, http: HttpClient) -> Shop:
        """Open a session to the shop. No network yet."""
        return ShopifyShop(access, http)


def shop_domain(typed: str) -> str:
    """Return the domain at myshopify.com for a shop as people type it; raises Invalid for all else."""
    wished = typed.strip().lower()
    in_admin = _ADMIN.fullmatch(wished)
    try:
        found = sanitize_shop_domain(in_admin.group(1) if in_admin else wished)
    except ValueError:  # brackets that are no address
        found = None
    if found is None or not _DOMAIN.fullmatch(found):
        raise Invalid(
            "The shop's name should be like kawa or kawa.myshopify.com. It is the first part of the "
            "address that ends with .myshopify.com, not the shop's own domain: see Settings > Domains in "
            "the shop's admin."
        )
    return str(found)


connector: Connector = ShopifyConnector()
