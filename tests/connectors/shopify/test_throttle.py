"""How long is waited for points."""

import math

import pytest

from connectors.shopify.throttle import Bucket, Cost, Throttle, seconds_until

BUCKET = Bucket(maximum_available=2000, currently_available=666, restore_rate=100)


@pytest.mark.parametrize(
    ("elapsed", "points", "seconds"),
    [
        (0, 666, 0),
        (0, 667, 0.01),
        (0, 752, 0.86),
        (0.5, 752, 0.36),
        (60, 752, 0),
        (0, 2000, 13.34),
        (0, 5000, 13.34),  # more than the bucket holds will never be there
    ],
)
def test_points_come_back_at_the_stated_rate(elapsed: float, points: float, seconds: float) -> None:
    assert seconds_until(BUCKET, elapsed, points) == pytest.approx(seconds)


def test_a_bucket_that_never_fills_is_never_full() -> None:
    dry = Bucket(maximum_available=2000, currently_available=0, restore_rate=0)
    assert math.isinf(seconds_until(dry, 60, 1))


def test_nothing_is_waited_for_before_anything_is_known() -> None:
    assert Throttle(lambda: 0.0).wait("Order", 900) == 0


def test_an_operation_waits_for_what_it_asked_for_last_time() -> None:
    now = [50.0]
    throttle = Throttle(lambda: now[0])
    throttle.learn("Order", Cost(requested_query_cost=752, throttle_status=BUCKET))
    assert throttle.wait("Order") == pytest.approx(0.86)
    assert throttle.wait("Customer") == 0
    assert throttle.wait("Customer", 766) == pytest.approx(1.0)
    now[0] += 0.86
    assert throttle.wait("Order") == pytest.approx(0)


def test_an_answer_without_a_cost_changes_nothing() -> None:
    throttle = Throttle(lambda: 0.0)
    throttle.learn("Order", Cost(requested_query_cost=752, throttle_status=BUCKET))
    throttle.learn("Order", Cost())
    assert throttle.wait("Order") == pytest.approx(0.86)
