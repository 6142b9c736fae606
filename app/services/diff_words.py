"""Says what differs between two programmes, one sentence a change, in the reader's language.

Every key has its words here or is called by its path, so no table is left without a sentence.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from app.programme.diff import Change
from app.programme.directions import Effect
from app.programme.document import TABLES, Programme
from app.programme.lines import Product
from app.programme.reward import Reward
from app.programme.shop_money import SHOP_MONEY
from app.services.diff_labels import ADDED, CHOICES, EFFECTS, KEYS, REMOVED, SENTENCES, THINGS
from app.services.reward_words import reward_words
from app.services.texts import Texts, texts

_WITHOUT_LIMIT = frozenset(
    {
        "rule.max_points",
        "reward.total",
        "reward.per_member",
        "reward.valid_days",
        "points.expire_months",
        "programme.earns_from",
    }
)
_MONEY = frozenset(
    {"per", "minimum", "goods_over", "goods_from", "spend"}
    | {"spend_over", "spend_from", "spend_under"}
)
_MOST_NAMED = 10


def say_change(change: Change, old: Programme, new: Programme, language: str) -> str:
    """Return the sentence for one difference between `old` and `new`."""
    words, path = texts(language), _path(change)
    name = _name(change, old, new, language)
    if change.what == "moved":
        return words.say("[[%(table)s]] stand in another order.", table=change.table)
    if change.what == "added":
        if change.table in ADDED:
            return words.say(ADDED[change.table], name=name)
        return words.say("There is a new [[%(table)s]]: “%(name)s”.", table=change.table, name=name)
    if change.what == "removed":
        if change.table in REMOVED:
            return words.say(REMOVED[change.table], name=name)
        return words.say("[[%(table)s]] “%(name)s” is gone.", table=change.table, name=name)
    if isinstance(change.old, tuple) and isinstance(change.new, tuple):
        return words.say(
            "%(thing)s: %(what)s: %(changes)s.",
            thing=_thing(words, change, name),
            what=_key(words, path),
            changes=_listed(words, change.old, change.new),
        )
    before, after = (
        _value(words, path, value, programme, change.key)
        for value, programme in ((change.old, old), (change.new, new))
    )
    if path in SENTENCES and None not in {change.old, change.new}:
        return words.say(SENTENCES[path], name=name, old=before, new=after)
    return words.say(
        "%(thing)s: %(what)s is %(new)s instead of %(old)s.",
        thing=_thing(words, change, name),
        what=_key(words, path),
        new=after,
        old=before,
    )


def say_effect(effect: Effect, language: str) -> str:
    """Return whom a change serves, "" if it makes no difference to members."""
    return texts(language).say(EFFECTS[effect]) if effect in EFFECTS else ""


def _path(change: Change) -> str:
    return f"{change.table}.{change.field}" if change.field else change.table


def _name(change: Change, old: Programme, new: Programme, language: str) -> str:
    """Return what people call the table that a change is in."""
    field = next((one for one, table in TABLES.items() if table == change.table), None)
    for programme in (new, old):
        several = getattr(programme, field, ()) if field else ()
        for one in several if isinstance(several, tuple) else (several,):
            if getattr(one, "key", None) != change.key:
                continue
            if isinstance(one, Reward):
                said = reward_words(
                    name=one.name,
                    kind=one.kind,
                    value=one.value,
                    currency=programme.currency,
                    language=language,
                )
                return said if one.name else f"{said} ({one.key})"  # two may give the same
            return str(getattr(one, "name", "") or change.key)
    return change.key


def _thing(words: Texts, change: Change, name: str) -> str:
    if change.table in THINGS:
        return words.say(THINGS[change.table], name=name)
    return f"[[{change.table}]] “{name}”" if change.key else f"[{change.table}]"


def _key(words: Texts, path: str) -> str:
    if path in KEYS:
        return words.say(KEYS[path])
    return words.say("the key “%(key)s”", key=path.partition(".")[2] or path)


def _listed(words: Texts, old: Sequence[Any], new: Sequence[Any]) -> str:
    """Say what a list has more and less; everything, if it only stands in another order."""
    more = [one for one in new if one not in old]
    less = [one for one in old if one not in new]
    said = []
    if more:
        said.append(words.say("new are %(names)s", names=_names(words, more)))
    if less:
        said.append(words.say("gone are %(names)s", names=_names(words, less)))
    return ", ".join(said) or words.say("the order is another")


def _names(words: Texts, several: Sequence[Any]) -> str:
    named = [_plain(words, one) for one in several[:_MOST_NAMED]]
    if len(several) > _MOST_NAMED:
        named.append(
            words.plural("%(count)s more", "%(count)s more altogether", len(several) - _MOST_NAMED)
        )
    return ", ".join(named)


def _plain(words: Texts, value: Any) -> str:
    """Write what stands in a list or is a table of its own, without the marks of any file format."""
    if isinstance(value, str):
        return words.say("“%(word)s”", word=value)
    if isinstance(value, bool):
        return words.say("yes") if value else words.say("no")
    if isinstance(value, int | Decimal):
        return words.number(value)
    if isinstance(value, Product):
        return words.say("product %(id)s of the store %(store)s", id=value.id, store=value.store)
    if isinstance(value, msgspec.Struct):
        written = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        told = [(name, getattr(value, field)) for name, field in written]
        return ", ".join(
            f"{name} {_plain(words, one)}" for name, one in told if one not in {None, "", ()}
        )
    if isinstance(value, tuple):
        return ", ".join(_plain(words, one) for one in value)
    return str(value)


def _value(words: Texts, path: str, value: Any, programme: Programme, key: str) -> str:
    if value is None or value == "":
        return words.say("no limit") if path in _WITHOUT_LIMIT else words.say("not set")
    if isinstance(value, bool):
        return words.say("yes") if value else words.say("no")
    if isinstance(value, int):
        return _count(words, path, value)
    if isinstance(value, Decimal):
        if path.rpartition(".")[2] in _MONEY or _is_money_off(path, programme, key):
            return words.money(value, programme.currency)
        number = words.number(value.normalize())
        return f"{number}%" if path == "reward.value" else number
    if isinstance(value, datetime):  # a local time, shown as it is written
        return words.moment(value.replace(tzinfo=UTC), UTC)
    if isinstance(value, date):
        return words.date_in_words(value)
    choices = CHOICES.get(path, {})
    return words.say(choices[value]) if value in choices else _plain(words, value)


def _count(words: Texts, path: str, count: int) -> str:
    """Write how many of what, as the end of the key says it."""
    last = path.rpartition(".")[2]
    if last.endswith("points") or last == "cost":
        return words.points(count)
    if last.endswith("days"):
        return words.plural("%(count)s day", "%(count)s days", count)
    if last.endswith("months"):
        return words.plural("%(count)s month", "%(count)s months", count)
    return words.number(count)


def _is_money_off(path: str, programme: Programme, key: str) -> bool:
    return path == "reward.value" and any(
        one.key == key and one.kind in {"fixed", "donation"} | SHOP_MONEY
        for one in programme.rewards
    )
