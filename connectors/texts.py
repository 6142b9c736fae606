"""What platforms send as text, whichever they are: words to show, e-mail addresses, times.

What cannot be understood raises Invalid with the key, never with the value: it may be anything a shopper
typed.
"""

from datetime import UTC, datetime

from app.errors import Invalid

_LONGEST_EMAIL = 320
_FIRST_YEAR, _LAST_YEAR = 1971, 2199


def short(value: object, limit: int = 200) -> str | None:
    """Return a short plain text, None if empty; without NUL, control and direction characters."""
    if not isinstance(value, str):
        return None
    kept = value[:2000]
    if not kept.isprintable():
        kept = "".join(character for character in kept if character.isprintable())
    return kept.strip()[:limit] or None


def email(value: object) -> str | None:
    """Return an e-mail as typed, without blanks around it; None if it cannot be one."""
    if not isinstance(value, str):
        return None
    kept = value.strip()
    return kept if kept and len(kept) <= _LONGEST_EMAIL and kept.isprintable() else None


def moment(iso: str, key: str) -> datetime:
    """Return the time that an ISO 8601 text names, in UTC, where one without a zone is already.

    The platform has checked what it looks like; raises Invalid for a day that there is not.
    """
    try:
        found = datetime.fromisoformat(iso)
    except ValueError as error:
        raise Invalid(f"{key} names a day or hour that does not exist.") from error
    # Checked before any arithmetic: year 1 and year 9999 overflow when a zone is applied.
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise Invalid(
            f"{key} lies in the year {found.year}; only {_FIRST_YEAR} to {_LAST_YEAR} can be true."
        )
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
