"""Money to pay with in the shop in words: the way of a gift card or store credit, and the e-mail about it."""

from app.programme.events import RedemptionFacts, RedemptionState
from app.programme.shop_money import GIFT_CARD, SHOP_MONEY, STORE_CREDIT
from app.services.texts import Texts, mark

NEXT = {
    "make": mark("The shop is to be asked to give it."),
    "look": mark("The shop is to be asked whether any of it was spent."),
    "end": mark(
        "It is to be taken back in the shop, unless any of it was spent. The points come back once the "
        "shop has confirmed that."
    ),
}

END_FOR_NOTHING = mark("It is to be taken back in the shop, unless any of it was spent.")

RESERVED = mark("%(points)s reserved for it")
GIVEN = mark("The shop has given it")
TOLD = mark("It was told by e-mail")
SPENT = mark("The shop says that some of it was spent")
OVER = mark("Nobody can spend it any more")

_LABELS = {GIFT_CARD: mark("Your gift card:"), STORE_CREDIT: mark("Your credit:")}

_TERMS = {
    GIFT_CARD: (
        mark("Enter it at the checkout, where gift cards go. What you do not spend stays on it."),
        mark("Whoever has the code can spend it, so keep it to yourself."),
    ),
    STORE_CREDIT: (
        mark("It is on your account in the shop: sign in before you pay, and choose it there."),
    ),
}


def money_out(words: Texts, facts: RedemptionFacts, code: str | None) -> tuple[str, str] | None:
    """Return how an e-mail calls it, and what it shows; None for what is no money."""
    if facts.kind not in SHOP_MONEY:
        return None
    amount = "" if facts.value is None else words.money(facts.value, facts.currency)
    return words.say(_LABELS[facts.kind]), code or amount


def money_terms(words: Texts, facts: RedemptionFacts, last_day: str | None) -> list[str]:
    """Say what to know about it, a sentence each; `last_day` as people write it."""
    terms = [words.say(term) for term in _TERMS[facts.kind]]
    if last_day is not None:
        terms.insert(1, words.say("It is valid up to and including %(day)s.", day=last_day))
    return terms


def is_spent(kind: str, state: str) -> bool:
    """Say whether it is money of which the shop has said that some was spent."""
    return kind in SHOP_MONEY and state == RedemptionState.USED
