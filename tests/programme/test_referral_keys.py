"""The keys of a rule about friends, and the codes that friends carry."""

import pytest

from app.errors import ConfigError
from app.programme.document import dump, load, parse
from app.programme.presets import preset_source
from app.programme.referral import code_in

HEAD = '[programme]\nkey = "kawa"\ncurrency = "PLN"\n[[rule]]\nkey = "friend"\n'


def test_a_rule_about_friends_is_read_as_written() -> None:
    [rule] = parse(
        f'{HEAD}on = "referral"\npoints = 200\nfriend_points = 50\nreturn_days = 30\n'
        'when = { goods_from = "50.00", not_channels = ["pos"] }\n'
    ).rules
    assert (rule.points, rule.friend_points, rule.return_days) == (200, 50, 30)
    assert str(rule.when.goods_from) == "50.00"


def test_without_more_words_only_who_recommends_is_paid_after_two_weeks() -> None:
    [rule] = parse(f'{HEAD}on = "referral"\npoints = 200\n').rules
    assert (rule.friend_points, rule.return_days) == (0, 14)


def test_the_preset_pays_200_with_the_first_paid_order() -> None:
    rule = parse(preset_source("start-100-50-200")).rules[-1]
    assert (rule.on, rule.points, rule.friend_points, rule.return_days) == ("referral", 200, 0, 0)


def test_a_version_stored_before_friends_had_keys_is_still_read() -> None:
    written = dump(parse(f'{HEAD}on = "referral"\npoints = 200\n'))
    older = written.replace('"friend_points":0,', "").replace('"return_days":14,', "")
    assert older != written
    assert load(older) == load(written)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (
            'on = "order.paid"\nfriend_points = 5',
            'rule[0].friend_points: only a rule on "referral"',
        ),
        ('on = "order.paid"\nreturn_days = 0', 'rule[0].return_days: only a rule on "referral"'),
        ('on = "referral"\nfriend_points = -1', "rule[0].friend_points: -1 is not allowed here"),
        ('on = "referral"\nreturn_days = 366', "a whole number of days from 0 to 365"),
        ('on = "referral"\nreturn_days = "two weeks"', 'rule[0].return_days: "two weeks"'),
        ('on = "referral"\nper = "1.00"', 'rule[0].per: only a rule on "order.paid"'),
        ('on = "referral"\nlines = { skus = ["A"] }', 'rule[0].lines: only a rule on "order.paid"'),
        (
            'on = "referral"\nwhen = { goods_over = "1", goods_from = "2" }',
            "goods_over (more than) and goods_from (at least) exclude each other",
        ),
    ],
)
def test_each_mistake_is_told_with_its_key(keys: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(f"{HEAD}points = 1\n{keys}\n")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("K7QM3XTD9R", "k7qm3xtd9r"),
        ("k7qm3-xtd9r", "k7qm3xtd9r"),
        (" k7qm3 xtd9r ", "k7qm3xtd9r"),
        ("K7QM3XTD9", None),
        ("K7QM3XTD9RW", None),
        ("K7QM3XTD90", None),  # no zero: it would be taken for an O
        ("ola@example.pl", None),
        ("Anna Nowak", None),
        ("newsletter", None),
        ("", None),
        (None, None),
        ("k" * 5000, None),
    ],
)
def test_only_what_can_be_a_code_gets_any_further(typed: str | None, code: str | None) -> None:
    assert code_in(typed) == code
