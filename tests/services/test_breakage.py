"""Which share of open points is never spent, measured on the lots of a ledger."""

from datetime import timedelta
from decimal import Decimal

from app.services.breakage import ledger_breakage
from tests.aging import NEW_YEAR, Aging, open_aging
from tests.pipeline import Pipeline


def measured(aging: Aging) -> tuple[str, Decimal, int, int]:
    with aging.pipeline.database.snapshot() as connection:
        found = ledger_breakage(connection, aging.people.programme_id, aging.now)
    return found.source, found.percent, found.ended, found.open


def test_breakage_is_what_became_of_points_as_old_in_the_last_12_months(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, "expire_months = 3")
    aging.buy(1, "1300.00")
    assert measured(aging) == ("too-few", Decimal(20), 0, 1300)
    aging.at(NEW_YEAR + timedelta(days=40))
    aging.spend(150)
    aging.spend(150)
    aging.people.release(aging.people.spend(aging.member, 120))  # was never spent
    assert measured(aging) == ("too-few", Decimal(20), 300, 1000)
    aging.at(NEW_YEAR + timedelta(days=100))  # the rest has expired
    aging.buy(2, "400.00")
    assert measured(aging) == ("measured", Decimal("76.92"), 1300, 400)
    aging.at(NEW_YEAR + timedelta(days=170))
    # Of points more than two months old all expired: 300 had been spent before.
    assert measured(aging) == ("measured", Decimal(100), 1300, 400)
    aging.at(NEW_YEAR + timedelta(days=500))
    assert measured(aging) == ("too-few", Decimal(20), 400, 0)
