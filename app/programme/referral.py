"""The part of the programme document about recommending the shop to friends.

```toml
[[rule]]
key = "referral"
on = "referral"
points = 200                    # for who recommended the shop
friend_points = 50              # for the friend; left out: nothing
return_days = 14                # pending so long after the friend's first order was paid
when = { goods_from = "50.00" } # what that order must be
```
"""

import re
from typing import Annotated

from msgspec import Meta

from app.errors import ConfigError

REFERRAL = "referral"
"""The trigger: a friend's first order that counts."""

USUAL_RETURN_DAYS = 14
"""How long what was bought from afar may be sent back in the EU (directive 2011/83, article 9)."""

ReturnDays = Annotated[
    Annotated[int, Meta(ge=0, le=365)],
    Meta(description="a whole number of days from 0 to 365"),
]

LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Of codes. No 0 and O, 1, I and L, U and V: people read them aloud and copy them by hand."""

LETTERS_IN_CODE = 10

_CODE = re.compile(f"[{LETTERS}{LETTERS.lower()}]{{{LETTERS_IN_CODE}}}", re.ASCII)
_BETWEEN = str.maketrans("", "", "- \t")


def code_in(text: str | None) -> str | None:
    """Return a member's code as it is stored, None for what cannot be one.

    Lower case, without hyphens and blanks. Shops use the same places for words of their own, even for
    names: nothing else may get any further.
    """
    if text is None or len(text) > 2 * LETTERS_IN_CODE:
        return None
    bare = text.translate(_BETWEEN)
    return bare.lower() if _CODE.fullmatch(bare) else None


def check_referral(path: str, trigger: str, *, friend_points: int, return_days: int) -> None:
    """Refuse keys that only a rule about friends has. Raises ConfigError."""
    if trigger == REFERRAL:
        return
    for name, given in (
        ("friend_points", friend_points != 0),
        ("return_days", return_days != USUAL_RETURN_DAYS),
    ):
        if given:
            raise ConfigError(
                f'{path}.{name}: only a rule on "{REFERRAL}" has this key, this one is on "{trigger}"'
            )
