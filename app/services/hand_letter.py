"""What an e-mail says of a reward that is no code: a number to show, an address, a cause."""

from app.programme.by_hand import DONATION, DOWNLOAD, DRAW, EVENT, PRIZE
from app.programme.events import RedemptionFacts
from app.services.addressing import plain
from app.services.texts import Texts, mark

_LABELS = {
    EVENT: mark("The number of your seat:"),
    PRIZE: mark("Your number:"),
    DRAW: mark("The number of your ticket:"),
    DOWNLOAD: mark("Your download:"),
    DONATION: mark("Your donation:"),
}

_TERMS = {
    EVENT: mark(
        "Show this number at the entrance. If you cannot come, tell the shop: others wait."
    ),
    PRIZE: mark("Show this number, and you get it."),
    DRAW: mark("The winners are drawn when the time for tickets is over, and written to."),
    DOWNLOAD: mark("The address is for you; please do not pass it on."),
    DONATION: mark("The shop pays it to the cause. Thank you!"),
}


def hand_out(words: Texts, redemption_id: int, facts: RedemptionFacts) -> tuple[str, str] | None:
    """Return what stands in the place of a code, and what it is; None where there is a code."""
    if facts.kind not in _LABELS:
        return None
    shown = str(redemption_id)
    if facts.kind == DOWNLOAD:
        shown = facts.url
    elif facts.kind == DONATION and facts.value is not None:
        shown = f"{words.money(facts.value, facts.currency)}, {plain(facts.cause)}"
    return words.say(_LABELS[facts.kind]), shown


def hand_term(words: Texts, facts: RedemptionFacts) -> str:
    """Say what to know about it."""
    return words.say(_TERMS[facts.kind])
