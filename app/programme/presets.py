"""Ready-made programmes, each a document that one can read and change, and several of them as one."""

import re
from collections.abc import Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable

import msgspec

from app.errors import ConfigError
from app.programme.combining import Block, blocks, combine
from app.programme.document import parse
from app.programme.reading import suggestion

_SUFFIX = ".toml"
_PRODUCT = "product."


class Preset(msgspec.Struct, frozen=True):
    """What one can know of a preset before reading it."""

    name: str
    about: str
    settings: tuple[str, ...]  # what may be set besides key and currency


def preset_names() -> tuple[str, ...]:
    """Return the names of all presets, in order of the alphabet."""
    names = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def describe(name: str) -> Preset:
    """Return what a preset is; raises ConfigError for an unknown name."""
    tables = blocks(_document(name))
    settings = (f"{_PRODUCT}<store key>",) if any(map(_is_free_product, tables)) else ()
    return Preset(name, tables[0].comment.splitlines()[0].lstrip("# "), settings)


def preset_source(
    name: str,
    *,
    key: str | None = None,
    currency: str | None = None,
    language: str | None = None,
    timezone: str | None = None,
    beside: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
) -> str:
    """Return a preset's document, with another key, currency, language or time zone if wanted.

    It also has the rules and rewards of the presets named `beside`; what two of them share to the letter
    stands there once. `settings` are names with values: "product.<store key>" is the number of the free
    product in that store. Raises ConfigError for an unknown preset or setting, for presets that contradict
    each other, and for a value that no programme can have.
    """
    names = [name, *beside]
    twice = {one for one in names if names.count(one) > 1}
    if twice:
        raise ConfigError(f'the preset "{min(twice)}" is named twice')
    tables = combine([(one, _document(one)) for one in names])
    if settings:
        tables = _with_products(tables, names, settings)
    source = "\n\n".join(table.text for table in tables) + "\n"
    for field, value in (
        ("key", key),
        ("currency", currency),
        ("timezone", timezone),
        ("language", language),
    ):
        if value is not None:
            source = _with(source, field, value)
    parse(source)
    return source


def _folder() -> Traversable:
    return resources.files("app.programme") / "presets"


def _document(name: str) -> str:
    names = preset_names()
    if name not in names:
        raise ConfigError(f'there is no preset "{name}"; {suggestion(name, list(names))}')
    return (_folder() / f"{name}{_SUFFIX}").read_text(encoding="utf-8")


def _is_free_product(table: Block) -> bool:
    return table.table == "reward" and table.values["kind"] == "free-product"


def _with_products(
    tables: Sequence[Block], names: Sequence[str], settings: Mapping[str, str]
) -> list[Block]:
    """Say which product every free product is in the stores named."""
    if not any(map(_is_free_product, tables)):
        raise ConfigError(
            f"{min(settings)!r} cannot be set: without a free product there is nothing to set in "
            + " and ".join(names)
        )
    for name in settings:
        if not name.startswith(_PRODUCT):
            raise ConfigError(f"{name!r} cannot be set; give {_PRODUCT}<store key>=ID")
    products = "".join(
        f'\n\n[[reward.product]]\nstore = "{_safe(name.removeprefix(_PRODUCT))}"\n'
        f'id = "{_safe(product)}"'
        for name, product in settings.items()
    )
    return [
        msgspec.structs.replace(table, text=table.text + products)
        if _is_free_product(table)
        else table
        for table in tables
    ]


def _with(source: str, field: str, value: str) -> str:
    """Set a field of the [programme] table, which opens every preset and has a currency."""
    line = f'{field} = "{_safe(value)}"'
    table, gap, rest = source.partition("\n\n")
    changed, found = re.subn(rf"^{field} = .*$", lambda _: line, table, flags=re.MULTILINE)
    if not found:
        changed = re.sub(
            r"^currency = .*$", lambda one: f"{one[0]}\n{line}", table, flags=re.MULTILINE
        )
    return changed + gap + rest


def _safe(value: str) -> str:
    # Whatever cannot stand between quotes cannot be any of these values either: `parse` says so.
    return re.sub(r'["\\\x00-\x1f\x7f]', "?", value)
