"""Who recommended the shop, and where goods go, as any platform tells it."""

from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

from app.programme.events import Address
from app.programme.referral import code_in


def code_in_address(address: str | None) -> str | None:
    """Return the code in `?ref=` of a web address, which may be without the shop's name."""
    try:
        asked = parse_qs(urlsplit(address or "").query, max_num_fields=100)
    except ValueError:
        return None
    return first_code(asked.get("ref", ()))


def first_code(texts: Iterable[str | None]) -> str | None:
    """Return the first code among these texts; shops write other words in the same places too."""
    return next((code for one in texts if (code := code_in(one)) is not None), None)


def address_of(
    street: Iterable[str | None],
    *,
    postcode: str | None,
    city: str | None,
    country: str | None,
) -> Address | None:
    """Return where goods go, None without a street; `street` are its lines."""
    written = " ".join(filter(None, street))
    if not written:
        return None
    return Address(street=written, postcode=postcode or "", city=city or "", country=country or "")


def once_each(phones: Iterable[str | None]) -> tuple[str, ...]:
    """Return telephone numbers without those that are empty or there already."""
    return tuple(dict.fromkeys(filter(None, phones)))
