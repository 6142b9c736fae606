"""The whole story of a ledger entry: by which version, what each line gave, what came of it later.

Read models only. What an award was worth at each entry is stored with the entry; here it is put side by
side, and each line is given its share of the points. The words are in `story_words`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import msgspec
from sqlalchemy import Connection, select

from app.db import tables as t
from app.errors import NotFound
from app.programme.events import Line, OrderFacts
from app.programme.explanation import Explanation, Reason
from app.services.explain import read_explanation
from app.services.explain_multipliers import NO_NAMES, Names
from app.services.facts import decode_facts
from app.services.keys import Vault
from app.services.names import names_for
from app.services.stores import get_store
from app.services.view_ledger import (
    EntryView,
    ObjectName,
    entries_of_award,
    entry_of,
    objects_named,
)
from app.services.views import LARGEST_ID

POSTING = ("earn", "reverse")
"""Kinds of entries that say what an award is worth with them."""


class LineStory(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an order: what counted of it, and its share of the points before rounding."""

    id: str
    sku: str | None
    title: str | None
    amount: Decimal  # what is left of it, in the order's currency
    factor: Decimal  # how many times it counts
    pieces: int | None  # that count, if pieces are paid for
    points: Decimal  # to 6 decimals; the shares make up what was rounded then


class LineChange(msgspec.Struct, frozen=True, kw_only=True):
    """What counts of a line after an entry and before it; None where the line wasn't there."""

    id: str
    sku: str | None
    title: str | None
    before: Decimal | None
    after: Decimal | None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of an award, and which lines it was about."""

    entry: EntryView
    changes: tuple[LineChange, ...]


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """How an award came about and what became of it.

    `asked` is the entry that was asked for, if it was one. `version` judged the object; `since` is when
    that one began, None for the first. `worth` is what the award gives now.
    """

    programme_id: int
    asked: EntryView | None
    rule: str
    window: str
    version: int | None
    since: datetime | None
    about: ObjectName | None
    occurred_at: datetime | None
    explanation: Explanation | None
    lines: tuple[LineStory, ...]
    objects: tuple[ObjectName, ...]  # of a window: those that decided
    steps: tuple[Step, ...]
    worth: int | None
    names: Names = NO_NAMES  # of what the explanation tells by key


def story_of_entry(connection: Connection, vault: Vault, entry_id: int) -> Story:
    """Return the story of one ledger entry; raises NotFound."""
    entry = entry_of(connection, entry_id)
    if entry is None:
        raise NotFound(
            f"There is no ledger entry {entry_id}. See: stempel ledger show MEMBER --json"
        )
    steps = [] if entry.award_id is None else entries_of_award(connection, entry.award_id)
    return _story(connection, vault, entry, steps or [entry])


def stories_of_order(connection: Connection, vault: Vault, store: str, number: str) -> list[Story]:
    """Return the story of each award of an order, by its number (with or without "#") or id in a store.

    One that never gave anything has its reason and no entries. Raises NotFound.
    """
    query = (
        select(t.source_object)
        .join(t.store, t.store.c.id == t.source_object.c.store_id)
        .where(t.store.c.key == store, t.source_object.c.kind == "order")
        .order_by(t.source_object.c.occurred_at.desc())
    )
    wanted = number.strip()
    bare = wanted.removeprefix("#")  # Shopify calls the order 1005 "#1005"
    meant = (
        t.source_object.c.number == wanted,
        t.source_object.c.number == (f"#{wanted}" if bare == wanted else bare),
        t.source_object.c.external_id == bare,
    )
    rows = (connection.execute(query.where(one)).first() for one in meant)
    found = next((row for row in rows if row is not None), None)
    if found is None:
        get_store(connection, store)  # of an unknown store that is the news
        raise NotFound(
            f"The shop {store!r} has not told of an order {number!r}. What it told of: "
            f"stempel events list --store {store}"
        )
    [about] = objects_named(connection, [found.id])
    awards = connection.execute(
        select(t.award)
        .where(t.award.c.object_id == found.id)
        .order_by(t.award.c.rule, t.award.c.id)
    ).all()
    stories = []
    for award in awards:
        steps = entries_of_award(connection, award.id)
        if steps:
            newest = [one for one in steps if one.kind in POSTING][-1:] or steps[-1:]
            told = _story(connection, vault, newest[0], steps)
            stories.append(msgspec.structs.replace(told, asked=None))
            continue
        explanation, sold = read_explanation(award.explanation), _sold(connection, found.id)
        stories.append(
            Story(
                programme_id=found.programme_id,
                asked=None,
                rule=award.rule,
                window="",
                version=found.version,
                since=_since(connection, found.programme_id, found.version),
                about=about,
                occurred_at=found.occurred_at,
                explanation=explanation,
                lines=tuple(_lines(explanation, sold, {})) if explanation else (),
                objects=(),
                steps=(),
                worth=award.points,
                names=names_for(connection, [(found.programme_id, explanation)]).get(
                    found.programme_id, NO_NAMES
                ),
            )
        )
    return stories


def _story(
    connection: Connection, vault: Vault, entry: EntryView, steps: Sequence[EntryView]
) -> Story:
    told = entry.explanation
    deliveries = [one.delivery_id for one in steps if one.delivery_id is not None]
    sold = {} if entry.about is None else _sold(connection, entry.about.id)
    titles = _titles(connection, vault, deliveries) if sold else {}
    version = entry.version if told is None else told.version or entry.version
    return Story(
        programme_id=entry.programme_id,
        asked=entry,
        rule=entry.rule or "",
        window=entry.window,
        version=version,
        since=_since(connection, entry.programme_id, version),
        about=entry.about,
        occurred_at=entry.occurred_at,
        explanation=told,
        lines=() if told is None else tuple(_lines(told, sold, titles)),
        objects=() if told is None else tuple(objects_named(connection, told.objects)),
        steps=tuple(_steps(steps, sold, titles)),
        worth=next((one.worth for one in reversed(steps) if one.worth is not None), None),
        names=entry.names,
    )


def _since(connection: Connection, programme_id: int, version: int | None) -> datetime | None:
    if not version:
        return None
    query = select(t.programme_version.c.effective_at).where(
        t.programme_version.c.programme_id == programme_id,
        t.programme_version.c.number == version,
    )
    return connection.execute(query).scalar()


def _sold(connection: Connection, object_id: int) -> dict[str, Line]:
    """Return the lines of an order as it is now, by id; none for other objects."""
    facts = decode_facts(
        connection.execute(
            select(t.source_object.c.facts).where(t.source_object.c.id == object_id)
        ).scalar_one()
    )
    return {line.id: line for line in facts.lines} if isinstance(facts, OrderFacts) else {}


def _lines(told: Explanation, sold: dict[str, Line], titles: dict[str, str]) -> Iterable[LineStory]:
    """Give each line that counts its share of the points."""
    pieces = dict(told.pieces)
    factors = {line: _times(told, line) for line, _ in told.lines}
    weights = {
        line: Fraction(pieces.get(line, 0) if told.pieces else amount) * Fraction(factors[line])
        for line, amount in told.lines
    }
    total = sum(weights.values(), Fraction(0))
    given = told.points_each if told.reason is Reason.EARNED else None  # once for the whole order
    points = Fraction(given or 0 if told.raw is None else told.raw)
    for line, amount in told.lines:
        share = points * weights[line] / total if total else Fraction(0)
        yield LineStory(
            id=line,
            sku=sold[line].sku if line in sold else None,
            title=titles.get(line),
            amount=amount,
            factor=factors[line],
            pieces=pieces.get(line, 0) if told.pieces else None,
            points=(Decimal(share.numerator) / Decimal(share.denominator)).quantize(
                Decimal("0.000001")
            ),
        )


def _times(told: Explanation, line: str) -> Decimal:
    """Return how many times a line counts: by the rule, and by what tier and campaigns multiply."""
    once = Decimal(1)
    together = told.multiplier if told.multiplier is not None and not told.boosted else once
    return dict(told.factors).get(line, once) * dict(told.boosted).get(line, together)


def _steps(
    entries: Sequence[EntryView], sold: dict[str, Line], titles: dict[str, str]
) -> Iterable[Step]:
    known: dict[str, Decimal] = {}
    first = True
    for entry in entries:
        told = entry.explanation
        if entry.kind not in POSTING or told is None or not told.lines:
            # What counts of the lines is not said where nothing counts for another reason.
            yield Step(entry=entry, changes=())
            continue
        now = dict(told.lines)
        changed = (
            []
            if first
            else sorted(
                line for line in known.keys() | now.keys() if known.get(line) != now.get(line)
            )
        )
        yield Step(
            entry=entry,
            changes=tuple(
                LineChange(
                    id=line,
                    sku=sold[line].sku if line in sold else None,
                    title=titles.get(line),
                    before=known.get(line),
                    after=now.get(line),
                )
                for line in changed
            ),
        )
        known, first = now, False


class _Item(msgspec.Struct, frozen=True):
    """A line of an order in what a shop sent: all that is needed to name it."""

    id: int | str
    name: str = ""


class _Body(msgspec.Struct, frozen=True):
    line_items: tuple[_Item, ...] = ()


def _titles(connection: Connection, vault: Vault, deliveries: Sequence[int]) -> dict[str, str]:
    """Return what the shop calls the lines, by line, as long as one of these bodies is stored."""
    titles: dict[str, str] = {}
    rows = connection.execute(
        select(t.delivery_body)
        .where(t.delivery_body.c.delivery_id.in_(deliveries))
        .order_by(t.delivery_body.c.delivery_id)
    )
    for row in rows:
        raw = vault.open_body(connection, row.data_key_id, row.delivery_id, row.body)
        try:
            body = msgspec.json.decode(raw, type=_Body)
        except msgspec.DecodeError:
            continue  # a read's answer, or another kind of message
        titles |= {str(item.id): item.name for item in body.line_items if item.name}
    return titles


def entry_id_of(text: str) -> int:
    """Return the number that somebody gave as an entry's id; raises NotFound for what is none."""
    word = text.strip()
    if not (word.isascii() and word.isdecimal()) or int(word[:30]) > LARGEST_ID:
        raise NotFound(
            f"{text!r} is no entry's id: that is a number, see stempel ledger show --json"
        )
    return int(word)
