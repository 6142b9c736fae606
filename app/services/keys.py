"""Data keys: one per programme and day for bodies, one per programme for people's e-mails.

They are kept wrapped by the installation's secret keys, so a rotation rewraps keys, not bodies.
"""

import threading
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from app.clock import EPOCH
from app.crypto import Keyring, new_data_key, seal, unseal
from app.db import tables as t
from app.db.ids import new_id

PEOPLE = -1
"""The "day" of a programme's key for e-mails."""


class DataKeys:
    """Unwrapped data keys of this process. Safe to share between threads."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._lock = threading.Lock()
        self._by_day: dict[tuple[int, int], tuple[int, bytes]] = {}
        self._by_id: dict[int, bytes] = {}

    def for_writing(
        self, connection: Connection, programme_id: int, now: datetime
    ) -> tuple[int, bytes]:
        """Return (id, key) of the programme's key of the day, made if it is the day's first."""
        return self._of_day(connection, programme_id, (now - EPOCH).days)

    def for_people(self, connection: Connection, programme_id: int) -> tuple[int, bytes]:
        """Return (id, key) that e-mails of this programme are sealed with."""
        return self._of_day(connection, programme_id, PEOPLE)

    def by_id(self, connection: Connection, data_key_id: int) -> bytes:
        """Return the key a row was sealed with."""
        with self._lock:
            if (known := self._by_id.get(data_key_id)) is not None:
                return known
        wrapped = connection.execute(
            select(t.data_key.c.wrapped).where(t.data_key.c.id == data_key_id)
        ).scalar_one()
        key = self._keyring.unwrap(wrapped)
        with self._lock:
            self._by_id[data_key_id] = key
        return key

    def forget(self) -> None:
        """Drop what is cached: after a rolled-back transaction a key may not exist."""
        with self._lock:
            self._by_day.clear()
            self._by_id.clear()

    def _of_day(self, connection: Connection, programme_id: int, day: int) -> tuple[int, bytes]:
        with self._lock:
            if (known := self._by_day.get((programme_id, day))) is not None:
                return known
        found = self._stored(connection, programme_id, day) or self._made(
            connection, programme_id, day
        )
        with self._lock:
            self._by_day = {k: v for k, v in self._by_day.items() if k[1] in (PEOPLE, day, day - 1)}
            self._by_day[programme_id, day] = found
            self._by_id[found[0]] = found[1]
        return found

    def _stored(
        self, connection: Connection, programme_id: int, day: int
    ) -> tuple[int, bytes] | None:
        row = connection.execute(
            select(t.data_key.c.id, t.data_key.c.wrapped).where(
                t.data_key.c.programme_id == programme_id, t.data_key.c.day == day
            )
        ).one_or_none()
        return (row.id, self._keyring.unwrap(row.wrapped)) if row else None

    def _made(self, connection: Connection, programme_id: int, day: int) -> tuple[int, bytes]:
        key = new_data_key()
        key_id, wrapped = self._keyring.wrap(key)
        row_id = new_id()
        try:
            with connection.begin_nested():
                connection.execute(
                    insert(t.data_key).values(
                        id=row_id,
                        programme_id=programme_id,
                        day=day,
                        key_id=key_id,
                        wrapped=wrapped,
                    )
                )
        except IntegrityError:  # another process made it in this very moment
            stored = self._stored(connection, programme_id, day)
            if stored is None:
                raise
            return stored
        return row_id, key


@dataclass(frozen=True, repr=False)
class Vault:
    """Everything that needs a key: handed to the services that meet people or post entries."""

    keyring: Keyring
    data_keys: DataKeys

    def email_hash(self, programme_id: int, folded: str) -> bytes:
        """Return the keyed hash under which a folded e-mail is found."""
        return self.keyring.lookup("email", programme_id.to_bytes(8, "big"), folded.encode())

    def seal_email(
        self, connection: Connection, programme_id: int, member_id: int, email: str
    ) -> tuple[int, bytes]:
        """Encrypt a member's contact e-mail; returns (data key id, sealed)."""
        data_key_id, key = self.data_keys.for_people(connection, programme_id)
        return data_key_id, seal(key, member_id, email.encode())

    def open_email(
        self, connection: Connection, data_key_id: int, member_id: int, sealed: bytes
    ) -> str:
        """Decrypt a member's contact e-mail."""
        return unseal(self.data_keys.by_id(connection, data_key_id), member_id, sealed).decode()

    def open_body(
        self, connection: Connection, data_key_id: int, delivery_id: int, sealed: bytes
    ) -> bytes:
        """Decrypt and unpack the body of a delivery."""
        return unseal(self.data_keys.by_id(connection, data_key_id), delivery_id, sealed)


def new_vault(keyring: Keyring) -> Vault:
    """Return a vault with an empty cache of data keys."""
    return Vault(keyring, DataKeys(keyring))
