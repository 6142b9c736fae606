"""What a shop shows about a customer: our tags and metafields, and what must change about them.

Tags are what other apps can read; the merchant's own are never touched. Metafields are what themes and
the shop's admin show; a discount code is in one and never a tag, which every app sees.
"""

from collections.abc import Sequence

import msgspec

from connectors.base import CustomerState
from connectors.shown import codes_as_json

OURS = "stempel:"
MEMBER = f"{OURS}member"
_POINTS = f"{OURS}points="
_TIER = f"{OURS}tier="
_PERK = f"{OURS}perk="

NAMESPACE = "$app:stempel"
BALANCE, BALANCE_TYPE = "balance", "number_integer"
TIER, TIER_TYPE = "tier", "single_line_text_field"
CODES, CODES_TYPE = "codes", "json"

_MAX_TAG = 255


class Value(msgspec.Struct):
    """The value of a metafield, always text."""

    value: str


class Shown(msgspec.Struct):
    """A customer as customer_marks.graphql gives it."""

    id: str
    tags: list[str]
    balance: Value | None = None
    tier: Value | None = None
    codes: Value | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What differs about one customer; `id` is the global one."""

    id: str
    remove: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    put: tuple[tuple[str, str, str], ...] = ()  # metafields: key, type, value
    delete: tuple[str, ...] = ()  # metafields: key

    def __bool__(self) -> bool:
        return bool(self.remove or self.add or self.put or self.delete)


def tags_of(state: CustomerState) -> tuple[str, ...]:
    """Return the tags that a customer shall show."""
    perks = (f"{_PERK}{perk}" for perk in state.perks)
    tags = (MEMBER, f"{_POINTS}{state.balance}", *perks)
    return tags if state.tier is None else (*tags, f"{_TIER}{state.tier}")


def trouble(state: CustomerState) -> str | None:
    """Say why a state cannot be shown, None if it can."""
    if any("," in tag for tag in tags_of(state)):
        return "the tier's name holds a comma, which would make two tags of it"
    if any(len(tag) > _MAX_TAG for tag in tags_of(state)):
        return f"the tier's name makes a tag of more than {_MAX_TAG} characters"
    return None


def change(state: CustomerState, shown: Shown) -> Change:
    """Return what must be done so that `shown` says what `state` says, and nothing more."""
    wanted = tags_of(state)
    put = []
    if shown.balance is None or shown.balance.value != str(state.balance):
        put.append((BALANCE, BALANCE_TYPE, str(state.balance)))
    if state.tier is not None and (shown.tier is None or shown.tier.value != state.tier):
        put.append((TIER, TIER_TYPE, state.tier))
    codes = codes_as_json(state.codes)
    if state.codes and not _same(shown.codes, codes):
        put.append((CODES, CODES_TYPE, codes))
    # A text field cannot be empty: no tier is no metafield. No codes are none either.
    delete = [TIER] if state.tier is None and shown.tier is not None else []
    if not state.codes and shown.codes is not None:
        delete.append(CODES)
    return Change(
        id=shown.id,
        remove=tuple(tag for tag in shown.tags if _is_stale(tag, wanted)),
        add=_missing(wanted, shown.tags),
        put=tuple(put),
        delete=tuple(delete),
    )


def _same(shown: Value | None, wanted: str) -> bool:
    """Compare JSON by what it says: the shop may have written it anew, or somebody by hand."""
    if shown is None:
        return False
    try:
        return bool(msgspec.json.decode(shown.value) == msgspec.json.decode(wanted))
    except (msgspec.DecodeError, RecursionError):
        return False


def _is_stale(tag: str, wanted: Sequence[str]) -> bool:
    return tag.startswith((_POINTS, _TIER, _PERK)) and not _among(tag, wanted)


def _missing(wanted: Sequence[str], shown: Sequence[str]) -> tuple[str, ...]:
    return tuple(tag for tag in wanted if not _among(tag, shown))


def _among(tag: str, tags: Sequence[str]) -> bool:
    # Two tags that differ by case only are one to Shopify.
    return tag.casefold() in {one.casefold() for one in tags}
