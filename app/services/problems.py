"""What a proof of the ledger finds."""

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it must be, and where."""

    what: str
    member: int | None = None
    entry: int | None = None
    object: int | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a verification. `ok` means: no problems."""

    ok: bool
    entries: int
    members: int
    objects: int
    problems: list[Problem]
