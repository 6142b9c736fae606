"""Ready-made programmes, each a document that one can read and change."""

import re
from importlib import resources
from importlib.resources.abc import Traversable

from app.errors import ConfigError
from app.programme.document import parse
from app.programme.reading import suggestion

_SUFFIX = ".toml"


def preset_names() -> tuple[str, ...]:
    """Return the names of all presets, in order of the alphabet."""
    names = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def preset_source(name: str, *, key: str | None = None, currency: str | None = None) -> str:
    """Return a preset's document, with another programme key or currency if wanted.

    Raises ConfigError for an unknown name and for a key or currency that no programme can have.
    """
    names = preset_names()
    if name not in names:
        raise ConfigError(f'there is no preset "{name}"; {suggestion(name, list(names))}')
    source = (_folder() / f"{name}{_SUFFIX}").read_text(encoding="utf-8")
    for field, value in (("key", key), ("currency", currency)):
        if value is not None:
            source = _with(source, field, value)
    parse(source)
    return source


def _folder() -> Traversable:
    return resources.files("app.programme") / "presets"


def _with(source: str, field: str, value: str) -> str:
    """Replace a field of the [programme] table, which opens every preset."""
    # Whatever cannot stand between quotes cannot be a key or currency either: `parse` says so.
    safe = re.sub(r'["\\\x00-\x1f\x7f]', "?", value)
    line = f'{field} = "{safe}"'
    return re.sub(rf"^{field} = .*$", lambda _: line, source, count=1, flags=re.MULTILINE)
