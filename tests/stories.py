"""A small shop with something of everything, for tests of what people are shown."""

import json
from dataclasses import dataclass

from app.services.adjust import adjust_points
from app.services.enrol import add_member
from app.services.stores import Store
from tests.pipeline import Pipeline, captured_delivery


@dataclass
class Story:
    """What happened: a guest joined, bought, got things back; a customer bought in another currency."""

    pipeline: Pipeline
    programme_id: int
    store: Store
    member_id: int
    deliveries: dict[str, int]  # captured number → delivery id

    def give(self, points: int, reason: str = "a gift") -> None:
        """Give the member points by hand."""
        pipeline = self.pipeline
        with pipeline.database.transaction() as connection:
            adjust_points(
                connection,
                pipeline.runtime.vault,
                programme_id=self.programme_id,
                member_id=self.member_id,
                points=points,
                reason=reason,
                key=reason,
                actor="support",
                now=pipeline.clock(),
            )


def tell(pipeline: Pipeline, *, email: str | None = None, preset: str = "one-per-unit") -> Story:
    """Order 16: 269 points, 314 after an edit, then refunds down to 0; a gift by hand at the end."""
    programme_id = pipeline.programme(preset)
    store = pipeline.store(programme_id)
    vault = pipeline.runtime.vault
    email = email or order_16_email()
    with pipeline.database.transaction() as connection:
        member_id = add_member(
            connection, vault, programme_id=programme_id, email=email, now=pipeline.clock()
        )
    deliveries = {}
    for number in ("006", "008", "009", "010", "013", "015", "016", "019", "002"):
        captured = captured_delivery(number)
        deliveries[number] = pipeline.receive(store, captured.topic, captured.body)
        pipeline.settle()
    again = captured_delivery("010")
    pipeline.receive(store, again.topic, again.body)
    pipeline.settle()
    story = Story(pipeline, programme_id, store, member_id, deliveries)
    story.give(25, reason="sorry for the late parcel")
    return story


def order_16_email() -> str:
    """Return the e-mail that the captured guest order carries."""
    return str(json.loads(captured_delivery("008").body)["billing"]["email"])
