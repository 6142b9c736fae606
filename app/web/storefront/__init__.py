"""The pages of members. Whoever has the address may open them: a link in it says who they are."""

from flask import Flask

from app.web.storefront.claims import pages


def register(app: Flask) -> None:
    """Add the pages to an application."""
    app.register_blueprint(pages)
