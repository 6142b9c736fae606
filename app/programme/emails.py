"""Folding e-mail addresses, so that one person's spellings find one account."""

import unicodedata

_LONGEST = 320  # RFC 3696 errata: 64 + 1 + 255


def fold(address: str | None) -> str | None:
    """Return the address in its one comparable form, None if it is not an address.

    Case is folded (also before the @: no provider a shop meets tells them apart), the domain becomes
    its ASCII form. Dots and +tags stay: they are only signals (PRODUCT.md, Referral score).
    """
    if address is None:
        return None
    text = unicodedata.normalize("NFC", address.strip()).casefold()
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
        ascii_domain = domain.rstrip(".").encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return f"{local}@{ascii_domain}" if ascii_domain else None
