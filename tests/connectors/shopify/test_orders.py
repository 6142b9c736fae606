"""What a Shopify order says, told on the captured ones."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.errors import Invalid
from app.programme.events import Line, LineKind, OrderFacts, Person, Standing
from connectors.base import Observed, Origin, Outcome
from tests.connectors.outcomes import event, note, order
from tests.connectors.shopify.captured import captured, deliveries, told
from tests.connectors.shopify.captured import webhook as told_by
from tests.connectors.shopify.worth import points

ORDERS = [one for one in deliveries() if isinstance(one.json, dict) and "line_items" in one.json]


def kinds(facts: OrderFacts) -> list[tuple[LineKind, str]]:
    return [(line.kind, str(line.net + line.tax)) for line in facts.lines]


def origin(outcome: Outcome) -> Origin | None:
    assert isinstance(outcome, Observed)
    return outcome.origin


# --- one order, told in full ---------------------------------------------------------------------


def test_a_paid_order_is_told_in_full() -> None:
    outcome = told("case-life-3-paid")
    found = event(outcome)
    assert (found.kind, found.external_id, found.number) == ("order", "5999000000001", "#2001")
    assert found.occurred_at == datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
    assert found.modified_at is not None
    assert found.modified_at > found.occurred_at
    assert found.person == Person(
        customer="7700000009081", email="life.cycle@example.com", verified=True
    )
    assert origin(outcome) == Origin(ref="loyalty-test-store.myshopify.com", shop_id="70000000001")
    assert note(outcome) == ""
    assert found.facts == OrderFacts(
        standing=Standing.PAID,
        status="paid",
        currency="EUR",
        prices_include_tax=True,
        total=Decimal("71.00"),
        channel="web",
        codes=("loy-7kq2-xm4d",),
        lines=(
            Line(
                id="6100000000137",
                product="8100010535277",
                variant="44000010535277",
                sku="TEE-1",
                quantity=3,
                net=Decimal("46.22"),
                tax=Decimal("8.78"),
            ),
            Line(
                id="6100000000274",
                product="8100015147307",
                variant="44000015147307",
                sku="MUG-1",
                net=Decimal("9.24"),
                tax=Decimal("1.76"),
            ),
            Line(
                id="shipping:6100000000411",
                kind=LineKind.SHIPPING,
                net=Decimal("4.20"),
                tax=Decimal("0.80"),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("name", "worth"),
    [
        ("case-life-1-pending", 0),  # not paid yet
        ("case-life-2-paid-arrives-before-create", 66),
        ("case-life-3-paid", 66),  # 72 of goods, 6 off by a code, delivery left out
        ("case-life-5-partially-refunded", 47),
        ("case-life-7-cancelled-refunded", 0),
        ("case-plain-vat-on-top", 62),
        ("case-taxes-included-vat19", 62),
        ("case-web-tip", 50),  # 4.00 of tip left out
        ("case-pos-cash-rounding-tip", 3),
        ("case-gift-card-line-mixed", 50),  # the gift card earns when it is spent
        ("case-gift-card-only", 0),
        ("case-paid-with-gift-card", 50),
        ("case-percentage-and-fixed-code", 51),
        ("case-automatic-line-discount", 59),
        ("case-zero-total-full-discount", 0),
        ("case-shop-jpy-zero-decimal", 7730),
        ("case-test-order-bogus", 0),
        ("case-unpaid-voided", 0),
        ("case-draft-order-b2b-unpaid", 0),
    ],
)
def test_an_order_is_worth_its_goods_after_discounts(name: str, worth: int) -> None:
    assert points(told(name)) == worth


@pytest.mark.parametrize(
    "name", [one.name for one in ORDERS if "__case-" in one.name and "edited" not in one.name]
)
def test_the_lines_add_up_to_what_the_shop_asked_for(name: str) -> None:
    assert order(told(name)).total == Decimal(captured(name).json["total_price"])


# --- standing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("financial", "standing"),
    [
        ("pending", Standing.OPEN),
        ("authorized", Standing.OPEN),
        ("partially_paid", Standing.OPEN),
        ("voided", Standing.OPEN),
        ("expired", Standing.OPEN),
        ("paid", Standing.PAID),
        ("partially_refunded", Standing.PAID),  # money decides what is left
        ("refunded", Standing.PAID),
    ],
)
def test_the_payment_decides_how_far_an_order_is(financial: str, standing: Standing) -> None:
    facts = order(told("case-life-3-paid", financial_status=financial))
    assert (facts.standing, facts.status) == (standing, financial)


@pytest.mark.parametrize("financial", [None, "", "owed"])
def test_a_payment_status_nobody_knows_is_not_paid_and_is_named(financial: str | None) -> None:
    outcome = told("case-zero-total-full-discount", financial_status=financial)
    assert order(outcome).standing is Standing.OPEN
    assert (financial or "names no payment status") in note(outcome)


def test_a_cancelled_order_is_cancelled_whatever_was_paid() -> None:
    facts = order(told("case-life-3-paid", cancelled_at="2026-11-21T10:00:00+01:00"))
    assert (facts.standing, facts.status) == (Standing.CANCELLED, "cancelled")


def test_a_shipped_but_unpaid_order_is_not_completed() -> None:
    facts = order(told("case-life-1-pending", fulfillment_status="fulfilled"))
    assert facts.standing is Standing.OPEN
    assert facts.completed_at is None


# --- what support is told ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("case-test-order-bogus", "A test order."),
        ("case-draft-order-b2b-unpaid", "Made from a draft order."),
        ("case-backdated-import", "Imported: entered on 2026-11-20."),
        ("case-edited-line-swapped-outstanding", "Edited"),
        ("case-plain-vat-on-top", ""),
    ],
)
def test_what_is_unusual_is_noted(name: str, words: str) -> None:
    found = note(told(name))
    assert words in found
    assert bool(found) == bool(words)


def test_an_imported_order_happened_when_it_was_placed() -> None:
    body = captured("case-backdated-import").json
    found = event(told("case-backdated-import"))
    assert found.occurred_at == datetime.fromisoformat(body["processed_at"])
    assert found.occurred_at < datetime.fromisoformat(body["created_at"])


def test_an_order_without_processing_time_happened_when_it_was_entered() -> None:
    found = event(told("case-life-3-paid", processed_at=None))
    assert found.occurred_at == datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
    with pytest.raises(Invalid, match="created_at is missing"):
        told("case-life-3-paid", processed_at=None, created_at=None)


# --- lines ---------------------------------------------------------------------------------------


def test_a_tip_is_known_by_a_key_even_if_it_is_null() -> None:
    body = captured("case-web-tip").json
    for line in body["line_items"]:
        if "tip_payment_gateway" in line:
            line["tip_payment_gateway"] = None
    assert (LineKind.TIP, "4.00") in kinds(order(told_by(body)))


def test_a_gift_card_that_is_bought_is_no_goods() -> None:
    assert kinds(order(told("case-gift-card-line-mixed"))) == [
        (LineKind.GOODS, "50.00"),
        (LineKind.GIFT_CARD, "50.00"),
        (LineKind.SHIPPING, "4.90"),
    ]


def test_the_discount_field_that_codes_leave_at_zero_is_not_believed() -> None:
    body = captured("case-life-3-paid").json
    assert {line["total_discount"] for line in body["line_items"]} == {"0.00"}
    for line in body["line_items"]:
        line["total_discount"] = "9.99"
    assert told_by(body) == told("case-life-3-paid")


def test_lines_are_listed_by_id_whatever_their_order_in_the_body() -> None:
    body = captured("case-life-3-paid").json
    body["line_items"].reverse()
    assert told_by(body) == told("case-life-3-paid")


def test_an_old_body_has_plain_amounts_only() -> None:
    body = captured("case-life-3-paid").json
    for key in [key for key in body if key.endswith("_set")]:
        del body[key]
    for line in body["line_items"] + body["shipping_lines"]:
        for part in [line, *line["tax_lines"], *line["discount_allocations"]]:
            for key in [key for key in part if key.endswith("_set")]:
                del part[key]
        line.pop("current_quantity", None)
    assert told_by(body) == told("case-life-3-paid")


def test_delivery_without_a_discounted_price_is_its_price_less_its_discounts() -> None:
    body = captured("case-life-3-paid").json
    [line] = body["shipping_lines"]
    del line["discounted_price"], line["discounted_price_set"]
    line["discount_allocations"] = [{"amount": "2.00"}]
    assert kinds(order(told_by(body)))[-1] == (LineKind.SHIPPING, "3.00")


def test_duties_and_fees_are_part_of_the_price_and_earn_nothing() -> None:
    def bag(amount: str) -> object:
        return {"shop_money": {"amount": amount, "currency_code": "EUR"}}

    outcome = told(
        "case-life-3-paid",
        original_total_duties_set=bag("7.5"),
        current_total_duties_set=bag("0.0"),  # refunded since; the refund says so itself
        original_total_additional_fees_set=bag("0.00"),
        current_total_additional_fees_set=bag("1.20"),  # added by an edit
    )
    facts = order(outcome)
    assert [(line.id, line.kind, str(line.net)) for line in facts.lines[-2:]] == [
        ("duties", LineKind.FEE, "7.50"),
        ("fees", LineKind.FEE, "1.20"),
    ]
    assert facts.total == Decimal("79.70")
    assert points(outcome) == 66


# --- money ---------------------------------------------------------------------------------------


def test_amounts_are_in_the_shops_money_not_in_the_buyers() -> None:
    for name, currency in (
        ("case-shop-eur-presentment-usd", "EUR"),
        ("case-shop-usd-presentment-jpy", "USD"),
    ):
        facts = order(told(name))
        assert facts.currency == currency
        assert [amount for _, amount in kinds(facts)] == ["50.00", "12.50", "4.90"]


@pytest.mark.parametrize(
    ("currency", "price", "written"),
    [
        ("JPY", "23600", "23600"),
        ("JPY", "23600.0", "23600"),
        ("JPY", "23600.5", "23600.5"),
        ("KWD", "12.5", "12.500"),
        ("KWD", "12.345", "12.345"),
        ("EUR", "12.5", "12.50"),
        ("EUR", "12", "12.00"),
        ("EUR", "12.505", "12.505"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(
    currency: str, price: str, written: str
) -> None:
    line = {"id": 1, "quantity": 1, "price": price}
    facts = order(told("case-life-3-paid", currency=currency, line_items=[line]))
    assert str(facts.lines[0].net) == written


def test_a_price_that_came_as_a_number_is_exact() -> None:
    body = captured("case-life-3-paid").body.replace(b'"amount":"20.00"', b'"amount":20.10')
    assert b"20.10" in body
    assert kinds(order(told_by(body)))[0] == (LineKind.GOODS, "55.30")


# --- who -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("case-guest-customer-null", Person(email="guest.nocustomer@example.com")),
        ("case-customer-key-missing", Person()),
        ("case-no-protected-data-keys-absent", Person(customer="7700000001009")),
        ("case-no-protected-data-nulls", Person(customer="7700000001009")),
        ("case-phone-only-customer", Person(customer="7700000003027")),
    ],
)
def test_who_bought_is_who_the_body_names(name: str, person: Person) -> None:
    assert event(told(name)).person == person


def test_keys_that_are_left_out_and_keys_that_are_null_say_the_same() -> None:
    left_out, null = (
        event(told(f"case-no-protected-data-{way}")) for way in ("keys-absent", "nulls")
    )
    assert (left_out.person, left_out.facts) == (null.person, null.facts)


def test_shopify_vouches_for_the_customers_own_email_only() -> None:
    customer = captured("case-life-3-paid").json["customer"]
    own = event(told("case-life-3-paid", customer=customer | {"email": None})).person
    assert own == Person(customer="7700000009081", email="life.cycle@example.com", verified=False)
    unproved = event(told("case-life-3-paid", customer=customer | {"verified_email": False})).person
    assert not unproved.verified


# --- where from ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "found"),
    [
        (
            "https://kawa.myshopify.com/70001/orders/a/authenticate?key=b",
            Origin(ref="kawa.myshopify.com", shop_id="70001"),
        ),
        ("https://kawa.example/70001/orders/a", Origin(shop_id="70001")),
        ("https://kawa.myshopify.com/orders/a", Origin(ref="kawa.myshopify.com")),
        ("https://KAWA.myshopify.com/0/orders/a", Origin(ref="kawa.myshopify.com")),
        ("https://evil-myshopify.com/x", None),
        ("https://[::1/70001/orders/a", None),
        ("", None),
        (None, None),
    ],
)
def test_the_link_to_the_status_page_tells_which_shop_it_is(
    link: str | None, found: Origin | None
) -> None:
    assert origin(told("case-life-3-paid", order_status_url=link)) == found
