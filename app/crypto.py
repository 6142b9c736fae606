"""Keys and what is done with them: wrapping secrets, sealing bodies, look-up hashes, ledger MACs.

Three keys with three lives: `secret_keys` (Fernet, rotated at will: the first writes, all read),
`pepper` (look-up hashes; never rotated, or nobody would be found again) and `ledger_key` (the chain;
kept outside the database, so that whoever can write rows still cannot forge them).
"""

import hashlib
import hmac
import os
import threading
from dataclasses import dataclass

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import ConfigError

_NONCE_BYTES = 12
_ZSTD_LEVEL = 3  # facts/performance.md, section A: 30 µs and 0.38 of the size
_of_thread = threading.local()
MAX_BODY_BYTES = 64 * 1024 * 1024  # a sealed body never unpacks to more


@dataclass(frozen=True, repr=False)
class Keyring:
    """All keys of one installation. Never printed."""

    secret_keys: tuple[str, ...]
    pepper: bytes
    ledger_key: bytes

    def __post_init__(self) -> None:
        """Refuse keys that are missing or too short to mean anything."""
        if not self.secret_keys:
            raise ConfigError("SECRET_KEYS is empty: run `stempel init` to make a key file.")
        for key in self.secret_keys:
            try:
                Fernet(key)
            except ValueError as error:
                raise ConfigError(
                    "SECRET_KEYS holds something that is not a Fernet key (44 characters of "
                    "url-safe base64); run `stempel init` to make one."
                ) from error
        for name, value in (("LOOKUP_PEPPER", self.pepper), ("LEDGER_KEY", self.ledger_key)):
            if len(value) < 16:
                raise ConfigError(
                    f"{name} is missing or shorter than 16 bytes; run `stempel init` to make one."
                )

    def wrap(self, secret: bytes) -> tuple[str, bytes]:
        """Encrypt a secret under the newest key; returns (key id, token)."""
        newest = self.secret_keys[0]
        return key_id(newest), Fernet(newest).encrypt(secret)

    def unwrap(self, token: bytes) -> bytes:
        """Decrypt what `wrap` made; raises ConfigError if no key fits."""
        try:
            return MultiFernet([Fernet(key) for key in self.secret_keys]).decrypt(token)
        except InvalidToken as error:
            raise ConfigError(
                "A stored secret cannot be decrypted: SECRET_KEYS lacks the key it was written with. "
                "Put the old key back behind the new one (comma separated)."
            ) from error

    def lookup(self, purpose: str, *parts: bytes) -> bytes:
        """Return a keyed 32-byte hash by which a value can be found but not guessed."""
        told = [purpose.encode()]
        for part in parts:
            told += (len(part).to_bytes(8, "big"), part)
        return hmac.digest(self.pepper, b"".join(told), hashlib.sha256)

    def chain(self, previous: bytes, canonical: bytes) -> bytes:
        """Return the MAC of one ledger entry over its canonical form and the one before it."""
        return hmac.digest(self.ledger_key, previous + canonical, hashlib.sha256)


def key_id(key: str) -> str:
    """Return the short public name of a key, kept in every row it wrote."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def new_data_key() -> bytes:
    """Return a fresh AES-256 key."""
    return AESGCM.generate_key(256)


def seal(data_key: bytes, row_id: int, plain: bytes) -> bytes:
    """Compress and encrypt; `row_id` is bound to it, so rows cannot be swapped."""
    nonce = os.urandom(_NONCE_BYTES)
    packed = _compressor().compress(plain)
    return nonce + AESGCM(data_key).encrypt(nonce, packed, row_id.to_bytes(8, "big"))


def _compressor() -> zstandard.ZstdCompressor:
    """Return this thread's compressor: making one costs as much as compressing a body."""
    known: zstandard.ZstdCompressor | None = getattr(_of_thread, "compressor", None)
    if known is None:
        known = _of_thread.compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL)
    return known


def unseal(data_key: bytes, row_id: int, sealed: bytes) -> bytes:
    """Undo `seal`; raises ConfigError when the key or the row does not fit."""
    nonce, box = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        packed = AESGCM(data_key).decrypt(nonce, box, row_id.to_bytes(8, "big"))
    except InvalidTag as error:
        raise ConfigError(
            f"The stored body of row {row_id} cannot be decrypted: wrong key, or the row was altered."
        ) from error
    return zstandard.ZstdDecompressor().decompress(packed, max_output_size=MAX_BODY_BYTES)
