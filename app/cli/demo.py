"""`stempel demo`: the whole way on one machine, with two sandbox shops and made-up customers.

A thin director: the shops, the service and the connectors are the real parts, started and steered as a
person would.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import Request, urlopen

import click
from sqlalchemy import select

from app import clock, serving
from app import settings as configuration
from app.cli import demo_shops
from app.cli.demo_rewards import REWARDS, take_rewards
from app.cli.demo_shops import DemoShop
from app.db import schema
from app.db import tables as t
from app.db.engine import Database, open_database
from app.errors import Passing
from app.services.keys import new_vault
from app.services.links import claim_link
from app.services.programmes import publish
from app.services.view_claims import pending_claims
from app.settings import Settings
from connectors.shopify import sandbox as shopify_sandbox
from connectors.woocommerce import sandbox as woo_sandbox

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
            woo_sandbox.serve(woo_sandbox.Sandbox(), runner_every=0.2) as woo,
            shopify_sandbox.serve(shopify_sandbox.Sandbox(), runner_every=0.2) as shopify,
        ):
            environment["SHOPIFY_ORIGIN"] = shopify.origin
            settings = configuration.from_env(environment)
            with _service(environment, settings):
                programme_id = _publish(database, settings)
                shops = [
                    demo_shops.woocommerce(database, settings, programme_id, woo),
                    demo_shops.shopify(database, settings, programme_id, shopify),
                ]
                _show(database, settings, shops, speed)
                if not once:
                    _say("")
                    _say("The story is told; look around at these addresses. Ctrl+C ends it.")
                    _say(f"In another terminal: {_command(settings)} member list")
                    _wait()
    except KeyboardInterrupt:
        _say("")
        _say("Ended.")
    finally:
        database.close()
    return 0


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


def _publish(database: Database, settings: Settings) -> int:
    vault = new_vault(settings.keyring)
    with database.transaction() as connection:
        return publish(connection, vault, _PROGRAMME + REWARDS, clock.now()).programme_id


def _show(database: Database, settings: Settings, shops: Sequence[DemoShop], speed: float) -> None:
    """Tell the story; under each step stand the balances it moved, here and in the shops."""
    _say("")
    _say(f"Stempel           {settings.public_url}/")
    for shop in shops:
        _say(f"{shop.platform + ' shop':<17} {shop.address}")
    _say("The shops are sandboxes: nobody's data, nothing leaves this machine.")
    seen: dict[tuple[str, str], int] = {}
    for shop in shops:
        _say("")
        _say(f"In the {shop.platform} shop")
        for sentence in shop.story(1.0 / speed):
            _say(f"• {sentence}")
            _tell_balances(database, shops, seen)
    _say("")
    _say("One person in both shops")
    for sentence in _proofs(database, settings):
        _say(f"• {sentence}")
        _tell_balances(database, shops, seen)
    _say("")
    _say("Points become codes")
    for sentence in take_rewards(database, settings, shops):
        _say(f"• {sentence}")
        _tell_balances(database, shops, seen)


def _proofs(database: Database, settings: Settings) -> Iterator[str]:
    """Let who has an account in both shops open the one-time link that proves the e-mail.

    Shopify verified it; WooCommerce never does, so the points wait apart until then.
    """
    with database.snapshot() as connection:
        claims = pending_claims(connection)
    for claim in claims:
        with database.snapshot() as connection:
            link = claim_link(
                connection,
                new_vault(settings.keyring),
                public_url=settings.public_url,
                claim_id=claim.id,
                now=clock.now(),
            )
        with urlopen(Request(link.address, method="POST"), timeout=10) as answer:  # noqa: S310 - our own
            answer.read()
        yield (
            "Anna opens the link that was sent to her e-mail: both accounts are hers, "
            "and one person gets the 100 points for signing up once"
        )


def _tell_balances(
    database: Database, shops: Sequence[DemoShop], seen: dict[tuple[str, str], int]
) -> None:
    balances = _settled(database)
    for shop in shops:
        for customer, balance in balances.get(shop.store.id, {}).items():
            if seen.get((shop.platform, customer)) != balance:
                name, shown = shop.name_of(customer), shop.shown(customer)
                _say(f"    {name}: {balance} points; the {shop.platform} shop shows {shown}")
                seen[shop.platform, customer] = balance


def _settled(database: Database) -> dict[int, dict[str, int]]:
    """Wait until nothing is queued or due; return the balances of each shop's customers."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        with database.snapshot() as connection:
            busy = (
                connection.execute(select(t.delivery_queue.c.delivery_id)).first()
                or connection.execute(select(t.outbox_task.c.id)).first()
                or connection.execute(
                    select(t.redemption.c.id).where(t.redemption.c.due_at <= clock.now())
                ).first()
                or connection.execute(
                    select(t.store_customer.c.id).where(
                        t.store_customer.c.due_at.is_not(None), t.store_customer.c.gone == 0
                    )
                ).first()
            )
            if not busy or time.monotonic() > deadline:
                rows = connection.execute(
                    select(
                        t.store_customer.c.store_id,
                        t.store_customer.c.external_id,
                        t.member.c.balance,
                    ).join(t.member, t.member.c.id == t.store_customer.c.member_id)
                )
                found: dict[int, dict[str, int]] = {}
                for row in rows:
                    found.setdefault(row.store_id, {})[row.external_id] = row.balance
                return found
        time.sleep(0.05)


def _wait() -> None:
    while True:
        time.sleep(3600)


def _say(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()
