"""What people, shops and clocks could do to get a reward twice, for nothing, or to stop the service."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
import pytest

from app.errors import Conflict
from app.programme.document import Programme
from app.programme.events import Event, OrderFacts, Standing
from app.programme.reward import Reward
from app.services import code_answers, ingest
from app.services.code_answers import give_up_unreachable
from app.services.codes import await_keys
from app.services.ingest import Incoming
from app.services.reserve import code_end
from connectors.rewards import Discount, Made
from jobs.codes import push_codes
from tests.asked import asked_of
from tests.codeshop import CodeShop
from tests.people import OLA, People, account, order
from tests.pipeline import Pipeline
from tests.taken import Counter, carrying, open_counter
from tests.way.rewards import WooRewards, open_rewards


@pytest.fixture
def counter(pipeline: Pipeline) -> Iterator[Counter]:
    opened = open_counter(pipeline, stores=2)
    yield opened
    assert pipeline.verified().problems == []


def state(counter: Counter, redemption_id: int) -> str:
    return counter.show(redemption_id).redemption.state


# --- orders that show a code -----------------------------------------------------------------------


def test_an_order_of_another_store_with_the_code_uses_nothing(counter: Counter) -> None:
    taken = counter.made()
    counter.people.tell(1, carrying(order(900), counter.code(taken)))
    assert (state(counter, taken), counter.show(taken).orders) == ("issued", [])


def test_an_order_of_another_programme_with_the_code_uses_nothing(counter: Counter) -> None:
    taken = counter.made()
    source = '[programme]\nkey = "other"\ncurrency = "PLN"\n'
    pipeline = counter.pipeline
    other = pipeline.store(pipeline.programme(source=source), url="https://other.example")
    people = People(pipeline, other.programme_id, [other])
    people.tell(0, carrying(order(900), counter.code(taken)))
    assert (state(counter, taken), counter.show(taken).orders) == ("issued", [])


@pytest.mark.parametrize("readable", [True, False])
def test_an_order_that_may_be_another_shop_s_uses_nothing_by_itself(
    counter: Counter, readable: bool
) -> None:
    taken, pipeline = counter.made(), counter.pipeline
    told = carrying(order(900, customer="5", email=OLA), counter.code(taken))
    incoming = Incoming(
        delivery_id=pipeline.receive(counter.people.stores[0], "order.updated", b"x" * 600),
        store_id=counter.people.stores[0].id,
        source="webhook",
        received_at=pipeline.clock(),
        began_at=None,
        readable=readable,
        events=(told,),
        sure=False,
    )
    with pipeline.database.transaction() as connection:
        batch = ingest.evaluate(
            connection,
            pipeline.runtime.vault,
            programme_id=counter.people.programme_id,
            incoming=[incoming],
            now=pipeline.clock(),
            lock=not pipeline.database.embedded,
        )
        ingest.commit(connection, batch, recheck=False)
    assert (state(counter, taken), counter.show(taken).orders) == ("issued", [])


@pytest.mark.parametrize("others", [("summer",) * 5, tuple(f"code-{n}" for n in range(3_000))])
def test_among_codes_of_the_merchant_ours_is_found_once(
    counter: Counter, others: tuple[str, ...]
) -> None:
    taken = counter.made()
    ours = counter.code(taken).lower()
    told = order(900, customer="5", email=OLA)
    assert isinstance(told.facts, OrderFacts)
    facts = msgspec.structs.replace(told.facts, codes=(ours, *others, ours))
    counter.people.tell(0, msgspec.structs.replace(told, facts=facts))
    assert (state(counter, taken), counter.balance()) == ("used", 200)
    assert len(counter.show(taken).orders) == 1


@pytest.mark.parametrize(
    "like", ["{}x", "x{}", "{}-", "\u0430{}", "{} {}", "%", "____-____-____", "' or 1=1 --"]
)
def test_what_only_looks_like_the_code_uses_nothing(counter: Counter, like: str) -> None:
    taken = counter.made()
    shown = like.replace("{}", counter.code(taken))
    counter.people.tell(0, carrying(order(900, customer="5", email=OLA), shown))
    assert state(counter, taken) == "issued"


def test_the_newest_state_of_an_order_decides_in_whatever_order_states_come(
    pipeline: Pipeline,
) -> None:
    counter = open_counter(pipeline, points=10_000)
    firsts = (Standing.DRAFT, Standing.PAID, Standing.CANCELLED)
    cases = list(itertools.product(firsts, (*Standing, None), (False, True)))
    taken = [counter.take() for _ in cases]
    while "reserved" in {state(counter, one) for one in taken}:
        counter.shop_says(remote_id="77")
    received: tuple[list[Event], list[Event]] = ([], [])
    for number, (first, last, turned) in enumerate(cases):
        code = counter.code(taken[number])
        received[turned].append(state_of_order(900 + number, code, first, 10))
        received[not turned].append(state_of_order(900 + number, code, last, 20))
    for events in received:
        counter.people.tell(0, *events)
    used = {Standing.OPEN, Standing.PAID, Standing.COMPLETED}
    found = [state(counter, one) for one in taken]
    assert found == ["used" if last in used else "issued" for _, last, _ in cases]
    assert pipeline.verified().problems == []


@pytest.mark.parametrize("how", ["trash", "failed"])
def test_an_order_that_is_given_up_and_comes_back_takes_the_points_again(
    pipeline: Pipeline, how: str
) -> None:
    with open_rewards(pipeline, "woocommerce") as shop:
        assert isinstance(shop, WooRewards)
        ola = shop.member(150)
        taken, code = shop.issued(ola)
        order_ = shop.use(code, ola)
        shop.quiet()
        assert (shop.state(taken), shop.points(ola)) == ("used", 230)
        if how == "trash":
            shop._shop.trash_order(order_)
        else:
            shop._shop.set_status(order_, "failed")
        shop.later(minutes=1)
        given_up = shop.state(taken), shop.points(ola), shop.codes()
        # The shop counts the use of neither back: nobody can use the code, so its points are back.
        assert given_up == ("released", 150, [])
        if how == "trash":
            shop._shop.restore_order(order_)
        else:
            shop._shop.set_status(order_, "processing")
        shop.later(minutes=1)
        assert (shop.state(taken), shop.points(ola), shop.codes()) == ("used", 230, [])
    assert pipeline.verified().problems == []


def test_an_order_whose_code_is_exchanged_for_another_uses_the_other(counter: Counter) -> None:
    first, second = counter.made(), counter.made()
    counter.people.tell(0, state_of_order(900, counter.code(first), Standing.PAID, 10))
    counter.people.tell(0, state_of_order(900, counter.code(second), Standing.PAID, 20))
    assert [state(counter, one) for one in (first, second)] == ["issued", "used"]
    counter.people.tell(0, state_of_order(900, counter.code(first), Standing.PAID, 15))
    assert [state(counter, one) for one in (first, second)] == ["issued", "used"]


def test_an_order_uses_two_codes_and_gives_both_up(counter: Counter) -> None:
    both = [counter.made(), counter.made()]
    shown = tuple(counter.code(one).lower() for one in both)
    for at, standing in ((10, Standing.PAID), (20, Standing.CANCELLED), (30, Standing.PAID)):
        told = state_of_order(900, shown[0], standing, at)
        assert isinstance(told.facts, OrderFacts)
        facts = msgspec.structs.replace(told.facts, codes=shown)
        counter.people.tell(0, msgspec.structs.replace(told, facts=facts))
        expected = "issued" if standing is Standing.CANCELLED else "used"
        assert {state(counter, one) for one in both} == {expected}
        assert counter.balance() == 100


def state_of_order(number: int, code: str, standing: Standing | None, at: int) -> Event:
    """Return an order that shows a code in a state, or one from which the code was taken away."""
    told = order(number, customer="5", email=OLA, at=at)
    if standing is None:
        return told
    return carrying(told, code, standing=standing, status=str(standing))


def test_two_states_of_one_date_are_settled_once_for_all(counter: Counter) -> None:
    taken = counter.made()
    told = [
        state_of_order(900, counter.code(taken), standing, 10)
        for standing in (Standing.PAID, Standing.CANCELLED)
    ]
    counter.people.tell(0, told[0])
    counter.people.tell(0, told[1])
    settled = state(counter, taken)
    for one in (*told, *reversed(told)):
        counter.people.tell(0, one)
        assert state(counter, taken) == settled


# --- members -----------------------------------------------------------------------------------------


def test_one_balance_pays_in_one_of_two_shops_only(counter: Counter) -> None:
    counter.people.tell(1, account("7", OLA))
    assert counter.people.member(1, "7") == counter.member_id
    balance = counter.balance()
    taken = 0
    for _ in range(balance // 100 + 2):
        counter.people.stores.reverse()  # now in the one shop, now in the other
        try:
            counter.take()
        except Conflict as refusal:
            assert "costs 100 points" in str(refusal)  # noqa: PT017 - both ends are looked at
        else:
            taken += 1
    assert (taken, counter.balance()) == (balance // 100, balance % 100)


# --- time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "now", "end"),
    [
        # Chile's clocks went from 24:00 back to 23:00 on 4 April 2026: the day has its last hour twice.
        ("America/Santiago", "2026-04-03T12:00Z", "2026-04-05T03:59:59Z"),
        ("Europe/Warsaw", "2026-10-24T10:00Z", "2026-10-25T22:59:59Z"),
        ("Europe/Warsaw", "2026-03-28T10:00Z", "2026-03-29T21:59:59Z"),
        ("Europe/Warsaw", "2026-11-20T23:30Z", "2026-11-22T22:59:59Z"),
        ("Pacific/Kiritimati", "2026-12-31T09:59Z", "2027-01-01T09:59:59Z"),
    ],
)
def test_a_code_is_good_to_the_end_of_its_last_day(zone: str, now: str, end: str) -> None:
    reward = Reward(key="ten", cost=1, kind="percent", valid_days=1)
    programme = Programme(key="kawa", currency="PLN", timezone=zone)
    found = code_end(programme, reward, datetime.fromisoformat(now))
    assert found == datetime.fromisoformat(end)


# --- shops -------------------------------------------------------------------------------------------


class Contrary(CodeShop):
    """A shop that says of every code that it has another one of that name."""

    def make(self, wanted: Sequence[Discount]) -> Sequence[Made]:
        self.asked = getattr(self, "asked", 0) + len(wanted)
        return [Made(reference=one.reference, error="there is one", taken=True) for one in wanted]


def test_a_shop_that_has_every_code_already_is_asked_less_and_less(counter: Counter) -> None:
    pipeline, store = counter.pipeline, counter.people.stores[0]
    taken, shop = counter.take(), Contrary(pipeline.clock)
    codes = {counter.code(taken)}
    for _ in range(50):
        push_codes(pipeline.runtime, store, shop)
        codes.add(counter.code(taken))
    assert 2 <= shop.asked <= 3
    for _ in range(200):
        pipeline.clock.advance(hours=6)
        push_codes(pipeline.runtime, store, shop)
    assert (state(counter, taken), counter.balance()) == ("released", 300)
    assert shop.asked <= 20


def test_codes_used_in_unknown_orders_keep_no_other_from_being_given_up(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_answers, "_AT_ONCE", 3)
    counter = open_counter(pipeline, points=1_000)
    used = [counter.take() for _ in range(3)]
    counter.shop_says(remote_id="77")
    pipeline.clock.advance(days=1, minutes=1)
    counter.shop_says(exists=True, uses=1)
    free = counter.made()
    pipeline.clock.advance(days=95)
    with pipeline.database.transaction() as connection:
        await_keys(connection, counter.people.stores[0].id, pipeline.clock())
        give_up_unreachable(connection, pipeline.runtime.vault, pipeline.clock())
    assert [state(counter, one) for one in (*used, free)] == [*["issued"] * 3, "released"]
    assert pipeline.verified().problems == []


def test_after_days_in_which_we_were_away_the_shop_is_asked_before_points_come_back(
    counter: Counter,
) -> None:
    taken, pipeline, store = counter.made(), counter.pipeline, counter.people.stores[0]
    pipeline.clock.advance(days=1, minutes=1)
    counter.shop_says(error="the shop hung up")
    pipeline.clock.advance(days=95)
    with pipeline.database.transaction() as connection:
        give_up_unreachable(connection, pipeline.runtime.vault, pipeline.clock())
    assert state(counter, taken) == "issued"
    counter.shop_says(error="the shop hung up")
    with pipeline.database.transaction() as connection:
        give_up_unreachable(connection, pipeline.runtime.vault, pipeline.clock())
    assert (state(counter, taken), counter.balance()) == ("released", 300)
    assert store.blocked_reason is None


def test_a_code_begins_before_it_was_taken_for_shops_whose_clock_is_behind(
    counter: Counter,
) -> None:
    taken, shop = counter.take(), CodeShop(counter.pipeline.clock)
    push_codes(counter.pipeline.runtime, counter.people.stores[0], shop)
    wanted = shop.made[counter.code(taken).lower()].wanted
    assert wanted.starts_at == counter.show(taken).redemption.created_at - timedelta(days=1)


# --- rewards that are issued by themselves -----------------------------------------------------------


def test_a_reward_that_is_not_issued_by_itself_any_more_takes_no_points(counter: Counter) -> None:
    with pytest.raises(Conflict, match="not issued by itself"):
        counter.take(automatic=True)
    assert counter.balance() == 300


# --- what is looked at each second -------------------------------------------------------------------


def test_an_order_without_codes_asks_nothing_about_redemptions(counter: Counter) -> None:
    counter.made()
    with asked_of(counter.pipeline.database) as asked:
        counter.people.tell(0, order(900, customer="5", email=OLA))
    assert asked
    assert [statement for statement in asked if "redemption" in statement] == []
