"""JSON bytes as PHP's json_encode writes them: pure ASCII, escaped slashes, no ".0" on floats."""

import json
from typing import Any


def dumps(value: Any) -> bytes:
    r"""Encode; emoji become surrogate pairs, `/` becomes `\\/`."""
    text = json.dumps(_plain(value), ensure_ascii=True, separators=(",", ":"))
    # A slash can only stand inside a string, so this never touches the structure.
    return text.replace("/", "\\/").encode("ascii")


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
