"""Who recommended the shop and how a buyer can be reached, from bodies as both platforms send them."""

from typing import Any

import pytest

from app.programme.events import Address, Contact, CustomerFacts, OrderFacts
from tests.connectors.outcomes import event, order
from tests.connectors.shopify.captured import captured as shopify_body
from tests.connectors.shopify.captured import read_file, read_order, told
from tests.connectors.shopify.captured import webhook as shopify
from tests.connectors.woocommerce.test_orders import webhook as woocommerce
from tests.pipeline import captured_delivery, order_body

CODE = "K7QM3-XTD9R"
STORED = "k7qm3xtd9r"
HIGH = "case-high-tags-and-note-attributes"
FIRST_PAGE = "_wc_order_attribution_session_entry"


def meta(**entries: Any) -> list[dict[str, Any]]:
    return [{"id": n, "key": key, "value": value} for n, (key, value) in enumerate(entries.items())]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        (meta(stempel_ref=CODE), STORED),
        (meta(_stempel_ref=CODE), STORED),
        (meta(**{FIRST_PAGE: f"https://shop.example/?utm_source=x&ref={CODE}"}), STORED),
        (meta(stempel_ref=CODE, **{FIRST_PAGE: "https://shop.example/?ref=2222222222"}), STORED),
        (meta(stempel_ref="a newsletter"), None),
        (meta(stempel_ref={"code": CODE}), None),
        (meta(stempel_ref=["x"], _stempel_ref=CODE), STORED),
        (meta(**{FIRST_PAGE: "https://shop.example/?ref=jan@example.pl"}), None),
        (meta(**{FIRST_PAGE: "https://[broken/?ref=x"}), None),
        ({"7": {"id": 7, "key": "stempel_ref", "value": CODE}}, STORED),  # a list with a gap
        ([], None),
    ],
)
def test_an_order_of_woocommerce_names_the_code_in_its_metadata(
    entries: Any, code: str | None
) -> None:
    assert order(woocommerce(order_body(meta_data=entries))).referral == code


def test_an_account_of_woocommerce_names_the_code_in_its_metadata() -> None:
    delivery = captured_delivery("003")
    found = event(woocommerce(delivery.body))
    assert found.facts == CustomerFacts(registered=True, role="customer")
    assert found.contact == Contact(
        phones=("+48600100200",),
        address=Address(street="ul. Długa 5/7", postcode="90-001", city="Łódź", country="PL"),
    )
    body = delivery.body.replace(
        b'"meta_data":[]', b'"meta_data":[{"id":1,"key":"stempel_ref","value":"k7qm3xtd9r"}]'
    )
    assert body != delivery.body
    assert event(woocommerce(body)).facts == CustomerFacts(
        registered=True, role="customer", referral=STORED
    )


def test_an_order_of_woocommerce_says_where_it_goes_and_came_from() -> None:
    body = order_body(customer_ip_address="203.0.114.7")
    assert event(woocommerce(body)).contact == Contact(
        phones=("+48500100200",),
        address=Address(street="ul. Prosta 1", postcode="30-001", city="Kraków", country="PL"),
        ip="203.0.114.7",
    )


def test_goods_go_to_the_billing_address_where_no_other_is_given() -> None:
    body = order_body()
    body["shipping"] = dict.fromkeys(body["shipping"], "")
    contact = event(woocommerce(body)).contact
    assert contact.address is not None
    assert contact.address.street == "ul. Prosta 1"
    assert event(woocommerce(order_body(billing=[], shipping=[]))).contact.address is None


def test_of_an_erased_order_nothing_is_kept() -> None:
    body = order_body(meta_data=meta(_anonymized="yes"), customer_ip_address="203.0.114.7")
    assert event(woocommerce(body)).contact == Contact()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"note_attributes": [{"name": "stempel_ref", "value": CODE}]}, STORED),
        ({"landing_site": f"/?utm_source=x&ref={CODE}"}, STORED),
        ({"landing_site": f"https://shop.example/products/tea?ref={CODE}"}, STORED),
        (
            {
                "note_attributes": [{"name": "stempel_ref", "value": CODE}],
                "landing_site": "/?ref=2222222222",
            },
            STORED,
        ),
        ({"note_attributes": [{"name": "stempel_ref", "value": 7}]}, None),
        ({"note_attributes": [{"name": "other", "value": CODE}]}, None),
        ({"note_attributes": None, "landing_site": None}, None),
        ({"landing_site": "/?ref=the-newsletter-of-may"}, None),
        ({}, None),
    ],
)
def test_an_order_of_shopify_names_the_code_in_its_cart_or_on_its_first_page(
    changes: dict[str, Any], code: str | None
) -> None:
    assert order(told(HIGH, **changes)).referral == code


def test_an_order_of_shopify_says_where_it_goes_and_came_from() -> None:
    assert event(shopify(shopify_body(HIGH).body)).contact == Contact(
        address=Address(
            street="1 Example Street", postcode="00000", city="Sampleton", country="DE"
        ),
        ip="203.0.113.7",
    )
    moved = {"address1": "2 Example Street", "zip": "11111", "phone": "+49 30 1234567"}
    contact = event(told(HIGH, shipping_address=moved, phone="+49 30 7654321")).contact
    assert contact.phones == ("+49 30 7654321", "+49 30 1234567")
    assert contact.address == Address(street="2 Example Street", postcode="11111")
    details = {"browser_ip": "203.0.114.9"}
    assert event(told(HIGH, browser_ip=None, client_details=details)).contact.ip == "203.0.114.9"


def test_a_read_of_shopify_tells_the_code_too() -> None:
    attributes = [{"key": "gift", "value": None}, {"key": "stempel_ref", "value": CODE}]
    facts = order(read_order(read_file("life-3") | {"customAttributes": attributes}))
    assert isinstance(facts, OrderFacts)
    assert facts.referral == STORED
