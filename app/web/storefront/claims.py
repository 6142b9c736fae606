"""The page behind a one-time link: a person says that two accounts with their e-mail are both theirs."""

from contextlib import suppress

from flask import Blueprint, Response, make_response, render_template
from sqlalchemy import Connection

from app.errors import Conflict, Invalid
from app.services.enrol import confirm_claim
from app.services.links import linked_claim
from app.web.context import here

pages = Blueprint("storefront", __name__)

_ACTOR = "the person"


@pages.get("/claim/<token>")
def ask(token: str) -> Response:
    """Ask; nothing happens yet, because mail programs open links on their own."""
    runtime = here().runtime
    with runtime.database.snapshot() as connection:
        found = linked_claim(connection, runtime.settings.keyring, token, runtime.clock())
    if found is None:
        return make_response(render_template("claim.html", state="unknown"), 404)
    return make_response(
        render_template("claim.html", state="ask" if found.status == "pending" else "done")
    )


@pages.post("/claim/<token>")
def confirm(token: str) -> Response:
    """Join the accounts; a second click finds it done."""
    runtime = here().runtime

    def join(connection: Connection) -> None:
        found = linked_claim(connection, runtime.settings.keyring, token, runtime.clock())
        if found is not None and found.status == "pending":
            confirm_claim(
                connection,
                runtime.vault,
                claim_id=found.claim_id,
                actor=_ACTOR,
                reason="opened the one-time link sent to the e-mail",
                now=runtime.clock(),
            )

    # Where it cannot be done (settled or erased by somebody else in this moment), the page says what is
    # true.
    with suppress(Conflict, Invalid):
        runtime.database.run(join)
    return ask(token)
