"""The reader's language: chosen by a click and kept in a cookie, else what the browser asks for."""

from datetime import tzinfo
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, g, request
from markupsafe import Markup

from app.services.texts import LANGUAGES, Texts, texts

_COOKIE = "language"
_YEAR = 365 * 86_400


def speak(app: Flask) -> None:
    """Give an application's pages the reader's language: `_()`, `plural()`, `words` in templates."""
    app.before_request(_choose)
    app.after_request(_remember)
    app.context_processor(lambda: {"words": here(), "languages": LANGUAGES})
    app.add_template_global(_say, "_")
    app.add_template_global(_plural, "plural")
    app.add_template_global(_when, "when")
    app.add_template_global(_other_language, "other_language")


def here() -> Texts:
    """Return the words of the reader of this request."""
    found: Texts = g.texts
    return found


def _choose() -> None:
    asked = request.args.get("lang") or request.cookies.get(_COOKIE)
    if asked not in LANGUAGES:
        asked = request.accept_languages.best_match(list(LANGUAGES), "en")
    g.texts = texts(asked or "en")


def _remember(response: Response) -> Response:
    response.headers["Content-Language"] = here().language
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie(
            _COOKIE, here().language, max_age=_YEAR, httponly=True, samesite="Lax", path="/"
        )
    return response


def _other_language(code: str) -> str:
    """Return the query of this page in another language."""
    kept = {name: value for name, value in request.args.items() if name not in {"lang", "token"}}
    return urlencode({**kept, "lang": code})


def _say(message: str, **values: Any) -> str:
    return here().say(message, **values)


def _plural(one: str, many: str, count: int, **values: Any) -> str:
    return here().plural(one, many, count, **values)


def _when(value: Any, zone: tzinfo) -> Markup:
    """Write a time for people, with the exact one for machines."""
    if value is None:
        return Markup("")
    return Markup('<time datetime="{}">{}</time>').format(
        value.isoformat(), here().moment(value, zone)
    )
