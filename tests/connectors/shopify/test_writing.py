"""Writing balances: which tags and metafields change, in how many calls, and whose are left alone."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from app.errors import Passing
from connectors.base import CustomerState, LiveCode, Written
from connectors.shopify.refusals import Denied
from connectors.shopify.writer import ShopifyWriter
from tests.connectors.shopify.graphql_shop import GraphqlShop, as_data, sample, shop_with

_ACT = re.compile(r"(act\d+): (\w+)\(")


def state(customer: str, balance: int = 120, tier: str | None = "gold") -> CustomerState:
    return CustomerState(customer=customer, programme="kawa", balance=balance, tier=tier)


class People:
    """The customers of a shop: their tags and our metafields, changed as the mutations say."""

    def __init__(self, **tags: list[str]) -> None:
        self.tags = {
            f"gid://shopify/Customer/{who[1:]}": list(listed) for who, listed in tags.items()
        }
        self.metafields: dict[tuple[str, str], str] = {}
        self.refused: dict[str, dict[str, Any]] = {}  # value of a metafield: its user error
        self.acts: list[str] = []
        self.definitions: dict[str, list[dict[str, Any]]] = {"balance": [], "tier": [], "codes": []}

    def marks(self, variables: dict[str, Any]) -> object:
        return {"nodes": [self._node(who) for who in variables["ids"]]}

    def _node(self, who: str) -> object:
        if who not in self.tags:
            return None
        values = {
            key: None if (who, key) not in self.metafields else {"value": self.metafields[who, key]}
            for key in ("balance", "tier", "codes")
        }
        return {"id": who, "tags": self.tags[who]} | values

    def define(self, variables: dict[str, Any]) -> object:
        return {name: {"userErrors": self.definitions[name]} for name in variables}

    def act(self, text: str, variables: dict[str, Any]) -> object:
        done = {}
        for alias, field in _ACT.findall(text):
            self.acts.append(field)
            number = alias.removeprefix("act")
            given = {
                name.removesuffix(number): value
                for name, value in variables.items()
                if re.fullmatch(rf"[a-z]+{number}", name)
            }
            done[alias] = {"userErrors": getattr(self, field)(**given)}
        return done

    def tagsRemove(self, id: str, tags: list[str]) -> list[Any]:  # noqa: A002, N802  # Shopify's names
        if id not in self.tags:
            return [{"field": ["id"], "message": "x"}]
        self.tags[id] = [tag for tag in self.tags[id] if tag not in tags]
        return []

    def tagsAdd(self, id: str, tags: list[str]) -> list[Any]:  # noqa: A002, N802  # Shopify's names
        if id not in self.tags:
            return [{"field": ["id"], "message": "x"}]
        self.tags[id] = [*self.tags[id], *tags]
        return []

    def metafieldsSet(self, metafields: list[dict[str, str]]) -> list[Any]:  # noqa: N802
        assert len(metafields) <= 25
        for one in metafields:
            assert one["namespace"] == "$app:stempel"
            if one["value"] in self.refused:
                return [self.refused[one["value"]]]
        self.metafields |= {(one["ownerId"], one["key"]): one["value"] for one in metafields}
        return []

    def metafieldsDelete(self, metafields: list[dict[str, str]]) -> list[Any]:  # noqa: N802
        for one in metafields:
            del self.metafields[one["ownerId"], one["key"]]
        return []


@contextmanager
def shop_of(people: People) -> Iterator[tuple[ShopifyWriter, GraphqlShop]]:
    with shop_with(
        {
            "CustomerMarks": people.marks,
            "MetafieldDefinitionsCreate": people.define,
            "ShowStates": lambda variables: people.act(shop.documents("ShowStates")[-1], variables),
        }
    ) as shop:
        yield ShopifyWriter(shop.session), shop


def names(shop: GraphqlShop) -> list[str]:
    return [name for name, _ in shop.calls]


def test_a_member_shows_points_and_tier_and_keeps_every_other_tag() -> None:
    people = People(c2=["vip", "newsletter", "Stempel", "stempel-fan", "stempel:wish"])
    with shop_of(people) as (writer, _):
        [written] = writer.push([state("2")])
    ours = ("stempel:member", "stempel:points=120", "stempel:tier=gold")
    assert written == Written(customer="2", marks=ours)
    who = "gid://shopify/Customer/2"
    assert people.tags[who] == [
        "vip",
        "newsletter",
        "Stempel",
        "stempel-fan",
        "stempel:wish",
        *ours,
    ]
    assert people.metafields == {(who, "balance"): "120", (who, "tier"): "gold"}


def test_the_same_state_twice_is_one_question_and_no_mutation() -> None:
    people = People(c2=["vip"])
    with shop_of(people) as (writer, shop):
        first = writer.push([state("2")])
        assert names(shop) == ["CustomerMarks", "MetafieldDefinitionsCreate", "ShowStates"]
        again = writer.push([state("2")])
        assert names(shop)[3:] == ["CustomerMarks"]
    assert first == again


def test_what_is_out_of_date_is_replaced_and_nothing_else_is_touched() -> None:
    people = People(c2=["vip", "stempel:member", "stempel:points=5", "stempel:tier=silver"])
    who = "gid://shopify/Customer/2"
    people.metafields = {(who, "balance"): "5", (who, "tier"): "gold"}
    with shop_of(people) as (writer, shop):
        writer.push([state("2")])
        [(_, sent)] = [call for call in shop.calls if call[0] == "ShowStates"]
    assert people.tags[who] == ["vip", "stempel:member", "stempel:points=120", "stempel:tier=gold"]
    assert people.acts == ["tagsRemove", "tagsAdd", "metafieldsSet"]
    assert sent["tags0"] == ["stempel:points=5", "stempel:tier=silver"]
    assert [one["key"] for one in sent["metafields2"]] == ["balance"]


def test_a_member_without_a_tier_shows_none() -> None:
    people = People(c2=["stempel:tier=silver"])
    who = "gid://shopify/Customer/2"
    people.metafields = {(who, "tier"): "silver"}
    with shop_of(people) as (writer, _):
        [written] = writer.push([state("2", balance=-5, tier=None)])
    assert written.marks == ("stempel:member", "stempel:points=-5")
    assert people.tags[who] == ["stempel:member", "stempel:points=-5"]
    assert people.metafields == {(who, "balance"): "-5"}


CODES = (
    LiveCode(
        code="K7QM-3XTD-9RWB", reward="ten-percent", ends_at=datetime(2027, 2, 20, tzinfo=UTC)
    ),
    LiveCode(code="AAAA-BBBB-CCCC", reward="delivery"),
)


def with_codes(*codes: LiveCode) -> CustomerState:
    return msgspec.structs.replace(state("2"), codes=codes)


def test_codes_are_shown_where_only_the_shop_and_the_customer_see_them() -> None:
    people = People(c2=[])
    who = "gid://shopify/Customer/2"
    with shop_of(people) as (writer, shop):
        writer.push([with_codes(*CODES)])
        [(_, sent)] = [call for call in shop.calls if call[0] == "MetafieldDefinitionsCreate"]
    assert json.loads(people.metafields[who, "codes"]) == [
        {"code": "K7QM-3XTD-9RWB", "reward": "ten-percent", "ends_at": "2027-02-20T00:00:00Z"},
        {"code": "AAAA-BBBB-CCCC", "reward": "delivery", "ends_at": None},
    ]
    assert not [tag for tag in people.tags[who] if "K7QM" in tag.upper()]
    assert sent["codes"]["type"] == "json"
    assert sent["codes"]["access"]["storefront"] == "NONE"


def test_codes_that_the_shop_shows_already_are_not_written_again() -> None:
    people = People(c2=[])
    who = "gid://shopify/Customer/2"
    with shop_of(people) as (writer, shop):
        writer.push([with_codes(*CODES)])
        people.metafields[who, "codes"] = json.dumps(  # the same, written in another way
            json.loads(people.metafields[who, "codes"]), indent=2, sort_keys=True
        )
        before = len(shop.calls)
        writer.push([with_codes(*CODES)])
        assert names(shop)[before:] == ["CustomerMarks"]


@pytest.mark.parametrize("spoilt", ["", "no list", "[" * 5000, "null", '[{"code":"FREE"}]'])
def test_codes_that_somebody_spoilt_in_the_shop_are_put_right(spoilt: str) -> None:
    people = People(c2=[])
    who = "gid://shopify/Customer/2"
    people.metafields = {(who, "codes"): spoilt}
    with shop_of(people) as (writer, _):
        writer.push([with_codes(CODES[1])])
    assert [one["code"] for one in json.loads(people.metafields[who, "codes"])] == [
        "AAAA-BBBB-CCCC"
    ]


def test_when_the_last_code_is_used_none_is_shown() -> None:
    people = People(c2=[])
    with shop_of(people) as (writer, shop):
        writer.push([with_codes(*CODES)])
        writer.push([state("2")])
        before = len(shop.calls)
        writer.push([state("2")])
        assert names(shop)[before:] == ["CustomerMarks"]
    assert ("gid://shopify/Customer/2", "codes") not in people.metafields


def test_a_tag_that_differs_by_case_only_is_there_already() -> None:
    # Shopify takes the two for one and would add nothing, every time again.
    people = People(c2=["Stempel:Member"])
    with shop_of(people) as (writer, _):
        writer.push([state("2")])
    assert people.tags["gid://shopify/Customer/2"][0] == "Stempel:Member"
    assert "stempel:member" not in people.tags["gid://shopify/Customer/2"]


def test_a_customer_the_shop_does_not_know_is_gone_and_spoils_nothing() -> None:
    people = People(c2=[], c4=[])
    with shop_of(people) as (writer, _):
        first, gone, last = writer.push([state("2"), state("9"), state("4")])
    assert (gone.customer, gone.gone) == ("9", True)
    assert (first.error, last.error) == (None, None)
    assert "stempel:points=120" in people.tags["gid://shopify/Customer/4"]


def test_a_customer_who_goes_in_between_is_an_error_of_their_own() -> None:
    people = People(c2=[], c4=[])
    asked = people.marks

    def marks_and_leave(variables: dict[str, Any]) -> object:
        found = asked(variables)
        people.tags.pop("gid://shopify/Customer/2", None)
        return found

    people.marks = marks_and_leave  # type: ignore[method-assign]
    with shop_of(people) as (writer, _):
        left, fine = writer.push([state("2"), state("4")])
    assert (left.error, left.gone) == ("tagsAdd: id", False)
    assert fine.error is None


def test_one_refused_metafield_keeps_nobody_elses_from_being_set() -> None:
    people = People(**{f"c{number}": [] for number in range(1, 26)})
    people.refused = {"-7": {"field": ["metafields", "0"], "code": "INVALID_VALUE"}}
    states = [state(str(number), balance=-7 if number == 3 else number) for number in range(1, 26)]
    with shop_of(people) as (writer, _):
        written = writer.push(states)
    assert [one.customer for one in written if one.error] == ["3"]
    assert written[2].error == "metafieldsSet: INVALID_VALUE"
    assert {who for who, _ in people.metafields} == {
        f"gid://shopify/Customer/{number}" for number in range(1, 26) if number != 3
    }


def test_twenty_five_customers_are_one_document_within_the_points() -> None:
    people = People(**{f"c{number}": ["stempel:points=1"] for number in range(1, 26)})
    with shop_of(people) as (writer, shop):
        writer.push([state(str(number)) for number in range(1, writer.batch_size + 1)])
        assert names(shop) == ["CustomerMarks", "MetafieldDefinitionsCreate", "ShowStates"]
    assert people.acts.count("metafieldsSet") == 3  # 50 values, always all of one customer's
    assert 10 * len(people.acts) <= 600


@pytest.mark.parametrize("tier", ["gold,silver", "g" * 250])
def test_a_tier_that_cannot_be_a_tag_is_refused_for_its_members_only(tier: str) -> None:
    people = People(c2=[], c4=[])
    with shop_of(people) as (writer, _):
        refused, fine = writer.push([state("2", tier=tier), state("4")])
    assert refused.error is not None
    assert "tier" in refused.error
    assert fine.error is None
    assert people.tags["gid://shopify/Customer/2"] == []


def test_definitions_that_are_there_already_are_fine() -> None:
    people = People(c2=[])
    people.definitions = {name: [{"code": "TAKEN"}] for name in ("balance", "tier", "codes")}
    with shop_of(people) as (writer, shop):
        assert writer.push([state("2")])[0].error is None
        writer.push([state("2", balance=121)])
        [(_, sent)] = [call for call in shop.calls if call[0] == "MetafieldDefinitionsCreate"]
    assert sent["balance"]["type"] == "number_integer"
    assert sent["tier"]["access"] == {
        "admin": "MERCHANT_READ",
        "storefront": "NONE",
        "customerAccount": "READ",
    }


def test_definitions_that_are_refused_are_told_and_keep_nothing_from_being_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    people = People(c2=[])
    people.definitions["tier"] = [{"code": "RESOURCE_TYPE_LIMIT_EXCEEDED"}]
    with shop_of(people) as (writer, _):
        [written] = writer.push([state("2")])
    assert written.error is None
    assert people.metafields["gid://shopify/Customer/2", "tier"] == "gold"
    assert "tier: RESOURCE_TYPE_LIMIT_EXCEEDED" in caplog.text


def test_customers_whom_we_may_not_see_are_not_gone() -> None:
    error = {"extensions": {"code": "ACCESS_DENIED"}, "path": ["nodes", 0]}
    reply = as_data({"nodes": [None]}, errors=[error])
    with shop_with({"CustomerMarks": reply}) as shop, pytest.raises(Denied):
        ShopifyWriter(shop.session).push([state("2")])


def test_an_answer_about_others_is_not_believed() -> None:
    for nodes in ([], [None, None], [{"id": "gid://shopify/Customer/3", "tags": []}], [{}]):
        with shop_with({"CustomerMarks": {"nodes": nodes}}) as shop, pytest.raises(Passing):
            ShopifyWriter(shop.session).push([state("2")])
        assert names(shop) == ["CustomerMarks"]


def test_a_permission_to_write_that_is_missing_blocks_with_its_name() -> None:
    people = People(c2=[])
    with (
        shop_with(
            {
                "CustomerMarks": people.marks,
                "MetafieldDefinitionsCreate": sample("access_denied_scope"),
            }
        ) as shop,
        pytest.raises(Denied, match="write_discounts"),
    ):
        ShopifyWriter(shop.session).push([state("2")])


def test_nobody_to_write_is_no_call() -> None:
    with shop_of(People()) as (writer, shop):
        assert list(writer.push([])) == []
        assert shop.server.requests == []
