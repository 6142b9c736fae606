"""Prizes, downloads and donations: the keys of the document."""

from datetime import UTC, datetime

import pytest

from app.errors import ConfigError
from app.programme.document import dump, load, parse
from app.programme.limits import Hidden, Supply, left, why_not_now
from tests.programme.orders import HEAD

PRIZE = '[[reward]]\nkey = "mug"\ncost = 500\nkind = "prize"\nstock = 2\n'
LINK = (
    '[[reward]]\nkey = "book"\ncost = 50\nkind = "download"\nurl = "https://shop.example/b.pdf"\n'
)
GIFT = '[[reward]]\nkey = "home"\ncost = 9\nkind = "donation"\nvalue = "10"\ncause = "A home"\n'
DRAW = (
    '[[reward]]\nkey = "car"\ncost = 5\nkind = "draw"\nwinners = 2\nuntil = 2026-12-24T18:00:00\n'
)
EVENT = PRIZE.replace('"prize"', '"event"').replace("stock", "seats")
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_each_kind_is_read_with_its_own_key() -> None:
    programme = parse(HEAD + PRIZE + LINK + GIFT)
    assert [(one.stock, one.url, one.cause) for one in programme.rewards] == [
        (2, "", ""),
        (None, "https://shop.example/b.pdf", ""),
        (None, "", "A home"),
    ]
    assert load(dump(programme)) == programme


@pytest.mark.parametrize("source", [PRIZE, EVENT])
def test_a_stock_and_seats_are_limits(source: str) -> None:
    mug = parse(HEAD + source).rewards[0]
    assert [left(mug, Supply(NOW, {"mug": n})) for n in (0, 1, 2)] == [2, 1, 0]
    assert why_not_now(mug, "UTC", Supply(NOW, {"mug": 2})) is Hidden.NONE_LEFT


WRONG = {
    "no stock": (PRIZE.replace("stock = 2\n", ""), ["reward[0].stock is missing", '"prize"']),
    "two limits": (PRIZE + "total = 5\n", ["stock and total exclude each other"]),
    "no seats": (PRIZE.replace('"prize"', '"event"'), ["reward[0].seats is missing", '"event"']),
    "seats twice": (EVENT + "total = 5\n", ["seats and total exclude each other"]),
    "free": (PRIZE.replace("cost = 500\n", ""), ["reward[0].cost: 0 ", "above 0"]),
    "an end": (PRIZE + "valid_days = 30\n", ["reward[0].valid_days", '"prize"']),
    "by itself": (PRIZE + "automatic = true\n", ["reward[0].automatic", "has no code"]),
    "a price": (PRIZE + 'value = "5"\n', ["reward[0].value", '"prize"']),
    "no winners": (DRAW.replace("winners = 2\n", ""), ["reward[0].winners is missing", '"draw"']),
    "no end": (DRAW.replace("until", "from"), ["reward[0].until is missing", "time for tickets"]),
    "no address": (LINK.replace("url", "name"), ["reward[0].url is missing"]),
    "in the open": (LINK.replace("https:", "http:"), ["reward[0].url", '"http:', "https://"]),
    "a script": (LINK.replace("https:", "javascript:"), ["reward[0].url"]),
    "quotes": (LINK.replace("/b.pdf", "/b<i>.pdf"), ["reward[0].url"]),
    "no cause": (GIFT.replace("cause", "name"), ["reward[0].cause is missing"]),
    "no money": (GIFT.replace('value = "10"\n', ""), ["reward[0].value is missing", '"donation"']),
    "blanks": (GIFT.replace('"A home"', '" A home"'), ["reward[0].cause", "without blanks"]),
    "another's key": (PRIZE + 'cause = "A home"\n', ["reward[0].cause", '"donation"', '"prize"']),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_the_kind_is_refused(name: str) -> None:
    source, said = WRONG[name]
    with pytest.raises(ConfigError) as refused:
        parse(HEAD + source)
    assert [part for part in said if part not in str(refused.value)] == []
