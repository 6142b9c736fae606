"""Turns plain data into structs, with errors a shop owner can act on.

msgspec would validate too, but its sentences speak of types. Ours name the key path, the value that
was given and what is allowed; the latter is the `description` of the field's `Meta`.
"""

import difflib
import re
import types
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from app.errors import ConfigError

_T = TypeVar("_T", bound=msgspec.Struct)

_LONGEST_SHOWN = 60
# Decimal itself also takes "1_0", blanks around and digits of every script.
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# Controls, and marks of direction (with U+202E a name is read backwards). Joiners make up some signs.
# Held against what is written only: a version that was published with one stays readable.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]"
)


def read(kind: type[_T], raw: object, path: str) -> _T:
    """Return the struct that a TOML table describes.

    Raises ConfigError for an unknown, missing or ill-valued key. Field names are those of the
    document; `path` is where the table stands in it, "" at the top.
    """
    if not isinstance(raw, Mapping):
        raise wrong(path, raw, "a table")
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name in raw:
        if name not in fields:
            raise ConfigError(_unknown(_below(path, _one_line(name)), name, list(fields)))
    hints = _hints(kind)
    values: dict[str, Any] = {}
    for name, field in fields.items():
        hint = hints[field.name]
        if name in raw:
            values[field.name] = _value(hint, raw[name], _below(path, name))
        elif field.required:
            raise ConfigError(f"{_below(path, name)} is missing: {_allowed(hint)}")
    return kind(**values)


def wrong(path: str, value: object, allowed: str) -> ConfigError:
    """Return the error of a value that doesn't fit its key."""
    return ConfigError(f"{path}: {_shown(value)} is not allowed here; give {allowed}")


def suggestion(name: str, names: list[str]) -> str:
    """Return a hint at the nearest of the names, or the list of them."""
    close = difflib.get_close_matches(name, names, n=1)
    return f'did you mean "{close[0]}"?' if close else "known are: " + ", ".join(sorted(names))


@cache
def _hints(kind: type[msgspec.Struct]) -> Mapping[str, Any]:
    """Return the types of a struct's fields: to work them out takes longer than to read a document."""
    return get_type_hints(kind, include_extras=True)


def _unknown(path: str, name: str, names: list[str]) -> str:
    return f"{path} is not a key we know; {suggestion(name, names)}"


def _value(hint: Any, raw: object, path: str) -> Any:
    nested = _struct_of(hint)
    if nested is not None:
        return read(nested, raw, path)
    item = _item_of(hint)
    if item is not None:
        if not isinstance(raw, list):
            tables = f"a list of tables, each written [[{path}]]"
            one = f"a list in square brackets; each of it {_allowed(item)}"
            raise wrong(path, raw, tables if _struct_of(item) else one)
        return tuple(_value(item, one, f"{path}[{at}]") for at, one in enumerate(raw))
    # A boolean is a number to Python, a number a switch to some converters; neither is meant.
    if isinstance(raw, bool) and not _is_switch(hint):
        raise wrong(path, raw, _allowed(hint))
    if isinstance(raw, str) and _is_decimal(hint) and not _PLAIN_NUMBER.fullmatch(raw):
        raise wrong(path, raw, _allowed(hint))
    try:
        value = msgspec.convert(raw, hint)
    except msgspec.ValidationError:
        raise wrong(path, raw, _allowed(hint)) from None
    if isinstance(raw, str) and _UNSEEN.search(raw):
        raise wrong(
            path, raw, "a text without characters that nobody sees or that turn others round"
        )
    return value


def _allowed(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        for extra in get_args(hint)[1:]:
            if isinstance(extra, msgspec.Meta) and extra.description:
                return extra.description
    if _is_switch(hint):
        return "true or false"
    return "a table" if _struct_of(hint) else "a value of the documented form"


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _is_switch(hint: Any) -> bool:
    bare = _bare(hint)
    return bare is bool or bool in get_args(bare)


def _is_decimal(hint: Any) -> bool:
    bare = _bare(hint)
    return Decimal in ((bare,) if isinstance(bare, type) else get_args(bare))


def _struct_of(hint: Any) -> type[msgspec.Struct] | None:
    bare = _bare(hint)
    if isinstance(bare, types.UnionType):
        bare = next((part for part in get_args(bare) if part is not type(None)), None)
    return bare if isinstance(bare, type) and issubclass(bare, msgspec.Struct) else None


def _item_of(hint: Any) -> Any:
    """Return what a list is made of, None for anything else."""
    bare = _bare(hint)
    return get_args(bare)[0] if get_origin(bare) is tuple else None


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > _LONGEST_SHOWN:
        return f"a number of {value.bit_length()} bits"  # Python refuses to write out long ones
    text = f'"{value}"' if isinstance(value, str) else str(value)
    if isinstance(value, bool):
        text = text.lower()
    return _one_line(text)


def _one_line(text: str) -> str:
    """Return the beginning of a text; a line break would tear the sentence apart."""
    text = text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
