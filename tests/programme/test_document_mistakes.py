"""Whatever is wrong in a document is told with its key, its value and what is allowed."""

import pytest

from app.errors import ConfigError
from app.programme.document import parse
from tests.programme.orders import HEAD
from tests.programme.test_document import (
    ACCESS,
    CAP,
    GIFT,
    MILESTONE,
    PRODUCT,
    REWARD,
    RULE,
    VOUCHER,
)

MISTAKES = {
    "hold too long": (HEAD + "[points]\nhold_days = 366\n", ["points.hold_days: 366", "0 to 365"]),
    "hold below nothing": (HEAD + "[points]\nhold_days = -1\n", ["points.hold_days: -1"]),
    "no month of life": (
        HEAD + "[points]\nexpire_months = 0\n",
        ["points.expire_months: 0", "1 to"],
    ),
    "eleven years": (
        HEAD + "[points]\nexpire_months = 121\n",
        ["points.expire_months: 121", "120"],
    ),
    "half a month": (HEAD + "[points]\nexpire_months = 1.5\n", ["points.expire_months: 1.5"]),
    "an unknown end": (
        HEAD + '[points]\nexpire_months = 1\nexpire = "week-end"\n',
        ["points.expire", "week-end", "month-end"],
    ),
    "an end of nothing": (
        HEAD + '[points]\nexpire = "year-end"\n',
        ["points.expire", "expire_months"],
    ),
    "no programme": ("", ["programme is missing", "[programme]"]),
    "not a table": ("programme = 3", ["programme: 3", "a table"]),
    "missing key": ('[programme]\ncurrency = "PLN"\n', ["programme.key is missing", "per-unit"]),
    "missing in rule": (
        HEAD + '[[rule]]\nkey = "a"\non = "order.paid"\n',
        ["rule[0].points is missing", "whole number"],
    ),
    "misspelt key": (
        HEAD.replace("currency", "curency"),
        ["programme.curency", 'did you mean "currency"?'],
    ),
    "misspelt table": (HEAD + "[[rules]]\n", ["rules is not a key", 'did you mean "rule"?']),
    "unlike any key": (HEAD + "[weather]\n", ["weather", "known are: "]),
    "cap without end": (
        HEAD + RULE + CAP.replace("day", "week"),
        ["cap[0].per", '"week"', '"year"'],
    ),
    "limit of nothing": (HEAD + RULE + CAP.replace("30", "0"), ["cap[0].points: 0", "from 1 to"]),
    "cap with a rule's key": (
        HEAD + RULE + CAP.replace('"limit"', '"a"'),
        ["cap[0].key", '"a"', "rule[0] has this one"],
    ),
    "two caps of one key": (HEAD + RULE + CAP + CAP, ["cap[1].key", "cap[0] has this one"]),
    "cap on no rule": (
        HEAD + RULE + CAP + 'rules = ["a", "b"]\n',
        ["cap[0].rules[1]", '"b"', "the key of a rule on"],
    ),
    "cap on a milestone": (
        HEAD + RULE + MILESTONE + CAP + 'rules = ["m"]\n',
        ["cap[0].rules[0]", '"m"', '"order.paid"'],
    ),
    "too many caps": (
        HEAD + RULE + "".join(CAP.replace("limit", f"limit-{n}") for n in range(21)),
        ["cap: 21", "at most 20 caps"],
    ),
    "milestone of no order": (HEAD + MILESTONE.replace("orders = 5", ""), ["rule[0]", "either"]),
    "two milestones in one": (HEAD + MILESTONE + "every = 10\n", ["rule[0]", "either", "every"]),
    "milestone before the first": (
        HEAD + MILESTONE.replace("= 5\n", "= 0\n"),
        ["rule[0].orders: 0", "from 1 to"],
    ),
    "n-th order of a plain rule": (
        HEAD + RULE + "every = 10\n",
        ["rule[0].every", "order.count", '"order.paid"'],
    ),
    "milestone by amount": (
        HEAD + MILESTONE + 'per = "1.00"\n',
        ["rule[0].per", '"order.paid"', '"order.count"'],
    ),
    "misspelt condition": (
        HEAD + RULE + 'when = { goods_ovr = "1" }\n',
        ["rule[0].when.goods_ovr", 'did you mean "goods_over"?'],
    ),
    "bad slug": (HEAD.replace("kawa", "Kawa!"), ["programme.key", '"Kawa!"', "lower-case"]),
    "slug with a line break": (HEAD.replace("kawa", "kawa\\n"), ["programme.key", "lower-case"]),
    "bad currency": (HEAD.replace("PLN", "zł"), ["programme.currency", '"zł"', "ISO 4217"]),
    "name with NUL": (HEAD + 'name = "a\\u0000"\n', ["programme.name", "one line"]),
    "unknown zone": (
        HEAD + 'timezone = "Europe/Warsw"\n',
        ["programme.timezone", '"Europe/Warsw"', '"Europe/Warsaw"'],
    ),
    "zone that is a path": (HEAD + 'timezone = "../../etc/passwd"\n', ["programme.timezone"]),
    "date as word": (HEAD + 'earns_from = "soon"\n', ["programme.earns_from", '"soon"', "a date"]),
    "date with a time": (
        HEAD + "earns_from = 2026-01-01T10:00:00\n",
        ["programme.earns_from", "a date"],
    ),
    "no such date": (HEAD + "earns_from = 2026-02-30\n", ["not valid TOML", "line 4"]),
    "unknown language": (HEAD + 'language = "de"\n', ["programme.language", '"en" or "pl"']),
    "unknown enrolment": (HEAD + 'enrolment = "maybe"\n', ["programme.enrolment", '"opt-in"']),
    "unknown debt": (HEAD + 'debt = "ignore"\n', ["programme.debt", '"ignore"', '"forgive"']),
    "unknown earns_at": (HEAD + 'earns_at = "sent"\n', ["programme.earns_at", '"completed"']),
    "worthless point": (HEAD + "point_value = 0\n", ["programme.point_value: 0 ", "above 0"]),
    "point value as switch": (HEAD + "point_value = true\n", ["point_value: true"]),
    "switch as word": (HEAD + '[basis]\ntips = "yes"\n', ["basis.tips", '"yes"', "true or false"]),
    "switch as number": (HEAD + "[basis]\ntips = 1\n", ["basis.tips: 1 ", "true or false"]),
    "unknown tax": (HEAD + '[basis]\ntax = "net"\n', ["basis.tax", '"net"', '"as-shown"']),
    "single rule table": (HEAD + RULE.replace("[[rule]]", "[rule]"), ["rule:", "[[rule]]"]),
    "rule is no table": ("rule = [1]\n" + HEAD, ["rule[0]: 1 ", "a table"]),
    "unknown trigger": (
        HEAD + RULE.replace("order.paid", "order.payed"),
        ["rule[0].on", '"order.payed"', '"order.paid"', '"review.published"'],
    ),
    "negative points": (
        HEAD + RULE.replace("= 1", "= -1"),
        ["rule[0].points: -1 ", "from 0 to 1000000000"],
    ),
    "too many points": (
        HEAD + RULE.replace("= 1", "= 1000000001"),
        ["rule[0].points: 1000000001 ", "from 0 to 1000000000"],
    ),
    "half a point": (HEAD + RULE.replace("= 1", "= 1.5"), ["rule[0].points: 1.5 ", "whole"]),
    "points as word": (HEAD + RULE.replace("= 1", '= "many"'), ["rule[0].points", '"many"']),
    "points as switch": (HEAD + RULE.replace("= 1", "= true"), ["rule[0].points: true "]),
    "per nothing": (HEAD + RULE + 'per = "0.00"\n', ["rule[0].per: 0.00 ", "above 0"]),
    "per with comma": (HEAD + RULE + 'per = "1,50"\n', ["rule[0].per", '"1,50"', "100.00"]),
    "per with underscore": (HEAD + RULE + 'per = "1_0"\n', ["rule[0].per", '"1_0"']),
    "per not a number": (HEAD + RULE + "per = nan\n", ["rule[0].per: NaN "]),
    "per without end": (HEAD + RULE + "per = inf\n", ["rule[0].per: Infinity "]),
    "per too fine": (HEAD + RULE + 'per = "0.0000001"\n', ["rule[0].per"]),
    "unknown rounding": (
        HEAD + RULE + 'per = "1"\nround = "up"\n',
        ["rule[0].round", '"up"', '"half_up"'],
    ),
    "step without per": (HEAD + RULE + "step = true\n", ["rule[0].step", '"per"']),
    "rounding without per": (HEAD + RULE + 'round = "ceil"\n', ["rule[0].round", '"per"']),
    "cap without per": (HEAD + RULE + "max_points = 5\n", ["rule[0].max_points", '"per"']),
    "step rounded up": (
        HEAD + RULE + 'per = "1"\nstep = true\nround = "ceil"\n',
        ["rule[0].round", '"ceil"', "full steps"],
    ),
    "cap of nothing": (
        HEAD + RULE + 'per = "1"\nmax_points = 0\n',
        ["rule[0].max_points: 0 ", "from 1"],
    ),
    "over and from": (
        HEAD + RULE + 'when = { goods_over = "1", goods_from = "2" }\n',
        ["rule[0].when", "exclude each other"],
    ),
    "threshold of nothing": (
        HEAD + RULE + "when = { goods_over = -1 }\n",
        ["rule[0].when.goods_over: -1 ", "above 0"],
    ),
    "per on sign-up": (
        HEAD + RULE.replace("order.paid", "customer.registered") + 'per = "1"\n',
        ["rule[0].per", '"customer.registered"', '"order.paid"'],
    ),
    "condition on a review": (
        HEAD + RULE.replace("order.paid", "review.published") + "when = { goods_over = 1 }\n",
        ["rule[0].when", '"review.published"'],
    ),
    "store money on sign-up": (
        HEAD + RULE.replace("order.paid", "customer.registered") + 'currency = "store"\n',
        ["rule[0].currency"],
    ),
    "verified order": (
        HEAD + RULE + "verified = false\n",
        ["rule[0].verified", '"review.published"'],
    ),
    "same rule key": (HEAD + RULE + RULE, ["rule[1].key", '"a"', "rule[0]"]),
    "same reward key": (HEAD + REWARD + REWARD, ["reward[1].key", '"ten"', "reward[0]"]),
    "free reward": (HEAD + REWARD.replace("= 100", "= 0"), ["reward[0].cost: 0 ", "from 1"]),
    "unknown reward": (
        HEAD + REWARD.replace("percent", "pony"),
        ["reward[0].kind", '"pony"', '"free-delivery"'],
    ),
    "percent of nothing": (
        HEAD + REWARD.replace('value = "10"\n', ""),
        ["reward[0].value is missing", '"percent"'],
    ),
    "more than everything off": (
        HEAD + REWARD.replace('"10"', '"101"'),
        ["reward[0].value: 101 ", "up to 100"],
    ),
    "value of free delivery": (
        HEAD + REWARD.replace("percent", "free-delivery"),
        ["reward[0].value", '"free-delivery"'],
    ),
    "10 percent and a slip": (
        HEAD + REWARD.replace('"10"', '"10.001"'),
        ["reward[0].value: 10.001 ", '"12.5"'],
    ),
    "percent not a number": (
        HEAD + REWARD.replace('"10"', "nan"),
        ["reward[0].value: NaN ", "a percentage above 0"],
    ),
    "voucher of nothing": (
        HEAD + VOUCHER.replace('"10"', "0"),
        ["reward[0].value: 0 ", "an amount above 0"],
    ),
    "voucher of half a penny": (
        HEAD + VOUCHER.replace('"10"', '"10.0005"'),
        ["reward[0].value: 10.0005 ", '"50.00"'],
    ),
    "minimum of nothing": (
        HEAD + REWARD + 'minimum = "0.00"\n',
        ["reward[0].minimum: 0.00 ", "an amount above 0"],
    ),
    "minimum with its currency": (
        HEAD + REWARD + 'minimum = "100 zł"\n',
        ["reward[0].minimum", '"100 zł"', "an amount above 0"],
    ),
    "name on two lines": (
        HEAD + REWARD + 'name = "a\\nb"\n',
        ["reward[0].name", "on one line"],
    ),
    "name on two lines of Unicode": (
        HEAD + REWARD + 'name = "a\\u2028b"\n',
        ["reward[0].name", "on one line"],
    ),
    "name too long": (
        HEAD + REWARD + f'name = "{"x" * 300}"\n',
        ["reward[0].name", "x…", "at most 200 characters"],
    ),
    "name of a blank": (
        HEAD + REWARD + 'name = " "\n',
        ["reward[0].name", '" "', "without blanks around"],
    ),
    "combinable as word": (
        HEAD + REWARD + 'combinable = "yes"\n',
        ["reward[0].combinable", '"yes"', "true or false"],
    ),
    "unknown refund": (
        HEAD + REWARD + 'refunded = "code"\n',
        ["reward[0].refunded", '"code"', '"none", "points" or "new-code"'],
    ),
    "product of a percentage": (
        HEAD + REWARD + PRODUCT,
        ["reward[0].product", '"free-product"', '"percent"'],
    ),
    "single product table": (
        HEAD + GIFT + PRODUCT.replace("[[reward.product]]", "[reward.product]"),
        ["reward[0].product:", "[[reward[0].product]]"],
    ),
    "same store twice": (
        HEAD + GIFT + PRODUCT + PRODUCT,
        ["reward[0].product[1].store", '"shop-1"', "reward[0].product[0]"],
    ),
    "no store": (
        HEAD + GIFT + PRODUCT.replace("shop-1", ""),
        ["reward[0].product[0].store", "stempel store list"],
    ),
    "product without a number": (
        HEAD + GIFT + PRODUCT.replace('id = "17"\n', ""),
        ["reward[0].product[0].id is missing", '"632910392"'],
    ),
    "product by name": (
        HEAD + GIFT + PRODUCT.replace("17", "mug"),
        ["reward[0].product[0].id", '"mug"', '"632910392"'],
    ),
    "early access from an amount": (
        HEAD + ACCESS + "minimum = 20\n",
        ["reward[0].minimum", '"early-access" has no code'],
    ),
    "early access with other discounts": (
        HEAD + ACCESS + "combinable = true\n",
        ["reward[0].combinable", '"early-access" has no code'],
    ),
    "early access by itself": (
        HEAD + ACCESS + "automatic = true\n",
        ["reward[0].automatic", '"early-access" has no code'],
    ),
    "early access given back": (
        HEAD + ACCESS + 'refunded = "points"\n',
        ["reward[0].refunded", '"early-access" has no code'],
    ),
    "early access to a product": (
        HEAD + ACCESS + PRODUCT,
        ["reward[0].product", '"free-product"', '"early-access"'],
    ),
    "valid for ever": (HEAD + REWARD + "valid_days = 9999\n", ["valid_days: 9999 ", "3650"]),
    "a number of 5000 digits": (HEAD + "x = " + "9" * 5000, ["beyond all measure"]),
    "a huge exponent": (HEAD + "point_value = 1e999999999999999999999", ["beyond all measure"]),
    "a huge hexadecimal": (HEAD + "point_value = 0x" + "f" * 5000, ["programme.point_value"]),
    "points beyond bits": (
        HEAD + RULE.replace("= 1", "= 0x" + "f" * 5000),
        ["rule[0].points: a number of 20000 bits"],
    ),
    "deep nesting": (HEAD + "name = " + "[" * 5000, ["beyond all measure"]),
    "a word without end": (HEAD + 'debt = "' + "x" * 9999 + '"\n', ["programme.debt", "x…"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_told_with_its_key_its_value_and_what_is_allowed(mistake: str) -> None:
    source, expected = MISTAKES[mistake]
    with pytest.raises(ConfigError) as refused:
        parse(source)
    told = str(refused.value)
    assert [part for part in expected if part not in told] == [], told
    assert len(told) < 400
