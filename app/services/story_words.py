"""Tells the story of a ledger entry in the reader's language, line by line."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.services.explain import render
from app.services.story import POSTING, LineChange, LineStory, Step, Story
from app.services.texts import Texts, mark, texts
from app.services.view_ledger import ObjectName, sentence

MINUS = "\N{MINUS SIGN}"

_MOST_OBJECTS = 20

_KINDS = {
    "order": mark("order %(number)s"),
    "review": mark("review %(number)s"),
    "customer": mark("account %(number)s"),
    "redemption": mark("reward taken, %(number)s"),
}


def tell(story: Story, language: str, currency: str, zone: ZoneInfo) -> list[str]:
    """Return the story as lines of text; `currency` and `zone` are the programme's."""
    words = texts(language)
    lines = _head(words, story, currency, zone)
    lines += [
        f"  {_line(words, line, _money_of(story, currency))}" for line in story.lines if line.amount
    ]
    if story.objects:
        lines += ["", words.say("What decided:")]
        lines += [f"  {_thing(words, one)}" for one in story.objects[:_MOST_OBJECTS]]
        if len(story.objects) > _MOST_OBJECTS:
            rest = len(story.objects) - _MOST_OBJECTS
            lines.append(f"  {words.plural('%(count)s more', '%(count)s more altogether', rest)}")
    if len(story.steps) > 1:
        lines += ["", words.say("All entries about it:")]
        for step in story.steps:
            lines += [f"  {one}" for one in _step(words, step, story, currency, zone)]
    if story.steps and story.worth is not None and story.rule:
        now = words.points(story.worth)
        parts = _sum(words, story.steps)
        lines += [
            "",
            words.say("Now it is worth %(points)s: %(sum)s.", points=now, sum=", ".join(parts))
            if len(parts) > 1
            else words.say("Now it is worth %(points)s.", points=now),
        ]
    return lines


def _sum(words: Texts, steps: Sequence[Step]) -> list[str]:
    """Return what was given and taken, each with the line that it was for, if it was for one."""
    parts = []
    for step in steps:
        change = step.entry.points + step.entry.pending
        if step.entry.kind not in POSTING or not change:
            continue
        figure = f"{'+' if change > 0 else MINUS}{words.number(abs(change))}"
        if len(step.changes) == 1:
            figure = words.say(
                "%(points)s for %(line)s", points=figure, line=_called(words, step.changes[0])
            )
        parts.append(figure)
    return parts


def _head(words: Texts, story: Story, currency: str, zone: ZoneInfo) -> list[str]:
    lines = []
    if story.about is not None and story.occurred_at is not None:
        lines.append(
            words.say(
                "%(thing)s, %(when)s",
                thing=_thing(words, story.about),
                when=_when(words, story.occurred_at, zone),
            )
        )
    if story.version:
        since = (
            words.say("since the beginning")
            if story.since is None
            else words.say("since %(when)s", when=_when(words, story.since, zone))
        )
        lines.append(
            words.say(
                "Judged by version %(version)s, in force %(since)s, and its rule “%(rule)s”.",
                version=story.version,
                since=since,
                rule=story.rule,
            )
            if story.rule
            else words.say(
                "Judged by version %(version)s, in force %(since)s.",
                version=story.version,
                since=since,
            )
        )
    if story.asked is not None:
        lines.append(sentence(story.asked, words.language, currency))
        if story.asked.note:
            lines.append(story.asked.note)
    else:
        lines.append(
            render(
                story.explanation,
                "award",
                story.worth or 0,
                words.language,
                window=story.window,
                currency=currency,
                names=story.names,
            )
        )
    return lines


def _money_of(story: Story, currency: str) -> str:
    told = story.explanation
    return currency if told is None or told.currency is None else told.currency


def _line(words: Texts, line: LineStory, currency: str) -> str:
    amount = words.money(line.amount, currency)
    if line.pieces is not None:
        amount = words.plural("%(count)s piece", "%(count)s pieces", line.pieces)
    if line.factor != 1:
        amount = words.say(
            "%(what)s times %(factor)s", what=amount, factor=words.number(line.factor.normalize())
        )
    return words.say(
        "%(line)s: %(amount)s, %(points)s of the points",
        line=_called(words, line),
        amount=amount,
        points=words.number(_short(line.points)),
    )


def _called(words: Texts, line: LineStory | LineChange) -> str:
    """Name a line as well as is known: by its title, its SKU, its number in the order."""
    name = line.title or line.sku
    if not name:
        return words.say("line %(id)s", id=line.id)
    if line.title and line.sku:
        return f"{line.title} ({line.sku})"
    return name


def _short(points: Decimal) -> Decimal:
    whole = points.to_integral_value()
    return whole if whole == points else points.normalize()


def _step(words: Texts, step: Step, story: Story, currency: str, zone: ZoneInfo) -> Sequence[str]:
    entry = step.entry
    said = words.say(
        "%(when)s: %(text)s",
        when=_when(words, entry.recorded_at, zone),
        text=sentence(entry, words.language, currency),
    )
    if story.asked is not None and entry.id == story.asked.id and len(story.steps) > 1:
        said = f"→ {said}"
    money = _money_of(story, currency)
    return [said, *(f"    {_changed(words, change, money)}" for change in step.changes)]


def _changed(words: Texts, change: LineChange, currency: str) -> str:
    name = _called(words, change)
    if change.before is None:
        return words.say(
            "%(line)s came in: %(amount)s",
            line=name,
            amount=words.money(change.after or Decimal(0), currency),
        )
    if not change.after:
        return words.say(
            "%(line)s counts no more: it was %(amount)s",
            line=name,
            amount=words.money(change.before, currency),
        )
    return words.say(
        "%(line)s: %(after)s instead of %(before)s",
        line=name,
        after=words.money(change.after, currency),
        before=words.money(change.before, currency),
    )


def _thing(words: Texts, one: ObjectName) -> str:
    number = one.number or one.external_id
    named = words.say(_KINDS.get(one.kind, "%(number)s"), number=number)
    if one.kind not in _KINDS:
        named = f"{one.kind} {number}"
    return words.say("%(thing)s in the store %(store)s", thing=named, store=one.store)


def _when(words: Texts, moment: datetime, zone: ZoneInfo) -> str:
    return words.moment(moment, zone)
