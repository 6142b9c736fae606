"""What may be written about campaigns, and what each slip is answered with."""

from datetime import datetime
from decimal import Decimal

import pytest

from app.errors import ConfigError
from app.programme.document import Programme, dump, load, parse
from app.programme.rule import named_stores
from tests.programme.orders import HEAD, goods, points, programme

RULE = '[[rule]]\nkey = "unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
TIER = '[[tier]]\nkey = "silver"\nfrom = "500"\n'
CAP = '[[cap]]\nkey = "daily"\npoints = 30\nper = "day"\n'
TIMES = "from = 2026-11-27T00:00:00\nuntil = 2026-11-30T00:00:00\n"
SLEEPING = '[[segment]]\nkey = "sleeping"\nwhere = {}\n'
WEEKEND = '[[campaign]]\nkey = "weekend"\n' + TIMES
DOUBLE = WEEKEND + 'multiply = "2"\n'


def test_a_campaign_is_read_as_written_and_kept_as_read() -> None:
    rules = programme(
        RULE
        + TIER
        + SLEEPING
        + '[[campaign]]\nkey = "double-weekend"\nname = "Double points weekend"\n'
        "from = 2026-11-27T00:00:00\nuntil = 2026-11-30T00:00:00.5\n"
        'multiply = "2.5"\nbonus = 50\nrules = ["unit"]\ntiers = ["silver"]\n'
        'segments = ["sleeping"]\nchannels = ["web"]\ngoods_over = "100.00"\n'
        'lines = { skus = ["MUG-*"], products = [{ store = "kawa-shop", id = "17" }] }\n'
        'except_lines = { products = [{ store = "till", id = "3" }] }\n',
        'stacking = "add"\n',
    )
    [campaign] = rules.campaigns
    assert campaign.from_ == datetime(2026, 11, 27)  # noqa: DTZ001 - a local time
    assert campaign.until.microsecond == 500_000
    assert (campaign.multiply, campaign.bonus) == (Decimal("2.5"), 50)
    assert (campaign.shown, campaign.tiers, campaign.segments) == (
        "Double points weekend",
        ("silver",),
        ("sleeping",),
    )
    assert named_stores(campaign) == ("kawa-shop", "till")
    assert rules.stacking == "add"
    assert load(dump(rules)) == rules


def test_a_version_stored_before_there_were_campaigns_has_none_and_pays_the_same() -> None:
    stored = (
        '{"key":"kawa","currency":"PLN","rules":[{"key":"unit","on":"order.paid","points":1,'
        '"per":"1.00"}]}'
    )
    old: Programme = load(stored)
    assert (old.campaigns, old.stacking) == ((), "best")
    assert points(old, goods("107.50")) == 107


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            'stacking = "sum"\n',
            'programme.stacking: "sum" is not allowed here; give "best", "add" or "multiply"',
        ),
        (
            RULE + '[[campaign]]\nkey = "a"\nmultiply = "2"\n',
            "campaign[0].from is missing: a local",
        ),
        (
            RULE + WEEKEND.replace("11-30T00:00:00", "11-30T00:00:00Z"),
            "campaign[0].until: 2026-11-30 00:00:00+00:00 is not allowed here; give a local time of",
        ),
        (
            RULE + WEEKEND.replace("from = 2026-11-27T00:00:00", "from = 2026-11-27"),
            "campaign[0].from: 2026-11-27 is not allowed here; give a local time",
        ),
        (
            RULE + DOUBLE.replace("11-30", "11-27"),
            'campaign[0].until: "2026-11-27T00:00:00" is not allowed here; give a time after `from`',
        ),
        (RULE + WEEKEND, 'campaign[0] gives nothing; give it the key "multiply" or "bonus"'),
        (
            RULE + WEEKEND + 'multiply = "1"\n',
            "campaign[0].multiply: 1 is not allowed here; give a factor above 1 and at most 100",
        ),
        (RULE + WEEKEND + 'multiply = "100.1"\n', "campaign[0].multiply: 100.1 is not allowed"),
        (RULE + WEEKEND + 'multiply = "1.00001"\n', "campaign[0].multiply: 1.00001 is not allowed"),
        (RULE + WEEKEND + "multiply = nan\n", "campaign[0].multiply: NaN is not allowed"),
        (
            RULE + WEEKEND + "bonus = 0\n",
            "campaign[0].bonus: 0 is not allowed here; give a whole number from 1",
        ),
        (DOUBLE, "campaign[0] has nothing to add to: no rule is on"),
        (
            RULE + DOUBLE + 'rules = ["unit", "units"]\n',
            'campaign[0].rules[1]: "units" is not allowed here; give the key of a rule on',
        ),
        (
            RULE + DOUBLE + 'tiers = ["gold"]\n' + TIER,
            'campaign[0].tiers[0]: "gold" is not allowed here; give the key of a tier',
        ),
        (RULE + DOUBLE + 'segments = ["a b"]\n', 'campaign[0].segments[0]: "a b" is not allowed'),
        (
            RULE + DOUBLE + 'segments = ["sleeping", "slepping"]\n' + SLEEPING,
            'campaign[0].segments[1]: "slepping" is not allowed here; give the key of a segment of this',
        ),
        (
            RULE + DOUBLE + "segments = [" + '"a", ' * 101 + "]\n",
            "campaign[0].segments: 101 is not allowed here; give at most 100 segments",
        ),
        (
            RULE + DOUBLE + "lines = {}\n",
            'campaign[0].lines names no lines; give it the key "skus"',
        ),
        (RULE + DOUBLE + "except_lines = {}\n", "campaign[0].except_lines names no lines"),
        (RULE + DOUBLE + 'goods_over = "-1"\n', "campaign[0].goods_over: -1 is not allowed here"),
        (RULE + DOUBLE + 'goods_from = "0"\n', "campaign[0].goods_from: 0 is not allowed here"),
        (
            RULE + DOUBLE + 'goods_over = "5"\ngoods_from = "5"\n',
            "campaign[0]: goods_over (more than) and goods_from (at least) exclude each other",
        ),
        (
            RULE + DOUBLE + 'channels = ["web"]\nnot_channels = ["pos"]\n',
            "campaign[0]: channels and not_channels exclude each other",
        ),
        (
            RULE + DOUBLE + DOUBLE,
            'campaign[1].key: "weekend" is not allowed here; give another key: campaign[0]',
        ),
        (RULE + DOUBLE.replace("weekend", "unit"), 'campaign[0].key: "unit" is not allowed here'),
        (RULE + CAP + DOUBLE.replace("weekend", "daily"), 'campaign[0].key: "daily" is not'),
        (RULE + TIER + DOUBLE.replace("weekend", "silver"), 'campaign[0].key: "silver" is not'),
        (
            RULE + CAP + 'rules = ["weekend"]\n' + DOUBLE,
            'cap[0].rules[0]: "weekend" is not allowed here; give the key of a rule on',
        ),
        (
            RULE + "".join(DOUBLE.replace("weekend", f"c{at}") for at in range(201)),
            "campaign: 201 is not allowed here; give at most 200 campaigns",
        ),
    ],
)
def test_each_slip_is_answered_with_what_is_allowed(document: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(HEAD + document)
    assert said in str(refused.value)


def test_a_campaign_within_the_hour_that_the_clocks_leave_out_never_runs_and_is_refused() -> None:
    times = "from = 2026-03-29T02:10:00\nuntil = 2026-03-29T02:50:00\n"
    with pytest.raises(ConfigError, match=r"campaign\[0\]\.until"):
        programme(RULE + DOUBLE.replace(TIMES, times), 'timezone = "Europe/Warsaw"\n')
    programme(RULE + DOUBLE.replace(TIMES, times))  # in UTC that night has the hour
