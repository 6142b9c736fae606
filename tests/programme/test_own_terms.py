"""What holds for one store's orders instead of what holds for all."""

from datetime import UTC, datetime

import msgspec
import pytest

from app.errors import ConfigError
from app.programme.document import dump, load, parse
from app.programme.events import Standing
from app.programme.order_windows import OrderItem, counts
from app.programme.rules import Context, earning_since, evaluate
from tests.programme.orders import HEAD, PLACED, goods, programme

PER_UNIT = '[[rule]]\nkey = "u"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
LATE = '[[store]]\nkey = "woo"\nearns_at = "completed"\n'
EARLY = '[[store]]\nkey = "woo"\nearns_at = "paid"\n'
PAID_AT = datetime(2026, 11, 20, tzinfo=UTC)
DONE_AT = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("head", "own", "store", "late"),
    [
        ("", LATE, "woo", True),
        ("", LATE, "till", False),
        ("", LATE, None, False),  # an order of a store that nobody knows any more
        ('earns_at = "completed"\n', EARLY, "woo", False),
        ('earns_at = "completed"\n', EARLY, "till", True),
    ],
)
def test_an_order_earns_with_the_status_that_its_store_says(
    head: str, own: str, store: str | None, late: bool
) -> None:
    rules = programme(own + PER_UNIT, head)
    paid = msgspec.structs.replace(goods("20"), paid_at=PAID_AT, completed_at=DONE_AT)
    completed = msgspec.structs.replace(paid, standing=Standing.COMPLETED)
    item = OrderItem(object_id=1, occurred_at=PLACED, programme=rules, version=1, facts=paid)
    [award] = evaluate(rules, 1, Context(), paid, PLACED, store=store)
    assert award.points == (0 if late else 20)
    assert counts(msgspec.structs.replace(item, store=store)) is not late
    assert earning_since(rules, paid, PLACED, store=store) == (None if late else PAID_AT)
    assert earning_since(rules, completed, PLACED, store=store) == (DONE_AT if late else PAID_AT)
    [award] = evaluate(rules, 1, Context(), completed, PLACED, store=store)
    assert award.points == 20


def test_a_version_stored_before_stores_had_terms_of_their_own_has_none() -> None:
    stored = msgspec.json.decode(dump(parse(HEAD + PER_UNIT)))
    del stored["stores"]
    assert load(msgspec.json.encode(stored).decode()) == parse(HEAD + PER_UNIT)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (LATE + EARLY, ["store[1].key", '"woo"', "store[0] has this one"]),
        (
            LATE.replace("completed", "sent"),
            ["store[0].earns_at", '"sent"', '"paid" or "completed"'],
        ),
        ('[[store]]\nkey = "woo"\n', ["store[0].earns_at is missing"]),
        (LATE.replace("woo", "Woo!"), ["store[0].key", '"Woo!"', "stempel store list"]),
        (
            "".join(LATE.replace("woo", f"woo-{one}") for one in range(101)),
            ["store: 101", "at most 100"],
        ),
    ],
)
def test_terms_that_nobody_could_keep_are_refused(source: str, said: list[str]) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(HEAD + source)
    assert [part for part in said if part not in str(refused.value)] == []
