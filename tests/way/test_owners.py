"""Whose an order is: accounts, guests, people who are erased, deleted, renamed or spelled differently."""

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.errors import Conflict
from app.services.enrol import add_member, confirm_claim
from tests.pipeline import Pipeline, order_body
from tests.way.connected import unsound
from tests.way.shop import Way, connect, open_way

OLA, JAN = "ola@example.pl", "jan@example.pl"


def claims(way: Way) -> list[tuple[int, str]]:
    with way.pipeline.database.snapshot() as connection:
        rows = connection.execute(select(t.claim.c.id, t.claim.c.status)).all()
    return [(row.id, row.status) for row in rows]


def confirm(way: Way, claim_id: int) -> int:
    with way.pipeline.database.transaction() as connection:
        return confirm_claim(
            connection,
            way.pipeline.runtime.vault,
            claim_id=claim_id,
            actor="manager",
            reason="showed the receipt",
            now=way.pipeline.clock(),
        )


def owner(way: Way, order: int) -> int | None:
    found: int | None = way.row("order", order).owner_id
    return found


def states(way: Way) -> list[str]:
    with way.pipeline.database.snapshot() as connection:
        return sorted(connection.execute(select(t.member.c.state)).scalars())


def test_a_registered_customer_earns_without_proof(way: Way) -> None:
    ola = way.joins(OLA)
    way.buy("49.95", customer=ola)
    way.announce()
    assert way.points(ola) == 49
    assert states(way) == ["member"]
    way.sound()


def test_an_account_first_seen_on_its_order_is_read_once(way: Way) -> None:
    ola = way.joins(OLA)
    way.shop.queue.clear()  # its customer.created never arrives
    order = way.buy("49.95", customer=ola)
    way.buy("10.00", customer=ola)
    way.announce()
    assert way.calls("GET /customers/{id}") == 1
    assert way.row("customer", ola).owner_id == owner(way, order)
    assert way.points(ola) == 59
    way.sound()


def test_a_guest_gathers_under_the_e_mail(way: Way) -> None:
    way.buy("49.95", email=JAN)
    way.buy("50.05", email=JAN)
    way.announce()
    assert way.guest_points(JAN) == 99
    assert states(way) == ["guest"]
    way.sound()


def test_the_account_decides_and_not_the_e_mail_typed_at_the_checkout(way: Way) -> None:
    ola = way.joins(OLA)
    way.buy("49.95", customer=ola, email=JAN)
    way.announce()
    assert way.points(ola) == 49
    assert way.guest_points(JAN) is None
    way.sound()


def test_a_deleted_customers_orders_stay_whose_they_are(way: Way) -> None:
    ola = way.joins(OLA)
    order = way.buy("49.95", customer=ola)
    way.announce()
    before = owner(way, order)
    way.shop.delete_customer(ola)
    way.announce()
    way.shop.set_status(order, "completed")  # now with customer_id 0
    way.announce()
    assert way.shop.order(order)["customer_id"] == 0
    assert owner(way, order) == before
    assert way.points(ola) == 49
    way.shop.refund(order, amount="20.00")
    way.announce()
    assert way.points(ola) == 29
    way.sound()


def test_a_deleted_customers_orders_make_no_guest_out_of_him(way: Way) -> None:
    ola = way.joins(OLA)
    order = way.buy("49.95", customer=ola)
    way.announce()
    way.shop.delete_customer(ola)
    way.shop.set_status(order, "completed")
    way.announce()
    assert way.guest_points(OLA) is None
    assert claims(way) == []
    assert states(way) == ["member"]
    way.sound()


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_states_of_one_second_the_one_with_a_customer_names_the_owner(
    pipeline: Pipeline, turned: bool
) -> None:
    programme_id = pipeline.programme()
    store = connect(pipeline, programme_id, "https://shop.example", keys=None)
    pending = order_body("008", customer_id=0, status="pending")
    for number, total in ((1, "290.23"), (2, "1.00")):  # the rule prefers one, then the other
        guest = pending | {"id": number}
        bodies = [guest, guest | {"customer_id": 2, "total": total}]
        for body in reversed(bodies) if turned else bodies:
            pipeline.deliver(store, "order.updated", body)
    with pipeline.database.snapshot() as connection:
        owned = connection.execute(
            select(t.store_customer.c.external_id).join(
                t.source_object, t.source_object.c.owner_id == t.store_customer.c.member_id
            )
        ).scalars()
        assert list(owned) == ["2", "2"]
    assert unsound(pipeline) == []


def test_an_order_given_to_another_customer_takes_its_points_along(way: Way) -> None:
    ola, jan = way.joins(OLA), way.joins(JAN)
    order = way.buy("49.95", customer=ola)
    way.announce()
    for customer, points in ((jan, (0, 49)), (ola, (49, 0))):
        way.shop.change_order(order, customer_id=customer)
        way.announce()
        assert (way.points(ola), way.points(jan)) == points
    assert (way.shown(ola)["stempel_balance"], way.shown(jan)["stempel_balance"]) == ("49", "0")
    way.sound()


def test_a_guests_order_that_is_given_to_an_account_moves_there(way: Way) -> None:
    order = way.buy("49.95", email=JAN)
    way.announce()
    ola = way.joins(OLA)
    way.shop.change_order(order, customer_id=ola)
    way.announce()
    assert (way.guest_points(JAN), way.points(ola)) == (0, 49)
    way.sound()


def test_a_guest_who_registers_later_waits_for_proof(way: Way) -> None:
    way.buy("49.95", email=JAN)
    way.announce()
    jan = way.joins(JAN)
    way.announce()
    assert (way.guest_points(JAN), way.points(jan)) == (49, 0)
    [(claim, status)] = claims(way)
    assert status == "pending"
    confirm(way, claim)
    way.settle()
    assert way.points(jan) == 49
    assert way.shown(jan)["stempel_balance"] == "49"
    with pytest.raises(Conflict):
        confirm(way, claim)
    # From now on the e-mail is theirs.
    way.buy("10.00", email=JAN.upper())
    way.announce()
    assert way.points(jan) == 59
    way.sound()


def test_what_a_guest_had_refunded_follows_the_claim(way: Way) -> None:
    order = way.buy("100.00", email=JAN)
    jan = way.joins(JAN)
    way.announce()
    [(claim, _)] = claims(way)
    confirm(way, claim)
    way.shop.refund(order, amount="40.00")
    way.announce()
    assert way.points(jan) == 60
    for status, points in (("cancelled", 0), ("completed", 60)):
        way.shop.set_status(order, status)
        way.announce()
        assert way.points(jan) == points
    way.sound()


def test_a_claim_is_noted_whichever_came_first(way: Way) -> None:
    jan = way.joins(JAN)
    way.announce()
    way.buy("49.95", email=" " + JAN.upper())
    way.announce()
    assert (way.guest_points(JAN), way.points(jan)) == (49, 0)
    assert [status for _, status in claims(way)] == ["pending"]
    way.sound()


def test_a_manager_may_enrol_a_guest_and_the_shop_account_stays_apart(way: Way) -> None:
    way.buy("49.95", email=JAN)
    way.announce()
    with way.pipeline.database.transaction() as connection:
        add_member(
            connection,
            way.pipeline.runtime.vault,
            programme_id=way.programme_id,
            email=JAN.upper(),
            now=way.pipeline.clock(),
        )
    assert way.guest_points(JAN) == 49
    assert states(way) == ["member"]
    way.sound()


def test_erasing_a_guest_leaves_the_sums_and_makes_nobody(way: Way) -> None:
    first, second = way.buy("49.95", email=JAN), way.buy("50.05", email=OLA)
    way.announce()
    owners = owner(way, first), owner(way, second)
    way.shop.erase_customer(JAN)
    way.shop.erase_customer(OLA)
    way.announce()
    assert way.shop.order(first)["billing"]["email"] == way.shop.order(second)["billing"]["email"]
    assert (owner(way, first), owner(way, second)) == owners
    assert way.guest_points("deleted@site.invalid") is None
    assert way.pipeline.balances(way.programme_id) == [49, 50]
    way.sound()


def test_erasing_a_customer_whose_orders_were_never_seen_makes_nobody(way: Way) -> None:
    order = way.buy("49.95", email=JAN)
    way.shop.erase_customer(JAN)
    outcomes = way.announce()
    assert {status for status, _ in outcomes} == {"processed"}
    assert owner(way, order) is None
    assert states(way) == []
    way.sound()


def test_an_erased_account_keeps_its_orders(way: Way) -> None:
    ola = way.joins(OLA)
    order = way.buy("49.95", customer=ola)
    way.announce()
    way.shop.erase_customer(OLA)
    way.announce()
    way.shop.refund(order, amount="9.95")
    way.announce()
    assert way.points(ola) == 40
    assert states(way) == ["member"]
    way.sound()


def test_a_changed_e_mail_moves_nobody(way: Way) -> None:
    ola = way.joins(OLA)
    way.buy("49.95", customer=ola)
    way.buy("30.00", email=JAN)
    way.announce()
    way.shop.change_customer(ola, email=JAN)
    way.announce()
    assert (way.points(ola), way.guest_points(JAN)) == (49, 30)
    assert [status for _, status in claims(way)] == ["pending"]
    way.sound()


def test_a_plain_wordpress_user_is_no_member(way: Way) -> None:
    way.shop.register_customer(OLA, role="subscriber")
    [(status, reason)] = way.announce()
    assert status == "ignored"
    assert "subscriber" in reason
    assert states(way) == []
    way.sound()


@pytest.mark.parametrize(
    "spelling",
    ["Ola.ZOLC@Example.PL", "  ola.zolc@example.pl ", "OLA.ZOLC@EXAMPLE.PL"],
)
def test_one_person_in_several_spellings(way: Way, spelling: str) -> None:
    for email in ("ola.zolc@example.pl", spelling):
        way.buy("10.00", email=email)
        way.announce()
    assert way.pipeline.balances(way.programme_id) == [20]
    way.sound()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ola@example.pl", "ola+shop@example.pl"),
        ("ola.zolc@example.pl", "olazolc@example.pl"),
        ("ola@żółw.example", "ola@zolw.example"),
        ("ola@example.pl", "ola@example.com"),
    ],
)
def test_different_addresses_are_different_people(way: Way, one: str, other: str) -> None:
    for email in (one, other):
        way.buy("10.00", email=email)
    way.announce()
    assert way.pipeline.balances(way.programme_id) == [10, 10]
    way.sound()


def test_an_international_domain_is_one_in_both_its_forms(way: Way) -> None:
    ascii_form = "ola@" + "żółw.example".encode("idna").decode()
    for email in ("Ola@ŻÓŁW.example", ascii_form):
        way.buy("10.00", email=email)
    way.announce()
    assert way.pipeline.balances(way.programme_id) == [20]
    way.sound()


@pytest.mark.parametrize(
    "email",
    ["mailto:ola@example.pl", "", "@", "ola", "a" * 310 + "@example.pl", "ola@ex\u202eample.pl"],
    ids=["mailto", "none", "at", "word", "321 characters", "turned"],
)
def test_what_is_no_address_makes_nobody_and_the_order_is_kept(way: Way, email: str) -> None:
    order = way.buy("10.00", billing={"email": email})
    way.announce()
    assert owner(way, order) is None
    assert states(way) == []
    way.shop.change_order(order, billing={"email": OLA})  # somebody mended it in the shop
    way.announce()
    assert way.guest_points(OLA) == 10
    way.sound()


def test_an_address_of_320_characters_is_one(way: Way) -> None:
    email = "a" * (320 - len("@example.pl")) + "@example.pl"
    way.buy("10.00", email=email)
    way.announce()
    assert way.guest_points(email) == 10
    way.sound()


def test_one_e_mail_in_two_shops_of_a_programme_is_one_guest(pipeline: Pipeline) -> None:
    with open_way(pipeline) as first, open_way(pipeline, programme_id=first.programme_id) as second:
        for way in (first, second):
            way.buy("10.00", email=JAN)
            way.announce()
        assert first.guest_points(JAN) == 20
        first.sound()
