"""Friends who were recommended the shop: who is paid, when, and what takes it back."""

from datetime import timedelta

import pytest

from app.errors import Conflict, Invalid
from app.programme.events import Contact, Standing
from app.programme.referral import code_in
from app.programme.referrals import Verdict
from app.services.programmes import Publication, publish
from app.services.referral_desk import invitation_of
from tests.pipeline import Pipeline
from tests.services.referred import (
    ALIAS,
    HOME,
    JAN,
    OLA,
    RULE,
    bought,
    decided,
    opened,
    signed_up,
    states,
)


def test_a_friends_first_paid_order_pays_both_sides(pipeline: Pipeline) -> None:
    friends = opened(pipeline)
    code = friends.joins("1", OLA)
    friends.tell(0, bought(10, "2", code=code, email=JAN, standing=Standing.OPEN))
    assert (friends.balance("1"), states(friends)) == (0, ["pending"])
    friends.tell(0, bought(10, "2", code=code, email=JAN, at=1))
    assert (friends.balance("1"), friends.balance("2")) == (200, 50)
    assert states(friends) == ["approved"]
    friends.tell(0, bought(11, "2", code=code, hours=5))  # only the first order pays
    assert (friends.balance("1"), friends.balance("2")) == (200, 50)
    assert friends.problems() == []
    assert friends.sentences("1") == ["200 points: for a friend's first order."]
    assert friends.sentences("2", "pl") == ["50 punktów: za pierwsze zamówienie z polecenia."]


@pytest.mark.parametrize("ending", ["refund", "cancel", "remove"])
def test_a_first_order_that_ends_takes_both_sides_back_and_gives_again_when_restored(
    pipeline: Pipeline, ending: str
) -> None:
    friends = opened(pipeline)
    code = friends.joins("1", OLA)
    friends.tell(0, bought(10, "2", code=code))
    pipeline.clock.advance(minutes=1)
    # Double points and no rule at all, later: the first order keeps its own version.
    pipeline.programme(source=RULE.format(days=0, debt="debt").replace("200", "400"))
    pipeline.programme(source='[programme]\nkey = "friends"\ncurrency = "PLN"\n')
    if ending == "refund":
        friends.tell(0, bought(10, "2", code=code, refunded="20.00", at=1))
    else:
        over = Standing.CANCELLED if ending == "cancel" else Standing.REMOVED
        friends.tell(0, bought(10, "2", code=code, standing=over, at=1))
    assert (friends.balance("1"), friends.balance("2"), states(friends)) == (0, 0, ["undone"])
    friends.tell(0, bought(10, "2", code=code, at=2))
    assert (friends.balance("1"), friends.balance("2"), states(friends)) == (200, 50, ["approved"])
    assert friends.problems() == []


def test_the_earliest_word_counts_whenever_it_is_heard_of(pipeline: Pipeline) -> None:
    friends = opened(pipeline)
    ola, jan = friends.joins("1", OLA), friends.joins("2", JAN)
    friends.tell(0, bought(10, "3", code=jan, hours=1))
    assert (friends.balance("1"), friends.balance("2")) == (0, 200)
    friends.tell(0, signed_up("3", ola))  # an hour before the order, told of later
    assert (friends.balance("1"), friends.balance("2"), friends.balance("3")) == (200, 0, 50)
    assert friends.sentences("2")[-1] == (
        "200 points taken back: somebody else had recommended the shop earlier."
    )
    assert friends.problems() == []


def test_two_friends_who_turn_out_to_be_one_pay_once(pipeline: Pipeline) -> None:
    friends = opened(pipeline)
    ola, jan = friends.joins("1", OLA), friends.joins("2", JAN)
    friends.tell(0, bought(10, "3", code=ola))
    friends.tell(0, bought(11, "4", code=jan, hours=1))
    assert (friends.balance("1"), friends.balance("2")) == (200, 200)
    friends.merge(friends.member(0, "3"), friends.member(0, "4"))
    pipeline.drain()
    assert (friends.balance("1"), friends.balance("2"), friends.balance("3")) == (200, 0, 50)
    assert sorted(states(friends)) == ["approved", "joined"]
    friends.tell(0, bought(10, "3", code=ola, standing=Standing.CANCELLED, at=1))
    # The word of the cancelled order is still the earliest; the other order is the first now.
    assert (friends.balance("1"), friends.balance("2"), friends.balance("3")) == (200, 0, 50)
    assert friends.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_friends_are_compared_until_the_last_day_that_pays_for_them(pipeline: Pipeline) -> None:
    friends = opened(pipeline)
    without = RULE.format(days=0, debt="debt").partition("[[rule]]")[0]
    with pipeline.database.transaction() as connection:
        now = pipeline.clock()
        end = Publication(since=now + timedelta(days=30))
        publish(connection, pipeline.runtime.vault, without, now, end)
    code = friends.joins("1", "Ola.Nowak@gmail.com", HOME)
    friends.tell(0, bought(10, "2", code=code, email=ALIAS, contact=HOME))
    assert states(friends) == ["held"]


def test_an_alias_at_the_same_address_waits_for_a_person(pipeline: Pipeline) -> None:
    friends = opened(pipeline)
    code = friends.joins("1", "Ola.Nowak@gmail.com", HOME)
    friends.tell(0, bought(10, "2", code=code, email=ALIAS, contact=HOME))
    [row] = friends.referrals()
    assert (row.score, row.signals, row.state) == (110, '["same-email","same-address"]', "held")
    assert (friends.balance("1"), friends.balance("2")) == (0, 0)
    assert friends.problems() == []
    decided(friends, Verdict.APPROVED)
    assert (friends.balance("1"), friends.balance("2"), states(friends)) == (200, 50, ["approved"])
    with pytest.raises(Conflict, match="approved already"):
        decided(friends, Verdict.APPROVED)
    friends.tell(0, bought(10, "2", code=code, email=ALIAS, contact=HOME, refunded="1.00", at=1))
    assert friends.balance("1") == 200  # a person has looked at it: no signal holds it again
    decided(friends, Verdict.REFUSED)
    assert (friends.balance("1"), friends.balance("2"), states(friends)) == (0, 0, ["refused"])
    acts = [act.action for act in friends.rows("audit") if act.action.startswith("referral")]
    assert acts == ["referral.approve", "referral.refuse"]
    assert friends.problems() == []


def test_a_sixth_friend_from_one_block_is_a_crowd_in_any_order_of_receipt(
    pipeline: Pipeline,
) -> None:
    friends = opened(pipeline)
    code = friends.joins("1", OLA)
    told = [
        bought(10 + n, str(10 + n), code=code, hours=n, contact=Contact(ip=f"8.8.4.{n}"))
        for n in range(6)
    ]
    for one in (told[5], *told[:5]):
        friends.tell(0, one)
    scores = {row.friend_id: row.score for row in friends.referrals()}
    assert scores.pop(friends.member(0, "15")) == 30
    assert set(scores.values()) == {0}
    friends.tell(0, bought(99, "99", code=code, hours=24 * 8, contact=Contact(ip="8.8.4.99")))
    assert max(friends.referrals(), key=lambda row: row.id).score == 0  # a week later
    assert friends.problems() == []


def test_a_code_is_drawn_once_and_leads_to_the_shop(pipeline: Pipeline) -> None:
    friends = opened(pipeline, stores=2)
    code = friends.joins("1", OLA)
    with pipeline.database.transaction() as connection:
        again = invitation_of(connection, friends.member(0, "1"), pipeline.clock())
    assert again.code == code
    assert [address for _, address in again.links] == [
        f"https://shop0.example/?ref={code}",
        f"https://shop1.example/?ref={code}",
    ]
    assert code_in(code) is not None
    friends.tell(0, bought(10, None, email=JAN))
    with (
        pipeline.database.transaction() as connection,
        pytest.raises(Invalid, match="only who has joined"),
    ):
        invitation_of(connection, friends.holder(JAN), pipeline.clock())
