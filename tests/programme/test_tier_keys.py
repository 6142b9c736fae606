"""What may be written about tiers, and what each slip is answered with."""

from decimal import Decimal

import pytest

from app.errors import ConfigError
from app.programme.document import dump, load, parse
from app.programme.tier import Tiers

HEAD = '[programme]\nkey = "kawa"\ncurrency = "PLN"\n'
SILVER = '[[tier]]\nkey = "silver"\nfrom = "500"\n'
GOLD = '[[tier]]\nkey = "gold"\nfrom = "2000"\n'


def test_tiers_are_read_as_written_and_kept_as_read() -> None:
    programme = parse(
        HEAD + '[tiers]\nby = "spend"\nwindow = "rolling"\nmonths = 12\ngrace_days = 30\n'
        '[[tier]]\nkey = "silver"\nname = "Silver"\nfrom = "500"\nmultiply = "1.25"\ngift = 100\n'
        'perks = ["Early access"]\n' + GOLD
    )
    silver, gold = programme.tiers
    assert (silver.from_, silver.multiply, silver.gift) == (Decimal(500), Decimal("1.25"), 100)
    assert (silver.shown, gold.shown) == ("Silver", "gold")
    assert (silver.perks, gold.multiply) == (("Early access",), Decimal(1))
    assert load(dump(programme)) == programme


def test_a_version_stored_before_there_were_tiers_has_none() -> None:
    old = load('{"key":"kawa","currency":"PLN"}')
    assert (old.tiers, old.tiering) == ((), Tiers())


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ('[tiers]\nby = "visits"\n' + SILVER, 'tiers.by: "visits" is not allowed here; give'),
        ('[tiers]\nwindow = "week"\n' + SILVER, 'tiers.window: "week" is not allowed here; give'),
        ('[tiers]\nwindow = "rolling"\n' + SILVER, '"rolling" needs the key "months"'),
        ("[tiers]\nmonths = 12\n" + SILVER, 'tiers.months: only with window = "rolling"'),
        (
            '[tiers]\nwindow = "rolling"\nmonths = 0\n' + SILVER,
            "tiers.months: 0 is not allowed here; give a whole number of months from 1 to 120",
        ),
        ("[tiers]\ngrace_days = 5\n" + SILVER, "tiers.grace_days: with"),
        (
            '[tiers]\nwindow = "year"\ngrace_days = 366\n' + SILVER,
            "tiers.grace_days: 366 is not allowed here",
        ),
        ('[tiers]\nby = "points"\n', "tiers needs at least one [[tier]]"),
        (SILVER + SILVER, 'tier[1].key: "silver" is not allowed here; give another key'),
        (GOLD + SILVER, "tier[1].from: 500 is not allowed here; give more than the tier before"),
        ('[[tier]]\nkey = "a"\n', "tier[0].from is missing"),
        ('[[tier]]\nkey = "A b"\nfrom = 1\n', 'tier[0].key: "A b" is not allowed here'),
        ('[[tier]]\nkey = "a"\nfrom = "-1"\n', "tier[0].from: -1 is not allowed here"),
        ('[[tier]]\nkey = "a"\nfrom = "0.00001"\n', "tier[0].from: 0.00001 is not allowed"),
        (
            '[tiers]\nby = "orders"\n[[tier]]\nkey = "a"\nfrom = "1.5"\n',
            "tier[0].from: 1.5 is not allowed here; give a whole number of orders",
        ),
        (SILVER + 'multiply = "101"\n', "tier[0].multiply: 101 is not allowed here"),
        (SILVER + "gift = -1\n", "tier[0].gift: -1 is not allowed here"),
        ('[[tier]]\nkey = "a"\nfrom = 0\ngift = 5\n', "tier[0].gift: everybody is in this tier"),
        (SILVER + 'perks = "tea"\n', 'tier[0].perks: "tea" is not allowed here'),
        (SILVER + 'perks = [""]\n', 'tier[0].perks[0]: "" is not allowed here'),
        (SILVER + "perks = [" + '"x",' * 21 + "]\n", "tier[0].perks: "),
        (SILVER + 'name = "a\\nb"\n', "tier[0].name: "),
        (SILVER + 'colour = "grey"\n', "tier[0].colour is not a key we know"),
        (
            '[[rule]]\nkey = "silver"\non = "order.paid"\npoints = 1\n' + SILVER,
            'tier[0].key: "silver" is not allowed here; give another key: a rule or a cap',
        ),
        (
            '[[cap]]\nkey = "silver"\npoints = 1\nper = "day"\n' + SILVER,
            'tier[0].key: "silver" is not allowed here; give another key: a rule or a cap',
        ),
        (
            "".join(f'[[tier]]\nkey = "t{n}"\nfrom = {n}\n' for n in range(21)),
            "tier: 21 is not allowed here; give at most 20 tiers",
        ),
    ],
)
def test_a_slip_in_the_tiers_is_named_with_what_is_allowed(document: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(HEAD + document)
    assert said in str(refused.value)
