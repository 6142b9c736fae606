"""The page behind a one-time link: a person says that two accounts with their e-mail are both theirs."""

from contextlib import suppress

from flask import Blueprint, Response, make_response, render_template
from sqlalchemy import Connection

from app.errors import Conflict, Invalid
from app.services.enrol import confirm_claim
from app.services.links import claim_of, linked_claim
from app.web.context import here

pages = Blueprint("storefront", __name__)

_ACTOR = "the person"


@pages.get("/claim/<token>")
def ask(token: str) -> Response:
    """Ask; nothing happens yet, because mail programs open links on their own."""
    return _page(_claim_of(token))


@pages.post("/claim/<token>")
def confirm(token: str) -> Response:
    """Join the accounts; a second click finds it done."""
    claim_id = _claim_of(token)
    if claim_id is not None:
        # Where it cannot be done (settled or erased by somebody else in this moment), the page says
        # what is true.
        with suppress(Conflict, Invalid):
            here().runtime.database.run(lambda connection: _join(connection, claim_id))
    return _page(claim_id)


def _claim_of(token: str) -> int | None:
    runtime = here().runtime
    return claim_of(runtime.settings.keyring, token, runtime.clock())


def _join(connection: Connection, claim_id: int) -> None:
    found = linked_claim(connection, claim_id)
    if found is not None and found.status == "pending":
        confirm_claim(
            connection,
            here().runtime.vault,
            claim_id=claim_id,
            actor=_ACTOR,
            reason="opened the one-time link sent to the e-mail",
            now=here().runtime.clock(),
        )


def _page(claim_id: int | None) -> Response:
    found = None
    if claim_id is not None:
        with here().runtime.database.snapshot() as connection:
            found = linked_claim(connection, claim_id)
    if found is None:
        return make_response(render_template("claim.html", state="unknown"), 404)
    state = "ask" if found.status == "pending" else "done"
    return make_response(render_template("claim.html", state=state, accounts=found.shops))
