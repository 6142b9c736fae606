"""Two shops of one programme whose orders earn at different moments."""

import pytest

from app.services.stores import Store, add_store
from tests.attack.help import order
from tests.pipeline import SECRET, Pipeline
from tests.way.connected import unsound

SOURCE = """
[programme]
key = "kawa"
currency = "PLN"

[[store]]
key = "late"
earns_at = "completed"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"
"""


@pytest.fixture
def backend() -> str:
    """Return SQLite: nothing here is about locks."""
    return "sqlite"


def connected(pipeline: Pipeline, programme_id: int, key: str) -> Store:
    with pipeline.database.transaction() as connection:
        return add_store(
            connection,
            pipeline.settings.keyring,
            programme_id=programme_id,
            platform="woocommerce",
            url=f"https://{key}.example",
            values={"webhook-secret": [SECRET]},
            now=pipeline.clock(),
            key=key,
        )


def test_each_shop_s_orders_earn_when_the_programme_says_it_of_that_shop(
    pipeline: Pipeline,
) -> None:
    programme_id = pipeline.programme(source=SOURCE)
    stores = [connected(pipeline, programme_id, key) for key in ("late", "early")]
    for modified, status, points in (
        (0, "processing", [0, 100]),
        (1, "completed", [100, 100]),
        (2, "processing", [0, 100]),
    ):
        for store in stores:
            body = order(status=status, modified=modified, customer=5)
            assert pipeline.deliver(store, "order.updated", body)[0] == "processed"
        assert [pipeline.points(store, "5") or 0 for store in stores] == points
    assert unsound(pipeline) == []
