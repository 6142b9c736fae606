"""What an answer means that does not do what we asked, in words for the merchant.

Two tables: HTTP status, and the code inside GraphQL's `errors`, each → Passing, Invalid or Blocked.
Codes decide, never messages: those are prose and can hold what a shopper typed.
https://shopify.dev/docs/api/usage/response-codes
"""

import re
from collections.abc import Sequence
from typing import Any, NoReturn

import msgspec

from app.errors import Blocked, Invalid, Passing
from connectors.http import Answer, raise_for_answer, retry_after

THROTTLED = "THROTTLED"

# What a shop may keep from an app that needs no more than a customer's id: "protected customer data".
# https://shopify.dev/docs/apps/launch/protected-customer-data
_PERSONAL = frozenset({"email", "emailAddress", "defaultEmailAddress"})
# What of a line needs a permission of its own (read_products), and moves no points.
_GOODS = frozenset({"product", "variant"})

_CODE = re.compile(r"[A-Za-z0-9_-]{1,80}")
_SCOPE = re.compile(r"`([a-z_]{1,80})`")

_AGAIN = "Install the app in the shop again and give Stempel its access token or client secret"


class NoAccess(Blocked):
    """The shop does not know us (any more): token revoked, app uninstalled, shop closed."""


class Denied(Blocked):
    """The app lacks a permission for what was asked. The shop itself is there."""


class Fault(msgspec.Struct):
    """One entry of GraphQL's `errors`."""

    extensions: dict[str, Any] | None = None
    path: list[str | int] | None = None

    @property
    def code(self) -> str:
        """Return the error's code, "" if it has none that can be shown."""
        found = (self.extensions or {}).get("code")
        return found if isinstance(found, str) and _CODE.fullmatch(found) else ""


def raise_for_status(answer: Answer, shop: str) -> None:
    """Raise what any status but a 2xx means; `shop` is the shop's domain."""
    who, said = f"The shop {shop}", f"HTTP {answer.status}"
    match answer.status:
        case status if 200 <= status < 300:
            return
        case 401:
            raise NoAccess(
                f"{who} does not accept our access token ({said}): it was revoked, or the app was "
                f"uninstalled. {_AGAIN}."
            )
        case 402:
            raise Blocked(
                f"{who} is frozen ({said}): its owner has to settle its account with Shopify."
            )
        case 403:
            raise NoAccess(
                f"{who} forbids the app to call it ({said}): the app may not be used in this shop, or "
                f"was uninstalled. {_AGAIN}."
            )
        case 404:
            raise NoAccess(
                f"There is no shop {shop} that answers us ({said}): was it closed, or is its name "
                "wrong? Give the name that ends with .myshopify.com."
            )
        case 423:
            raise Blocked(f"{who} is locked ({said}): its owner has to ask Shopify's support.")
        case 430:
            # Not in the general table: Shopify's own number for a request it finds suspicious.
            raise Passing(f"{who} refuses for now ({said}).", retry_after=retry_after(answer))
        case _:
            raise_for_answer(answer, who)


def raise_for_faults(faults: Sequence[Fault], shop: str) -> None:
    """Raise what the `errors` of an answer mean; personal data and names of goods kept from us are no error.

    Throttling is the client's business and must be dealt with before.
    """
    who = f"The shop {shop}"
    for fault in faults:
        match fault.code:
            case "ACCESS_DENIED":
                if not _dispensable(fault):
                    raise Denied(f"{who} {_denial(fault)}")
            case "INTERNAL_SERVER_ERROR" | "TIMEOUT":
                raise Passing(f"{who} has trouble ({fault.code}).")
            case "MAX_COST_EXCEEDED":
                raise Invalid(f"{who} finds the request too large for one call ({fault.code}).")
            case "SHOP_INACTIVE":
                raise Blocked(f"{who} is not active ({fault.code}): its owner has to reopen it.")
            case code:
                said = code or "an error without a code"
                raise Invalid(f"{who} does not accept the request ({said}).")


def raise_for_page(shop: str) -> NoReturn:
    """Raise for a body that is not the JSON of GraphQL under a status that says all is well."""
    raise Passing(
        f"The shop {shop} answered with a page instead of JSON: an outage, or something stands between "
        "us and Shopify."
    )


def _dispensable(fault: Fault) -> bool:
    # Never the root of a document: what is denied there is the whole object, and must not be taken for
    # one that does not exist.
    path = [part for part in fault.path or [] if isinstance(part, str)]
    return len(path) > 1 and path[-1] in _PERSONAL | _GOODS


def _denial(fault: Fault) -> str:
    what = next((part for part in reversed(fault.path or []) if isinstance(part, str)), "this call")
    needed = (fault.extensions or {}).get("requiredAccess")
    scopes = _SCOPE.findall(needed) if isinstance(needed, str) else []
    if scopes:
        return (
            f"does not give the app access to {what}: it lacks the permission {' or '.join(scopes)}. Add "
            "it to the app's access scopes in Shopify's Dev Dashboard, release a version of the app, and "
            "accept it in the shop."
        )
    return (
        f"does not give the app access to {what}. If it is about customers, ask for access to protected "
        "customer data in the app's settings at Shopify (an app for one's own shop needs no review)."
    )
