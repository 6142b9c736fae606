"""The pages of owners and support: what came in, who has what and why, what the shops show."""

from flask import Flask

from app.web.console.pages import pages
from app.web.console.words import masked, reason_word, stage_word, state_word


def register(app: Flask) -> None:
    """Add the pages to an application."""
    app.register_blueprint(pages)
    app.add_template_filter(masked, "masked")
    app.add_template_filter(state_word, "word")
    app.add_template_filter(reason_word, "reason")
    app.add_template_filter(stage_word, "stage")
