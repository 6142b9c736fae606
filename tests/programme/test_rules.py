"""What one object is worth under a programme, and the reason it gives."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from app.programme.events import (
    CustomerFacts,
    EnrolmentFacts,
    LineKind,
    OrderFacts,
    Refund,
    ReviewFacts,
    Standing,
)
from app.programme.explanation import Explanation, Note, Reason
from app.programme.order_worth import MOST_PER_AWARD
from app.programme.rules import (
    NO_RULE,
    Context,
    before_start,
    earning_since,
    evaluate,
)
from tests.programme.orders import (
    PLACED,
    goods,
    judge,
    line,
    order,
    points,
    preset,
    programme,
    refund,
    unread,
)

PER_UNIT = '[[rule]]\nkey = "per-unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
FIXED = '[[rule]]\nkey = "thanks"\non = "order.paid"\npoints = 5\n'
NONE = Context()


@pytest.mark.parametrize(
    ("name", "paid", "expected"),
    [
        ("start-100-50-200", "100.00", 0),
        ("start-100-50-200", "100.01", 50),
        ("step-10-per-100", "99.99", 0),
        ("step-10-per-100", "100.00", 10),
        ("step-10-per-100", "250.00", 20),
        ("one-per-unit", "49.95", 49),
        ("one-per-unit", "0.99", 0),
    ],
)
def test_the_presets_pay_what_they_promise(name: str, paid: str, expected: int) -> None:
    assert points(preset(name), goods(paid)) == expected


def test_a_refund_of_60_of_250_leaves_ten_zloty_worth() -> None:
    rules = preset("step-10-per-100")
    left = points(rules, goods("250.00", refunds=(refund("9", "60.00"),)))
    assert left * (rules.point_value or 0) == 10


@pytest.mark.parametrize("name", ["one-per-unit", "start-100-50-200", "step-10-per-100"])
def test_a_full_refund_is_worth_exactly_nothing(name: str) -> None:
    facts = goods("349.95", refunds=(unread("9", "349.95"),))
    assert points(preset(name), facts) == 0


@pytest.mark.parametrize(
    ("paid", "expected"), [("19.99", 0), ("45.00", 2), ("600.00", 30), ("900.00", 30)]
)
def test_one_point_for_every_full_20_at_most_30_an_order(paid: str, expected: int) -> None:
    rules = programme(
        '[[rule]]\nkey = "s"\non = "order.paid"\npoints = 1\nper = "20"\nstep = true\n'
        "max_points = 30\n"
    )
    facts = order(line("1", paid), line("2", "15.00", kind=LineKind.SHIPPING))
    [award] = judge(rules, facts)
    assert award.points == expected
    assert (Note.CAPPED in award.explanation.notes) == (paid == "900.00")


@pytest.mark.parametrize(
    ("rounding", "paid", "expected"),
    [
        ("floor", "10.50", 10),
        ("half_up", "10.49", 10),
        ("half_up", "10.50", 11),
        ("half_up", "11.50", 12),
        ("ceil", "10.01", 11),
        ("ceil", "10.00", 10),
    ],
)
def test_each_rounding_rounds_the_whole_order_once(rounding: str, paid: str, expected: int) -> None:
    rules = programme(PER_UNIT + f'round = "{rounding}"\n')
    assert points(rules, goods(paid)) == expected
    halves = order(line("1", "0.50"), line("2", str(Decimal(paid) - Decimal("0.50"))))
    assert points(rules, halves) == expected


@pytest.mark.parametrize(
    ("rate", "paid", "expected"), [(("1", "3"), "10.00", 3), (("2", "0.1"), "0.30", 6)]
)
def test_any_rational_rate_is_exact(rate: tuple[str, str], paid: str, expected: int) -> None:
    each, per = rate
    rules = programme(f'[[rule]]\nkey = "r"\non = "order.paid"\npoints = {each}\nper = "{per}"\n')
    assert points(rules, goods(paid)) == expected


@pytest.mark.parametrize(
    ("condition", "paid", "expected"),
    [
        ("goods_over", "100.00", 0),
        ("goods_over", "100.01", 5),
        ("goods_from", "99.99", 0),
        ("goods_from", "100.00", 5),
    ],
)
def test_over_and_from_are_different(condition: str, paid: str, expected: int) -> None:
    rules = programme(FIXED + f'when = {{ {condition} = "100.00" }}\n')
    [award] = judge(rules, goods(paid))
    assert award.points == expected
    assert award.explanation.reason == (Reason.EARNED if expected else Reason.BELOW_THRESHOLD)


def test_a_refund_that_drops_an_order_to_the_threshold_takes_the_bonus_back() -> None:
    rules = preset("start-100-50-200")
    assert points(rules, goods("150.00", refunds=(refund("9", "49.99"),))) == 50
    assert points(rules, goods("150.00", refunds=(refund("9", "50.00"),))) == 0


def test_a_fixed_bonus_needs_some_goods_left() -> None:
    rules = programme(FIXED)
    delivery_only = order(line("1", "9.99", kind=LineKind.SHIPPING))
    assert points(rules, goods("10.00", refunds=(refund("9", "9.99"),))) == 5
    [award] = judge(rules, delivery_only)
    assert (award.points, award.explanation.reason) == (0, Reason.NOTHING_COUNTS)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (goods("50", standing=Standing.OPEN), Reason.NOT_PAID),
        (goods("50", standing=Standing.DRAFT), Reason.DRAFT),
        (goods("50", standing=Standing.CANCELLED), Reason.CANCELLED),
        (goods("50", standing=Standing.REMOVED), Reason.REMOVED),
        (goods("50", test=True), Reason.TEST_ORDER),
        (goods("50", currency="EUR"), Reason.NO_RATE),
        (goods("0.99"), Reason.LESS_THAN_ONE_POINT),
        (goods("0.00"), Reason.NOTHING_COUNTS),
    ],
)
def test_an_order_worth_nothing_says_why(facts: OrderFacts, reason: Reason) -> None:
    [award] = judge(programme(PER_UNIT), facts)
    assert (award.rule, award.points, award.explanation.reason) == ("per-unit", 0, reason)


def test_an_object_that_is_gone_is_worth_nothing() -> None:
    [award] = judge(programme(PER_UNIT), None)
    assert (award.rule, award.points) == (NO_RULE, 0)
    assert award.explanation.reason == Reason.REMOVED


@pytest.mark.parametrize(
    "facts",
    [
        goods("50"),
        CustomerFacts(registered=True),
        EnrolmentFacts(),
        ReviewFacts(product="11", published=True, verified=True),
    ],
)
def test_what_no_rule_speaks_of_says_so(facts: OrderFacts) -> None:
    [award] = evaluate(programme(""), 3, NONE, facts, PLACED)
    assert (award.rule, award.explanation.reason) == (NO_RULE, Reason.NO_RULE)
    assert award.explanation.version == 3


def test_what_only_window_rules_speak_of_has_no_award_of_its_own() -> None:
    rules = preset("start-100-50-200")
    assert evaluate(rules, 1, NONE, CustomerFacts(registered=True), PLACED) == ()


def test_each_rule_gives_its_own_award() -> None:
    rules = programme(PER_UNIT + FIXED)
    assert {award.rule: award.points for award in judge(rules, goods("20"))} == {
        "per-unit": 20,
        "thanks": 5,
    }


@pytest.mark.parametrize(
    ("head", "on", "paid", "completed"),
    [
        ("", "order.paid", 20, 20),
        ("", "order.completed", 0, 20),
        ('earns_at = "completed"\n', "order.paid", 0, 20),
    ],
)
def test_an_order_earns_when_the_rule_and_the_programme_say(
    head: str, on: str, paid: int, completed: int
) -> None:
    rules = programme(PER_UNIT.replace("order.paid", on), head)
    assert points(rules, goods("20")) == paid
    assert points(rules, goods("20", standing=Standing.COMPLETED)) == completed


def test_a_day_begins_in_the_programme_s_own_zone() -> None:
    rules = programme(PER_UNIT, 'earns_from = 2026-01-01\ntimezone = "Europe/Warsaw"\n')
    last_year = datetime(2025, 12, 31, 22, 59, 59, tzinfo=UTC)
    this_year = datetime(2025, 12, 31, 23, 0, tzinfo=UTC)
    [early] = judge(rules, goods("20"), occurred_at=last_year)
    [late] = judge(rules, goods("20"), occurred_at=this_year)
    assert (early.points, early.explanation.reason) == (0, Reason.BEFORE_START)
    assert late.points == 20


def test_the_ends_of_the_calendar_are_dates_like_others() -> None:
    rules = programme(PER_UNIT, 'earns_from = 9999-12-31\ntimezone = "Pacific/Kiritimati"\n')
    last = datetime.max.replace(tzinfo=UTC)
    assert not before_start(rules, last)
    assert before_start(rules, datetime.min.replace(tzinfo=UTC))


def test_75_eur_at_a_rate_of_4_are_300_points_and_the_rate_is_kept() -> None:
    context = Context(rate=Decimal("4.00"))
    [award] = judge(programme(PER_UNIT), goods("75.00", currency="EUR"), context=context)
    assert award.points == 300
    assert (award.explanation.rate, award.explanation.currency) == (Decimal("4.00"), "EUR")
    assert award.explanation.basis == Decimal("75.00")


def test_a_rule_in_the_store_s_money_needs_no_rate() -> None:
    rules = programme(PER_UNIT + 'currency = "store"\n')
    assert points(rules, goods("75.00", currency="EUR")) == 75


def test_a_rate_is_not_applied_to_the_programme_s_own_money() -> None:
    assert points(programme(PER_UNIT), goods("75.00"), Context(rate=Decimal(4))) == 75


def test_refunds_counted_without_lines_are_told_in_the_explanation() -> None:
    [award] = judge(programme(PER_UNIT), goods("20", refunds=(unread("9", "5"),)))
    assert award.points == 15
    assert award.explanation.notes == (Note.REFUNDS_WITHOUT_LINES,)


def test_one_award_never_outgrows_the_ledger() -> None:
    rules = programme(PER_UNIT.replace("points = 1\n", "points = 1000000000\n"))
    [award] = judge(rules, goods("999999999.00"))
    assert award.points == MOST_PER_AWARD
    assert award.explanation.notes == (Note.LIMITED,)


def test_an_explanation_holds_all_figures_and_survives_storing() -> None:
    facts = order(
        line("1", "89.43", "20.57"),
        line("2", "9.99", kind=LineKind.SHIPPING),
        refunds=(refund("9", "2.50"),),
    )
    [award] = judge(programme(PER_UNIT), facts)
    why = award.explanation
    assert why == Explanation(
        rule="per-unit",
        version=1,
        reason=Reason.EARNED,
        currency="PLN",
        basis=Decimal("107.50"),
        with_tax=True,
        lines=(("1", Decimal("107.50")),),
        left_out=(("shipping", Decimal("9.99")),),
        refunded=Decimal("2.50"),
        per=Decimal("1.00"),
        points_each=1,
        rounding="floor",
        raw=Decimal("107.5"),
    )
    assert msgspec.json.decode(msgspec.json.encode(why), type=Explanation) == why


def test_a_context_survives_storing() -> None:
    context = Context(tier="silver", ordinal=3, rate=Decimal("4.00"))
    assert msgspec.json.decode(msgspec.json.encode(context), type=Context) == context


SEEN = datetime(2026, 11, 22, tzinfo=UTC)
PAID = datetime(2026, 11, 20, tzinfo=UTC)
DONE = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("head", "standing", "expected"),
    [
        ("", Standing.OPEN, None),
        ("", Standing.PAID, PAID),
        ("", Standing.COMPLETED, PAID),
        ('earns_at = "completed"\n', Standing.PAID, None),
        ('earns_at = "completed"\n', Standing.COMPLETED, DONE),
    ],
)
def test_an_order_earns_since_the_shop_says_so(
    head: str, standing: Standing, expected: datetime | None
) -> None:
    facts = msgspec.structs.replace(goods("20", standing=standing), paid_at=PAID, completed_at=DONE)
    assert earning_since(programme(PER_UNIT, head), facts, SEEN) == expected


def test_where_the_shop_tells_no_time_an_order_earns_since_we_saw_it() -> None:
    assert earning_since(programme(PER_UNIT), goods("20"), SEEN) == SEEN
    assert earning_since(programme(PER_UNIT), None, SEEN) is None


def test_order_16_of_a_shop_earns_by_what_is_left_of_it() -> None:
    """A real order's figures: bought, one more cup, an amount back, a cup back, the rest back."""
    coat = line("2", "145.60", "33.49")
    delivery = line("3", "12.19", "2.80", LineKind.SHIPPING)
    wrapping = line("4", "5.00", "1.15", LineKind.FEE)
    rest = (coat, delivery, wrapping)
    two, three = line("1", "73.16", "16.83"), line("1", "109.74", "25.24")
    amount = refund("17", "40.00")
    cup = refund("18", "44.99", ("1", "36.58", "8.41"))
    cup_unread, last = unread("18", "44.99"), unread("19", "250.22")

    def worth(first: object, *refunds: Refund) -> int:
        return points(preset("one-per-unit"), order(first, *rest, refunds=refunds))  # type: ignore[arg-type]

    assert worth(two) == 269
    assert worth(three) == 314
    assert worth(three, amount) == 274
    assert worth(three, amount, cup) == worth(three, cup, amount) == 229
    assert worth(three, cup_unread, amount) == 229
    assert worth(three, last, cup, amount) == 0
