"""The words of what all orders of a person are worth: milestones, cards, challenges, and their gifts."""

from datetime import date

from app.programme.challenge_windows import DEEDS
from app.programme.explanation import Explanation
from app.programme.order_windows import CARD, CHALLENGE, MILESTONE
from app.services.texts import Texts

PERSON_WINDOWS = frozenset({MILESTONE, CARD, CHALLENGE, DEEDS})

_MONTH = len("2026-11")
_DAY = len("2026-11-21")


def is_gift(told: Explanation) -> bool:
    """Say whether a reward or badge was given without points."""
    return told.reward is not None or told.badge is not None


def head_of_gift(words: Texts, told: Explanation) -> str:
    """Say what was given."""
    if told.reward is not None and told.badge is not None:
        return words.say(
            "the reward “%(reward)s” and the badge “%(badge)s”",
            reward=told.reward,
            badge=told.badge,
        )
    if told.reward is not None:
        return words.say("the reward “%(reward)s”", reward=told.reward)
    return words.say("the badge “%(badge)s”", badge=told.badge or "")


def why_given(words: Texts, told: Explanation, kind: str, window: str) -> str:
    """Say what was reached; `window` is what follows the colon of the window's key."""
    return with_gift(words, told, _reached(words, told, kind, window))


def with_gift(words: Texts, told: Explanation, why: str) -> str:
    """Add to a sentence what was given together with points."""
    if told.points_each is None or not is_gift(told):
        return why
    if told.reward is not None and told.badge is not None:
        return words.say(
            "%(why)s, together with the reward “%(reward)s” and the badge “%(badge)s”",
            why=why,
            reward=told.reward,
            badge=told.badge,
        )
    if told.reward is not None:
        return words.say(
            "%(why)s, together with the reward “%(reward)s”", why=why, reward=told.reward
        )
    return words.say("%(why)s, together with the badge “%(badge)s”", why=why, badge=told.badge)


def _reached(words: Texts, told: Explanation, kind: str, window: str) -> str:
    if kind == MILESTONE:
        return words.say("for the %(number)s order", number=words.ordinal(int(window)))
    if kind == CARD:
        return words.say(
            "for the %(number)s full card “%(rule)s” (%(pieces)s)",
            number=words.ordinal(int(window)),
            rule=told.rule,
            pieces=words.plural("%(count)s piece", "%(count)s pieces", told.goal or 0),
        )
    won = words.say("for the challenge “%(rule)s”", rule=told.rule)
    if window == "once":
        return won
    return words.say("%(won)s, %(period)s", won=won, period=_period(words, window))


def _period(words: Texts, window: str) -> str:
    if len(window) == _MONTH:
        return words.month_in_words(date.fromisoformat(f"{window}-01"))
    if len(window) == _DAY:
        return words.date_in_words(date.fromisoformat(window))
    year, _, week = window.partition("-W")
    return words.say("week %(week)s of %(year)s", week=int(week), year=year) if week else window
