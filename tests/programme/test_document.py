"""Programme documents: what is read, and how each kind of mistake is told."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from app.errors import ConfigError
from app.programme.caps import Cap
from app.programme.document import Programme, Switches, dump, load, parse
from app.programme.life import Life
from app.programme.lines import Product
from app.programme.reward import Reward
from app.programme.rule import Rule, When
from tests.programme.orders import HEAD

RULE = '[[rule]]\nkey = "a"\non = "order.paid"\npoints = 1\n'
CAP = '[[cap]]\nkey = "limit"\npoints = 30\nper = "day"\n'
MILESTONE = '[[rule]]\nkey = "m"\non = "order.count"\npoints = 50\norders = 5\n'
REWARD = '[[reward]]\nkey = "ten"\ncost = 100\nkind = "percent"\nvalue = "10"\n'
VOUCHER = REWARD.replace("percent", "fixed")
ACCESS = '[[reward]]\nkey = "early"\ncost = 100\nkind = "early-access"\n'
GIFT = ACCESS.replace("early-access", "free-product")
PRODUCT = '[[reward.product]]\nstore = "shop-1"\nid = "17"\n'

FULL = """
[programme]
key = "kawa"
name = "Kawa i ciastko"
currency = "PLN"
language = "pl"
timezone = "Europe/Warsaw"
earns_from = 2026-01-01
enrolment = "opt-in"
debt = "forgive"
earns_at = "completed"
point_value = 0.05

[points]
hold_days = 14
expire_months = 12
expire = "month-end"

[basis]
tax = "without"
tips = true

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = 1.10
round = "half_up"
max_points = 30
currency = "store"
when = { goods_from = 20 }

[[rule]]
key = "each-tenth"
on = "order.count"
points = 100
every = 10

[[cap]]
key = "monthly"
points = 500
per = "month"
rules = ["per-unit"]

[[reward]]
key = "ten-percent"
cost = 100
kind = "percent"
value = "10"
valid_days = 90

[[reward]]
key = "free-mug"
name = "Kubek „Kawa” za darmo"
cost = 500
kind = "free-product"
minimum = 20
combinable = true
automatic = true
refunded = "new-code"

[[reward.product]]
store = "shop-1"
id = "17"

[[reward.product]]
store = "shop-2"
id = "632910392"
"""


def test_a_full_document_is_read_as_written() -> None:
    assert parse(FULL) == Programme(
        key="kawa",
        name="Kawa i ciastko",
        currency="PLN",
        language="pl",
        timezone="Europe/Warsaw",
        earns_from=date(2026, 1, 1),
        enrolment="opt-in",
        debt="forgive",
        earns_at="completed",
        point_value=Decimal("0.05"),
        life=Life(hold_days=14, expire_months=12, expire="month-end"),
        basis=Switches(tax="without", tips=True),
        rules=(
            Rule(
                key="per-unit",
                on="order.paid",
                points=1,
                per=Decimal("1.10"),
                round="half_up",
                max_points=30,
                currency="store",
                when=When(goods_from=Decimal(20)),
            ),
            Rule(key="each-tenth", on="order.count", points=100, every=10),
        ),
        caps=(Cap(key="monthly", points=500, per="month", rules=("per-unit",)),),
        rewards=(
            Reward(key="ten-percent", cost=100, kind="percent", value=Decimal(10), valid_days=90),
            Reward(
                key="free-mug",
                name="Kubek „Kawa” za darmo",
                cost=500,
                kind="free-product",
                minimum=Decimal(20),
                combinable=True,
                automatic=True,
                refunded="new-code",
                product=(
                    Product(store="shop-1", id="17"),
                    Product(store="shop-2", id="632910392"),
                ),
            ),
        ),
    )


def test_what_is_left_out_has_the_documented_default() -> None:
    rules = parse(HEAD)
    assert (rules.timezone, rules.enrolment, rules.debt) == ("UTC", "automatic", "debt")
    assert rules.language == "en"
    assert rules.life == Life(hold_days=0, expire_months=None, expire="day")
    assert (rules.earns_from, rules.earns_at, rules.basis) == (None, "paid", Switches())


def test_a_version_stored_before_there_were_caps_has_none() -> None:
    stored = msgspec.json.decode(dump(parse(HEAD + RULE)))
    del stored["caps"]
    for rule in stored["rules"]:
        del rule["orders"], rule["every"]
    assert load(msgspec.json.encode(stored).decode()) == parse(HEAD + RULE)


def test_a_stored_version_reads_back_the_same() -> None:
    rules = parse(FULL)
    assert load(dump(rules)) == rules
    assert dump(load(dump(rules))) == dump(rules)


def test_a_stored_version_names_every_key_so_that_new_defaults_cannot_reach_it() -> None:
    stored = msgspec.json.decode(dump(parse(HEAD + RULE)))
    assert stored["debt"] == "debt"
    assert stored["rules"][0]["round"] == "floor"
    assert set(stored) == set(Programme.__struct_fields__)


def test_a_version_stored_before_points_had_a_life_lets_them_live_for_ever() -> None:
    stored = msgspec.json.decode(dump(parse(HEAD + RULE)))
    del stored["life"]
    old = load(msgspec.json.encode(stored).decode())
    assert old.life == Life()
    assert dump(old) == dump(parse(HEAD + RULE))


def test_a_version_stored_before_rewards_had_so_many_keys_is_still_read() -> None:
    stored = msgspec.json.decode(dump(parse(HEAD + REWARD + "valid_days = 90\n")))
    del stored["language"]
    [reward] = stored["rewards"]
    for key in ("name", "minimum", "combinable", "automatic", "refunded", "product"):
        del reward[key]
    old = load(msgspec.json.encode(stored).decode())
    assert old.rewards == (
        Reward(key="ten", cost=100, kind="percent", value=Decimal(10), valid_days=90),
    )
    assert dump(old) == dump(parse(HEAD + REWARD + "valid_days = 90\n"))


@pytest.mark.parametrize("kind", ["percent", "fixed", "free-delivery", "free-product"])
def test_every_reward_that_is_a_code_takes_what_belongs_to_codes(kind: str) -> None:
    value = 'value = "12.5"\n' if kind in {"percent", "fixed"} else ""
    source = ACCESS.replace("early-access", kind) + value
    source += 'minimum = "20.00"\ncombinable = true\nautomatic = true\nrefunded = "points"\n'
    [reward] = parse(HEAD + source).rewards
    assert (reward.minimum, reward.refunded) == (Decimal("20.00"), "points")


def test_early_access_may_last_a_number_of_days() -> None:
    [reward] = parse(HEAD + ACCESS + "valid_days = 30\n").rewards
    assert (reward.kind, reward.valid_days) == ("early-access", 30)


def test_a_hundred_rewards_are_enough() -> None:
    many = [ACCESS.replace('early"', f'early-{number}"') for number in range(101)]
    assert len(parse(HEAD + "".join(many[:100])).rewards) == 100
    with pytest.raises(ConfigError, match="reward: 101 is not allowed here; give at most 100"):
        parse(HEAD + "".join(many))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": 1}'])
def test_a_broken_stored_version_is_told(text: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(text)


def test_a_slip_in_the_syntax_is_told_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"not valid TOML.*line 2"):
        parse('[programme]\nkey = kawa\ncurrency = "PLN"\n')
