"""One friendly sentence for each ledger entry and each award, in the reader's language.

An explanation is data (ids and amounts); here it gets its words. Nothing is worked out anew.
"""

from decimal import Decimal

import msgspec

from app.programme.events import LineKind
from app.programme.explanation import Explanation, LeftOut, Note, Reason
from app.programme.referrals import OF_FRIEND
from app.services.explain_actions import why_acted
from app.services.explain_caps import head_of_cap, is_capped, why_capped
from app.services.explain_gifts import PERSON_WINDOWS, head_of_gift, is_gift, why_given, with_gift
from app.services.explain_membership import head_of_membership, is_membership, since_when
from app.services.explain_multipliers import NO_NAMES, Names, multiplied, times_each
from app.services.explain_words import (
    CHANNELS,
    KINDS,
    LEFT_OUT,
    LINE_KINDS,
    NOTES,
    REASONS,
    ROUNDING,
    WINDOWS,
)
from app.services.texts import Texts, mark, texts

_EXPLANATION: msgspec.json.Decoder[Explanation] = msgspec.json.Decoder(Explanation)

_ALONE = frozenset(
    {
        "forgive",
        "expire",
        "idle",
        "unexpire",
        "mature",
        "limit",
        "import",
        "unimport",
        "bonus",
        "unbonus",
    }
)
"""Kinds whose sentence says it all: why the award is worth what it is has been told before."""

# Of an account that was joined to another: (did this one stay?, what moved).
_JOINED = {
    (True, "points"): mark("%(points)s moved here from another account of the same person"),
    (True, "debt"): mark("a debt of %(points)s moved here from another account of the same person"),
    (True, "nothing"): mark("another account of the same person was joined to this one"),
    (False, "points"): mark("%(points)s moved to another account of the same person"),
    (False, "debt"): mark("a debt of %(points)s moved to another account of the same person"),
    (False, "nothing"): mark("this account was joined to another one of the same person"),
}


def read_explanation(stored: str) -> Explanation | None:
    """Return a stored explanation, None where an entry has none (a correction by hand)."""
    try:
        return _EXPLANATION.decode(stored)
    except msgspec.ValidationError:
        return None


def render(
    explanation: Explanation | None,
    kind: str,
    points: int,
    language: str,
    *,
    worth: int | None = None,
    window: str = "",
    currency: str | None = None,
    stays: bool | None = None,
    pending: bool = False,
    names: Names = NO_NAMES,
) -> str:
    """Return the sentence for an entry that changed the balance by `points`, or for an award.

    `kind` is that of the entry, or "award". `worth` is what the award is worth after the entry, if it
    is known; `window` the award's window key; `currency` that of the programme, which thresholds are
    in when another one was converted. `stays` tells, of two accounts that were joined, which is asked;
    `pending` that what is given is not available yet. `names` are what people call tiers and campaigns.
    """
    words = texts(language)
    if is_capped(explanation) and kind != "forgive":
        head = head_of_cap(words, points, worth)
    elif explanation is not None and kind == "award" and not points and is_gift(explanation):
        head = head_of_gift(words, explanation)
    elif explanation is not None and kind == "award" and is_membership(explanation):
        head = head_of_membership(words, explanation, names)
    else:
        head = _head(words, kind, points, worth, stays)
    head = head[:1].upper() + head[1:]
    if explanation is None or kind in _ALONE:
        return f"{head}."
    # How refunds were spread is of no interest once nothing is left.
    notes = "".join(
        f" {_note(words, note, explanation)}"
        for note in explanation.notes
        if explanation.reason is not Reason.NOTHING_COUNTS
    )
    if pending and window.startswith(OF_FRIEND):
        notes += " " + words.say("Pending until your friend's return time is over.")
    elif pending:
        notes += " " + words.say("Pending for now: things may still be sent back.")
    return f"{head}: {_why(words, explanation, window, currency, names)}.{notes}"


def _head(words: Texts, kind: str, points: int, worth: int | None, stays: bool | None) -> str:
    written = words.points(abs(points))
    if kind == "merge" and stays is not None:
        moved = "nothing" if not points else "points" if (points > 0) is stays else "debt"
        return words.say(_JOINED[stays, moved], points=written)
    if kind == "adjust":
        if points < 0:
            return words.say("%(points)s taken off by hand", points=written)
        return words.say("%(points)s given by hand", points=written)
    if kind == "earn" and worth is not None and worth != points:
        return words.say(
            "%(points)s more, %(total)s altogether", points=written, total=words.points(worth)
        )
    if kind == "reverse" and worth:
        return words.say(
            "%(points)s taken back, %(total)s altogether", points=written, total=words.points(worth)
        )
    return words.say(KINDS.get(kind, KINDS["award"]), points=written)


def _why(
    words: Texts, told: Explanation, window: str, programme_currency: str | None, names: Names
) -> str:
    if is_capped(told):
        return why_capped(words, told, window) or words.say(REASONS[told.reason])
    channel = told.channel or ""
    reason = words.say(
        REASONS[told.reason],
        rule=told.rule,
        currency=told.currency or "?",
        campaign=names.get(("campaign", told.rule), told.rule),
        tier=names.get(("tier", told.rule), told.rule),
        since=since_when(words, told),
        channel=words.say(CHANNELS[channel])
        if channel in CHANNELS
        else words.say("“%(word)s”", word=channel),
    )
    if told.action is not None:
        return with_gift(words, told, why_acted(words, told, window, reason))
    if told.reason is Reason.EARNED and told.basis is None:
        kind, _, number = window.partition(":")
        if kind in PERSON_WINDOWS:
            return why_given(words, told, kind, number)
        text = WINDOWS.get(kind)
        return with_gift(words, told, words.say(text) if text else reason)
    if told.reason is Reason.NOTHING_COUNTS:
        return _nothing_left(words, told) or reason
    if told.basis is None or told.reason is Reason.NO_SUCH_LINES:
        return reason
    parts = [_basis(words, told)]
    # What was compared and multiplied is in the programme's money if a rate led there.
    currency = programme_currency if told.rate is not None else told.currency
    amounts_matter = not told.pieces or told.over is not None or told.at_least is not None
    if told.rate is not None and amounts_matter:
        converted = (told.basis * told.rate).quantize(Decimal("0.0001"))
        parts.append(
            words.say(
                "converted at %(rate)s to %(amount)s",
                rate=words.number(told.rate),
                amount=words.money(converted, currency),
            )
        )
    if told.reason is Reason.EARNED:
        parts += _thresholds(words, told, currency)
        parts += _price(words, told, currency, names)
    elif told.reason is Reason.BELOW_THRESHOLD:
        parts += _thresholds(words, told, currency) or [reason]
    else:
        parts += [*_price(words, told, currency, names, rounding=False), reason]
    return ", ".join(parts)


def _nothing_left(words: Texts, told: Explanation) -> str | None:
    """Say where all that counts has gone, None if nothing did from the start."""
    credited = dict(told.left_out).get(LeftOut.OWN_CREDIT)
    if credited:
        return _credited(words, credited, told)
    if told.refunded:
        amount = words.money(told.refunded, told.currency)
        return words.say("all that counts was given back, %(amount)s altogether", amount=amount)
    return None


def _basis(words: Texts, told: Explanation) -> str:
    """Say what counts of an order, and what of it doesn't."""
    details = []
    basis = words.money(told.basis or Decimal(0), told.currency)
    if told.lines:
        lines = words.plural("%(count)s line", "%(count)s lines", len(told.lines))
        if told.pieces:
            lines = words.say("%(lines)s for %(amount)s", lines=lines, amount=basis)
        details.append(
            words.say("%(lines)s with tax", lines=lines)
            if told.with_tax
            else words.say("%(lines)s without tax", lines=lines)
        )
    details += times_each(words, told, dict(told.factors))
    left_out = dict(told.left_out)
    credited = left_out.pop(LeftOut.OWN_CREDIT, None)
    if left_out:
        several = " + ".join(
            f"{_kind_left_out(words, kind)} {words.money(amount, told.currency)}"
            for kind, amount in left_out.items()
        )
        details.append(words.say("not counted: %(what)s", what=several))
    if credited:
        details.append(_credited(words, credited, told))
    if told.discount:
        details.append(
            words.say(
                "less a discount of %(amount)s", amount=words.money(told.discount, told.currency)
            )
        )
    if told.refunded:
        details.append(
            words.say("%(amount)s given back", amount=words.money(told.refunded, told.currency))
        )
    if told.pieces:
        pieces = sum(count for _, count in told.pieces)
        counted = words.plural(
            "%(count)s piece of the order counts", "%(count)s pieces of the order count", pieces
        )
    else:
        counted = words.say("%(amount)s of the order counts", amount=basis)
    return f"{counted} ({'; '.join(details)})" if details else counted


def _credited(words: Texts, amount: Decimal, told: Explanation) -> str:
    return words.say(LEFT_OUT[LeftOut.OWN_CREDIT], amount=words.money(amount, told.currency))


def _kind_left_out(words: Texts, kind: str) -> str:
    if kind in set(LeftOut):
        return words.say(LEFT_OUT[LeftOut(kind)])
    return words.say(LINE_KINDS[LineKind(kind)])


def _thresholds(words: Texts, told: Explanation, currency: str | None) -> list[str]:
    several = []
    if told.over is not None:
        several.append(
            words.say("more than %(amount)s is needed", amount=words.money(told.over, currency))
        )
    if told.at_least is not None:
        several.append(
            words.say("at least %(amount)s is needed", amount=words.money(told.at_least, currency))
        )
    return several


def _price(
    words: Texts, told: Explanation, currency: str | None, names: Names, *, rounding: bool = True
) -> list[str]:
    """Say how many points there are for how much, and how many times."""
    if told.points_each is None:
        return []
    once = told.per is None and not told.pieces
    if once and told.multiplier is None:
        return []
    each = words.points(told.points_each)
    if once:
        said = [words.say("%(points)s for the order", points=each)]
    elif told.per is None:
        said = [words.say("%(points)s for each piece", points=each)]
    else:
        per = words.money(told.per, currency)
        said = [
            words.say("%(points)s for every full %(amount)s", points=each, amount=per)
            if told.step
            else words.say("%(points)s for every %(amount)s", points=each, amount=per)
        ]
    said += multiplied(words, told, names)
    if rounding and told.raw is not None and told.raw != told.raw.to_integral_value():
        how = ROUNDING[told.rounding or "floor"]
        said.append(words.say(how, raw=words.number(told.raw)))
    return said


def _note(words: Texts, note: Note, told: Explanation) -> str:
    return words.say(NOTES[note], cap=words.points(told.cap or 0))
