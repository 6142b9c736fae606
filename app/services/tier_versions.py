"""What a programme's versions say of tiers, whoever asks: whether there are any, and what they go by."""

from collections.abc import Sequence

from app.programme.tier import TierBy
from app.services.programmes import Version


def has_tiers(versions: Sequence[Version]) -> bool:
    """Say whether any version has tiers."""
    return any(one.programme.tiers for one in versions)


def measures_of(versions: Sequence[Version]) -> tuple[TierBy, ...]:
    """Return what the tiers of all versions go by: facts are kept of each."""
    return tuple(sorted({one.programme.tiering.by for one in versions if one.programme.tiers}))
