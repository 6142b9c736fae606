"""What a reward is called: by its own name, or by what it gives, in the reader's language."""

from decimal import Decimal

from app.programme.limits import Hidden
from app.programme.shop_money import GIFT_CARD, STORE_CREDIT
from app.services.texts import mark, texts

_KINDS = {
    "free-delivery": mark("free delivery"),
    "free-product": mark("a free product"),
    "early-access": mark("early access"),
    "event": mark("a seat at an event"),
    "prize": mark("a prize"),
    "draw": mark("a ticket for a draw"),
    "download": mark("a download"),
}

_MONEY = {
    GIFT_CARD: mark("a gift card of %(amount)s"),
    STORE_CREDIT: mark("%(amount)s to spend in the shop"),
}

_HIDDEN = {
    Hidden.NO_PRODUCT: mark("the programme does not say which product of this store it is"),
    Hidden.NOT_FOR_POINTS: mark("it is given for a card or challenge, not for points"),
    Hidden.NOT_MADE: mark(
        "this store makes no such codes, or there are no API keys to ask it with"
    ),
    Hidden.NO_MONEY: mark(
        "this store's platform has no gift cards or store credit to give; Shopify has"
    ),
    Hidden.NOT_YET: mark("its time has not come yet"),
    Hidden.OVER: mark("its time is over"),
    Hidden.NONE_LEFT: mark("all of it has been taken"),
    Hidden.OTHER_TIER: mark("it is for members of another tier"),
    Hidden.OTHER_SEGMENT: mark("it is for members of another segment"),
    Hidden.HAD: mark("the member has had it as often as each may"),
}


def reward_words(
    *, name: str, kind: str, value: Decimal | None, currency: str | None, language: str
) -> str:
    """Return "10% off" or the like; a name that the merchant gave is used in every language.

    `value` is percent or money in `currency`, as the reward's kind says.
    """
    words = texts(language)
    if name:
        return name
    if value is not None and kind == "percent":
        # normalize: 10.00 percent are 10.
        return words.say("%(number)s%% off", number=words.number(value.normalize()))
    if value is not None and kind == "fixed":
        return words.say("%(amount)s off", amount=words.money(value, currency))
    if value is not None and kind in _MONEY:
        return words.say(_MONEY[kind], amount=words.money(value, currency))
    if value is not None and kind == "donation":
        return words.say("%(amount)s for a good cause", amount=words.money(value, currency))
    return words.say(_KINDS[kind]) if kind in _KINDS else kind


def price_duty_words(language: str) -> str:
    """Say what a seller has to show who chose the goods that a reward is off."""
    return texts(language).say(
        "you chose the goods that it is off, so their lowest price of the 30 days before must be shown "
        "beside the lowered one, even if it is for members only (Omnibus directive)."
    )


def hidden_words(hidden: Hidden, language: str) -> str:
    """Say why a reward cannot be had in a store."""
    return texts(language).say(_HIDDEN[hidden])
