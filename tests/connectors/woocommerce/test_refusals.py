"""What the shop's refusals mean, in words for the merchant."""

from collections.abc import Mapping

import pytest

from app.errors import Blocked, Invalid, Passing, StempelError
from connectors.http import Answer
from connectors.woocommerce.refusals import raise_for_refusal
from tests.connectors.woocommerce.captured import reply


def refusal(
    number: str, url: str = "https://shop.example", *, writing: bool = False
) -> StempelError:
    served = reply(number)
    headers = {name.lower(): value for name, value in served.headers.items()}
    with pytest.raises(StempelError) as refused:
        raise_for_refusal(
            Answer(status=served.status, headers=headers, body=served.body), url, writing=writing
        )
    return refused.value


@pytest.mark.parametrize(
    ("number", "kind", "sentence"),
    [
        ("043", Blocked, "X-Forwarded-Proto"),  # no key, or TLS that WordPress does not see
        ("044", Blocked, "its secret is wrong"),
        ("072", Blocked, "role shop manager"),
        ("047", Blocked, "pretty permalinks"),
        ("046", Invalid, "does not know"),
        ("078", Blocked, "plain permalinks"),
        ("079", Passing, "maintenance"),
        ("015", Passing, "500"),
        ("038", Invalid, "rest_invalid_param"),
        ("049", Invalid, "rest_invalid_json"),
        ("066", Invalid, "413"),
        ("077", Blocked, "woocommerce_rest_cannot_view"),
    ],
)
def test_a_captured_refusal_is_told_in_words(
    number: str, kind: type[StempelError], sentence: str
) -> None:
    refused = refusal(number)
    assert type(refused) is kind
    assert sentence in str(refused)
    assert "shop.example" in str(refused)


def test_a_key_that_may_only_read_is_told_when_writing() -> None:
    assert "Read/Write" in str(refusal("045", writing=True))


def test_on_plain_http_the_advice_is_another() -> None:
    assert "https address" in str(refusal("050", "http://shop.example"))


def test_maintenance_is_waited_out_as_long_as_the_shop_asks() -> None:
    refused = refusal("079")
    assert isinstance(refused, Passing)
    assert refused.retry_after == 600


def test_no_refusal_repeats_the_shops_own_text_or_our_query() -> None:
    # 023 names an e-mail, 078 repeats the query.
    for number in ("023", "078"):
        assert "@" not in str(refusal(number))
        assert "per_page" not in str(refusal(number))


@pytest.mark.parametrize(
    ("status", "headers", "kind", "sentence"),
    [
        (200, {}, Passing, "instead of JSON"),
        (401, {}, Blocked, "before WooCommerce is asked"),
        (403, {}, Blocked, "firewall"),
        (429, {"retry-after": "5"}, Passing, "later"),
        (502, {}, Passing, "502"),
        (301, {"location": "https://shop.example/wp-json/x"}, Blocked, "https only"),
        (301, {"location": "https://www.shop.example/"}, Blocked, "another address"),
        (301, {"location": "http://[::1"}, Blocked, "another address"),
        (302, {}, Blocked, "plain permalinks"),
    ],
)
def test_a_page_in_place_of_json_is_told_in_words(
    status: int, headers: Mapping[str, str], kind: type[StempelError], sentence: str
) -> None:
    page = Answer(status=status, headers=headers, body=b"<html>x</html>")
    with pytest.raises(kind, match=sentence):
        raise_for_refusal(page, "http://shop.example", writing=False)
