"""A customer's word about the shop's e-mails → the action "newsletter", begun or ended.

https://shopify.dev/docs/api/admin-graphql/2026-10/enums/CustomerEmailMarketingState : "unsubscribed" was
subscribed before, "not_subscribed" never was, "pending" has not confirmed it yet.
"""

import msgspec

from app.programme.actions import NEWSLETTER
from app.programme.events import ActionFacts, Event, Person
from connectors import texts
from connectors.base import Ignored, Observed, Outcome
from connectors.shopify import values
from connectors.shopify.payloads import decode
from connectors.shopify.values import Id

KIND = "action"

_BEGUN = "subscribed"
_ENDED = frozenset({"unsubscribed", "redacted"})


class _Consent(msgspec.Struct):
    state: str | None = None
    consent_updated_at: str | None = None


class _Told(msgspec.Struct):
    customer_id: Id
    email_marketing_consent: _Consent | None = None


def consent(topic: str, body: bytes) -> Outcome:
    """Return what a customer's consent to e-mails states; one that was never given states nothing."""
    found = decode(body, _Told, topic)
    customer = values.identifier(found.customer_id, "customer_id")
    given = found.email_marketing_consent or _Consent()
    state = (texts.short(given.state or "", 40) or "").lower()
    if state != _BEGUN and state not in _ENDED:
        return Ignored(f"{topic}: customer {customer} has given no consent to e-mails")
    moment = values.moment(given.consent_updated_at, "consent_updated_at")
    event = Event(
        kind=KIND,
        external_id=f"{NEWSLETTER}:{customer}",
        number=NEWSLETTER,
        modified_at=moment,
        occurred_at=moment,
        person=Person(customer=customer),
        facts=ActionFacts(action=NEWSLETTER, ended=state in _ENDED),
    )
    return Observed((event,))
