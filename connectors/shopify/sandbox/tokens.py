"""The token endpoint: client credentials, authorization codes, refreshing, token exchange.

Lifetimes and answers as the access-token pages of shopify.dev say: 24 hours for client credentials,
1 hour and a refresh token of 90 days for expiring offline tokens, no end for the others.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from connectors.shopify.sandbox.apps import App, Installation, RefreshToken, Token
from connectors.shopify.sandbox.state import Row, State

CLIENT_CREDENTIALS_LIFE = timedelta(seconds=86_399)
OFFLINE_LIFE = timedelta(hours=1)
REFRESH_LIFE = timedelta(days=90)
ID_TOKEN_LIFE = timedelta(minutes=1)
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 - a name, not a token
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"


class Denied(Exception):
    """An OAuth error: its code is the answer's `error`."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.description, self.status = code, description, status


def grant(shop: State, sent: Mapping[str, Any]) -> Row:
    """Answer a request for a token; raises Denied."""
    app = shop.platform.apps.get(str(sent.get("client_id")))
    if app is None or not app.knows(sent.get("client_secret")):
        raise Denied("invalid_client", "The client is not known, or its secret is wrong.", 401)
    installation = shop.installations.get(app.client_id)
    expiring = str(sent.get("expiring")) in {"1", "true", "True"}
    kind = sent.get("grant_type")
    if kind is None and "code" in sent:
        return _code(shop, app, str(sent["code"]), expiring=expiring)
    if installation is None:
        raise Denied("app_not_installed", "The app is not installed in this shop.")
    if kind == "client_credentials":
        token = _token(shop, installation, CLIENT_CREDENTIALS_LIFE)
        return {
            "access_token": token.value,
            "scope": ",".join(installation.scopes),
            "expires_in": int(CLIENT_CREDENTIALS_LIFE.total_seconds()),
        }
    if kind == "refresh_token":
        return _refresh(shop, installation, str(sent.get("refresh_token")))
    if kind == EXCHANGE:
        _check_subject(shop, app, installation, sent)
        return _answer(shop, installation, None, expiring=expiring)
    raise Denied("unsupported_grant_type", f"The grant type {kind} is not supported.")


def find(shop: State, value: str | None) -> Installation | None:
    """Return the installation whose token this is, if it is in force."""
    for installation in shop.installations.values():
        token = installation.tokens.get(value or "")
        if token and (token.expires is None or token.expires > shop.platform.clock()):
            return installation
    return None


def add(installation: Installation, value: str) -> Token:
    """Give out a token that never expires, as custom apps have it."""
    installation.tokens[value] = made = Token(value)
    return made


def authorize(shop: State, query: Mapping[str, str]) -> str:
    """Let the merchant agree to an app's wishes at once; returns where the browser is sent.

    Raises Denied for an unknown app.
    """
    app = shop.platform.apps.get(query.get("client_id", ""))
    if app is None:
        raise Denied("application_cannot_be_found", "No app has this client id.")
    wished = tuple(one for one in query.get("scope", "").split(",") if one) or app.scopes
    code = secrets.token_hex(16)
    app_codes = codes_of(shop, app)
    app_codes[code] = wished
    host = base64.urlsafe_b64encode(f"{shop.domain}/admin".encode()).decode().rstrip("=")
    told = {
        "code": code,
        "host": host,
        "shop": shop.domain,
        "state": query.get("state", ""),
        "timestamp": str(int(shop.platform.clock().timestamp())),
    }
    message = "&".join(f"{key}={told[key]}" for key in sorted(told))
    secret = app.signing_secret.encode()
    told["hmac"] = hmac.digest(secret, message.encode(), hashlib.sha256).hex()
    return f"{query.get('redirect_uri', '')}?{urlencode(told)}"


def codes_of(shop: State, app: App) -> dict[str, tuple[str, ...]]:
    """Return the authorization codes an app may still use in a shop, with their scopes."""
    return app.codes.setdefault(shop.domain, {})


def id_token(shop: State, app: App) -> str:
    """Make the token with which an embedded page proves shop and user to the app's server."""
    now = int(shop.platform.clock().timestamp())
    claims = {
        "iss": f"https://{shop.domain}/admin",
        "dest": f"https://{shop.domain}",
        "aud": app.client_id,
        "sub": "42",
        "exp": now + int(ID_TOKEN_LIFE.total_seconds()),
        "nbf": now,
        "iat": now,
        "jti": secrets.token_hex(8),
        "sid": secrets.token_hex(16),
    }
    signed = f"{_pack({'alg': 'HS256', 'typ': 'JWT'})}.{_pack(claims)}"
    return f"{signed}.{_signature(app.signing_secret, signed)}"


def _pack(value: Row) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _signature(secret: str, signed: str) -> str:
    return _base64(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))


def _check_subject(
    shop: State, app: App, installation: Installation, sent: Mapping[str, Any]
) -> None:
    subject, kind = str(sent.get("subject_token")), sent.get("subject_token_type")
    if kind == OFFLINE:
        if find(shop, subject) is not installation:
            raise Denied("invalid_subject_token", "The access token is not in force.")
        return
    signed, _, signature = subject.rpartition(".")
    if kind != ID_TOKEN or not any(
        hmac.compare_digest(_signature(one.value, signed), signature)
        for one in app.secrets
        if not one.revoked
    ):
        raise Denied("invalid_subject_token", "The ID token is not one of this app.")
    padded = signed.partition(".")[2]
    claims = json.loads(base64.urlsafe_b64decode(padded + "=" * (-len(padded) % 4)))
    if claims["exp"] < shop.platform.clock().timestamp():
        raise Denied("invalid_subject_token", "The ID token has expired.")
    if claims["dest"] != f"https://{shop.domain}" or claims["aud"] != app.client_id:
        raise Denied("invalid_subject_token", "The ID token is of another shop or app.")


def _code(shop: State, app: App, code: str, *, expiring: bool) -> Row:
    scopes = codes_of(shop, app).pop(code, None)
    if scopes is None:
        raise Denied("invalid_request", "The authorization code was not found or was already used.")
    installation = shop.install(app, scopes)
    return _answer(shop, installation, None, expiring=expiring)


def _refresh(shop: State, installation: Installation, value: str) -> Row:
    found = installation.refresh_tokens.get(value)
    if found is None or found.dead or found.expires <= shop.platform.clock():
        raise Denied("invalid_grant", "The refresh token is not in force.")
    if found.replaced is not None:
        found.replaced.dead = True  # its successor has arrived, so nobody needs it any more
    return _answer(shop, installation, found, expiring=True)


def _answer(
    shop: State, installation: Installation, replaced: RefreshToken | None, *, expiring: bool
) -> Row:
    token = _token(shop, installation, OFFLINE_LIFE if expiring else None)
    scope = ",".join(installation.scopes)
    if not expiring:
        return {"access_token": token.value, "scope": scope}
    refresh = RefreshToken(
        f"shprt_{secrets.token_hex(16)}", shop.platform.clock() + REFRESH_LIFE, replaced
    )
    installation.refresh_tokens[refresh.value] = refresh
    return {
        "access_token": token.value,
        "expires_in": int(OFFLINE_LIFE.total_seconds()),
        "refresh_token": refresh.value,
        "refresh_token_expires_in": int(REFRESH_LIFE.total_seconds()),
        "scope": scope,
    }


def _token(shop: State, installation: Installation, life: timedelta | None) -> Token:
    expires = None if life is None else shop.platform.clock() + life
    token = Token(f"shpat_{secrets.token_hex(16)}", expires)
    installation.tokens[token.value] = token
    return token
