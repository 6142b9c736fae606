"""Codes looked at and ended in a Shopify shop: usable, used, gone, or somebody else's."""

from typing import Any

import pytest

from app.errors import Blocked, Passing
from connectors.rewards import CodeShown, MadeCode
from tests.connectors.shopify.graphql_shop import as_data
from tests.connectors.shopify.test_codes import DENIED, ID, NONE, USED, codes_of, found, wanted


def look(*nodes: object, by_code: object = None, spent: int = 0) -> CodeShown:
    """What is said of a code whose id is known where `nodes` are given."""
    answer = {"discount0": by_code, **({"nodes": list(nodes)} if nodes else {})}
    code = MadeCode(reference="9001", code="K7QM-3XTD-0001", id=ID if nodes else None, spent=spent)
    with codes_of(LookAtCodes=as_data(answer)) as (codes, _):
        [shown] = codes.look([code])
    return shown


@pytest.mark.parametrize(
    "data",
    [{}, {"discount0": {}}, {"discount0": None}, {"discount0": None, "nodes": []}, {"nodes": []}],
)
def test_only_a_null_that_was_said_means_that_there_is_no_code(data: dict[str, Any]) -> None:
    code = MadeCode(reference="9001", code="A", id=ID)
    with codes_of(LookAtCodes=as_data(data)) as (codes, _), pytest.raises(Passing):
        codes.look([code])


@pytest.mark.parametrize("act", ["make", "look", "end"])
def test_a_missing_permission_is_no_word_about_codes(act: str) -> None:
    code = MadeCode(reference="9001", code="K7QM-3XTD-0001", id=ID)
    with (
        codes_of(MakeCodes=DENIED, LookAtCodes=DENIED) as (codes, _),
        pytest.raises(Blocked, match="write_discounts"),
    ):
        getattr(codes, act)([wanted() if act == "make" else code])


@pytest.mark.parametrize(
    ("state", "usable"),
    [
        ({}, True),
        ({"status": "SCHEDULED"}, True),
        ({"status": "EXPIRED"}, False),
        ({"uses": 1}, False),
        ({"uses": 1, "usageLimit": None}, True),
    ],
)
def test_a_code_is_usable_until_it_is_used_or_has_ended(
    state: dict[str, Any], usable: bool
) -> None:
    node = found(**state)
    expected = CodeShown(
        reference="9001", id=ID, exists=True, usable=usable, uses=state.get("uses", 0)
    )
    assert look(node, by_code=node) == expected
    assert look(by_code=node) == expected


def test_the_stored_answers_are_understood() -> None:
    tagged = {"id": USED["id"], "codeDiscount": {**USED["codeDiscount"], "tags": ["stempel-9001"]}}
    shown = look(by_code=tagged)
    assert (shown.id, shown.exists, shown.usable, shown.uses) == (ID, True, False, 1)
    assert look(by_code=NONE) == CodeShown(reference="9001")


def test_a_code_with_another_ones_tag_is_not_ours() -> None:
    other = found("5", tags=["stempel-9002"])
    assert look(by_code=other) == CodeShown(reference="9001")
    assert look(None, by_code=other) == CodeShown(reference="9001", id=ID)


def test_a_discount_that_we_know_is_ours_also_without_its_tag_and_under_another_code() -> None:
    assert look(found(tags=[]), by_code=found(tags=[])).usable
    assert look(found(tags=[]), by_code=None).usable


def test_one_that_was_deleted_and_made_again_is_seen() -> None:
    again = look(None, by_code=found("77"))
    assert (again.id, again.exists, again.usable) == ("77", True, True)


class Ending:
    """A shop with discounts, by number, that deletes what it is told to."""

    def __init__(self, *nodes: dict[str, Any], refuses: str | None = None) -> None:
        self.nodes = {node["id"]: node for node in nodes}
        self.refuses = refuses
        self.deleted: list[str] = []

    def look(self, variables: dict[str, Any]) -> object:
        by_code = {node["code"]: node for node in self.nodes.values()}
        asked = [value for name, value in variables.items() if name.startswith("code")]
        named = {f"discount{number}": by_code.get(code) for number, code in enumerate(asked)}
        return {**named, "nodes": [self.nodes.get(one) for one in variables["ids"]]}

    def end(self, variables: dict[str, Any]) -> object:
        answers = {}
        for name, one in variables.items():
            errors = []
            if self.refuses:
                errors = [{"field": ["id"], "code": self.refuses, "message": "Anna Nowak"}]
            else:
                self.deleted.append(one.rpartition("/")[2])
                self.nodes.pop(one, None)
            answers[name.replace("id", "discount")] = {"userErrors": errors}
        return answers


def ending(shop: Ending, *numbers: int, spent: int = 0) -> list[CodeShown]:
    asked = [
        MadeCode(reference=f"900{one}", code=f"C{one}", id=str(one), spent=spent) for one in numbers
    ]
    with codes_of(LookAtCodes=shop.look, EndCodes=shop.end) as (codes, _):
        return list(codes.end(asked))


def numbered(number: int, uses: int = 0, **values: Any) -> dict[str, Any]:
    tags = ["stempel", f"stempel-900{number}"]
    return {**found(str(number), uses, tags=tags, **values), "code": f"C{number}"}


def test_ending_deletes_what_is_not_used_and_leaves_what_is() -> None:
    shop = Ending(numbered(1), numbered(2, uses=1), numbered(3, status="EXPIRED"))
    assert ending(shop, 1, 2, 3, 4) == [
        CodeShown(reference="9001", id="1", uses=0),
        CodeShown(reference="9002", id="2", exists=True, usable=False, uses=1),
        CodeShown(reference="9003", id="3", uses=0),
        CodeShown(reference="9004", id="4"),
    ]
    assert shop.deleted == ["1", "3"]


def test_a_use_on_a_cancelled_order_does_not_keep_a_code_alive() -> None:
    shop = Ending(numbered(1, uses=1))
    assert ending(shop, 1, spent=1) == [CodeShown(reference="9001", id="1", uses=1)]


def test_ending_twice_is_ending_once() -> None:
    shop = Ending(numbered(1))
    ending(shop, 1)
    assert ending(shop, 1) == [CodeShown(reference="9001", id="1")]
    assert shop.deleted == ["1"]


def test_a_deletion_that_is_refused_is_believed_by_what_is_there_afterwards() -> None:
    [shown] = ending(Ending(numbered(1), refuses="INVALID"), 1)
    assert shown.error == "discountCodeDelete: INVALID"
    assert shown.exists


def test_both_are_ended_where_one_was_renamed_and_one_made_again() -> None:
    renamed = {**numbered(1), "code": "SPRING"}
    twin = {**found("8", tags=["stempel-9001"]), "code": "C1"}
    shop = Ending(renamed, twin)
    assert ending(shop, 1) == [CodeShown(reference="9001", id="1", uses=0)]
    assert sorted(shop.deleted) == ["1", "8"]


def test_nothing_to_do_is_no_call() -> None:
    with codes_of() as (codes, shop):
        assert (codes.make([]), codes.look([]), codes.end([])) == ([], [], [])
        assert shop.calls == []
