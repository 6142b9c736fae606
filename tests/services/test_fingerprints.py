"""Which failures count as one fault."""

import pytest

from app.services.fingerprints import fingerprint

TRACE = """KeyError: {}
  File "/srv/{}/app/services/observe.py", line {}, in observe
    finding = look()
  File "/srv/{}/app/services/whose.py", line {}, in find_owner
    return owners[key]
"""


def test_the_same_fault_in_other_orders_and_versions_is_one_group() -> None:
    one = fingerprint("a fault of ours (KeyError)", TRACE.format("'812'", "a", 10, "a", 20))
    two = fingerprint("a fault of ours (KeyError)", TRACE.format("'99'", "b", 11, "b", 37))
    assert one == two
    assert len(one) == 12


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cannot work: order 17 has no total", "cannot work: order 99100 has no total"),
        ("cannot work: 'a b' is no amount", 'cannot work: "zażółć" is no amount'),
        ("cannot work: id 3f9a0c21d7be is not known", "cannot work: id 00ff0c21d7ab is not known"),
        ("given up after 16 tries: 503", "503"),
    ],
)
def test_ids_amounts_and_quoted_words_do_not_make_another_group(one: str, other: str) -> None:
    assert fingerprint(one, None) == fingerprint(other, None)


def test_another_place_or_another_class_is_another_group() -> None:
    trace = TRACE.format("'1'", "a", 1, "a", 2)
    base = fingerprint("", trace)
    assert fingerprint("", trace.replace("find_owner", "find_shop")) != base
    assert fingerprint("", trace.replace("KeyError", "TypeError")) != base
    assert fingerprint("cannot work: no total", None) != fingerprint("cannot work: no id", None)
