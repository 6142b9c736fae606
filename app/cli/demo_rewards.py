"""The demo's last chapter: members take rewards, the shops make the codes, and orders use them."""

import time
from collections.abc import Iterator, Sequence

from sqlalchemy import select

from app import clock
from app.cli.demo_shops import DemoShop
from app.db import tables as t
from app.db.engine import Database
from app.errors import Passing
from app.services.keys import new_vault
from app.services.redeem import redeem
from app.settings import Settings
from connectors.registry import load_connectors
from jobs.outlets import outlets

REWARDS = """
[[reward]]
key = "ten-percent"
cost = 100
kind = "percent"
value = "10"
valid_days = 90

[[reward]]
key = "free-delivery"
cost = 150
kind = "free-delivery"
valid_days = 90
"""

_PATIENCE = 20.0


def take_rewards(
    database: Database, settings: Settings, shops: Sequence[DemoShop]
) -> Iterator[str]:
    """Let whoever has most points in each shop take a reward and use it; yields what happens."""
    for shop, reward, words in zip(
        shops, ("ten-percent", "free-delivery"), ("10 % off", "free delivery"), strict=True
    ):
        customer, member_id = _richest(database, shop.store.id)
        name = shop.name_of(customer)
        redemption_id = _redeem(database, settings, shop, member_id, reward)
        code = _when(database, redemption_id, "issued")
        yield f"{name} takes {words} for points: the {shop.platform} shop has made the code {code}"
        bought = shop.use(customer, code)
        _when(database, redemption_id, "used")
        yield f"{name} {bought} with it"


def _richest(database: Database, store_id: int) -> tuple[str, int]:
    """Return (customer, member) of whom a shop knows with the most points."""
    with database.snapshot() as connection:
        row = connection.execute(
            select(t.store_customer.c.external_id, t.store_customer.c.member_id)
            .join(t.member, t.member.c.id == t.store_customer.c.member_id)
            .where(t.store_customer.c.store_id == store_id, t.store_customer.c.gone == 0)
            .order_by(t.member.c.balance.desc(), t.member.c.id)
            .limit(1)
        ).one()
    return row.external_id, row.member_id


def _redeem(
    database: Database, settings: Settings, shop: DemoShop, member_id: int, reward: str
) -> int:
    connectors, programme_id = load_connectors(), shop.store.programme_id
    return database.run(
        lambda connection: redeem(
            connection,
            new_vault(settings.keyring),
            programme_id=programme_id,
            member_id=member_id,
            reward=reward,
            outlets=outlets(connection, settings.keyring, connectors, programme_id),
            store_key=shop.store.key,
            actor="demo",
            now=clock.now(),
        )
    )


def _when(database: Database, redemption_id: int, state: str) -> str:
    """Wait until a redemption has come that far; returns its code. Raises Passing if it does not."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with database.snapshot() as connection:
            row = connection.execute(
                select(t.redemption.c.state, t.redemption.c.code).where(
                    t.redemption.c.id == redemption_id
                )
            ).one()
        if row.state == state:
            return str(row.code)
        time.sleep(0.05)
    raise Passing(f"The reward is not {state} after {_PATIENCE:.0f} seconds.")
