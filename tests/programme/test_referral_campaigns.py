"""What a friend's first order is worth while a campaign runs."""

import pytest

from app.programme.explanation import Reason
from app.programme.order_windows import OrderItem
from app.programme.referrals import Referred, Strength, Word, rewards
from tests.programme.orders import PLACED, goods, programme

RULES = (
    '[[rule]]\nkey = "friend"\non = "referral"\npoints = 200\nfriend_points = 50\n'
    'when = { goods_from = "50.00" }\n'
    '[[rule]]\nkey = "per-unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
    '[[campaign]]\nkey = "weekend"\nfrom = 2026-11-01T00:00:00\nuntil = 2026-12-01T00:00:00\n'
)


@pytest.mark.parametrize("adds", ["bonus = 50", 'bonus = 50\nrules = ["per-unit"]'])
@pytest.mark.parametrize(("amount", "points"), [("60.00", 200), ("49.99", 0)])
def test_a_friend_who_buys_during_a_campaign_with_a_bonus_is_judged_as_ever(
    adds: str, amount: str, points: int
) -> None:
    first = OrderItem(
        object_id=1,
        occurred_at=PLACED,
        earned_at=PLACED,
        programme=programme(f"{RULES}{adds}\n"),
        version=1,
        facts=goods(amount),
    )
    found = Referred(
        person=2,
        word=Word(PLACED, Strength.ORDER, 1, "abcdefghjk", 1),
        first=first,
        ever=True,
        new=True,
        refunded=False,
    )
    [reward] = rewards(found, held=False, verdict=None)
    assert reward.referrer.points == points
    reason = Reason.EARNED if points else Reason.BELOW_THRESHOLD
    assert reward.friend.explanation.reason is reason
