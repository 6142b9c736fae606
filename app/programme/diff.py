"""What differs between two programmes, as data: which table, which key, from what to what. Pure.

Walks whatever tables a document has; which way a change is worse for members stands in `directions`.
"""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from app.programme.directions import Effect, effect_of, effect_of_adding, opposite
from app.programme.document import TABLES, Programme


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. `field` is the path below the table, "" for a table that came or went."""

    what: Literal["added", "removed", "changed", "moved"]
    table: str  # as the document writes it, "rule"
    key: str = ""  # of [[table]]s
    field: str = ""
    old: Any = None
    new: Any = None
    effect: Effect


def diff(old: Programme, new: Programme) -> tuple[Change, ...]:
    """Return every difference, in the order of the document; none for programmes that are equal."""
    changes: list[Change] = []
    for field in msgspec.structs.fields(Programme):
        table = TABLES.get(field.name, "")
        if field.name == "tiering" and not (old.tiers and new.tiers):
            continue  # how tiers are reached says nothing where there are none
        before, after = getattr(old, field.name), getattr(new, field.name)
        if table:
            changes += _of_table(table, before, after)
        else:
            changes += _of_value("programme", "", field.name, before, after)
    return tuple(changes)


def _of_table(table: str, old: Any, new: Any) -> Iterator[Change]:
    before, after = _by_key(old), _by_key(new)
    if before is None or after is None:
        yield from _of_value(table, "", "", old, new)
        return
    for key, one in before.items():
        if key in after:
            yield from _of_value(table, key, "", one, after[key])
        else:
            effect = opposite(effect_of_adding(table, one, after.values()))
            yield Change(what="removed", table=table, key=key, old=one, effect=effect)
    for key, one in after.items():
        if key not in before:
            effect = effect_of_adding(table, one, before.values())
            yield Change(what="added", table=table, key=key, new=one, effect=effect)
    if _common(before, after) != _common(after, before):
        yield Change(what="moved", table=table, effect=Effect.NEITHER)


def _common(of: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return [key for key in of if key in other]


def _by_key(several: Any) -> dict[str, Any] | None:
    """Return the tables of a list, or the one that there may be, by their keys, None for anything else."""
    if several is None:
        return {}
    if isinstance(several, msgspec.Struct):
        several = (several,)
    if not isinstance(several, tuple):
        return None
    if not all(isinstance(one, msgspec.Struct) and hasattr(one, "key") for one in several):
        return None
    return {one.key: one for one in several}


def _of_value(table: str, key: str, path: str, old: Any, new: Any) -> Iterator[Change]:
    if old == new:
        return
    if isinstance(old, msgspec.Struct) and type(old) is type(new):
        for name, written in zip(old.__struct_fields__, old.__struct_encode_fields__, strict=True):
            below = f"{path}.{written}" if path else written
            yield from _of_value(table, key, below, getattr(old, name), getattr(new, name))
        return
    yield Change(
        what="changed",
        table=table,
        key=key,
        field=path,
        old=old,
        new=new,
        effect=effect_of(f"{table}.{path}" if path else table, old, new),
    )
