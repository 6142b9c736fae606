"""What a tier gives: looked up by the key that was frozen with an order."""

from app.programme.document import Programme
from app.programme.tier import Tier


def tier_of(programme: Programme, key: str | None) -> Tier | None:
    """Return the tier with this key, None if this version of the programme has no such tier."""
    return next((one for one in programme.tiers if one.key == key), None)
