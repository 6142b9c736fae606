"""Pages and the public API, served by Flask behind the edge."""

from typing import Any

from flask import Flask, Response, make_response, render_template, request, session
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from app.errors import ConfigError, NotFound
from app.services.texts import mark
from app.web import console, language, storefront
from app.web.access import ENTRY_LIFE, Gate
from app.web.context import EXTENSION, WebContext

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_ENTERED = "entered"
_FOR_EVERYONE = {"storefront"}  # what they may see is in the address they were sent


def create_web(context: WebContext) -> Flask:
    """Build the Flask application of all pages."""
    settings = context.runtime.settings
    app = Flask(__name__)
    app.extensions[EXTENSION] = context
    app.secret_key = settings.keyring.lookup("cookie")
    app.config.update(
        SESSION_COOKIE_NAME="stempel",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=ENTRY_LIFE,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    language.speak(app)
    gate = Gate(settings, context.runtime.clock)
    app.before_request(lambda: _guard(gate))
    app.after_request(_finish)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(NotFound, lambda _error_seen: _not_found())
    app.register_error_handler(ConfigError, lambda error: _error(500, str(error)))
    app.register_error_handler(OperationalError, _database_away)
    console.register(app)
    storefront.register(app)
    return app


def _guard(gate: Gate) -> Response | None:
    """Let the request through, or answer what to do to be let in."""
    if request.endpoint == "static" or request.blueprint in _FOR_EVERYONE:
        return None
    if gate.is_local(request) or session.get(_ENTERED):
        return None
    token = request.args.get("token")
    if token is not None and gate.admit(token):
        session.permanent = True
        session[_ENTERED] = True
        # Not a redirect: a browser that followed a link from elsewhere would not send a strict cookie
        # along with one.
        return make_response(render_template("entered.html"))
    response = make_response(render_template("refused.html", used=token is not None), 401)
    response.headers["WWW-Authenticate"] = 'Token realm="Stempel"'
    return response


def _finish(response: Response) -> Response:
    response.headers.update(_HEADERS)
    if request.endpoint == "static":
        return response
    # Names and balances: kept by no cache. The ETag is for the page's own poll.
    response.headers["Cache-Control"] = "no-store"
    response.vary.update(("Accept-Language", "Cookie"))
    if request.method == "GET" and response.status_code == 200 and not response.direct_passthrough:
        response.add_etag()
        response.make_conditional(request)
    return response


def _error(status: int, sentence: str) -> Response:
    return make_response(render_template("error.html", sentence=sentence), status)


def _not_found() -> Response:
    return _error(404, language.here().say(mark("There is no such page.")))


def _http_error(error: HTTPException) -> Response:
    if error.code == 404:
        return _not_found()
    response = _error(error.code or 500, error.description or error.name)
    response.headers.extend(
        (name, value) for name, value in error.get_headers() if name.lower() == "allow"
    )
    return response


def _database_away(_error_seen: Any) -> Response:
    sentence = language.here().say("The database is away. Webhooks wait; look again in a moment.")
    return _error(503, sentence)
