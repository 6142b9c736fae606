"""The words of paid membership: until when somebody is a member, and that there is none any more."""

from app.programme.explanation import Explanation, Reason
from app.services.explain_multipliers import Names
from app.services.texts import Texts


def is_membership(told: Explanation) -> bool:
    """Say whether it tells of a membership."""
    return told.reason in {Reason.MEMBER, Reason.NO_MEMBER}


def head_of_membership(words: Texts, told: Explanation, names: Names) -> str:
    """Say until when somebody is a member."""
    name = names.get(("membership", told.rule), told.rule)
    if told.through is None:
        return words.say("no member of “%(name)s”", name=name)
    day = words.date_in_words(told.through)
    return words.say("member of “%(name)s” until %(day)s", name=name, day=day)


def since_when(words: Texts, told: Explanation) -> str:
    """Return since when it was paid for without a gap, "" for what is no membership."""
    return "" if told.since is None else words.date_in_words(told.since)
