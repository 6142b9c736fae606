"""What a rule pays for a review: more with a photo or a video, never by its rating."""

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from app.errors import ConfigError
from app.programme.events import ReviewFacts
from app.programme.explanation import Note
from app.programme.fields import MOST_POINTS
from app.programme.reading import wrong

if TYPE_CHECKING:
    from app.programme.rule import Rule

_REVIEW = "review.published"

MorePoints = Annotated[
    Annotated[int, Meta(ge=1, le=MOST_POINTS)] | None,
    Meta(description=f"a whole number from 1 to {MOST_POINTS}"),
]


def check_media(path: str, rule: "Rule") -> None:
    """Refuse keys of reviews elsewhere, and a photo or video that pays no more than words alone."""
    given = {"photo_points": rule.photo_points, "video_points": rule.video_points}
    if rule.on != _REVIEW:
        names = [name for name, points in given.items() if points is not None]
        for name in [*names, *(["verified"] if not rule.verified else [])]:
            raise ConfigError(f'{path}.{name}: only a rule on "{_REVIEW}" has this key')
    for name, points in given.items():
        if points is not None and points <= rule.points:
            raise wrong(f"{path}.{name}", points, f"more than the points without: {rule.points}")


def review_points(rule: "Rule", review: ReviewFacts) -> tuple[int, tuple[Note, ...]]:
    """Return what a review that counts is worth: the most of what it shows."""
    worth: list[tuple[int, tuple[Note, ...]]] = [(rule.points, ())]
    if rule.photo_points is not None and review.photos:
        worth.append((rule.photo_points, (Note.WITH_PHOTO,)))
    if rule.video_points is not None and review.videos:
        worth.append((rule.video_points, (Note.WITH_VIDEO,)))
    return max(worth, key=lambda pair: pair[0])
