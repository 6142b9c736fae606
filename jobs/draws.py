"""Holds the draws whose time is over, and tells what became of their tickets."""

import logging
from functools import partial

from app.services.draws import due_draws, hold_draw, tell_tickets
from jobs.runtime import Runtime
from jobs.turns import refuse_blame

log = logging.getLogger("stempel.draws")

# On SQLite a slice keeps others from writing: it must be over in some 50 ms.
_EMBEDDED, _SLICE = 10, 100


def hold_draws(runtime: Runtime) -> None:
    """Hold each draw that is due, in a transaction of its own, then see to the tickets in slices.

    One that fails keeps no other waiting; its error is raised in the end.
    """
    database, vault = runtime.database, runtime.vault
    with database.snapshot() as connection:
        due = due_draws(connection, runtime.clock())
    failed: Exception | None = None
    for draw_id in due:
        try:
            database.run(partial(hold_draw, vault=vault, draw_id=draw_id, now=runtime.clock()))
        except Exception as error:  # the edge of the jobs: recorded, never swallowed
            refuse_blame(runtime, error)
            log.exception("draw %s cannot be held", draw_id)
            failed = error
    limit = _EMBEDDED if database.embedded else _SLICE
    while database.run(partial(tell_tickets, vault=vault, now=runtime.clock(), limit=limit)):
        pass
    if failed is not None:
        raise failed
