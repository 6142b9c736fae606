"""Holds the draws whose time is over, and tells what became of their tickets."""

from functools import partial

from app.services.draws import due_draws, hold_draw, tell_tickets
from jobs.runtime import Runtime

# On SQLite a slice keeps others from writing: it must be over in some 50 ms.
_EMBEDDED, _SLICE = 10, 100


def hold_draws(runtime: Runtime) -> None:
    """Hold each draw that is due, in a transaction of its own, then see to the tickets in slices."""
    database, vault = runtime.database, runtime.vault
    with database.snapshot() as connection:
        due = due_draws(connection, runtime.clock())
    for draw_id in due:
        database.run(partial(hold_draw, vault=vault, draw_id=draw_id, now=runtime.clock()))
    limit = _EMBEDDED if database.embedded else _SLICE
    while database.run(partial(tell_tickets, vault=vault, now=runtime.clock(), limit=limit)):
        pass
