"""Everything that can be wrong with an installation, looked at from here: also Redis and the shops."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from app.db import schema
from app.errors import StempelError
from app.services import checkup
from app.services.checkup import Finding, fine, odd, wrong
from app.services.stores import list_stores
from app.settings import Settings
from jobs.policy import safe_message
from jobs.runtime import Runtime
from jobs.shops import Shops


def examine(runtime: Runtime, *, shops: bool = True) -> Iterator[Finding]:
    """Look at one thing after the other; `shops` says whether the shops are called too.

    A database that is away ends it. Nothing is changed, not even the tables: a database of another
    version is said to be one.
    """
    from app.db import migrating  # noqa: PLC0415 - alembic costs 0.2 s that few commands need

    yield from _settings(runtime.settings)
    try:
        problems = migrating.check(runtime.database)
    except SQLAlchemyError as error:
        yield wrong(
            "database",
            f"cannot be reached: {type(error).__name__}",
            "Start it, or mend DATABASE_URL.",
        )
        return
    if problems:
        yield wrong("tables", " ".join(problems[:3]), "Run: stempel migrate")
        return
    yield fine("tables", f"at revision {schema.newest_revision()}")
    with runtime.database.snapshot() as connection:
        yield checkup.check_durability(connection)
        yield checkup.check_database_clock(connection, runtime.clock())
        yield checkup.check_keys(connection, runtime.settings.keyring)
        yield from checkup.check_work(connection, runtime.clock())
        yield from checkup.check_stores(connection, runtime.clock())
    yield from _redis(runtime.settings, runtime.clock)
    if shops:
        yield from _shops(runtime)


def _settings(settings: Settings) -> Iterator[Finding]:
    if settings.dev:
        yield odd(
            "settings", "STEMPEL_DEV is set", "Unset it for real shops: it opens doors for tests."
        )
    elif settings.public_url.startswith("http://") and "127.0.0.1" not in settings.public_url:
        yield odd("settings", f"PUBLIC_URL is {settings.public_url}", "Shops send to https only.")
    else:
        yield fine("settings", f"PUBLIC_URL is {settings.public_url}")
    if settings.mail is None:
        yield odd(
            "mail", "no mail server is set", "Members get no e-mail: set SMTP_URL and MAIL_FROM."
        )
    else:
        yield fine(
            "mail", f"{settings.mail.host}:{settings.mail.port}, from {settings.mail.sender}"
        )


def _redis(settings: Settings, clock: Callable[[], datetime]) -> Iterator[Finding]:
    what = "redis"
    if settings.redis_url is None or settings.embedded:
        yield fine(what, "not used: workers look into the database each second")
        return
    from redis.exceptions import RedisError  # noqa: PLC0415 - Redis and RQ cost 0.3 s that few need

    from jobs.wake import open_queue  # noqa: PLC0415 - as above

    redis = open_queue(settings).connection
    try:
        seconds, micros = redis.time()
        policy = redis.config_get("maxmemory-policy").get("maxmemory-policy", "noeviction")
    except RedisError as error:
        yield odd(
            what,
            f"cannot be reached: {type(error).__name__}",
            "Deliveries are taken and dealt with all the same, up to a second later. Mend REDIS_URL.",
        )
        return
    theirs = datetime.fromtimestamp(seconds + micros / 1e6, UTC)
    yield checkup.clock_finding(what, "Redis's", theirs - clock())
    if policy != "noeviction":
        yield odd(what, f"maxmemory-policy is {policy}", "Set it to noeviction: wake-ups get lost.")


def _shops(runtime: Runtime) -> Iterator[Finding]:
    with runtime.database.snapshot() as connection:
        stores = list_stores(connection)
    with Shops(runtime) as shops:
        for store in stores:
            what = f"shop of {store.key}"
            try:
                shop = shops.get(store)
                if shop is None:
                    yield odd(
                        what,
                        "cannot be called: it has no API keys here",
                        "Without them nothing is read or written back: stempel store add … --key "
                        f"{store.key}",
                    )
                elif shop.health is not None:
                    yield fine(what, shop.health.check())
            except StempelError as error:
                yield wrong(what, safe_message(error), "See the connector's page.")
