"""One request and one answer, free of any server."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Request:
    """A request as it came. `path` is decoded and without query; header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> dict[str, Any]:
        """Return the body as an object; raises ValueError for anything else."""
        value = json.loads(self.body or b"{}")
        if not isinstance(value, dict):
            raise ValueError("not a JSON object")  # noqa: TRY004 - to the caller the same as broken JSON
        return value

    def form(self) -> dict[str, Any]:
        """Return the body as an object, sent as JSON or as a form; raises ValueError."""
        if "json" in self.headers.get("content-type", ""):
            return self.json()
        return dict(parse_qsl(self.body.decode()))


@dataclass
class Answer:
    """An answer: `body` is JSON, unless `text` is set (HTML and the like)."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    content_type: str = "application/json; charset=utf-8"
