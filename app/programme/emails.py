"""Folding e-mail addresses, so that one person's spellings find one account."""

import re
import unicodedata

_OF_THEIR_OWN = "\N{LATIN SMALL LETTER SHARP S}\N{GREEK SMALL LETTER FINAL SIGMA}"
_DOTS = re.compile(
    "[.\N{IDEOGRAPHIC FULL STOP}\N{FULLWIDTH FULL STOP}\N{HALFWIDTH IDEOGRAPHIC FULL STOP}]"
)
_LONGEST = 320  # RFC 3696 errata: 64 + 1 + 255


def fold(address: str | None) -> str | None:
    """Return the address in its one comparable form, None if it is not an address.

    Case is folded (also before the @: no provider a shop meets tells them apart), the domain becomes
    its ASCII form. Dots and +tags stay: they are only signals (PRODUCT.md, Referral score). What is
    another address stays another: "ß" never becomes "ss".
    """
    if address is None:
        return None
    text = unicodedata.normalize("NFC", address.strip()).lower()
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain or len(text) > _LONGEST:
        return None
    if any(char.isspace() or unicodedata.category(char).startswith("C") for char in text):
        return None
    if "@" in local and not (local.startswith('"') and local.endswith('"')):
        return None
    if ":" in local and not local.startswith('"'):  # "mailto:someone@…" is a link, not an address
        return None
    try:
        ascii_domain = ".".join(map(_ascii, _DOTS.split(domain.rstrip("."))))
    except UnicodeError:
        return None
    return f"{local}@{ascii_domain}" if ascii_domain else None


def _ascii(label: str) -> str:
    """Return a part of a domain as the internet knows it; raises UnicodeError.

    Python's codec follows the standard of 2003, by which two letters became others; each is a domain of
    its own since 2008 (RFC 5891), which somebody else may own.
    """
    if not label:
        raise UnicodeError("between two dots there must be something")
    if any(letter in label for letter in _OF_THEIR_OWN):
        label.encode("idna")  # refuses what no domain may hold
        return f"xn--{label.encode('punycode').decode('ascii')}"
    return label.encode("idna").decode("ascii")
