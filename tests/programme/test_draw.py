"""Who wins a draw follows from the secret and the numbers of the tickets, and from nothing else."""

import hashlib
import hmac
import random

from hypothesis import given
from hypothesis import strategies as st

from app.programme.draw import Ticket, commitment, new_secret, winners

SECRET = bytes(range(32))


def test_the_winner_is_the_smallest_hmac_as_anybody_can_work_out() -> None:
    numbers = [391905841946624107, 391905841946624108, 391905841946624109]
    by_hand = min(
        numbers, key=lambda one: hmac.new(SECRET, str(one).encode(), hashlib.sha256).hexdigest()
    )
    assert winners(SECRET, [Ticket(one, one) for one in numbers], 1) == [by_hand]
    assert commitment(SECRET) == hashlib.sha256(SECRET).hexdigest()
    assert len(new_secret()) == 32


@given(
    st.lists(st.tuples(st.integers(1, 10**18), st.integers(1, 5)), unique_by=lambda one: one[0]),
    st.integers(1, 8),
    st.randoms(use_true_random=False),
)
def test_each_person_wins_once_and_the_order_of_the_tickets_does_not_matter(
    told: list[tuple[int, int]], prizes: int, shuffle: random.Random
) -> None:
    tickets = [Ticket(number, person) for number, person in told]
    won = winners(SECRET, tickets, prizes)
    people = dict(told)
    assert len(won) == min(prizes, len(set(people.values())))
    assert len({people[number] for number in won}) == len(won)
    shuffle.shuffle(tickets)
    assert winners(SECRET, tickets, prizes) == won
    if won:  # more prizes only add winners
        assert winners(SECRET, tickets, prizes + 1)[: len(won)] == won
