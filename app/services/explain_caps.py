"""The words of caps: what of the points for several orders, reviews or actions doesn't count, and why."""

from datetime import date

from app.programme.explanation import Explanation, Reason
from app.programme.other_caps import BESIDES, is_other_cap
from app.services.texts import Texts, mark

# The most for the orders of one window of a cap.
_CAPS = {
    "day": mark("at most %(cap)s for the orders of %(day)s"),
    "month": mark("at most %(cap)s for the orders of %(month)s"),
    "year": mark("at most %(cap)s for the orders of %(year)s"),
    "lifetime": mark("at most %(cap)s for all orders together"),
}

_BESIDES = {
    "day": mark("at most %(cap)s on %(day)s"),
    "month": mark("at most %(cap)s in one month: %(month)s"),
    "year": mark("at most %(cap)s in %(year)s"),
    "lifetime": mark("at most %(cap)s altogether"),
}
_TIMES = {
    "day": mark("points no more than %(times)s on %(day)s"),
    "month": mark("points no more than %(times)s in one month: %(month)s"),
    "year": mark("points no more than %(times)s in %(year)s"),
    "lifetime": mark("points no more than %(times)s altogether"),
}


def is_capped(told: Explanation | None) -> bool:
    """Say whether an explanation is that of a cap."""
    return told is not None and told.reason in {Reason.OVER_CAP, Reason.WITHIN_CAP}


def head_of_cap(words: Texts, points: int, worth: int | None) -> str:
    """Say what of the orders' points doesn't count, or counts after all."""
    written, total = words.points(abs(points)), words.points(abs(worth or 0))
    if points > 0 and worth:
        return words.say(
            "%(points)s within the limit after all, %(total)s still over it",
            points=written,
            total=total,
        )
    if points > 0:
        return words.say("%(points)s within the limit after all", points=written)
    if worth is not None and worth != points:
        return words.say(
            "%(points)s more over the limit, %(total)s altogether", points=written, total=total
        )
    return words.say("%(points)s over the limit", points=written)


def why_capped(words: Texts, told: Explanation, window: str) -> str | None:
    """Say what the most is and what the orders earned; None if the window is not known."""
    besides = is_other_cap(window)
    kind, _, period = window.removeprefix(f"{BESIDES}:").partition(":")
    if told.cap is None and told.times is None and besides:
        return words.say("that is no more than the programme gives")
    if kind not in _CAPS or (told.cap is None and told.times is None):
        return None
    values = {}
    if kind == "day":
        values["day"] = words.date_in_words(date.fromisoformat(period))
    elif kind == "month":
        values["month"] = words.month_in_words(date.fromisoformat(f"{period}-01"))
    elif kind == "year":
        values["year"] = period
    if told.cap is None:
        most = words.say(
            _TIMES[kind],
            times=words.plural("%(count)s time", "%(count)s times", told.times or 0),
            **values,
        )
    else:
        said = _BESIDES if besides else _CAPS
        most = words.say(said[kind], cap=words.points(told.cap), **values)
    if told.raw is None:
        return most
    return words.say(
        "%(most)s, these earned %(points)s", most=most, points=words.points(int(told.raw))
    )
