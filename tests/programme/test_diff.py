"""What a new document changes, told key by key, and whether members lose by it."""

from decimal import Decimal
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import fields

from app.programme.diff import Change, diff
from app.programme.directions import ADDED, DIRECTIONS, Effect, opposite
from app.programme.document import TABLES, Programme, dump, load, parse
from app.programme.presets import preset_names, preset_source
from tests.programme.orders import HEAD, preset

RULE = '[[rule]]\nkey = "r"\non = "order.paid"\npoints = 2\nper = "10.00"\n'
CAP = '[[cap]]\nkey = "daily"\npoints = 30\nper = "day"\n'
REWARD = '[[reward]]\nkey = "ten"\ncost = 100\nkind = "percent"\nvalue = "10"\n'
PLAIN = HEAD + RULE + CAP + REWARD

W, B, E, N = Effect.WORSE, Effect.BETTER, Effect.EITHER, Effect.NEITHER


def changes(old: str, new: str) -> list[Change]:
    return list(diff(parse(old), parse(new)))


@pytest.mark.parametrize(
    ("written", "instead", "field", "values", "effect"),
    [
        ("points = 2", "points = 1", "points", (2, 1), W),
        ("points = 2", "points = 3", "points", (2, 3), B),
        ('"10.00"', '"20.00"', "per", (Decimal(10), Decimal(20)), W),
        ('"10.00"', '"10.00"\nmax_points = 50', "max_points", (None, 50), W),
        ('"10.00"', '"10.00"\nround = "ceil"', "round", ("floor", "ceil"), B),
        ('"10.00"', '"10.00"\nstep = true', "step", (False, True), W),
        ('"10.00"', '"10.00"\nwhen = { goods_over = 50 }', "when.goods_over", (None, 50), W),
        ('"10.00"', '"10.00"\nwhen = { channels = ["pos"] }', "when.channels", ((), ("pos",)), W),
        ("order.paid", "order.completed", "on", ("order.paid", "order.completed"), W),
        ("points = 30", "points = 20", "points", (30, 20), W),
        ('"day"', '"month"', "per", ("day", "month"), W),
        ('"day"', '"day"\nrules = ["r"]', "rules", ((), ("r",)), B),
        ("cost = 100", "cost = 120", "cost", (100, 120), W),
        ('"10"', '"15"', "value", (Decimal(10), Decimal(15)), B),
        ('"10"', '"10"\nvalid_days = 30', "valid_days", (None, 30), W),
        ('"10"', '"10"\nname = "Ten"', "name", ("", "Ten"), N),
    ],
)
def test_each_change_of_a_table_names_its_key_and_whom_it_serves(
    written: str, instead: str, field: str, values: tuple[object, object], effect: Effect
) -> None:
    [change] = changes(PLAIN, PLAIN.replace(written, instead, 1))
    assert (change.what, change.field, change.effect) == ("changed", field, effect)
    assert (change.old, change.new) == values
    [back] = changes(PLAIN.replace(written, instead, 1), PLAIN)
    assert (back.field, back.effect) == (field, opposite(effect))


@pytest.mark.parametrize(
    ("lines", "table", "field", "effect"),
    [
        ('enrolment = "opt-in"\n', "programme", "enrolment", W),
        ('debt = "forgive"\n', "programme", "debt", B),
        ("earns_from = 2026-01-01\n", "programme", "earns_from", W),
        ("notice_days = 14\n", "programme", "notice_days", B),
        ('name = "Kawa"\n', "programme", "name", N),
        ("[points]\nexpire_months = 12\n", "points", "expire_months", W),
        ("[points]\nhold_days = 14\n", "points", "hold_days", W),
        ("[basis]\nshipping = true\n", "basis", "shipping", B),
        ('[basis]\ntax = "without"\n', "basis", "tax", W),
        ("[basis]\nown_credit = true\n", "basis", "own_credit", B),
    ],
)
def test_a_change_of_the_whole_programme_is_told_like_any_other(
    lines: str, table: str, field: str, effect: Effect
) -> None:
    [change] = changes(PLAIN, PLAIN.replace(HEAD, HEAD + lines))
    assert (change.table, change.key, change.field, change.effect) == (table, "", field, effect)


@pytest.mark.parametrize(
    ("table", "key", "effect"), [(RULE, "r", W), (REWARD, "ten", W), (CAP, "daily", B)]
)
def test_what_the_document_leaves_out_is_told(table: str, key: str, effect: Effect) -> None:
    [gone] = changes(PLAIN, PLAIN.replace(table, ""))
    assert (gone.what, gone.key, gone.effect) == ("removed", key, effect)
    [come] = changes(PLAIN.replace(table, ""), PLAIN)
    assert (come.what, come.key, come.effect) == ("added", key, opposite(effect))
    assert (gone.old, gone.new) == (come.new, come.old)


def test_the_order_of_tables_is_told_as_what_it_is() -> None:
    [moved] = changes(
        HEAD + RULE + RULE.replace('"r"', '"s"'), HEAD + RULE.replace('"r"', '"s"') + RULE
    )
    assert (moved.what, moved.table, moved.effect) == ("moved", "rule", N)


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        ('[{ by = "2", skus = ["A"] }]', '[{ by = "3", skus = ["A"] }]', B),
        ("[]", '[{ by = "2", skus = ["A"] }]', B),
        ("[]", '[{ by = "0.5", skus = ["A"] }]', W),
        ('[{ by = "2", skus = ["A"] }]', '[{ by = "2", skus = ["B"] }]', E),
    ],
)
def test_factors_are_better_the_larger_they_are(old: str, new: str, effect: Effect) -> None:
    [change] = changes(*(f"{HEAD}{RULE}multiply = {one}\n" for one in (old, new)))
    assert (change.field, change.effect) == ("multiply", effect)


@pytest.mark.parametrize("name", ["lines", "except_lines"])
def test_a_longer_list_of_goods_that_count_is_better_and_of_goods_that_do_not_is_worse(
    name: str,
) -> None:
    one, two = (f"{HEAD}{RULE}{name} = {{ skus = {skus} }}\n" for skus in ('["A"]', '["A", "B"]'))
    [change] = changes(one, two)
    assert (change.field, change.effect) == (f"{name}.skus", B if name == "lines" else W)
    assert [c.effect for c in changes(HEAD + RULE, one)] == [W]  # fewer lines count either way


PIECES = st.lists(
    st.sampled_from(
        [
            RULE,
            RULE.replace("points = 2", "points = 5"),
            RULE.replace('"r"', '"s"'),
            RULE.replace('"r"', '"t"') + 'when = { channels = ["pos"] }\n',
            CAP,
            CAP.replace('"day"', '"year"'),
            REWARD,
            REWARD.replace("100", "90"),
            REWARD.replace('"ten"', '"more"') + "valid_days = 9\n",
            "[points]\nhold_days = 3\n",
            "[basis]\ntips = true\n",
        ]
    ),
    unique_by=lambda table: table.split("points =")[0].split("cost =")[0],
)


@pytest.mark.parametrize(
    ("pearl", "effect"),
    [
        ("", W),  # who had 1.25 has 1 from there on
        ('multiply = "1.1"\n', W),
        ('multiply = "1.25"\n', B),
        ('multiply = "1.4"\n', B),
        ('multiply = "1.1"\ngift = 10\n', E),
        ('multiply = "1.4"\nperks = ["tea"]\n', E),
        ('multiply = "1.4"\nperks = ["tea", "early"]\n', B),
        ('multiply = "1.25"\nperks = ["tea", "early"]\n', B),
    ],
)
def test_a_tier_that_gives_less_than_the_one_below_it_is_no_gain(
    pearl: str, effect: Effect
) -> None:
    silver = '[[tier]]\nkey = "silver"\nfrom = "100"\nmultiply = "1.25"\n'
    if "perks" in pearl:
        silver += 'perks = ["early"]\n'
    gold = '[[tier]]\nkey = "gold"\nfrom = "1000"\nmultiply = "1.5"\nperks = ["early"]\n'
    without = PLAIN + '[tiers]\nby = "spend"\n' + silver + gold
    between = f'[[tier]]\nkey = "pearl"\nfrom = "500"\n{pearl}'
    [added] = changes(without, without.replace(gold, between + gold))
    assert (added.what, added.key, added.effect) == ("added", "pearl", effect)
    [removed] = changes(without.replace(gold, between + gold), without)
    assert (removed.what, removed.effect) == ("removed", opposite(effect))


def test_of_two_tiers_that_begin_at_one_amount_the_new_one_is_held_against_the_old() -> None:
    old = PLAIN + '[tiers]\nby = "spend"\n[[tier]]\nkey = "silver"\nfrom = "100"\nmultiply = "2"\n'
    new = old.replace('"silver"', '"pearl"').replace('multiply = "2"', 'multiply = "1.5"')
    assert [(one.what, one.effect) for one in changes(old, new)] == [("removed", W), ("added", W)]


@pytest.mark.parametrize("kept", ["", 'window = "rolling"\nmonths = 12\ngrace_days = 30\n'])
def test_the_first_tiers_are_a_gain_however_they_are_reached_and_without_them_only_they_are_gone(
    kept: str,
) -> None:
    silver = '[[tier]]\nkey = "silver"\nfrom = "100"\nmultiply = "1.25"\n'
    tiers = f'{PLAIN}[tiers]\nby = "points"\n{kept}{silver}'
    assert [(c.what, c.table, c.effect) for c in changes(PLAIN, tiers)] == [("added", "tier", B)]
    assert [(c.what, c.table, c.effect) for c in changes(tiers, PLAIN)] == [("removed", "tier", W)]


def test_a_shorter_time_that_counts_is_told_where_there_were_tiers_before() -> None:
    silver = '[[tier]]\nkey = "silver"\nfrom = "100"\n'
    old = f'{PLAIN}[tiers]\nwindow = "rolling"\nmonths = 12\n{silver}'
    [change] = changes(old, old.replace("12", "6"))
    assert (change.table, change.field, change.effect) == ("tiers", "months", W)


@settings(max_examples=100, deadline=None)
@given(PIECES, PIECES)
def test_what_differs_is_told_and_the_way_back_is_its_opposite(
    old: list[str], new: list[str]
) -> None:
    before, after = (parse(HEAD + "".join(tables)) for tables in (old, new))
    there, back = diff(before, after), diff(after, before)
    assert (there == ()) == (before == after)
    assert sorted(map(_turned, there)) == sorted(map(_plain, back))


def _plain(change: Change) -> tuple[Any, ...]:
    values = (repr(change.old), repr(change.new))
    return (change.table, change.key, change.field, change.effect, *values)


def _turned(change: Change) -> tuple[Any, ...]:
    values = (repr(change.new), repr(change.old))
    return (change.table, change.key, change.field, opposite(change.effect), *values)


def test_every_preset_is_no_different_from_itself_as_stored_and_from_no_other() -> None:
    for one, other in product(preset_names(), repeat=2):
        found = diff(preset(one), load(dump(preset(other))))
        assert (found == ()) == (one == other)
    assert TABLES["rules"] == "rule"
    assert TABLES["life"] == "points"


def test_of_every_key_somebody_has_said_which_way_is_worse_for_members() -> None:
    """A key without a row in app/programme/directions.py could be changed without notice."""
    head = [field.name for field in fields(Programme) if field.name not in TABLES]
    keys = {f"programme.{name}" for name in head}
    for field in fields(Programme):
        if field.name in TABLES:
            table, kind = TABLES[field.name], get_args(field.type)
            below = fields(kind[0] if kind else field.type)
            keys |= {
                f"{table}.{one.encode_name}" for one in below if not (kind and one.name == "key")
            }
            assert not kind or table in ADDED, (
                f"add {table} to ADDED in app/programme/directions.py"
            )
    known = {".".join(path.split(".")[:2]) for path in DIRECTIONS}
    assert sorted(keys - known) == [], "add a row to app/programme/directions.py"
    assert sorted(known - keys) == [], "no such key any more"


def test_presets_read_back_as_they_are_written() -> None:
    for name in preset_names():
        assert load(dump(parse(preset_source(name)))) == preset(name)
