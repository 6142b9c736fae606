"""One request and one answer, as WordPress reads and labels them."""

import json
import re
from dataclasses import dataclass
from typing import Any

from connectors.sandbox import request
from connectors.woocommerce.sandbox.errors import RestError

PREFIX = "/wp-json/wc/v3"


@dataclass(frozen=True)
class Request(request.Request):
    """A request whose parameters are read as PHP reads them."""

    def param(self, name: str) -> str | None:
        """Return a query parameter; as in PHP, the last one counts."""
        values = [value for key, value in self.query if key == name]
        return values[-1] if values else None

    def listed(self, name: str) -> list[str] | None:
        """Return a list parameter: `a=1,2`, `a[]=1&a[]=2` or `a[0]=1`; None if absent."""
        pattern = re.compile(rf"{re.escape(name)}(\[\d*\])?")
        found = [value for key, value in self.query if pattern.fullmatch(key)]
        if not found:
            return None
        return [part.strip() for value in found for part in value.split(",") if part.strip()]

    def flag(self, name: str) -> bool:
        """Return a boolean query parameter."""
        return (self.param(name) or "").lower() in {"1", "true", "yes"}

    def json(self) -> dict[str, Any]:
        """Return the body as an object; raises the shop's answer for broken JSON."""
        if not self.body.strip():
            return {}
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise RestError(
                400,
                "rest_invalid_json",
                "Invalid JSON body passed.",
                {"status": 400, "json_error_code": 4, "json_error_message": "Syntax error"},
            ) from error
        return value if isinstance(value, dict) else {}


@dataclass
class Answer(request.Answer):
    """An answer that calls its alphabet as WordPress does."""

    content_type: str = "application/json; charset=UTF-8"
