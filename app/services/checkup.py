"""Looks an installation over: keys, tables, what guards the data, whether anybody works. Changes nothing."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from cryptography.fernet import InvalidToken
from sqlalchemy import Connection, func, select, text

from app.crypto import Keyring
from app.db import tables as t
from app.errors import ConfigError
from app.services.stores import list_stores
from app.services.view_faults import list_faults

Grade = Literal["ok", "warning", "failure"]

LATE = timedelta(minutes=2)
"""How long something may be overdue before it is said that nobody works."""

CLOCK_OFF = timedelta(seconds=5)

_SAFE_COMMITS = {"on", "remote_apply", "remote_write", "local"}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at. `do` says what to do about it, "" if all is well."""

    what: str
    grade: Grade
    said: str
    do: str = ""


def fine(what: str, said: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(what=what, grade="ok", said=said)


def odd(what: str, said: str, do: str) -> Finding:
    """Return that something should be looked at."""
    return Finding(what=what, grade="warning", said=said, do=do)


def wrong(what: str, said: str, do: str) -> Finding:
    """Return that something keeps the service from working, or from being safe."""
    return Finding(what=what, grade="failure", said=said, do=do)


def check_durability(connection: Connection) -> Finding:
    """Say whether what was committed survives a crash of the machine."""
    what = "durability"
    if connection.dialect.name == "sqlite":
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        level = connection.exec_driver_sql("PRAGMA synchronous").scalar()
        if (mode, level) == ("wal", 2):
            return fine(what, "SQLite, WAL, every commit is on the disk")
        return wrong(
            what,
            f"SQLite with journal_mode {mode} and synchronous {level}",
            "Use a disk of this machine: WAL does not work on network drives.",
        )
    settings = {
        name: connection.execute(text(f"SHOW {name}")).scalar_one()
        for name in ("synchronous_commit", "fsync", "full_page_writes", "server_version")
    }
    unsafe = [name for name in ("fsync", "full_page_writes") if settings[name] != "on"]
    if settings["synchronous_commit"] not in _SAFE_COMMITS:
        unsafe.append("synchronous_commit")
    if unsafe:
        return wrong(
            what,
            f"PostgreSQL {settings['server_version']}: "
            + ", ".join(f"{name} is {settings[name]}" for name in unsafe),
            "Set them to on: a crash would lose deliveries that the shops were told we have.",
        )
    return fine(what, f"PostgreSQL {settings['server_version']}, every commit is on the disk")


def check_database_clock(connection: Connection, now: datetime) -> Finding:
    """Say whether the database's clock agrees with ours; SQLite has none of its own."""
    what = "clock"
    if connection.dialect.name == "sqlite":
        return fine(what, "one machine, one clock")
    theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return clock_finding(what, "the database's", theirs - now)


def clock_finding(what: str, whose: str, ahead: timedelta) -> Finding:
    """Return what a difference between two clocks means."""
    seconds = ahead.total_seconds()
    said = f"{whose} clock is {abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} ours"
    if abs(ahead) <= CLOCK_OFF:
        return fine(what, said)
    return odd(what, said, "Let both machines keep time by NTP: expiry and retries go by it.")


def check_keys(connection: Connection, keyring: Keyring) -> Finding:
    """Say whether what is encrypted can be opened with the keys that are set."""
    what = "keys"
    lost: list[str] = []
    for table, name in (
        (t.store_secret, "shops' secrets"),
        (t.data_key, "keys of bodies and e-mails"),
    ):
        column = table.c.ciphertext if table is t.store_secret else table.c.wrapped
        # One of each key that was ever used says it for all.
        one_each = select(func.max(table.c.id)).group_by(table.c.key_id)
        for row in connection.execute(
            select(table.c.key_id, column.label("wrapped")).where(table.c.id.in_(one_each))
        ).all():
            try:
                keyring.unwrap(row.wrapped)
            except (ConfigError, InvalidToken):
                lost.append(f"{name} under key {row.key_id}")
    if lost:
        return wrong(
            what,
            f"cannot be opened: {', '.join(sorted(lost))}",
            "Put that key back into SECRET_KEYS (behind the newest, separated by a comma).",
        )
    return fine(what, "all that is encrypted can be opened")


def check_work(connection: Connection, now: datetime) -> list[Finding]:
    """Say whether anybody deals with deliveries and periodic jobs, and which of those fail."""
    found = []
    oldest = connection.execute(
        select(func.min(t.delivery_queue.c.due_at)).where(t.delivery_queue.c.reading == 0)
    ).scalar()
    if oldest is not None and now - oldest > LATE:
        found.append(
            odd(
                "deliveries",
                f"one has been waiting for {_span(now - oldest)}",
                "Is a worker running? Start `stempel up`, or `stempel worker` beside it.",
            )
        )
    else:
        found.append(fine("deliveries", "none waits for long"))
    dead = sum(one.dead for one in list_faults(connection, limit=1_000))
    if dead:
        found.append(
            odd(
                "dead deliveries",
                f"{dead} can never be dealt with as {'it is' if dead == 1 else 'they are'}",
                "See why: stempel events groups. Then stempel events replay or discard them.",
            )
        )
    jobs = connection.execute(select(t.schedule_run).order_by(t.schedule_run.c.job)).all()
    late = [
        job.job
        for job in jobs
        if now - job.due_at > LATE and (job.lease_until is None or job.lease_until < now)
    ]
    if late:
        found.append(
            odd(
                "schedule",
                f"overdue: {', '.join(late)}",
                "Is a worker or a clock running? Start `stempel up` or `stempel clock`.",
            )
        )
    elif jobs:
        found.append(fine("schedule", f"{len(jobs)} periodic jobs run in time"))
    else:
        found.append(odd("schedule", "nothing has run yet", "Start `stempel up`."))
    found += [
        odd(f"job {job.job}", f"failed last: {job.error.splitlines()[0]}", "It is tried again.")
        for job in jobs
        if job.error
    ]
    return found


def check_stores(connection: Connection, now: datetime) -> list[Finding]:
    """Say which stores wait for a person, and which have not been heard of."""
    found = []
    stores = list_stores(connection)
    if not stores:
        return [odd("stores", "no shop is connected", "Connect one: stempel store add …")]
    for store in stores:
        what = f"store {store.key}"
        row = connection.execute(select(t.store).where(t.store.c.id == store.id)).one()
        if row.blocked_reason is not None:
            found.append(
                wrong(
                    what,
                    f"stopped: {row.blocked_reason}",
                    f"Then: stempel store resume {store.key}",
                )
            )
        if row.copy_host is not None:
            found.append(
                odd(
                    what,
                    f"a copy of the shop at {row.copy_host} sends with its secret",
                    f"Did the shop move: stempel store moved {store.key}. Else remove the "
                    "webhooks from the copy.",
                )
            )
        if row.paused_until is not None and row.paused_until > now:
            found.append(
                odd(what, f"rests for {_span(row.paused_until - now)}", "It goes on by itself.")
            )
    return found


def _span(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} seconds"
