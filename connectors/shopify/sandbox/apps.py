"""Apps: their secrets, their installations in shops, and the tokens they were given."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class Secret:
    """A client secret; webhooks are signed with the oldest one that is not revoked."""

    value: str
    revoked: bool = False


@dataclass
class App:
    """An app as its developer made it. `number` names its metafield namespace."""

    client_id: str
    number: int
    secrets: list[Secret]
    scopes: tuple[str, ...]
    title: str = "Stempel"
    webhooks: dict[str, str] = field(default_factory=dict)  # topic → uri, for all shops (TOML)
    codes: dict[str, dict[str, tuple[str, ...]]] = field(
        default_factory=dict
    )  # by shop: not yet used

    def add_secret(self, value: str) -> None:
        """Make a further secret; the old one keeps signing until it is revoked."""
        self.secrets.append(Secret(value))

    def revoke_secret(self, value: str) -> None:
        """End a secret; raises ValueError if it is not there or the last one."""
        found = [secret for secret in self.secrets if secret.value == value]
        if not found or sum(not secret.revoked for secret in self.secrets) < 2:
            raise ValueError("not a secret of this app, or its last one")
        found[0].revoked = True

    @property
    def signing_secret(self) -> str:
        """Return the secret that webhooks are signed with."""
        return next(secret.value for secret in self.secrets if not secret.revoked)

    def knows(self, value: Any) -> bool:
        """Say whether this is one of the secrets in force."""
        return any(secret.value == value and not secret.revoked for secret in self.secrets)


@dataclass
class Token:
    """An access token; without `expires` it lives until the app is uninstalled."""

    value: str
    expires: datetime | None = None


@dataclass
class RefreshToken:
    """A refresh token. The one it replaced works until this one is used."""

    value: str
    expires: datetime
    replaced: "RefreshToken | None" = None
    dead: bool = False


@dataclass
class Bucket:
    """The points an app may still spend in a shop: a leaky bucket."""

    available: float
    at: float  # the platform's seconds when `available` was true


@dataclass
class Subscription:
    """A webhook subscription made through the API or by hand, for one shop."""

    id: int
    topic: str  # as in the header: orders/paid
    uri: str
    created: datetime
    updated: datetime
    version: str
    format: str = "JSON"
    name: str | None = None
    include_fields: list[str] = field(default_factory=list)
    metafield_namespaces: list[str] = field(default_factory=list)
    failures: int = 0  # in a row; the eighth deletes it


@dataclass
class Installation:
    """An app in a shop: what it may do, how it proves itself, what it subscribed to."""

    app: App
    number: int
    scopes: tuple[str, ...]
    installed: datetime
    bucket: Bucket
    tokens: dict[str, Token] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    subscriptions: dict[int, Subscription] = field(default_factory=dict)

    def may(self, scope: str) -> bool:
        """Say whether a scope was granted; a write scope includes its read."""
        return scope in self.scopes or scope.replace("read_", "write_", 1) in self.scopes

    @property
    def namespace(self) -> str:
        """Return what the namespace `$app` stands for."""
        return f"app--{self.app.number}"
