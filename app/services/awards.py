"""Awards in a working set: which one stands for a thing, making one, writing down why it is worth that."""

from collections import defaultdict
from collections.abc import Callable, Iterable

import msgspec

from app.db.ids import new_id
from app.programme.explanation import Explanation
from app.programme.rules import Context
from app.programme.windows import WindowKey
from app.services.gifts import gives
from app.services.rows import AwardRow
from app.services.workset import WorkSet

_PLAIN = Context()
_CONTEXT: msgspec.json.Decoder[Context] = msgspec.json.Decoder(Context)


def context_of(text: str) -> Context:
    """Return a frozen context as stored with its object."""
    return _PLAIN if text == "{}" else _CONTEXT.decode(text)


def encode_context(context: Context) -> str:
    """Return a context as the JSON that is stored."""
    return msgspec.json.encode(context).decode()


def encode_explanation(explanation: Explanation) -> str:
    """Return an explanation as the JSON that is stored."""
    return msgspec.json.encode(explanation).decode()


def decisive_first(work: WorkSet, awards: Iterable[AwardRow]) -> list[AwardRow]:
    """Order awards so that of several for one rule of one person the one that pays comes first.

    There are several once an account was joined to another: each account had its own. If none pays
    now, what comes back belongs to the one that was paid last: it knows what was let off.
    """
    return sorted(
        awards, key=lambda award: (not gives(award), -work.newest.get(award.id, 0), -award.id)
    )


def posted_windows(
    work: WorkSet, mine: Callable[[str], bool]
) -> tuple[dict[int, dict[WindowKey, AwardRow]], dict[int, list[AwardRow]]]:
    """Return, per person, the award of each window, and those that pay a window once more.

    Only of windows whose key is `mine`.
    """
    posted: dict[int, dict[WindowKey, AwardRow]] = defaultdict(dict)
    twice: dict[int, list[AwardRow]] = defaultdict(list)
    for award in decisive_first(work, work.awards.values()):
        if award.object_id is None and mine(award.window_key):
            member = work.member(award.member_id).id
            first = posted[member].setdefault(WindowKey(award.rule, award.window_key), award)
            if first is not award and gives(award):
                twice[member].append(award)
    return posted, twice


def new_award(
    work: WorkSet, member_id: int, rule: str, *, object_id: int | None = None, window_key: str = ""
) -> AwardRow:
    """Make an award that nothing was posted for yet."""
    row = AwardRow(
        new=True,
        id=new_id(),
        programme_id=work.programme_id,
        member_id=member_id,
        object_id=object_id,
        window_key=window_key,
        rule=rule,
    )
    work.awards[row.id] = row
    return row
