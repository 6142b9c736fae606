"""A product review → an event. Reviews have no webhook of their own and no modification time."""

from app.programme.events import Event, Person, ReviewFacts
from connectors import texts
from connectors.woocommerce import payloads, values
from connectors.woocommerce.orders import is_erased

KIND = "review"

_PUBLISHED = frozenset({"approved"})
_REMOVED = frozenset({"spam", "trash"})


def review_event(review: payloads.Review, position: int) -> Event:
    """Return what one review of a read list states; `position` is for the messages."""
    key = f"reviews[{position}]"
    status = (values.text(review.status, 40) or "").lower()
    email = texts.email(review.reviewer_email)
    rating = values.quantity(review.rating, f"{key}.rating")
    return Event(
        kind=KIND,
        external_id=values.identifier(review.id, f"{key}.id"),
        modified_at=None,
        occurred_at=values.required_moment(review.date_created_gmt, f"{key}.date_created_gmt"),
        person=Person(erased=True) if is_erased(email) else Person(email=email),
        facts=ReviewFacts(
            product=values.identifier(review.product_id, f"{key}.product_id"),
            published=status in _PUBLISHED,
            removed=status in _REMOVED,
            verified=values.truth(review.verified),
            rating=rating if 1 <= rating <= 5 else None,  # 0: posted without one
            status=status,
        ),
    )
