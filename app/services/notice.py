"""Keeps the notice that a programme promises before it changes to its members' disadvantage."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from app.errors import Conflict
from app.programme.campaigns import Campaign
from app.programme.diff import Change, diff
from app.programme.directions import Effect
from app.programme.document import Programme
from app.programme.local_time import local
from app.services.diff_words import say_change


def notice_ends(present: Programme, now: datetime) -> datetime:
    """Return when a change to the members' disadvantage that is published now may begin.

    The same time of the day, so many days later by the calendar of the programme's time zone.
    """
    zone = ZoneInfo(present.timezone)
    return (now.astimezone(zone) + timedelta(days=present.notice_days)).astimezone(UTC)


def taken_from_members(present: Programme, new: Programme, begins: datetime) -> tuple[Change, ...]:
    """Return the changes that members, or some of them, lose by."""
    return tuple(
        one
        for one in diff(present, new)
        if one.effect in {Effect.WORSE, Effect.EITHER} and not _was_over(one, present, begins)
    )


def _was_over(change: Change, present: Programme, begins: datetime) -> bool:
    """Say whether all that goes is a campaign that has ended by then."""
    if change.what != "removed" or not isinstance(change.old, Campaign):
        return False
    shown = begins.astimezone(ZoneInfo(present.timezone)).replace(tzinfo=None)
    return change.old.until <= shown


def check_notice(present: Programme, new: Programme, begins: datetime, now: datetime) -> None:
    """Raise Conflict for a change that members lose by and that begins sooner than was promised."""
    if not present.notice_days or begins >= notice_ends(present, now):
        return
    if losses := taken_from_members(present, new, begins):
        raise Conflict(_refusal(present, new, losses, now))


def _refusal(present: Programme, new: Programme, losses: Sequence[Change], now: datetime) -> str:
    earliest = local(notice_ends(present, now), ZoneInfo(present.timezone))
    said = " ".join(say_change(one, present, new, "en") for one in losses)
    return (
        f"Members were promised {present.notice_days} days of notice before they lose anything; publish "
        f"this --from {earliest} or later, or give --accept-short-notice. What they may lose by: {said}"
    )
