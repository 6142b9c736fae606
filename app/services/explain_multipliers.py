"""The words of what multiplies points: a member's tier and campaigns, by the names they have now."""

from collections.abc import Mapping
from decimal import Decimal

from app.programme.explanation import Explanation
from app.services.texts import Texts, mark

Names = Mapping[tuple[str, str], str]
"""What people call things, by ("tier", "campaign" or "membership", key)."""

NO_NAMES: Names = {}

_NAMED = {
    "tier": mark("tier “%(name)s”"),
    "campaign": mark("campaign “%(name)s”"),
}


def multiplied(words: Texts, told: Explanation, names: Names) -> list[str]:
    """Say how many times something counts, and thanks to whom; nothing if it counts once."""
    if told.multiplier is None:
        return []
    factor = words.number(told.multiplier)
    if told.boosted:
        said = _by_line(words, told)
        if told.step:  # what is multiplied then are the points of all steps
            said.insert(0, words.say("times %(factor)s on average", factor=factor))
    else:
        said = [words.say("times %(factor)s", factor=factor)]
    said[-1] += f" ({_thanks(words, told, names)})"
    return said


def _thanks(words: Texts, told: Explanation, names: Names) -> str:
    """Name the tier and campaigns; of several, each with its factor."""
    named = [
        (words.say(_NAMED[kind], name=names.get((kind, key), key)), factor)
        for kind, key, factor in told.multipliers
    ]
    if len(named) == 1:
        return named[0][0]
    return ", ".join(f"{name} {words.number(factor)}" for name, factor in named)


def _by_line(words: Texts, told: Explanation) -> list[str]:
    once = Decimal(1)
    several = {line: factor for line, factor in told.boosted if factor != once}
    return times_each(words, told, several)


def times_each(words: Texts, told: Explanation, factors: Mapping[str, Decimal]) -> list[str]:
    """Say what of an order counts how many times, or less, the most first; `factors` is by line."""
    said = []
    for factor in sorted(set(factors.values()), reverse=True):
        if told.pieces:
            pieces = sum(count for line, count in told.pieces if factors.get(line) == factor)
            what = words.plural("%(count)s piece", "%(count)s pieces", pieces)
        else:
            amounts = (amount for line, amount in told.lines if factors.get(line) == factor)
            what = words.money(sum(amounts, Decimal(0)), told.currency)
        said.append(
            words.say("%(what)s of that times %(factor)s", what=what, factor=words.number(factor))
        )
    return said
