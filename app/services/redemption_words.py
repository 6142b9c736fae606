"""The way of a redemption in words: what happened to its points and its code, and what is next."""

from datetime import datetime

import msgspec

from app.programme.by_hand import BY_HAND, DONATION, DOWNLOAD, DRAW, EVENT, PRIZE
from app.programme.events import RedemptionState
from app.programme.redemption import AT_ONCE
from app.programme.shop_money import SHOP_MONEY
from app.services import money_words
from app.services.codes import Act
from app.services.texts import Texts, mark, texts
from app.services.view_redemptions import NextView, RedemptionDetail, RedemptionView, UseView


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the way. `at` is None where no time is kept; `other` is another redemption.

    `note` is what staff wrote, in their own words.
    """

    text: str
    at: datetime | None
    other: int | None = None
    note: str | None = None


_NEXT = {
    "over": mark("It is shown in the shop until its time is over."),
    "make": mark("The code is to be made in the shop."),
    "look": mark("The shop is to be asked whether the code can still be used."),
    "end": mark(
        "The code is to be ended in the shop. The points come back once the shop has confirmed that "
        "nobody can use it."
    ),
}

_END_FOR_NOTHING = mark("The code is to be ended in the shop.")

_TAKEN = {
    EVENT: mark("%(points)s spent for a seat"),
    PRIZE: mark("%(points)s spent: it is to be handed out"),
    DRAW: mark("%(points)s spent for a ticket"),
    DOWNLOAD: mark("%(points)s spent, and the address was told"),
    DONATION: mark("%(points)s spent for “%(cause)s”"),
}

_DONE = {
    EVENT: mark("The member was there"),
    PRIZE: mark("It was handed out"),
    DRAW: mark("It was handed out"),
    DONATION: mark("It was paid to the cause"),
}

_REFUNDED = {
    "none": mark("A refund of that order gives nothing back; only its cancellation does."),
    "points": mark("If that order is refunded in full, the points come back."),
    "new-code": mark("If that order is refunded in full, another code is given in its place."),
}

_NOTHING = mark("Neither a refund nor a cancellation of that order gives anything back.")

REASONS = (
    mark("released by hand"),
    mark("the refund it was given for was undone"),
    mark("it is not earned any more"),
    mark("its time is over"),
    mark("the order it was used for was cancelled"),
    mark("it is not in the shop any more"),
    mark("the shop does not accept it any more"),
    mark("its person was erased"),
    mark("the shop refuses to make it"),
    mark("it was used in the shop, but its order has not come here yet"),
    mark("the shop did not end it"),
    mark("the credit that was found is another redemption's"),
    mark("a person must say whether the shop has given it"),
)
"""Why a code ends or cannot, as its row says; what a shop answered is in its own words."""


def way(found: RedemptionDetail, language: str) -> list[Step]:
    """Return what happened so far, oldest first; steps without a time at the end.

    Some shops tell the time of an order in whole seconds: within one, the steps stand in the order in
    which one leads to the next.
    """
    words = texts(language)
    one = found.redemption
    if one.kind in AT_ONCE:
        return _way_of_perk(words, found)
    money = one.kind in SHOP_MONEY
    steps = [_begin(words, found)]
    if one.made_at is not None:
        text = words.say(money_words.GIVEN) if money else words.say("The shop has the code")
        steps.append(Step(text=text, at=one.made_at))
    if found.mail is not None and found.mail.sent_at is not None:
        text = words.say(money_words.TOLD) if money else words.say("The code was sent by e-mail")
        steps.append(Step(text=text, at=found.mail.sent_at))
    if money_words.is_spent(one.kind, one.state):
        steps.append(Step(text=words.say(money_words.SPENT), at=None))
    steps += [Step(text=_order(words, use), at=use.placed_at) for use in found.orders]
    if found.release is not None:
        text = words.say("To be released, says %(actor)s", actor=found.release.actor)
        steps.append(Step(text=text, at=found.release.at, note=found.release.reason))
    if one.dead_at is not None:
        over = mark("Nobody can use the code any more")
        text = words.say(money_words.OVER if money else over)
        steps.append(Step(text=text, at=one.dead_at))
    steps += _points(words, found)
    if found.replaced_by is not None:
        text = words.say("Another code was given in its place")
        steps.append(Step(text=text, at=None, other=found.replaced_by))
    return sorted(
        steps,
        key=lambda step: (step.at is None, (step.at or one.created_at).replace(microsecond=0)),
    )


def _way_of_perk(words: Texts, found: RedemptionDetail) -> list[Step]:
    one = found.redemption
    if one.kind in BY_HAND:
        text = words.say(_TAKEN[one.kind], points=words.points(one.cost), cause=one.cause)
    elif one.granted_by is not None:
        text = words.say("Given without points by the rule “%(rule)s”", rule=one.granted_by)
    else:
        text = words.say("%(points)s spent: it lasts from now on", points=words.points(one.cost))
    steps = [Step(text=text, at=one.created_at)]
    if found.release is not None:
        text = words.say("To be released, says %(actor)s", actor=found.release.actor)
        steps.append(Step(text=text, at=found.release.at, note=found.release.reason))
    if found.drawn is not None:
        text = words.say("Drawn: it has won") if found.drawn.place else words.say("Drawn: no win")
        steps.append(Step(text=text, at=found.drawn.at))
    if one.dead_at is not None:
        steps.append(Step(text=words.say("It ended before its time"), at=one.dead_at))
    elif found.drawn is not None and not found.drawn.place:
        pass  # it was used up by the draw
    elif one.kind in _DONE and one.state == RedemptionState.USED:
        steps.append(Step(text=words.say(_DONE[one.kind]), at=None))
    elif one.kind in BY_HAND:
        pass
    elif one.state == RedemptionState.USED:
        steps.append(Step(text=words.say("Its time is over"), at=one.ends_at))
    return [*steps, *_points(words, found)]


def next_words(step: NextView, language: str, *, restores: bool = True) -> str:
    """Say what is to be done at the shop; `restores` says whether points come back after that."""
    for_nothing = not restores and step.what == Act.END
    if step.money:
        text = money_words.END_FOR_NOTHING if for_nothing else money_words.NEXT[step.what]
        return texts(language).say(text)
    return texts(language).say(_END_FOR_NOTHING if for_nothing else _NEXT[step.what])


def price_words(one: RedemptionView, language: str) -> str:
    """Say what it cost, or who gave it without points."""
    words = texts(language)
    if one.granted_by is None:
        return words.points(one.cost)
    return words.say("given by the rule “%(rule)s”", rule=one.granted_by)


def refund_words(found: RedemptionDetail, language: str) -> str | None:
    """Say what a refund of the order would mean that used the code; None once the way tells it."""
    one = found.redemption
    if one.kind in SHOP_MONEY:
        return None
    if one.used_in is None or one.given_back or found.replaced_by is not None:
        return None
    if one.granted_by is not None and found.refunded != "new-code":
        return None  # there are no points to give back
    return texts(language).say(_NOTHING if found.cancelled == "none" else _REFUNDED[found.refunded])


def reason_words(reason: str, language: str) -> str:
    """Say why a code ends or cannot; the shop's own words, after a colon, stay as they are."""
    ours, colon, theirs = reason.partition(": ")
    return texts(language).say(ours) + colon + theirs if ours in REASONS else reason


def _begin(words: Texts, found: RedemptionDetail) -> Step:
    one = found.redemption
    if one.replaces is not None:
        text = words.say("A new code instead of one whose order was refunded")
    elif one.granted_by is not None:
        text = words.say("Given without points by the rule “%(rule)s”", rule=one.granted_by)
    else:
        reserved = mark("%(points)s reserved for the code")
        text = money_words.RESERVED if one.kind in SHOP_MONEY else reserved
        text = words.say(text, points=words.points(one.cost))
    return Step(text=text, at=one.created_at, other=one.replaces)


def _order(words: Texts, use: UseView) -> str:
    if use.captures:
        return words.say("Used in order %(number)s", number=use.number)
    if not use.shows:
        return words.say("Order %(number)s showed it and no longer does", number=use.number)
    return words.say(
        "Order %(number)s shows it and does not count (%(status)s)",
        number=use.number,
        status=use.status or "?",
    )


def _points(words: Texts, found: RedemptionDetail) -> list[Step]:
    """Say when points came back, and when they were spent once more."""
    steps = []
    spent = False
    for entry in found.entries:
        written = words.points(abs(entry.points))
        if entry.kind == "restore":
            steps.append(
                Step(text=words.say("%(points)s given back", points=written), at=entry.recorded_at)
            )
        elif entry.kind == "spend":
            if spent:
                text = words.say(
                    "%(points)s spent again: an order showed the code after all", points=written
                )
                steps.append(Step(text=text, at=entry.recorded_at))
            spent = True
    return steps
