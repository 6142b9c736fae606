"""The access token of one shop: the one that was given, or one by the client credentials grant.

The grant is for apps of one's own organisation on its own shops; its tokens live 24 hours, are kept in
memory only and are fetched anew when needed.
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant
"""

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from app.errors import Blocked
from connectors.http import Answer, HttpClient
from connectors.shopify.refusals import NoAccess, raise_for_page, raise_for_status
from connectors.shopify.throttle import Seconds

ACCESS_TOKEN = "access-token"  # noqa: S105  # the name of a setting
CLIENT_ID = "client-id"
CLIENT_SECRET = "client-secret"  # noqa: S105  # the name of a setting

_EARLY = 60.0  # seconds before its end that a token is not used any more
_SECONDS = 10.0


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float


def can_call(credentials: Mapping[str, str]) -> bool:
    """Say whether these credentials lead to an access token."""
    return bool(
        credentials.get(ACCESS_TOKEN)
        or (credentials.get(CLIENT_ID) and credentials.get(CLIENT_SECRET))
    )


class Tokens:
    """Hands out the token to call one shop with."""

    def __init__(
        self,
        credentials: Mapping[str, str],
        *,
        shop: str,
        base: str,
        http: HttpClient,
        clock: Seconds,
    ) -> None:
        self._given = credentials.get(ACCESS_TOKEN)
        self._client = (credentials.get(CLIENT_ID), credentials.get(CLIENT_SECRET))
        self._shop = shop
        self._url = f"{base}/admin/oauth/access_token"
        self._http = http
        self._clock = clock
        self._granted: str | None = None
        self._ends_at = 0.0

    def current(self) -> str:
        """Return a token that should work, asking for one if need be."""
        if self._given:
            return self._given
        if self._granted is None or self._clock() >= self._ends_at:
            self._granted = None
            self._granted = self._grant()
        return self._granted

    def forget(self) -> bool:
        """Forget a token that was refused; says whether another one can be had."""
        had, self._granted = self._granted, None
        return had is not None

    def _grant(self) -> str:
        client_id, secret = self._client
        if not (client_id and secret):
            raise Blocked(
                f"There is nothing to call the shop {self._shop} with: give the app's access token, or "
                "its client id and client secret."
            )
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        asked_at = self._clock()
        answer = self._http.request(
            "POST",
            self._url,
            headers={
                "accept": "application/json",
                "content-type": "application/x-www-form-urlencoded",
            },
            body=urlencode(form).encode(),
            timeout=_SECONDS,
        )
        self._raise_for_refusal(answer)
        try:
            granted = msgspec.json.decode(answer.body, type=_Granted)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise_for_page(self._shop)
        self._ends_at = asked_at + granted.expires_in - _EARLY
        return granted.access_token

    def _raise_for_refusal(self, answer: Answer) -> None:
        if answer.status in {400, 401, 403}:
            raise NoAccess(
                f"The shop {self._shop} gives us no access token (HTTP {answer.status}): the client id or "
                "client secret is wrong, or the app is not installed there or not of the shop's own "
                "organisation. Check all three in Shopify's Dev Dashboard."
            )
        raise_for_status(answer, self._shop)
