"""What of a person is compared with another one's: each brought into its one comparable form.

Two spellings of one thing come out alike; what cannot be it comes out as None. The results are personal
data and never stored: services keep keyed hashes of them (PRODUCT.md, Referral score).
"""

import ipaddress
import re
import unicodedata

from app.programme.emails import fold
from app.programme.events import Address
from app.programme.throwaway import is_throwaway

# Providers that deliver to the same mailbox whatever follows a plus sign (their own help pages).
_WITH_TAGS = frozenset(
    [
        "gmail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "icloud.com",
        "me.com",
        "mac.com",
        "proton.me",
        "protonmail.com",
        "pm.me",
        "fastmail.com",
        "yandex.ru",
        "yandex.com",
        "ya.ru",
    ]
)
_WITHOUT_DOTS = frozenset({"gmail.com"})
# Two names of one mailbox.
_SAME_MAILBOX = {
    "googlemail.com": "gmail.com",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "protonmail.com": "proton.me",
    "pm.me": "proton.me",
    "yandex.com": "yandex.ru",
    "ya.ru": "yandex.ru",
}

_FEWEST_DIGITS, _NATIONAL_DIGITS = 7, 9
_NOT_A_WORD = re.compile(r"[\W_]+")
_LETTERS_AND_DIGITS = re.compile(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)")
# What some write before a street or a flat, and others leave out.
_FILLERS = frozenset(
    [
        "ul",
        "ulica",
        "al",
        "aleja",
        "aleje",
        "os",
        "osiedle",
        "pl",
        "plac",
        "m",
        "mieszkanie",
        "lok",
        "lokal",
        "nr",
        "st",
        "street",
        "rd",
        "road",
        "ave",
        "avenue",
        "flat",
        "apt",
        "apartment",
        "unit",
        "no",
        "str",
        "strasse",
    ]
)
_PLAIN = str.maketrans({"ł": "l", "ß": "ss", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"})
_BLOCK = {4: 24, 6: 48}


def mailbox(email: str | None) -> str | None:
    """Return the mailbox that an address leads to, as far as its provider is known to fold it.

    Of the big providers the +tag is left out, of Gmail the dots too. Elsewhere both may be people.
    """
    folded = fold(email)
    if folded is None:
        return None
    local, _, domain = folded.rpartition("@")
    domain = _SAME_MAILBOX.get(domain, domain)
    if domain in _WITH_TAGS and not local.startswith('"'):
        local = local.partition("+")[0] or local
    if domain in _WITHOUT_DOTS and not local.startswith('"'):
        local = local.replace(".", "") or local
    return f"{local}@{domain}"


def thrown_away(email: str | None) -> bool:
    """Say whether an address is of a service for mailboxes to be thrown away."""
    folded = fold(email)
    return folded is not None and is_throwaway(folded.rpartition("@")[2])


def telephone(number: str | None) -> str | None:
    """Return what a number ends with: some write the country before it, others don't.

    Nine digits are a whole number in Poland and tell people apart elsewhere.
    """
    if number is None or len(number) > 40:
        return None
    digits = "".join(str(unicodedata.digit(sign)) for sign in number if sign.isdigit())
    digits = digits.lstrip("0")
    return digits[-_NATIONAL_DIGITS:] if len(digits) >= _FEWEST_DIGITS else None


def place(address: Address | None) -> str | None:
    """Return where an address is: its street with the numbers, and the post code, else the town."""
    if address is None:
        return None
    words = [word for word in _words(address.street) if word not in _FILLERS]
    town = _words(address.postcode) or _words(address.city)
    if not words or not town or not any(word.isdigit() for word in words):
        return None  # a village's name alone is no door
    return "|".join(("".join(_words(address.country)), "".join(town), " ".join(words)))


def block(address: str | None) -> str | None:
    """Return the block that an internet address is in: /24, or /48 of IPv6. None for private ones."""
    if address is None:
        return None
    try:
        found = ipaddress.ip_address(address.strip())
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if not found.is_global:
        return None  # of the shop's own proxy: everybody would come from it
    return str(ipaddress.ip_network((found, _BLOCK[found.version]), strict=False))


def _words(text: str | None) -> list[str]:
    """Return the words and numbers of a text, without accents, case and signs."""
    plain = unicodedata.normalize("NFKD", (text or "")[:300].lower().translate(_PLAIN))
    bare = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return _LETTERS_AND_DIGITS.sub(" ", _NOT_A_WORD.sub(" ", bare)).split()
