"""How codes of a WooCommerce shop are looked at, and ended for good."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.errors import Blocked, Passing
from connectors.rewards import CodeShown, MadeCode
from connectors.woocommerce import coupons
from tests.connectors.loopback import Reply, Request
from tests.connectors.woocommerce.captured import reply
from tests.connectors.woocommerce.codes_help import ENDS, MUG, Till, discount, known, open_till
from tests.connectors.woocommerce.shops import Routes, as_json, query_of, shop_with

CODE = "k7qm-3xtd-0001"
GONE = CodeShown(reference="1")


@pytest.fixture
def till() -> Iterator[Till]:
    with open_till() as opened:
        yield opened


@pytest.fixture
def code(till: Till) -> MadeCode:
    [made] = till.make(discount())
    return known(made, discount())


def _use(till: Till, **values: Any) -> int:
    return int(till.shop.place_order({MUG: 1}, customer_id=1, coupons=[CODE], **values)["id"])


def _by_code_only(code: MadeCode) -> MadeCode:
    return MadeCode(reference=code.reference, code=code.code, spent=code.spent)


# --- looking -------------------------------------------------------------------------------------


def test_a_fresh_code_is_usable_by_id_and_by_code(till: Till, code: MadeCode) -> None:
    fresh = CodeShown(reference="1", id=code.id, exists=True, usable=True, uses=0)
    assert till.look(code) == [fresh]
    assert till.look(_by_code_only(code)) == [fresh]


def test_a_used_code_is_used_up_until_its_order_is_cancelled(till: Till, code: MadeCode) -> None:
    order = _use(till)
    [shown] = till.look(code)
    assert (shown.exists, shown.usable, shown.uses) == (True, False, 1)
    till.shop.set_status(order, "cancelled")
    [shown] = till.look(code)
    assert (shown.usable, shown.uses) == (True, 0)


@pytest.mark.parametrize("status", ["refunded", "failed"])
def test_an_order_refunded_or_failed_gives_no_use_back(
    till: Till, code: MadeCode, status: str
) -> None:
    till.shop.set_status(_use(till), status)
    [shown] = till.look(code)
    assert (shown.usable, shown.uses) == (False, 1)


def test_a_code_is_usable_to_its_last_second(till: Till, code: MadeCode) -> None:
    till.world.now[0] = ENDS
    [last] = till.look(code)
    till.world.now[0] = ENDS + timedelta(seconds=1)
    [over] = till.look(code)
    assert (last.usable, over.usable, over.exists) == (True, False, True)


@pytest.mark.parametrize("how", ["trash", "draft"])
def test_a_code_taken_off_sale_is_there_and_not_usable(
    till: Till, code: MadeCode, how: str
) -> None:
    number = int(code.id or "")
    if how == "trash":
        till.shop.delete_coupon(number)
    else:
        till.shop.change_coupon(number, status="draft")
    [shown] = till.look(code)
    assert (shown.exists, shown.usable, shown.uses) == (True, False, 0)


def test_a_code_deleted_for_good_is_gone(till: Till, code: MadeCode) -> None:
    till.shop.delete_coupon(int(code.id or ""), force=True)
    assert till.look(code) == [GONE]


def test_a_code_that_the_merchant_took_for_something_else_is_not_ours(
    till: Till, code: MadeCode
) -> None:
    till.shop.delete_coupon(int(code.id or ""), force=True)
    till.shop.add_coupon(CODE, "5")
    assert till.look(code, _by_code_only(code))[0] == GONE
    assert till.end(code) == [GONE]
    assert till.coupon(CODE)["amount"] == "5.00"


def test_a_code_of_ours_stays_ours_if_our_reference_is_taken_from_it(
    till: Till, code: MadeCode
) -> None:
    with till.shop.lock:
        till.shop.tables.coupons[int(code.id or "")]["meta_data"] = []
    [shown] = till.look(code)
    assert (shown.exists, shown.usable) == (True, True)
    assert till.end(code) == [GONE]
    assert till.shop.all_coupons() == []
    assert till.look(code) == [GONE]


def test_an_id_that_belongs_to_another_coupon_is_not_ours(till: Till, code: MadeCode) -> None:
    theirs = till.shop.add_coupon("summer", "5")
    copied = MadeCode(reference="7", code="zzzz-zzzz-zzzz", id=str(theirs["id"]))
    assert till.end(copied) == [CodeShown(reference="7")]
    assert till.coupon("summer") == theirs


@pytest.mark.parametrize("strange", ["'", "100%", "<script>", "a\r\nb", "\u202eש", "x" * 300, ""])
def test_a_code_of_any_letters_can_be_looked_for(till: Till, strange: str) -> None:
    till.shop.add_coupon("summer", "5")
    assert till.look(MadeCode(reference="1", code=strange, id=strange)) == [GONE]


def test_a_hundred_codes_are_looked_at_in_one_call(till: Till) -> None:
    wanted = [discount(number) for number in range(100)]
    codes = [known(made, one) for made, one in zip(till.make(*wanted), wanted, strict=True)]
    till.calls()
    assert all(shown.usable for shown in till.look(*codes))
    assert till.calls() == {"GET /coupons": 1}


# --- ending --------------------------------------------------------------------------------------


def test_an_unused_code_is_deleted_for_good(till: Till, code: MadeCode) -> None:
    assert till.end(code) == [CodeShown(reference="1")]
    assert till.shop.all_coupons() == []
    assert till.end(code) == [GONE]


def test_a_code_whose_id_is_not_known_is_found_by_its_name(till: Till, code: MadeCode) -> None:
    assert till.end(_by_code_only(code)) == [CodeShown(reference="1")]
    assert till.shop.all_coupons() == []


def test_a_used_code_stays(till: Till, code: MadeCode) -> None:
    _use(till)
    [shown] = till.end(code)
    assert (shown.exists, shown.usable, shown.uses) == (True, False, 1)
    assert till.coupon(CODE)["usage_count"] == 1


def test_a_use_that_does_not_count_does_not_keep_the_code(till: Till, code: MadeCode) -> None:
    till.shop.set_status(_use(till), "failed")
    spent = MadeCode(reference="1", code=code.code, id=code.id, spent=1)
    [shown] = till.end(spent)
    assert (shown.exists, shown.usable) == (False, False)
    assert till.shop.all_coupons() == []


@pytest.mark.parametrize("how", ["trash", "draft"])
def test_a_code_in_the_trash_cannot_come_back(till: Till, code: MadeCode, how: str) -> None:
    number = int(code.id or "")
    if how == "trash":
        till.shop.delete_coupon(number)
    else:
        till.shop.change_coupon(number, status="draft")
    [shown] = till.end(code)
    assert (shown.exists, shown.usable, shown.error) == (False, False, None)
    assert till.shop.all_coupons() == []


def test_a_used_code_in_the_trash_stays_there(till: Till, code: MadeCode) -> None:
    _use(till)
    till.shop.delete_coupon(int(code.id or ""))
    [shown] = till.end(code)
    assert (shown.exists, shown.usable, shown.uses) == (True, False, 1)


def test_a_code_that_was_made_twice_at_one_moment_ends_twice(till: Till, code: MadeCode) -> None:
    twin = till.shop.tables.coupons[int(code.id or "")]
    till.shop.tables.coupons[900] = {**twin, "id": 900, "used_by": []}
    [shown] = till.end(code)
    assert (shown.exists, shown.usable) == (False, False)
    assert till.shop.all_coupons() == []


def test_the_used_twin_of_a_deleted_code_is_told(till: Till, code: MadeCode) -> None:
    twin = till.shop.tables.coupons[int(code.id or "")]
    till.shop.tables.coupons[900] = {**twin, "id": 900, "used_by": ["1"]}
    till.shop.delete_coupon(int(code.id or ""), force=True)
    [shown] = till.end(code)
    assert (shown.exists, shown.uses) == (True, 1)


@pytest.mark.parametrize("fault", ["reset_after", "wrong_page", "wrong_json"])
def test_an_ending_whose_answer_was_lost_is_found_done(
    till: Till, code: MadeCode, fault: str
) -> None:
    till.shop.faults.add(fault, method="POST")
    try:
        [shown] = till.end(code)
    except Passing:
        pass
    else:
        assert shown.error
    assert till.end(code) == [GONE]


def test_a_hundred_codes_end_by_one_deleting_call(till: Till) -> None:
    wanted = [discount(number) for number in range(100)]
    codes = [known(made, one) for made, one in zip(till.make(*wanted), wanted, strict=True)]
    till.shop.place_order({MUG: 1}, customer_id=1, coupons=[wanted[7].code])
    till.calls()
    shown = till.end(*codes)
    assert [one.reference for one in shown if one.exists] == ["7"]
    assert all(one.error is None for one in shown)
    assert till.calls()["POST /coupons/batch"] == 1
    assert [coupon["usage_count"] for coupon in till.shop.all_coupons()] == [1]


def test_a_storm_ends_with_every_code_gone(till: Till) -> None:
    wanted = [discount(number) for number in range(20)]
    codes = [known(made, one) for made, one in zip(till.make(*wanted), wanted, strict=True)]
    odds = {"reset_after": 0.1, "reset_before": 0.1, "500": 0.1, "wrong_json": 0.1}
    till.shop.faults.storm(5, odds)
    left = {one.reference: one for one in codes}
    for _ in range(200):
        if not left:
            break
        try:
            shown = till.end(*left.values())
        except Passing:
            continue
        for one in shown:
            if one.error is None:
                assert not one.usable
                left.pop(one.reference)
    assert left == {}
    assert till.shop.all_coupons() == []


def test_a_key_that_may_not_delete_stops_the_shop_s_codes(till: Till, code: MadeCode) -> None:
    till.shop.faults.add("read_only", times=None)
    with pytest.raises(Blocked):
        till.end(code)
    assert till.coupon(CODE)["status"] == "publish"


# --- what the sandbox does not do ----------------------------------------------------------------


def _coupon(uses: int = 0, **values: Any) -> dict[str, Any]:
    meta = [{"id": 5, "key": coupons.REFERENCE, "value": "1"}]
    shown = {"id": 30, "code": CODE, "status": "publish", "usage_count": uses, "usage_limit": 1}
    return {**shown, "date_expires_gmt": None, "meta_data": meta, **values}


def test_a_use_in_the_moment_of_the_ending_is_told() -> None:
    routes = {
        "GET /coupons": as_json([_coupon()]),
        "POST /coupons/batch": as_json({"delete": [_coupon(uses=1)]}),
    }
    with shop_with(routes) as (shop, _):
        assert shop.codes is not None
        [shown] = shop.codes.end([MadeCode(reference="1", code=CODE, id="30")])
    assert shown == CodeShown(reference="1", uses=1)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"delete": []}, "does not speak of this code"),
        ({}, "does not speak of this code"),
        (
            {"delete": [{"id": 30, "error": {"code": "woocommerce_rest_cannot_delete"}}]},
            "cannot_delete",
        ),
    ],
)
def test_a_code_that_the_answer_forgets_or_refuses_is_tried_again(
    answer: dict[str, Any], error: str
) -> None:
    routes = {"GET /coupons": as_json([_coupon()]), "POST /coupons/batch": as_json(answer)}
    with shop_with(routes) as (shop, _):
        assert shop.codes is not None
        [shown] = shop.codes.end([MadeCode(reference="1", code=CODE, id="30")])
    assert error in (shown.error or "")


def test_a_code_that_is_gone_when_it_is_deleted_is_gone() -> None:
    error = {"code": "woocommerce_rest_shop_coupon_invalid_id", "data": {"status": 404}}

    def listed(request: Request) -> Reply:
        return as_json([] if "code" in query_of(request) else [_coupon()])

    routes: Routes = {
        "GET /coupons": listed,
        "POST /coupons/batch": as_json({"delete": [{"id": 30, "error": error}]}),
    }
    with shop_with(routes) as (shop, _):
        assert shop.codes is not None
        [shown] = shop.codes.end([MadeCode(reference="1", code=CODE, id="30")])
    assert shown == GONE


def test_a_code_that_comes_up_again_and_again_is_not_called_dead() -> None:
    def delete(request: Request) -> Reply:
        return as_json({"delete": [_coupon() for _ in json.loads(request.body)["delete"]]})

    routes: Routes = {"GET /coupons": as_json([_coupon()]), "POST /coupons/batch": delete}
    with shop_with(routes) as (shop, _):
        assert shop.codes is not None
        [shown] = shop.codes.end([MadeCode(reference="1", code=CODE, id="30")])
    assert shown.error == "The shop still has this code."


@pytest.mark.parametrize(
    "spoilt",
    [
        {"id": "thirty"},
        {"usage_count": "many"},
        {"usage_limit": []},
        {"date_expires_gmt": "next year"},
        {"meta_data": "none"},
    ],
)
def test_a_coupon_that_cannot_be_read_says_nothing_about_the_code(spoilt: dict[str, Any]) -> None:
    with shop_with({"GET /coupons": as_json([_coupon(**spoilt)])}) as (shop, _):
        assert shop.codes is not None
        with pytest.raises(Passing):
            shop.codes.look([MadeCode(reference="1", code=CODE, id="30")])


def test_php_s_ways_of_writing_a_coupon_are_understood() -> None:
    meta = {"1": {"id": 5, "key": coupons.REFERENCE, "value": 1}}
    odd = _coupon(id="30", usage_count="1", usage_limit="0", meta_data=meta)
    with shop_with({"GET /coupons": as_json([odd])}) as (shop, _):
        assert shop.codes is not None
        [shown] = shop.codes.look([MadeCode(reference="1", code=CODE, id="30")])
    assert shown == CodeShown(reference="1", id="30", exists=True, usable=True, uses=1)


def test_the_captured_list_by_code_is_understood_and_is_not_ours() -> None:
    with shop_with({"GET /coupons": reply("063")}) as (shop, server):
        assert shop.codes is not None
        [shown] = shop.codes.look([MadeCode(reference="rw_1", code="LP-JAN-7F3K2")])
    assert shown == CodeShown(reference="rw_1")
    assert query_of(server.requests[0])["code"] == "LP-JAN-7F3K2"


def test_a_shop_that_says_when_to_come_back_is_not_asked_for_the_other_codes() -> None:
    busy = Reply(429, b"", {"Content-Type": "text/html", "Retry-After": "60"})
    codes = [MadeCode(reference=str(number), code=f"{CODE}{number}") for number in range(3)]
    with shop_with({"GET /coupons": busy}) as (shop, server):
        assert shop.codes is not None
        shown = shop.codes.look(codes)
    assert all(one.error and not one.exists for one in shown)
    assert len(server.requests) == 1
