"""Store credit against the sandbox: given once though nothing marks a call, taken back while it is whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from app.errors import Passing
from connectors.rewards import CodeShown, Credit, Made
from connectors.shopify.connector import ShopifyShop
from connectors.shopify.credits import ShopifyCredits
from connectors.shopify.sandbox import Sandbox, Shop
from connectors.shopify.store_credit import expiry_of
from tests.connectors.shopify.wire import Wire, opened

ENDS = datetime(2027, 2, 20, 22, 59, 59, tzinfo=UTC)


@dataclass
class Till:
    """The role under test, and the shop."""

    open: ShopifyShop
    wire: Wire
    shop: Shop
    now: list[datetime]
    mug: int
    anna: int

    @property
    def role(self) -> ShopifyCredits:
        assert isinstance(self.open.credits, ShopifyCredits)
        return self.open.credits

    def wanted(self, number: int = 1, **values: Any) -> Credit:
        given = {
            "reference": str(9000 + number),
            "kind": "store-credit",
            "title": "Kawa: fifty to spend",
            "value": Decimal("50.00"),
            "currency": "PLN",
            "customer": str(self.anna),
            "created_at": self.now[0],
            "ends_at": ENDS,
        }
        return Credit(**{**given, **values})

    def give(self, one: Credit) -> Made:
        [made] = self.role.give([one])
        return made

    def given(self, number: int = 1, **values: Any) -> Credit:
        wanted = self.wanted(number, **values)
        made = self.give(wanted)
        assert made.error is None
        return msgspec.structs.replace(wanted, id=made.id)

    def doubted(self, one: Credit, **values: Any) -> Credit:
        """Return a credit of which a call at this moment got no answer."""
        return msgspec.structs.replace(one, tried_at=self.now[0], **values)

    def look(self, one: Credit) -> CodeShown:
        [shown] = self.role.look([one])
        return shown

    def end(self, one: Credit) -> CodeShown:
        [shown] = self.role.end([one])
        return shown

    def spend(self, amount: str) -> Any:
        return self.shop.place_order(
            {self.mug: 10}, customer_id=self.anna, store_credit=amount, paid=True
        )

    def balance(self) -> Decimal:
        return sum(
            (Decimal(one["balance"]) for one in self.shop.store_credit_of(self.anna)), Decimal(0)
        )


@contextmanager
def till(**settings: Any) -> Iterator[Till]:
    now = [datetime(2026, 11, 22, 2, 30, 15, tzinfo=UTC)]
    sandbox = Sandbox(now=lambda: now[0], seconds=now[0].timestamp)
    shop = sandbox.open_shop("kawa", **settings)
    mug = shop.add_product("Mug", "20.00")["id"]
    anna = shop.create_customer("anna@example.com", "Anna", "Nowak")["id"]
    open_, wire = opened(sandbox, shop)
    yield Till(open_, wire, shop, now, mug, anna)
    open_.close()


def test_credit_ends_at_a_second_of_its_own_within_the_hour_after_its_time() -> None:
    with till() as at:
        several = [at.given(number) for number in (1, 2)]
        [account] = at.shop.store_credit_of(at.anna)
        ends = [datetime.fromisoformat(one["expires_at"]) for one in account["entries"]]
        shown = at.look(several[0])
    assert ends == [expiry_of(one) for one in several]
    assert len(set(ends)) == 2
    assert all(ENDS < one <= ENDS + timedelta(hours=1) for one in ends)
    assert shown == CodeShown(reference="9001", id=several[0].id, exists=True, usable=True, uses=0)


@pytest.mark.parametrize("ends_at", [ENDS, None])
@pytest.mark.parametrize("trouble", ["before", "after"])
def test_a_lost_answer_and_another_try_give_once(trouble: str, ends_at: datetime | None) -> None:
    with till() as at:
        at.given(7)  # another one of the same amount: held by its own redemption
        known = str(at.shop.store_credit_of(at.anna)[0]["entries"][0]["id"])
        wanted = at.wanted(ends_at=ends_at, claimed=(known,))
        at.wire.trouble = trouble
        with pytest.raises(Passing):
            at.give(wanted)
        seen = at.look(at.doubted(wanted))
        made = at.give(at.doubted(wanted))
        assert seen.exists == (trouble == "after")
        assert (made.error, at.balance()) == (None, Decimal(100))
        assert at.give(at.doubted(wanted)) == made


@pytest.mark.parametrize("ends_at", [ENDS, None])
def test_a_credit_that_may_be_a_persons_is_held_and_given_by_nobody_else(
    ends_at: datetime | None,
) -> None:
    with till() as at:
        wanted = at.wanted(ends_at=ends_at)
        at.wire.trouble = "after"
        with pytest.raises(Passing):
            at.give(wanted)
        for entry in at.shop.tables.credit_accounts.values():
            # A shop that does not keep the second of an end, or somebody who gave as much by hand.
            entry.entries[0].expires_at = ends_at
        if ends_at is None:
            at.shop.add_store_credit(at.anna, "50.00")
        before = at.balance()
        made, shown = at.give(at.doubted(wanted)), at.look(at.doubted(wanted))
        assert (made.held, made.undone, shown.held, at.balance()) == (True, False, True, before)
        assert "could be it" in str(made.error)
        assert at.end(at.doubted(wanted)).held


def test_what_is_spent_in_part_is_used_and_never_taken_back() -> None:
    with till() as at:
        credit = at.given()
        at.spend("20.00")
        assert at.look(credit).uses == 1
        assert (at.end(credit).uses, at.balance()) == (1, Decimal(30))


def test_a_cancelled_order_gives_it_back_whole() -> None:
    with till() as at:
        credit = at.given()
        at.shop.cancel_order(at.spend("20.00")["id"])
        assert (at.look(credit).uses, at.balance()) == (0, Decimal(50))


@pytest.mark.parametrize("trouble", ["", "before", "after"])
def test_whole_credit_is_taken_back_once_whatever_answer_is_lost(trouble: str) -> None:
    with till() as at:
        at.given(2, ends_at=None, value=Decimal(70))
        credit = at.given()
        at.wire.trouble = trouble
        if trouble:
            with pytest.raises(Passing):
                at.end(credit)
        shown = at.end(credit)
        assert (shown.exists, shown.usable, shown.uses) == (True, False, 0)
        assert at.balance() == Decimal(70)


def test_what_was_spent_after_another_was_taken_back_is_told_apart() -> None:
    with till() as at:
        first, second = at.given(1, ends_at=ENDS - timedelta(days=1)), at.given(2)
        at.end(first)
        at.spend("50.00")
        assert [at.look(one).uses for one in (first, second)] == [0, 1]


def test_credit_is_not_taken_while_the_shop_would_take_another_one_instead() -> None:
    with till() as at:
        at.shop.add_store_credit(at.anna, "30.00", (ENDS - timedelta(days=9)).isoformat())
        credit = at.given()
        shown = at.end(credit)
        assert (shown.usable, at.balance()) == (True, Decimal(80))
        assert "ends sooner" in str(shown.error)
        at.spend("30.00")
        assert at.end(credit).error is None
        assert at.balance() == 0


def test_credit_whose_time_is_over_is_whole_and_nothing_else_is_taken_for_it() -> None:
    with till() as at:
        at.shop.add_store_credit(at.anna, "70.00")
        credit = at.given()
        at.now[0] = ENDS + timedelta(hours=1, minutes=10)
        shown = at.end(credit)
        assert (shown.exists, shown.usable, shown.uses, at.balance()) == (
            True,
            False,
            0,
            Decimal(70),
        )


@pytest.mark.parametrize(
    ("values", "settings", "reason", "never"),
    [
        ({"customer": "4711"}, {}, "does not know this customer", True),
        ({"customer": None}, {}, "no customer account", True),
        ({"value": Decimal(0)}, {}, "above 0", True),
        ({"value": Decimal("50.005")}, {}, "at most 2 decimals", True),
        ({"currency": "EUR"}, {}, "in EUR, but the shop's currency is PLN", True),
        ({"ends_at": datetime(2026, 11, 1, tzinfo=UTC)}, {}, "time is over", True),
        ({}, {"store_credit_limit": Decimal(40)}, "more than the shop allows", False),
        ({}, {"store_credit_enabled": False}, "switched off", False),
    ],
)
def test_what_the_shop_refuses_is_said_and_is_no_doubt(
    values: dict[str, Any], settings: dict[str, Any], reason: str, never: bool
) -> None:
    with till(**settings) as at:
        made = at.give(at.wanted(**values))
        assert (made.id, made.never, made.undone, made.held) == (None, never, True, False)
        assert reason in str(made.error)
        assert at.balance() == 0


def test_while_store_credit_is_switched_off_nobody_concludes_that_there_is_none() -> None:
    with till() as at:
        wanted = at.wanted()
        at.wire.trouble = "after"
        with pytest.raises(Passing):
            at.give(wanted)
        at.shop.change_settings(store_credit_enabled=False)
        made = at.give(at.doubted(wanted))
        assert (made.undone, made.held, "switched off" in str(made.error)) == (False, False, True)
        assert "switched off" in str(at.end(at.doubted(wanted)).error)
        at.shop.change_settings(store_credit_enabled=True)
        assert at.give(at.doubted(wanted)).error is None
        assert at.balance() == Decimal(50)


def test_what_was_given_before_a_call_failed_is_not_forgotten() -> None:
    with till() as at:
        at.give(at.wanted(9))
        wanted = [at.wanted(number) for number in (1, 2, 3)]
        at.wire.trouble = ""
        real = at.wire._run

        def run(sent: Any) -> Any:
            answer = real(sent)
            if sent["operationName"] == "StoreCreditGive":
                at.wire.trouble = "after"
            return answer

        at.wire._run = run  # type: ignore[method-assign]  # the second call of the three is lost
        made = at.role.give(wanted)
    assert [one.error is None for one in made] == [True, False, False]
    assert [one.undone for one in made] == [False, False, True]


@pytest.mark.parametrize("act", ["give", "look", "end"])
def test_without_the_permission_each_result_names_it(act: str) -> None:
    with till() as at:
        credit = at.given()
        at.shop.revoke("write_store_credit_account_transactions")
        [shown] = getattr(at.role, act)([at.wanted(2) if act == "give" else credit])
        assert "_store_credit_account_transactions" in str(shown.error)
        assert at.balance() == Decimal(50)


def test_what_the_shop_cannot_read_of_one_keeps_no_other_waiting() -> None:
    with till() as at:
        bad = at.wanted(1, value=Decimal(7))
        real = at.wire._run

        def run(sent: Any) -> Any:
            if sent["variables"].get("credit", {}).get("creditAmount", {}).get("amount") == "7":
                return {"errors": [{"extensions": {"code": "INVALID_VARIABLE"}}]}
            return real(sent)

        at.wire._run = run  # type: ignore[method-assign]  # as Shopify answers a variable that is none
        made = at.role.give([bad, at.wanted(2)])
        shown = at.role.look([msgspec.structs.replace(bad, id="x"), at.given(3)])
    assert [(one.error is None, one.never, one.undone) for one in made] == [
        (False, True, False),
        (True, False, False),
    ]
    assert [one.exists for one in shown] == [False, True]
