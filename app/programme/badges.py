"""Badges: what a member may show and nothing can be bought with.

```toml
[[badge]]
key = "regular"
name = "Regular guest"
```

Who gets one is said where it is earned: `badge = "regular"` at a milestone, a punch card or a challenge.
"""

from collections.abc import Sequence

import msgspec

from app.programme.fields import Slug, check_tables
from app.programme.names import Name, check_name

MOST_BADGES = 100


class Badge(msgspec.Struct, frozen=True, kw_only=True):
    """One badge; without a name people read its key."""

    key: Slug
    name: Name = ""


def check_badges(badges: Sequence[Badge]) -> None:
    """Refuse badges that cannot be told apart, or more than anybody can oversee. Raises ConfigError."""
    check_tables("badge", [badge.key for badge in badges], MOST_BADGES)
    for at, badge in enumerate(badges):
        check_name(f"badge[{at}].name", badge.name)
