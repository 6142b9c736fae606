"""The part of the programme document about single stores: what is otherwise in one than in all others.

```toml
[[store]]
key = "kawa-woo"
earns_at = "completed"
```
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.programme.fields import check_tables
from app.programme.lines import StoreKey

MOST_STORES = 100

EarnsAt = Annotated[Literal["paid", "completed"], Meta(description='"paid" or "completed"')]
"""The status from which on orders earn. Completed is what a shop calls completed, or fulfilled."""


class OwnTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for one store's orders instead of what [programme] says."""

    key: StoreKey
    earns_at: EarnsAt


def check_own_terms(stores: Sequence[OwnTerms]) -> None:
    """Refuse two tables of one store, or more than anybody can oversee. Raises ConfigError."""
    check_tables("store", [one.key for one in stores], MOST_STORES)
