"""A Stempel without a web server: deliveries go in as the edge stores them, and are drained here."""

import base64
import functools
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from app.crypto import Keyring, seal
from app.db import tables as t
from app.db.engine import Database
from app.db.ids import new_id
from app.db.inbox import NewDelivery, store_deliveries
from app.programme.presets import preset_source
from app.services.programmes import publish
from app.services.rebuild import Rebuilt, rebuild
from app.services.stores import Store, add_store
from app.services.verify import Report, verify
from app.settings import Settings
from connectors.registry import load_connectors
from jobs.drain import drain
from jobs.joins import join_proved
from jobs.push import push
from jobs.referrals import judge_referrals
from jobs.runtime import Runtime, new_runtime
from jobs.shops import Shops

PAYLOADS = Path(__file__).parent / "connectors" / "woocommerce" / "payloads"
SECRET = "s3cr3t-Ala&kota<1>"


_connectors = functools.cache(load_connectors)  # what is installed stays so


def settings_of(url: str, keyring: Keyring, var: Path) -> Settings:
    """Return the settings of an installation over this database."""
    return Settings(
        database_url=url,
        redis_url=None,
        public_url="http://127.0.0.1:8000",
        keyring=keyring,
        var=var,
        allow_private_addresses=True,
    )


class TestClock:
    """A clock that a test sets; each look moves it on a little, as time does."""

    __test__ = False

    def __init__(self, start: datetime = datetime(2026, 11, 21, 20, tzinfo=UTC)) -> None:
        self.moment = start

    def __call__(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def advance(self, **time: float) -> None:
        self.moment += timedelta(**time)


@dataclass
class Pipeline:
    """One installation. `deliver` stores and drains; what it returns are (status, reason)."""

    database: Database
    settings: Settings
    clock: TestClock = field(default_factory=TestClock)
    runtime: Runtime = field(init=False)
    shops: Shops = field(init=False)

    def __post_init__(self) -> None:
        self.runtime = new_runtime(self.database, self.settings, dict(_connectors()), self.clock)
        self.shops = Shops(self.runtime)

    def programme(
        self, preset: str = "one-per-unit", *, source: str | None = None, **names: Any
    ) -> int:
        text = source if source is not None else preset_source(preset, **names)
        with self.database.transaction() as connection:
            return publish(connection, self.runtime.vault, text, self.clock()).programme_id

    def store(
        self,
        programme_id: int,
        *,
        url: str = "https://shop.example",
        keys: bool = False,
        secret: str = SECRET,
    ) -> Store:
        values = {"webhook-secret": [secret]}
        if keys:
            values |= {"consumer-key": ["ck_test"], "consumer-secret": ["cs_test"]}
        with self.database.transaction() as connection:
            return add_store(
                connection,
                self.settings.keyring,
                programme_id=programme_id,
                platform="woocommerce",
                url=url,
                values=values,
                now=self.clock(),
            )

    def shopify(
        self,
        programme_id: int,
        shop: str = "loyalty-test-store",
        *,
        token: str | None = None,
        secret: str = "hush",
        key: str | None = None,
    ) -> Store:
        """Connect a Shopify shop, with an access token if one is given."""
        values = {"webhook-secret": [secret], "client-secret": [secret]}
        if token is not None:
            values["access-token"] = [token]
        domain = f"{shop}.myshopify.com"
        with self.database.transaction() as connection:
            return add_store(
                connection,
                self.settings.keyring,
                programme_id=programme_id,
                platform="shopify",
                url=f"https://{domain}",
                ref=domain,
                values=values,
                now=self.clock(),
                key=key,
            )

    def receive(
        self,
        store: Store,
        topic: str,
        body: bytes,
        *,
        began_at: datetime | None = None,
        by_header: bool = False,
    ) -> int:
        """Store a delivery as the edge does; returns its id, or that of the one it repeats.

        With `began_at` it is stored as the answer of a read that began then, with `by_header` as one
        whose store only an unsigned header names.
        """
        [stored] = self.receive_all(store, [(topic, body)], began_at=began_at, by_header=by_header)
        return stored

    def receive_all(
        self,
        store: Store,
        messages: Sequence[tuple[str, bytes]],
        *,
        began_at: datetime | None = None,
        by_header: bool = False,
    ) -> list[int]:
        """Store deliveries that came in the same moment, as the edge does: in one statement."""
        inbound = self.runtime.connectors[store.platform].inbound
        with self.database.transaction() as connection:
            key_id, key = self.runtime.vault.data_keys.for_writing(
                connection, store.programme_id, self.clock()
            )
            rows = []
            for topic, body in messages:
                delivery_id = new_id()
                material = None if began_at else inbound.content_key(topic, body)
                rows.append(
                    NewDelivery(
                        id=delivery_id,
                        programme_id=store.programme_id,
                        store_id=store.id,
                        source="read" if began_at else "webhook",
                        topic=topic,
                        received_at=self.clock(),
                        began_at=began_at,
                        by_header=by_header,
                        content_key=None
                        if material is None
                        else self.settings.keyring.lookup("content", topic.encode(), material),
                        size=len(body),
                        data_key_id=key_id,
                        body=seal(key, delivery_id, body),
                    )
                )
            return list(store_deliveries(connection, rows))

    def deliver(self, store: Store, topic: str, body: bytes | Mapping[str, Any]) -> tuple[str, str]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        delivery_id = self.receive(store, topic, raw)
        self.drain()
        return self.outcome(delivery_id)

    def read(self, store: Store, topic: str, answer: Mapping[str, Any]) -> tuple[str, str]:
        """Apply the answer of a read that began just now."""
        delivery_id = self.receive(store, topic, json.dumps(answer).encode(), began_at=self.clock())
        self.drain()
        return self.outcome(delivery_id)

    def drain(self) -> int:
        """Apply everything that is due and join whom that proves to be one, as a worker does."""
        done = drain(self.runtime) + join_proved(self.runtime)
        return done + judge_referrals(self.runtime)

    def members(self, programme_id: int) -> Sequence[Row[Any]]:
        with self.database.snapshot() as connection:
            return connection.execute(
                select(t.member).where(t.member.c.programme_id == programme_id)
            ).all()

    def deliver_captured(self, store: Store, number: str) -> tuple[str, str]:
        captured = captured_delivery(number)
        return self.deliver(store, captured.topic, captured.body)

    def settle(self, turns: int = 10) -> None:
        """Read, drain and write back until there is nothing left to do now."""
        for _ in range(turns):
            if not self.drain() + push(self.runtime, self.shops):
                return
        raise AssertionError("the work never ends")

    def outcome(self, delivery_id: int) -> tuple[str, str]:
        with self.database.snapshot() as connection:
            row = connection.execute(
                select(t.delivery_outcome.c.status, t.delivery_outcome.c.reason)
                .where(t.delivery_outcome.c.delivery_id == delivery_id)
                .order_by(t.delivery_outcome.c.id.desc())
            ).first()
        assert row is not None, "the delivery has no outcome yet"
        return row.status, row.reason

    def points(self, store: Store, customer: str) -> int | None:
        """Return the balance of a shop customer, None if there is no member behind it."""
        with self.database.snapshot() as connection:
            found: int | None = connection.execute(
                select(t.member.c.balance)
                .join(t.store_customer, t.store_customer.c.member_id == t.member.c.id)
                .where(
                    t.store_customer.c.store_id == store.id,
                    t.store_customer.c.external_id == customer,
                )
            ).scalar()
        return found

    def balances(self, programme_id: int) -> list[int]:
        """Return the balances other than 0, smallest first."""
        with self.database.snapshot() as connection:
            found = connection.execute(
                select(t.member.c.balance).where(
                    t.member.c.programme_id == programme_id, t.member.c.balance != 0
                )
            ).scalars()
            return sorted(found)

    def verified(self) -> Report:
        with self.database.snapshot() as connection:
            return verify(connection, self.settings.keyring)

    def rebuilt(self) -> Rebuilt:
        """Work out the ledger anew from the stored facts and compare."""
        with self.database.snapshot() as connection:
            return rebuild(connection)

    def environment(self) -> dict[str, str]:
        """Return what must be set so that a command sees this installation."""
        keys = self.settings.keyring
        return {
            "DATABASE_URL": self.settings.database_url,
            "STEMPEL_VAR": str(self.settings.var),
            "SECRET_KEYS": keys.secret_keys[0],
            "LOOKUP_PEPPER": keys.pepper.decode(),
            "LEDGER_KEY": keys.ledger_key.decode(),
        }

    def close(self) -> None:
        self.shops.close()


@dataclass(frozen=True)
class Captured:
    """A delivery as a real shop sent it."""

    name: str
    headers: Mapping[str, str]
    body: bytes
    secret: str

    @property
    def topic(self) -> str:
        return self.headers.get("X-WC-Webhook-Topic", "")


def captured_delivery(number: str) -> Captured:
    [path] = (PAYLOADS / "deliveries").glob(f"{number}_*.json")
    return _captured(path)


def captured_deliveries() -> list[Captured]:
    return [_captured(path) for path in sorted((PAYLOADS / "deliveries").glob("*.json"))]


def _captured(path: Path) -> Captured:
    document = json.loads(path.read_text(encoding="utf-8"))
    return Captured(
        path.stem,
        document["headers"],
        base64.b64decode(document["body_base64"]),
        document["secret"],
    )


def order_body(captured: str = "008", /, **changes: Any) -> dict[str, Any]:
    """Return a captured order with some keys changed."""
    body: dict[str, Any] = json.loads(captured_delivery(captured).body)
    return body | changes


def signature(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()
