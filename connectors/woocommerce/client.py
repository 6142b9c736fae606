"""One session to one shop's REST API: addresses, authentication, paging, what answers mean.

https: Basic. Plain http: WooCommerce takes only OAuth1 (HMAC-SHA256) there, so that the secret itself
never travels. https://woocommerce.github.io/woocommerce-rest-api-docs/#authentication
"""

import base64
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import msgspec
from woocommerce.oauth import OAuth

from app.errors import Invalid
from connectors.base import Access
from connectors.http import Answer, HttpClient
from connectors.woocommerce import payloads
from connectors.woocommerce.refusals import error_code, raise_for_refusal

API = "wc/v3"
PER_PAGE = 100  # the most that WooCommerce gives; one more is refused
READ_SECONDS = 20.0
WRITE_SECONDS = 45.0  # a batch of 100 customers on a slow host

CONSUMER_KEY = "consumer-key"
CONSUMER_SECRET = "consumer-secret"  # noqa: S105  # the name of a setting


class Session:
    """Calls one shop with its API keys. Raises Passing, Invalid or Blocked, as `refusals` says."""

    def __init__(self, access: Access, http: HttpClient) -> None:
        self._http = http
        self._base = api_base(access.url)
        self._key = access.credentials.get(CONSUMER_KEY, "")
        self._secret = access.credentials.get(CONSUMER_SECRET, "")

    def get(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        """Return the JSON at `path`."""
        answer = self._send("GET", path, params or {}, None, READ_SECONDS)
        raise_for_refusal(answer, self._base, writing=False)
        return answer.body

    def get_known(
        self, path: str, gone: frozenset[str], params: Mapping[str, str] | None = None
    ) -> bytes | None:
        """Return the JSON at `path`, None when the shop says by one of these codes that it is gone.

        Any other 404 (no such route, a page of the web server) says nothing about the object.
        """
        answer = self._send("GET", path, params or {}, None, READ_SECONDS)
        if answer.status in {404, 410} and error_code(answer) in gone:
            return None
        raise_for_refusal(answer, self._base, writing=False)
        return answer.body

    def send(self, method: str, path: str, document: object) -> bytes:
        """Write JSON to `path` and return what the shop answers."""
        body = msgspec.json.encode(document)
        answer = self._send(method, path, {}, body, WRITE_SECONDS)
        raise_for_refusal(answer, self._base, writing=True)
        return answer.body

    def pages(
        self,
        path: str,
        params: Mapping[str, str],
        max_pages: int,
        gone: frozenset[str] = frozenset(),
    ) -> tuple[list[msgspec.Raw], bool]:
        """Return every object of a list, each once, and whether `max_pages` held them all.

        A list whose owner is gone, by one of the codes in `gone`, is empty.
        The Link header is not followed: it repeats what was in our query, signature included.
        """
        found: dict[str, msgspec.Raw] = {}
        for page in range(1, max_pages + 1):
            query = {**params, "per_page": str(PER_PAGE), "page": str(page)}
            body = self.get_known(path, gone, query)
            if body is None:
                return [], True
            listed = payloads.decode(body, list[msgspec.Raw], "the shop's list")
            for item in listed:
                # Rows shift while paging; the later sight of an object is the newer one.
                found[payloads.key_of(item)] = item
            if len(listed) < PER_PAGE:
                return list(found.values()), True
        return list(found.values()), False

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(
        self, method: str, path: str, params: Mapping[str, str], body: bytes | None, seconds: float
    ) -> Answer:
        url = f"{self._base}/{path}"
        headers = {"accept": "application/json"}
        if body is not None:
            headers["content-type"] = "application/json"
        if params:
            url += "?" + urlencode(params)
        if url.startswith("https:"):
            pair = base64.b64encode(f"{self._key}:{self._secret}".encode())
            headers["authorization"] = f"Basic {pair.decode()}"
        else:
            oauth = OAuth(url, self._key, self._secret, version=API, method=method)
            url = oauth.get_oauth_url()
        return self._http.request(method, url, headers=headers, body=body, timeout=seconds)


def api_base(url: str) -> str:
    """Return the address of the REST API for a shop's address as people type it."""
    typed = url.strip()
    if "://" not in typed:
        typed = f"https://{typed}"
    try:
        parts = urlsplit(typed)
    except ValueError as error:
        raise Invalid("The shop's address cannot be read as a web address.") from error
    path = parts.path.rstrip("/")
    if "/wp-json" in path:
        path = path[: path.index("/wp-json")]
    return f"{parts.scheme}://{parts.netloc}{path}/wp-json/{API}"
