"""One request as Shopify reads it."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from connectors.sandbox import request


@dataclass(frozen=True)
class Request(request.Request):
    """A request whose body is an object."""

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
