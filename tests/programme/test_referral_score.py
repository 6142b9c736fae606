"""What speaks against a referral, and how much."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from app.programme.events import Address
from app.programme.referral_score import (
    Signal,
    Trait,
    TraitKind,
    is_held,
    judged_until,
    score,
    signals_of,
    weight_of,
)
from app.programme.throwaway import DOMAINS
from app.programme.traits import block, mailbox, place, telephone, thrown_away

DAY = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = DAY + timedelta(days=14)


def traits(**known: str) -> list[Trait]:
    return [Trait(TraitKind(kind), value.encode(), DAY) for kind, value in known.items()]


@pytest.mark.parametrize(
    ("signal", "weight"),
    [
        (Signal.SAME_EMAIL, 60),
        (Signal.SAME_PHONE, 50),
        (Signal.SAME_ADDRESS, 50),
        (Signal.SAME_ACCOUNT, 60),
        (Signal.LOOP, 60),
        (Signal.CROWD, 30),
        (Signal.REFUNDED, 40),
        (Signal.THROWAWAY, 20),
    ],
)
def test_each_signal_has_its_weight(signal: Signal, weight: int) -> None:
    assert score([signal]) == weight_of(signal) == weight


def test_an_alias_at_the_same_address_is_110_and_held() -> None:
    ola = traits(email="ola@gmail.com", address="pl|00001|dluga 5")
    friend = traits(email="ola@gmail.com", address="pl|00001|dluga 5")
    found = signals_of(friend, ola, until=LATER)
    assert found == (Signal.SAME_EMAIL, Signal.SAME_ADDRESS)
    assert score(found) == 110
    assert is_held(found)


def test_a_household_with_one_address_and_telephone_is_not_held_for_that() -> None:
    found = signals_of(
        traits(phone="600100200", address="a"), traits(phone="600100200", address="a"), until=LATER
    )
    assert found == (Signal.SAME_PHONE, Signal.SAME_ADDRESS)
    assert (score(found), is_held(found)) == (50, False)


def test_the_sum_is_held_from_60_whatever_the_signals_are() -> None:
    for size in range(1, 4):
        for several in itertools.combinations(Signal, size):
            assert is_held(several) == (score(several) >= 60)
    assert is_held([Signal.REFUNDED, Signal.THROWAWAY])
    assert not is_held([Signal.CROWD, Signal.THROWAWAY])
    assert score(list(Signal)) == 60 + 50 + 60 + 60 + 30 + 40 + 20


def test_strangers_have_nothing_in_common() -> None:
    mine = traits(email="a@b.pl", phone="1", address="x", account="a@b.pl", block="1.2.3.0/24")
    theirs = traits(email="c@b.pl", phone="2", address="y", account="c@b.pl", block="1.2.3.0/24")
    assert signals_of(theirs, mine, until=LATER) == ()


def test_only_the_friends_own_mailbox_is_asked_whether_it_is_thrown_away() -> None:
    throwaway = traits(throwaway="")
    assert signals_of(throwaway, [], until=LATER) == (Signal.THROWAWAY,)
    assert signals_of([], throwaway, until=LATER) == ()


@pytest.mark.parametrize(("neighbours", "found"), [(5, ()), (6, (Signal.CROWD,))])
def test_more_than_five_friends_from_one_block_are_a_crowd(
    neighbours: int, found: tuple[Signal, ...]
) -> None:
    assert signals_of([], [], until=LATER, neighbours=neighbours) == found


def test_a_loop_and_a_refund_are_signals_of_their_own() -> None:
    found = signals_of([], [], until=LATER, loop=True, refunded=True)
    assert (found, score(found)) == ((Signal.LOOP, Signal.REFUNDED), 100)


def test_who_moves_in_together_later_has_made_nothing_up() -> None:
    moved = [Trait(TraitKind.ADDRESS, b"home", LATER + timedelta(seconds=1))]
    home = [Trait(TraitKind.ADDRESS, b"home", DAY)]
    assert signals_of(moved, home, until=LATER) == ()
    assert signals_of(home, moved, until=LATER) == ()
    assert signals_of(home, home, until=LATER) == (Signal.SAME_ADDRESS,)


def test_things_are_compared_through_the_return_time_two_weeks_at_least() -> None:
    assert judged_until(DAY, 0) == DAY + timedelta(days=14)
    assert judged_until(DAY, 30) == DAY + timedelta(days=30)
    end = datetime(9999, 12, 31, tzinfo=UTC)
    assert judged_until(end, 14) == datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("Ola.Nowak+shop@GMail.com", "olanowak@gmail.com"),
        ("ola.nowak@googlemail.com", "olanowak@gmail.com"),
        ("Ola.Nowak+x@outlook.com", "ola.nowak@outlook.com"),
        ("ola+x@hotmail.com", "ola@hotmail.com"),
        ("ola+x@me.com", "ola@icloud.com"),
        ("ola+x@firma.example", "ola+x@firma.example"),  # a host of its own: may be two people
        ("o.la@firma.example", "o.la@firma.example"),
        ("+@gmail.com", "+@gmail.com"),
        ("...@gmail.com", "...@gmail.com"),
        ("not an address", None),
        (None, None),
    ],
)
def test_spellings_of_one_mailbox_are_one(typed: str | None, same: str | None) -> None:
    assert mailbox(typed) == same


@pytest.mark.parametrize(
    ("number", "same"),
    [
        ("+48 600 100 200", "600100200"),
        ("0048-600-100-200", "600100200"),
        ("600100200", "600100200"),
        ("(600) 100.200", "600100200"),
        ("+49 30 1234567", "301234567"),
        ("112", None),
        ("", None),
        (None, None),
        ("6" * 60, None),
    ],
)
def test_a_telephone_is_the_same_with_and_without_its_country(
    number: str | None, same: str | None
) -> None:
    assert telephone(number) == same


def home(street: str, postcode: str = "90-001", city: str = "Łódź", country: str = "PL") -> str:
    found = place(Address(street=street, postcode=postcode, city=city, country=country))
    assert found is not None
    return found


def test_spellings_of_one_door_are_one() -> None:
    door = home("ul. Długa 5/7")
    assert door == home("DLUGA 5 m. 7", "90 001", "Lodz", "pl")
    assert door == home("Długa 5, lok.7", "90001", "ŁÓDŹ")
    assert door != home("ul. Długa 57")
    assert door != home("ul. Długa 5/7", "90-002")
    assert door != home("ul. Długa 5/7", country="CZ")
    assert home("Długa 5a") == home("Długa 5 A")
    assert home("Długa 5", "", "Łódź") == home("ul. Długa 5", "", "lodz")


@pytest.mark.parametrize(
    "address",
    [
        None,
        Address(),
        Address(street="Długa 5"),
        Address(street="Wólka", postcode="90-001"),
        Address(street="ul.", postcode="90-001"),
    ],
)
def test_what_names_no_door_is_no_address(address: Address | None) -> None:
    assert place(address) is None


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("203.0.114.77", "203.0.114.0/24"),
        ("2a00:1450:4001:80b::200e", "2a00:1450:4001::/48"),
        ("::ffff:203.0.114.77", "203.0.114.0/24"),
        (" 203.0.114.1 ", "203.0.114.0/24"),
        ("192.168.1.5", None),
        ("127.0.0.1", None),
        ("::1", None),
        ("unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_a_block_is_that_of_an_address_of_the_open_internet(
    address: str | None, found: str | None
) -> None:
    assert block(address) == found


def test_a_mailbox_for_ten_minutes_is_known_by_its_domain() -> None:
    assert thrown_away("Someone@Mailinator.com")
    assert thrown_away("someone@today.yopmail.com")
    assert not thrown_away("ola@gmail.com")
    assert not thrown_away("ola@notmailinator.com")
    assert not thrown_away(None)
    assert all(domain == domain.lower().strip(".") and "." in domain for domain in DOMAINS)
