"""The pages that e-mails are drawn as: each is `letter.html` with a body of its own."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


@cache
def page(name: str) -> Template:
    """Return a page; one that is given less than it shows fails instead of leaving that out."""
    pages = Environment(
        loader=PackageLoader("app.services"), autoescape=True, undefined=StrictUndefined
    )
    return pages.get_template(name)
