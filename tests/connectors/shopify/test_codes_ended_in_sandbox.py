"""Codes looked at and ended in a sandbox in the role of Shopify: used, lost on the way, or not allowed."""

import pytest

from app.errors import Blocked, Passing
from connectors.rewards import CodeShown, MadeCode
from connectors.shopify.sandbox.state import SandboxError
from tests.connectors.shopify.test_codes_to_sandbox import counter


@pytest.mark.parametrize("known", [True, False])
def test_an_unused_code_is_ended_for_good(known: bool) -> None:
    with counter() as seen:
        made = seen.made()
        code = made if known else MadeCode(reference=made.reference, code=made.code)
        assert seen.look(code) == CodeShown(
            reference="9001", id=made.id, exists=True, usable=True, uses=0
        )
        assert seen.end(code) == CodeShown(reference="9001", id=made.id, uses=0)
        with pytest.raises(SandboxError):
            seen.buy(made.code)
        assert seen.end(made) == CodeShown(reference="9001", id=made.id)


def test_a_used_code_is_left_as_it_is() -> None:
    with counter() as seen:
        code = seen.made()
        seen.buy(code.code)
        seen.later(minutes=5)
        shown = seen.end(code)
        assert (shown.exists, shown.usable, shown.uses) == (True, False, 1)
        assert seen.alive() == [code.code]


def test_a_code_whose_only_order_was_cancelled_can_be_ended() -> None:
    with counter() as seen:
        code = seen.made()
        seen.shop.cancel_order(seen.buy(code.code)["id"])
        seen.later(minutes=5)
        spent = MadeCode(reference=code.reference, code=code.code, id=code.id, spent=1)
        assert not seen.look(spent).usable
        assert seen.end(spent) == CodeShown(reference="9001", id=code.id, uses=1)


def test_uses_are_told_late() -> None:
    with counter() as seen:
        code = seen.made()
        seen.buy(code.code)
        assert seen.look(code).uses == 0
        seen.later(minutes=5)
        assert seen.look(code).uses == 1


def test_a_code_that_the_owner_ended_exists_and_one_that_was_deleted_does_not() -> None:
    with counter() as seen:
        first, second = seen.made(1), seen.made(2)
        seen.shop.deactivate_discount(first.code)
        seen.shop.delete_discount(second.code)
        assert [(one.exists, one.usable) for one in seen.codes.look([first, second])] == [
            (True, False),
            (False, False),
        ]
        assert not seen.end(first).exists
        assert seen.alive() == []


def test_a_code_of_somebody_else_is_neither_seen_nor_ended() -> None:
    with counter() as seen:
        seen.shop.add_discount("SPRING", "5")
        code = MadeCode(reference="9001", code="SPRING")
        assert seen.look(code) == seen.end(code) == CodeShown(reference="9001")
        assert seen.alive() == ["SPRING"]


@pytest.mark.parametrize("fault", ["reset_after", "reset_before", "wrong_json", "500"])
def test_an_end_whose_answer_was_lost_is_found_out(fault: str) -> None:
    with counter() as seen:
        code = seen.made()
        seen.shop.faults.add(fault, operation="EndCodes")
        with pytest.raises(Passing):
            seen.end(code)
        assert not seen.end(code).exists
        assert seen.alive() == []


# --- permissions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["make", "look", "end"])
def test_a_permission_that_was_revoked_is_no_word_about_codes(act: str) -> None:
    with counter() as seen:
        code = seen.made()
        seen.shop.revoke("write_discounts")
        with pytest.raises(Blocked, match="_discounts"):
            getattr(seen.codes, act)([seen.wanted(2) if act == "make" else code])
        assert seen.alive() == [code.code]


def test_without_leave_to_see_products_only_free_products_wait() -> None:
    with counter() as seen:
        seen.shop.revoke("read_products")
        wanted = [seen.wanted(1, kind="free-product", product=str(seen.mug)), seen.wanted(2)]
        mug, plain = seen.make(wanted)
        assert (mug.id, mug.never, plain.id is None) == (None, False, False)
        seen.shop.grant(["write_discounts", "read_products"])
        assert [one.error for one in seen.make(wanted)] == [None, None]
        assert len(seen.alive()) == 2


def test_with_reading_alone_a_code_is_seen_and_not_ended() -> None:
    with counter() as seen:
        code = seen.made()
        seen.shop.revoke("write_discounts")
        seen.shop.grant(["read_discounts"])
        assert seen.look(code).usable
        with pytest.raises(Blocked, match="write_discounts"):
            seen.end(code)
        assert seen.alive() == [code.code]
