"""Whom a referral pays in less common cases, and what speaks against it; what is asked of the database
is shown in test_referrals.py on both."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from app.db.engine import Database
from app.errors import Conflict, Invalid, NotFound
from app.programme.events import Contact, OrderFacts, Standing
from app.services.friends import forget_traits
from app.services.rates import add_rate
from app.services.referral_desk import claim
from app.settings import Settings
from tests.asked import asked_of
from tests.people import account
from tests.pipeline import Pipeline
from tests.services.referred import (
    HOME,
    JAN,
    NOON,
    OLA,
    Friends,
    bought,
    opened,
    signed_up,
    states,
)


@pytest.fixture
def pipeline(sqlite_database: Database, settings: Settings) -> Iterator[Pipeline]:
    made = Pipeline(sqlite_database, settings)
    yield made
    made.close()


def test_until_the_return_time_is_over_both_sides_are_pending(pipeline: Pipeline) -> None:
    friends = opened(pipeline, days=14)
    code = friends.joins("1", OLA)
    friends.tell(0, bought(10, "2", code=code))
    assert (friends.balance("1"), friends.pending("1"), friends.pending("2")) == (0, 200, 50)
    assert friends.sentences("1") == [
        "200 points: for a friend's first order. Pending until your friend's return time is over."
    ]
    [award] = friends.rows("award", member_id=friends.member(0, "1"), rule="friend")
    assert award.matures_at == NOON + timedelta(days=14)
    friends.tell(0, bought(10, "2", code=code, refunded="20.00", at=1))
    assert (friends.pending("1"), friends.pending("2"), states(friends)) == (0, 0, ["undone"])
    assert friends.problems() == []


def test_a_partial_refund_leaves_what_a_friend_was_worth(pipeline: Pipeline) -> None:
    friends = opened(pipeline, more='when = { goods_from = "15.00" }\n')
    code = friends.joins("1", OLA)
    friends.tell(0, bought(10, "2", code=code, refunded="5.00"))
    assert friends.balance("1") == 200
    friends.tell(0, bought(10, "2", code=code, refunded="5.01", at=1))
    assert (friends.balance("1"), states(friends)) == (0, ["void"])
    assert friends.sentences("1")[-1] == (
        "200 points taken back: the order is too small for this rule."
    )
    assert friends.problems() == []


def test_a_code_is_known_from_the_account_from_a_discount_code_and_by_staff(
    pipeline: Pipeline,
) -> None:
    friends = opened(pipeline)
    code = friends.joins("1", OLA)
    friends.tell(0, signed_up("2", code))
    friends.tell(0, bought(10, "2", hours=1))
    assert friends.balance("1") == 200
    friends.tell(0, bought(11, "3", typed=code))
    assert friends.balance("1") == 400
    friends.tell(0, bought(12, None, email=JAN))  # a guest, asked at the till
    with pipeline.database.transaction() as connection:
        claim(
            connection,
            pipeline.runtime.vault,
            friends.holder(JAN),
            code.lower(),
            reason="Jan says that Ola told him",
            actor="ewa",
            now=pipeline.clock(),
        )
    assert friends.balance("1") == 600
    [row] = friends.rows("member", id=friends.holder(JAN))
    assert row.balance == 50
    [act] = friends.rows("audit", action="referral.claim")
    assert act.reason == "Jan says that Ola told him"
    assert friends.problems() == []


def test_what_staff_cannot_note_is_refused(pipeline: Pipeline) -> None:
    friends = opened(pipeline)
    ola, jan = friends.joins("1", OLA), friends.joins("2", JAN)
    friends.tell(0, account("3", "ewa@example.pl"))

    def noted(number: str, code: str) -> None:
        with pipeline.database.transaction() as connection:
            claim(
                connection,
                pipeline.runtime.vault,
                friends.member(0, number),
                code,
                reason="told so",
                actor="ewa",
                now=pipeline.clock(),
            )

    with pytest.raises(NotFound, match="no member with the code"):
        noted("3", "2222222222")
    with pytest.raises(NotFound, match="no member with the code"):
        noted("3", "somebody's name")
    with pytest.raises(Invalid, match="own code"):
        noted("1", ola)
    noted("3", ola)
    noted("3", ola)
    with pytest.raises(Conflict, match="Somebody else was noted"):
        noted("3", jan)


def test_who_had_bought_before_is_no_new_friend_even_if_that_is_heard_of_late(
    pipeline: Pipeline,
) -> None:
    friends = opened(pipeline)
    code = friends.joins("1", OLA)
    friends.tell(0, bought(10, "2", code=code))
    assert friends.balance("1") == 200
    friends.tell(0, bought(9, "2", hours=-100))
    assert (friends.balance("1"), friends.balance("2"), states(friends)) == (0, 0, ["void"])
    friends.tell(0, bought(9, "2", hours=-100, standing=Standing.CANCELLED, at=1))
    assert (friends.balance("1"), friends.balance("2")) == (200, 50)
    assert friends.problems() == []


def test_nobody_recommends_the_shop_to_themselves(pipeline: Pipeline) -> None:
    friends = opened(pipeline)
    code = friends.joins("1", OLA)
    friends.tell(0, bought(10, "1", code=code))
    assert (friends.balance("1"), states(friends)) == (0, ["void"])
    assert friends.problems() == []


def test_a_friend_who_turns_out_to_be_the_same_person_is_worth_nothing(pipeline: Pipeline) -> None:
    friends = opened(pipeline)
    code = friends.joins("1", OLA)
    friends.tell(0, bought(10, "2", code=code))
    friends.merge(friends.member(0, "1"), friends.member(0, "2"))
    pipeline.drain()
    assert (friends.balances(), states(friends)) == ([0], ["void"])
    assert friends.problems() == []


def test_referrers_who_turn_out_to_be_one_keep_what_both_were_given(pipeline: Pipeline) -> None:
    friends = opened(pipeline)
    ola, jan = friends.joins("1", OLA), friends.joins("2", JAN)
    friends.tell(0, bought(10, "3", code=ola))
    friends.tell(0, bought(11, "4", code=jan))
    friends.merge(friends.member(0, "1"), friends.member(0, "2"))
    pipeline.drain()
    assert friends.balance("1") == 400
    friends.tell(0, bought(11, "4", code=jan, standing=Standing.CANCELLED, at=1))
    friends.tell(0, bought(12, "5", code=ola))
    assert friends.balance("1") == 400
    assert friends.problems() == []


def test_a_friends_order_in_foreign_money_waits_for_a_rate_only_if_it_is_compared(
    pipeline: Pipeline,
) -> None:
    friends = opened(pipeline, more='when = { goods_from = "40.00" }\n')
    code = friends.joins("1", OLA)
    told = bought(10, "2", code=code)
    assert isinstance(told.facts, OrderFacts)
    euros = msgspec.structs.replace(told.facts, currency="EUR")
    friends.tell(0, msgspec.structs.replace(told, facts=euros))
    assert (friends.balance("1"), states(friends)) == (0, ["void"])
    with pipeline.database.transaction() as connection:
        add_rate(
            connection,
            pipeline.runtime.vault,
            programme_id=friends.programme_id,
            currency="EUR",
            rate=Decimal(4),
            since=NOON - timedelta(days=9),
            now=pipeline.clock(),
        )
    pipeline.drain()
    assert friends.balance("1") == 200
    assert friends.problems() == []


def test_an_order_that_turns_out_to_be_an_accounts_takes_the_friend_along(
    pipeline: Pipeline,
) -> None:
    friends = opened(pipeline)
    code = friends.joins("1", OLA)
    friends.tell(0, bought(10, None, code=code, email=JAN))
    assert friends.balance("1") == 200
    friends.tell(0, bought(10, "2", code=code, email=JAN, at=1))
    [guest] = friends.rows("member", id=friends.holder(JAN))
    assert (friends.balance("1"), guest.balance, friends.balance("2")) == (200, 0, 50)
    assert sorted(states(friends)) == ["approved", "void"]
    assert friends.problems() == []


def test_friends_of_a_crowd_who_turn_out_to_be_somebody_elses_leave_it(pipeline: Pipeline) -> None:
    friends = opened(pipeline)
    ola, jan = friends.joins("1", OLA), friends.joins("2", JAN)
    for n in range(6):
        contact = Contact(ip=f"8.8.4.{n}")
        friends.tell(0, bought(10 + n, str(10 + n), code=ola, hours=n, contact=contact))
    [last] = friends.rows("referral", friend_id=friends.member(0, "15"))
    assert last.score == 30
    friends.tell(0, signed_up("10", jan, hours=-1))
    [last] = friends.rows("referral", friend_id=friends.member(0, "15"))
    assert last.score == 0
    assert friends.problems() == []


@pytest.mark.parametrize("joined_last", [False, True])
def test_a_crowd_counts_people_by_all_of_their_accounts(
    pipeline: Pipeline, joined_last: bool
) -> None:
    friends = opened(pipeline)
    code = friends.joins("1", OLA)
    friends.joins("50", JAN)  # the account that will stay of one of the friends
    friends.tell(0, bought(10, "10", code=code))
    for n in range(1, 6):
        contact = Contact(ip=f"8.8.4.{n}")
        friends.tell(0, bought(10 + n, str(10 + n), code=code, hours=n, contact=contact))
    seen = bought(60, "50", hours=9, contact=Contact(ip="8.8.4.60"))
    if joined_last:
        friends.tell(0, seen)
    assert last_score(friends) == 0
    friends.merge(friends.member(0, "10"), friends.member(0, "50"))
    pipeline.drain()
    if not joined_last:
        friends.tell(0, seen)
    assert last_score(friends) == 30
    friends.merge(friends.member(0, "11"), friends.member(0, "12"))
    pipeline.drain()
    assert last_score(friends) == 0
    assert friends.problems() == []


def last_score(friends: Friends) -> int:
    """Return how suspicious the friend is who came last."""
    [row] = friends.rows("referral", friend_id=friends.member(0, "15"))
    score: int = row.score
    return score


def test_a_test_order_brings_nobody(pipeline: Pipeline) -> None:
    friends = opened(pipeline)
    code = friends.joins("1", OLA)
    friends.tell(0, bought(10, "2", code=code, test=True))
    assert friends.balance("1") == 0
    assert friends.problems() == []


def test_points_spent_before_the_friends_refund_are_owed_or_let_off(pipeline: Pipeline) -> None:
    reward = '[[reward]]\nkey = "for-120"\ncost = 120\nkind = "percent"\nvalue = "10"\n'
    friends = opened(pipeline, more=reward, debt="forgive")
    code = friends.joins("1", OLA)
    friends.tell(0, bought(10, "2", code=code))
    friends.spend(friends.member(0, "1"), 120)
    friends.tell(0, bought(10, "2", code=code, refunded="20.00", at=1))
    assert friends.balance("1") == 0
    friends.tell(0, bought(10, "2", code=code, at=2))
    assert friends.balance("1") == 80
    assert friends.problems() == []


@pytest.mark.parametrize("referrer_first", [True, False])
def test_a_signal_counts_whichever_side_is_heard_of_first(
    pipeline: Pipeline, referrer_first: bool
) -> None:
    friends = opened(pipeline)
    code = friends.joins("1", OLA)
    theirs = bought(10, "2", code=code, email="x@mailinator.com", contact=HOME)
    own = bought(11, "1", email=OLA, contact=HOME, hours=-5)
    for told in (own, theirs) if referrer_first else (theirs, own):
        friends.tell(0, told)
    [row] = friends.referrals()
    assert (row.score, row.state) == (70, "held")
    assert friends.problems() == []


def test_a_loop_holds_the_one_who_closes_it(pipeline: Pipeline) -> None:
    friends = opened(pipeline)
    ola = friends.joins("1", OLA)
    friends.tell(0, bought(10, "2", code=ola, email=JAN))
    jan = friends.joins("2", JAN)
    friends.tell(0, bought(11, "1", code=jan, hours=2))
    assert {row.friend_id: (row.score, row.state) for row in friends.referrals()} == {
        friends.member(0, "2"): (0, "approved"),
        friends.member(0, "1"): (60, "held"),
    }
    assert (friends.balance("1"), friends.balance("2")) == (200, 50)
    assert friends.problems() == []


def test_one_e_mail_with_accounts_in_two_shops_is_a_signal(pipeline: Pipeline) -> None:
    friends = opened(pipeline, stores=2)
    code = friends.joins("1", OLA)
    friends.tell(1, bought(10, "7", code=code, email=OLA))
    [row] = friends.referrals()
    assert (row.signals, row.score) == ('["same-email","same-account"]', 120)


def test_nothing_is_collected_where_no_rule_asks_for_it(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme("one-per-unit")
    friends = Friends(pipeline, programme_id, [pipeline.store(programme_id)])
    code = friends.joins("1", OLA, HOME)
    with asked_of(pipeline.database) as statements:
        friends.tell(0, bought(10, "2", code=code, email=JAN, contact=HOME))
    assert [one for one in statements if "trait" in one or "INTO referral" in one] == []
    with pipeline.database.snapshot() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM trait").scalar() == 0


def test_who_is_forgotten_leaves_what_was_decided(pipeline: Pipeline) -> None:
    friends = opened(pipeline)
    code = friends.joins("1", "ola@gmail.com", HOME)
    friends.tell(0, bought(10, "2", code=code, email="ola+2@gmail.com", contact=HOME))
    with pipeline.database.transaction() as connection:
        forget_traits(connection, [friends.member(0, "1"), friends.member(0, "2")])
        assert connection.exec_driver_sql("SELECT count(*) FROM trait").scalar() == 0
    assert states(friends) == ["held"]
    assert friends.problems() == []
