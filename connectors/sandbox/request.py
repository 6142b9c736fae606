"""One request and one answer, free of any server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """A request as it came. `path` is decoded and without query; header names are lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]  # decoded, in order
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass
class Answer:
    """An answer: `body` is JSON, unless `text` is set (HTML and the like)."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    content_type: str = "application/json; charset=utf-8"
