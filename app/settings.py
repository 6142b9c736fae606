"""Settings: one frozen object, read once from the environment (and a key file), then passed on."""

import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import getaddresses
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from cryptography.fernet import Fernet

from app.crypto import Keyring
from app.errors import ConfigError

_TRUE = {"1", "true", "yes", "on"}
_ORIGIN = "_ORIGIN"
_FALSE = {"", "0", "false", "no", "off"}


# What is before the @: RFC 5322's dot-atom; quoted ones are no sender's.
_SENDER = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class MailServer:
    """Where e-mail is handed over, and whom it is from."""

    host: str
    port: int
    sender: str  # the bare address
    sender_name: str = ""
    security: Literal["tls", "starttls", "none"] = "starttls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Settings:
    """Everything that can be set. `.env.example` describes each for people."""

    database_url: str
    redis_url: str | None
    public_url: str
    keyring: Keyring = field(repr=False)
    var: Path
    host: str = "127.0.0.1"
    port: int = 8000
    web_processes: int = 1  # on PostgreSQL; an SQLite database has one
    max_body_bytes: int = 5 * 1024 * 1024
    body_timeout: float = 10.0  # seconds a sender may take for its body
    hold_seconds: float = 4.0  # how long a delivery waits for a database that is away
    hold_requests: int = 200
    dev: bool = False
    allow_private_addresses: bool = False  # shops on this machine or network: demo and tests only
    page_token: str | None = field(default=None, repr=False)
    mail: MailServer | None = None  # without it no e-mail is sent
    origins: Mapping[str, str] = field(default_factory=dict)  # see `origin_of`
    failpoints: str = ""  # tests only: where the process ends as if killed

    @property
    def embedded(self) -> bool:
        """SQLite and an in-process worker: one serving process."""
        return self.database_url.startswith("sqlite")

    def origin_of(self, platform: str) -> str | None:
        """Return where the platform's shops are called instead of their own address, if anywhere.

        `SHOPIFY_ORIGIN` and the like. Raises ConfigError outside the demo and tests.
        """
        origin = self.origins.get(platform)
        if origin is None:
            return None
        name = f"{platform.upper()}{_ORIGIN}"
        if not self.dev:
            raise ConfigError(
                f"{name} is for the demo and tests: it would send the shops' tokens elsewhere. Unset "
                "it, or set STEMPEL_DEV=1 if this is no real installation."
            )
        if not origin.startswith(("http://", "https://")):
            raise ConfigError(f"{name} must be an address as http://127.0.0.1:9000/{{shop}}.")
        return origin


def from_env(environ: Mapping[str, str]) -> Settings:
    """Read the settings; raises ConfigError naming the variable and what it must be."""
    dev = _flag(environ, "STEMPEL_DEV")
    var = Path(environ.get("STEMPEL_VAR") or "var").absolute()
    port = _number(environ, "PORT", 8000, least=1, most=65535)
    database_url = _database_url(environ.get("DATABASE_URL") or f"sqlite:///{var}/stempel.db")
    return Settings(
        database_url=database_url,
        redis_url=_redis_url(environ.get("REDIS_URL")),
        public_url=_public_url(environ.get("PUBLIC_URL") or f"http://127.0.0.1:{port}"),
        keyring=_keyring(environ, var, dev=dev),
        var=var,
        host=environ.get("HOST") or "127.0.0.1",
        port=port,
        web_processes=_web_processes(environ, database_url),
        max_body_bytes=_number(environ, "MAX_BODY_BYTES", 5 * 1024 * 1024, least=1),
        body_timeout=float(_number(environ, "BODY_TIMEOUT_SECONDS", 10, least=1)),
        hold_seconds=float(_number(environ, "HOLD_SECONDS", 4)),
        hold_requests=_number(environ, "HOLD_REQUESTS", 200),
        dev=dev,
        allow_private_addresses=_flag(environ, "ALLOW_PRIVATE_ADDRESSES", default=dev),
        page_token=environ.get("PAGE_TOKEN") or None,
        mail=_mail(environ.get("SMTP_URL"), environ.get("MAIL_FROM")),
        failpoints=_failpoints(environ, dev=dev),
        origins={
            name.removesuffix(_ORIGIN).lower(): value
            for name, value in environ.items()
            if name.endswith(_ORIGIN) and value
        },
    )


def _web_processes(environ: Mapping[str, str], database_url: str) -> int:
    several = _number(environ, "WEB_CONCURRENCY", 1, least=1, most=64)
    if several > 1 and database_url.startswith("sqlite"):
        raise ConfigError(
            "WEB_CONCURRENCY must be 1 on SQLite, which has one serving process. More need PostgreSQL "
            "(DATABASE_URL)."
        )
    return several


def _failpoints(environ: Mapping[str, str], *, dev: bool) -> str:
    spec = environ.get("STEMPEL_FAILPOINTS") or ""
    if spec and not dev:
        raise ConfigError(
            "STEMPEL_FAILPOINTS kills this process on purpose, for tests. Unset it, or set "
            "STEMPEL_DEV=1 if this is no real installation."
        )
    return spec


def write_key_file(path: Path) -> None:
    """Make a new key file, readable by its owner only; raises ConfigError if one exists."""
    lines = (
        "# Keys of this Stempel. Without them no secret, body or e-mail can be read: keep a copy.\n"
        "# Rotate by putting a new key first in secret_keys; never change the other two.\n"
        f'secret_keys = ["{Fernet.generate_key().decode()}"]\n'
        f'lookup_pepper = "{secrets.token_urlsafe(32)}"\n'
        f'ledger_key = "{secrets.token_urlsafe(32)}"\n'
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        if path.exists():
            raise ConfigError(
                f"{path} exists already. It was left as it is: keys that are overwritten cannot be "
                "got back. Move it away first if you mean to start anew."
            ) from error
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}. STEMPEL_VAR or KEY_FILE says where it goes."
        ) from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(lines)


def key_file(environ: Mapping[str, str]) -> Path:
    """Return where the key file is looked for."""
    var = Path(environ.get("STEMPEL_VAR") or "var").absolute()
    return Path(environ.get("KEY_FILE") or var / "keys.toml")


def _keyring(environ: Mapping[str, str], var: Path, *, dev: bool) -> Keyring:
    if environ.get("SECRET_KEYS"):
        return Keyring(
            secret_keys=tuple(
                key.strip() for key in environ["SECRET_KEYS"].split(",") if key.strip()
            ),
            pepper=environ.get("LOOKUP_PEPPER", "").encode(),
            ledger_key=environ.get("LEDGER_KEY", "").encode(),
        )
    path = key_file(environ)
    if not path.exists():
        if not dev:
            raise ConfigError(
                f"No keys: {path} does not exist and SECRET_KEYS is not set. Run `stempel init` "
                "once (it makes the file), or set STEMPEL_DEV=1 for throw-away keys."
            )
        path = var / "keys.toml"
        if not path.exists():
            write_key_file(path)
    if not path.is_file():
        raise ConfigError(f"{path} is not a file: KEY_FILE must name the one `stempel init` made.")
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"{path} can be read by others; run: chmod 600 {path}")
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return Keyring(
            secret_keys=tuple(document["secret_keys"]),
            pepper=document["lookup_pepper"].encode(),
            ledger_key=document["ledger_key"].encode(),
        )
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        wrong = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ConfigError(
            f"{path} is not a key file as `stempel init` writes it: {wrong}"
        ) from error


def _database_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/"):
        if rest in {"/", "/:memory:"}:
            raise ConfigError("DATABASE_URL names no file; write it as sqlite:///var/stempel.db.")
        return url
    if scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise ConfigError(
            f"DATABASE_URL must start with sqlite:/// or postgresql://, not {scheme[:20]!r}."
        )
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        # The value is not repeated: it may hold a password.
        raise ConfigError(
            "DATABASE_URL is not as postgresql://user:password@host:port/database. Special characters "
            "in a password must be percent-encoded, @ as %40."
        ) from error
    return f"postgresql+psycopg://{rest}"


def _redis_url(url: str | None) -> str | None:
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise ConfigError(
            "REDIS_URL must start with redis://, rediss:// (TLS) or unix://, as redis://127.0.0.1:6379/0."
        )
    return url or None


def _public_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or True)
    except ValueError:
        known = False
    if not known or parts.query or parts.fragment:
        raise ConfigError(
            "PUBLIC_URL must be the address that shops and people reach, as https://loyalty.example, "
            f"not {url!r}."
        )
    return url.rstrip("/")


def _mail(url: str | None, sender: str | None) -> MailServer | None:
    """Read where e-mail goes; the address is not repeated in an error: it holds a password."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        asked = dict(
            parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        )
        known = parts.scheme in {"smtp", "smtps"} and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if (
        not known
        or parts.path.strip("/")
        or parts.fragment
        or (parts.username is None) != (parts.password is None)
    ):
        raise ConfigError(
            "SMTP_URL must be as smtp://user:password@host:587 (which turns to TLS before it logs in) "
            "or smtps://user:password@host:465. Special characters in user and password must be "
            "percent-encoded, @ as %40, # as %23."
        )
    security = _security(parts, asked)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not (user + password).isascii():
        raise ConfigError("SMTP_URL: user and password may hold ASCII characters only.")
    if security == "none" and user and parts.hostname not in _LOOPBACK:
        raise ConfigError(
            "SMTP_URL: with starttls=no the password would be readable on the way. Leave starttls=no "
            "out, or user and password."
        )
    addresses = getaddresses([sender or ""])
    name, address = addresses[0] if len(addresses) == 1 else ("", "")
    if not _SENDER.fullmatch(address) or not name.isprintable() or "=?" in name:
        raise ConfigError(
            "MAIL_FROM must be the address that e-mail is from, as points@shop.example or "
            f"Kawa <points@shop.example>, not {sender!r}."
        )
    return MailServer(
        host=parts.hostname or "",
        port=parts.port or (465 if security == "tls" else 587),
        sender=address,
        sender_name=name,
        security=security,
        user=user or None,
        password=password or None,
    )


def _security(parts: SplitResult, asked: Mapping[str, str]) -> Literal["tls", "starttls", "none"]:
    if parts.scheme == "smtps" and not asked:
        return "tls"
    if parts.scheme == "smtp" and asked in ({}, {"starttls": "yes"}, {"starttls": "no"}):
        return "none" if asked.get("starttls") == "no" else "starttls"
    raise ConfigError(
        "SMTP_URL: after the host there may be ?starttls=no, for a server on smtp:// that cannot do "
        "TLS, and nothing else."
    )


def _flag(environ: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    value = environ.get(name)
    if value is None:
        return default
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ConfigError(f"{name} must be 1 or 0, not {value!r}.")


def _number(
    environ: Mapping[str, str],
    name: str,
    default: int,
    *,
    least: int = 0,
    most: int | None = None,
) -> int:
    value = environ.get(name)
    if not value:
        return default
    if not value.isdecimal():
        raise ConfigError(f"{name} must be a whole number, not {value!r}.")
    number = int(value)
    if number < least or (most is not None and number > most):
        allowed = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ConfigError(f"{name} must be {allowed}, not {number}.")
    return number
