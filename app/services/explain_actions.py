"""The words of actions: what somebody did besides buying, and how often that is paid."""

from app.programme.actions import kind_of
from app.programme.explanation import Explanation, Reason
from app.services.texts import Texts, mark

_KINDS = {
    "newsletter": mark("for the newsletter"),
    "profile": mark("for a complete profile"),
    "social": mark("for joining in on social media"),
    "quiz": mark("for passing the quiz “%(name)s”"),
    "survey": mark("for answering the survey “%(name)s”"),
    "birthday": mark("for the birthday"),
}
_SOCIAL = mark("for joining in on social media (%(name)s)")
_OTHER = mark("for the action “%(name)s”")

_MOST = {
    "day": (mark("at most once a day"), mark("at most %(times)s times a day")),
    "week": (mark("at most once a week"), mark("at most %(times)s times a week")),
    "month": (mark("at most once a month"), mark("at most %(times)s times a month")),
    "year": (mark("at most once a year"), mark("at most %(times)s times a year")),
    "lifetime": (mark("paid once"), mark("paid at most %(times)s times")),
}


def why_acted(words: Texts, told: Explanation, window: str, reason: str) -> str:
    """Say what was done and how often that is paid; of what is not paid, why."""
    what = _what(words, told.action or "", window)
    if told.reason is not Reason.EARNED:
        return words.say("%(what)s, but %(reason)s", what=what, reason=reason)
    return ", ".join([what, *_most(words, told)])


def _what(words: Texts, action: str, window: str) -> str:
    kind, name = kind_of(action), action.partition(":")[2]
    if kind == "anniversary":
        years = int(window.partition(":")[2] or 0)
        return words.plural(
            "for %(count)s year in the programme", "for %(count)s years in the programme", years
        )
    if kind == "social" and name:
        return words.say(_SOCIAL, name=name)
    if kind in _KINDS:
        return words.say(_KINDS[kind], name=name)
    return words.say(_OTHER, name=action)


def _most(words: Texts, told: Explanation) -> list[str]:
    if told.times is None or told.each not in _MOST:
        return []
    once, several = _MOST[told.each]
    return [words.say(once if told.times == 1 else several, times=words.number(told.times))]
