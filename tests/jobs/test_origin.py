"""Whose a delivery is: what its own signed content says, then how it was located."""

import pytest

from connectors.base import Origin
from jobs.origin import Known, Origins, judge, learned

OURS = Known(ref="kawa.myshopify.com", shop_id="7001")
SHARED = Known(ref="kawa.myshopify.com", shop_id="7001", trusted=False)
NEW = Known(ref="kawa.myshopify.com", trusted=False)


@pytest.mark.parametrize("known", [OURS, SHARED, NEW])
def test_a_body_that_names_our_domain_is_ours_however_it_was_located(known: Known) -> None:
    assert judge(known, Origin(ref="kawa.myshopify.com", shop_id="7001")) is Origins.OURS
    assert judge(known, Origin(ref="kawa.myshopify.com")) is Origins.OURS


@pytest.mark.parametrize("known", [OURS, SHARED, NEW])
def test_a_body_that_names_another_shop_is_not_ours_even_under_our_path(known: Known) -> None:
    assert judge(known, Origin(ref="herbata.myshopify.com", shop_id="8002")) is Origins.ANOTHER


def test_the_shops_id_counts_where_a_domain_of_its_own_hides_the_name() -> None:
    assert judge(SHARED, Origin(shop_id="7001")) is Origins.OURS
    assert judge(SHARED, Origin(shop_id="8002")) is Origins.ANOTHER
    assert judge(OURS, Origin(shop_id="8002")) is Origins.ANOTHER


def test_a_shop_that_was_renamed_is_known_by_its_id() -> None:
    assert judge(SHARED, Origin(ref="kawiarnia.myshopify.com", shop_id="7001")) is Origins.OURS


def test_an_unknown_id_or_nothing_is_believed_only_if_the_delivery_could_not_be_anothers() -> None:
    for origin in (None, Origin(shop_id="7001")):
        assert judge(NEW, origin) is Origins.UNSURE
        assert judge(Known(ref="kawa.myshopify.com"), origin) is Origins.OURS


def test_another_host_is_a_copy_of_the_shop_once_its_own_is_known() -> None:
    assert judge(Known(), Origin(host="shop.example")) is Origins.OURS
    known = learned(Known(), Origin(host="shop.example"), read=False)
    assert judge(known, Origin(host="shop.example")) is Origins.OURS
    assert judge(known, Origin(host="staging.example")) is Origins.COPY


def test_what_the_shop_told_us_itself_counts_more_than_what_came_first() -> None:
    first = learned(NEW, Origin(ref="kawa.myshopify.com", shop_id="1"), read=False)
    assert first.shop_id == "1"
    again = Origin(ref="kawa.myshopify.com", shop_id="2")
    assert learned(first, again, read=False).shop_id == "1"
    assert learned(first, Origin(shop_id="2"), read=True).shop_id == "2"
    assert learned(first, None, read=True) == first


def test_an_id_that_stands_beside_no_name_of_ours_is_not_learned() -> None:
    for told in (Origin(shop_id="1"), Origin(ref="another.myshopify.com", shop_id="1")):
        assert learned(NEW, told, read=False).shop_id is None
