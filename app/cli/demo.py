"""`stempel demo`: the whole way on one machine, with a sandbox shop and made-up customers.

A thin director: the shop, the service and the connector are the real parts, started and steered as a
person would.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

import click
from sqlalchemy import select

from app import clock, serving
from app import settings as configuration
from app.db import schema
from app.db import tables as t
from app.db.engine import Database, open_database
from app.errors import Passing
from app.services.keys import new_vault
from app.services.programmes import publish
from app.services.stores import WEBHOOK_SECRET, Store, add_store
from app.settings import Settings
from connectors.base import Access
from connectors.http import GuardedClient
from connectors.registry import load_connectors
from connectors.woocommerce import sandbox
from connectors.woocommerce.sandbox import demo as story

_SECRET = "demo-shop-secret"  # noqa: S105 - the published secret of a make-believe shop
_START_SECONDS = 60.0
_SETTLE_SECONDS = 20.0
_PROGRAMME = """
[programme]
key = "kawa"
name = "Kawa i kubki"
currency = "PLN"
timezone = "Europe/Warsaw"

[[rule]]
key = "sign-up"
on = "customer.registered"
points = 100

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"
round = "floor"

[[rule]]
key = "review"
on = "review.published"
points = 25
"""


def run_demo(*, port: int, speed: float, once: bool) -> int:
    """Play the demo; returns the exit status. With `once` it ends when the story is told."""
    environment = _environment(port)
    settings = configuration.from_env(environment)
    # Before anything is removed: another demo may be showing it.
    serving.hold(settings.var / "demo.lock", f"process {os.getpid()}", patience=0)
    serving.require_free_port(settings)
    for name in ("", "-wal", "-shm"):
        (settings.var / f"stempel.db{name}").unlink(missing_ok=True)
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _interrupt)
    database = open_database(settings.database_url)
    try:
        schema.upgrade(database)
        with (
            sandbox.serve(sandbox.Sandbox(), runner_every=0.2) as shop,
            _service(environment, settings),
        ):
            store = _connect(database, settings, shop.url)
            _say("")
            _say(f"Stempel   {settings.public_url}/")
            _say(f"The shop  {shop.url}/   (a sandbox: nobody's data, nothing leaves this machine)")
            _say("")
            _play(database, store, shop, speed)
            if once:
                return 0
            _say("")
            _say("The story is told; look around at the two addresses above. Ctrl+C ends it.")
            _say(f"In another terminal: {_command(settings)} member list")
            _wait()
            return 0
    except KeyboardInterrupt:
        _say("")
        _say("Ended.")
        return 0
    finally:
        database.close()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _environment(port: int) -> dict[str, str]:
    """Return the demo's own settings: throw-away keys and data of its own, whatever is set outside."""
    var = Path(os.environ.get("STEMPEL_VAR") or "var").absolute() / "demo"
    theirs = {
        *("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "PAGE_TOKEN"),
        *("SECRET_KEYS", "LOOKUP_PEPPER", "LEDGER_KEY", "KEY_FILE"),
    }
    kept = {name: value for name, value in os.environ.items() if name not in theirs}
    return kept | {
        "STEMPEL_DEV": "1",
        "STEMPEL_VAR": str(var),
        "ALLOW_PRIVATE_ADDRESSES": "1",
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }


def _command(settings: Settings) -> str:
    """Return how commands are called so that they see the demo's data."""
    here = Path.cwd()
    var, program = settings.var, Path(sys.argv[0]).absolute()
    shown = [
        path.relative_to(here) if path.is_relative_to(here) else path for path in (var, program)
    ]
    return f"STEMPEL_VAR={shown[0]} {shown[1]}"


@contextmanager
def _service(environment: dict[str, str], settings: Settings) -> Iterator[None]:
    """Run `stempel up` beside us and end it with us; raises Passing if it does not come up."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "up", "--quiet"],
        env=environment,
        process_group=0,  # Ctrl+C reaches only us, and we stop it once, in good order
    )
    try:
        _wait_until_healthy(process, settings.public_url)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _wait_until_healthy(process: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Passing(f"stempel up ended with status {process.returncode}; see above why.")
        try:
            with urlopen(f"{url}/healthz", timeout=2) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise Passing(f"stempel up does not answer at {url} after {_START_SECONDS:.0f} seconds.")


def _connect(database: Database, settings: Settings, shop_url: str) -> Store:
    """Publish the programme, connect the shop and let it make its webhooks, as a merchant would."""
    vault = new_vault(settings.keyring)
    connector = load_connectors()["woocommerce"]
    keys = {"consumer-key": sandbox.KEY, "consumer-secret": sandbox.SECRET}
    with database.transaction() as connection:
        programme = publish(connection, vault, _PROGRAMME, clock.now())
        store = add_store(
            connection,
            settings.keyring,
            programme_id=programme.programme_id,
            platform="woocommerce",
            url=shop_url,
            values={WEBHOOK_SECRET: [_SECRET], **{name: [key] for name, key in keys.items()}},
            now=clock.now(),
            key="demo-shop",
        )
    access = Access(store_key=store.key, url=shop_url, credentials=keys)
    shop = connector.connect(access, GuardedClient(allow_private=True))
    try:
        if shop.installer is not None:
            shop.installer.register(
                f"{settings.public_url}/webhooks/woocommerce/{store.key}", _SECRET
            )
    finally:
        shop.close()
    return store


def _play(database: Database, store: Store, shop: sandbox.Running, speed: float) -> None:
    """Tell the story; under each step stand the balances it moved, here and in the shop."""
    seen: dict[str, int] = {}
    for sentence in story.run_demo(shop.url, pace=1.0 / speed):
        _say(f"• {sentence}")
        for customer, balance in _settled(database, store).items():
            if seen.get(customer) != balance:
                row = shop.sandbox.customer(int(customer))
                shown = shop.sandbox.meta_of(int(customer)).get("stempel_balance", "nothing yet")
                _say(f"    {row['first_name']}: {balance} points; the shop shows {shown}")
                seen[customer] = balance


def _settled(database: Database, store: Store) -> dict[str, int]:
    """Wait until nothing is queued or due; return the balance of each of the shop's customers."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        with database.snapshot() as connection:
            busy = (
                connection.execute(select(t.delivery_queue.c.delivery_id)).first()
                or connection.execute(select(t.outbox_task.c.id)).first()
                or connection.execute(
                    select(t.store_customer.c.id).where(
                        t.store_customer.c.due_at.is_not(None), t.store_customer.c.gone == 0
                    )
                ).first()
            )
            if not busy or time.monotonic() > deadline:
                rows = connection.execute(
                    select(t.store_customer.c.external_id, t.member.c.balance)
                    .join(t.member, t.member.c.id == t.store_customer.c.member_id)
                    .where(t.store_customer.c.store_id == store.id)
                )
                return {row.external_id: row.balance for row in rows}
        time.sleep(0.05)


def _wait() -> None:
    while True:
        time.sleep(3600)


def _say(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()
