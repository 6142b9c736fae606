"""Pages and the public API, served by Flask behind the edge."""

from typing import Any

from flask import Flask


def create_web(context: Any) -> Flask:
    """Build the Flask application of all pages."""
    app = Flask(__name__)
    app.extensions["stempel"] = context
    return app
