"""Rewards that are money to pay with in the shop: gift cards and store credit. Kinds and keys. Pure.

```toml
[[reward]]
key = "card-50"
cost = 1000
kind = "gift-card"
value = "50.00"
valid_days = 365
```

No order shows such money as it shows a discount code: only the shop knows whether any of it was spent.
"""

from collections.abc import Sequence
from typing import Final, Literal

GIFT_CARD: Final = "gift-card"
STORE_CREDIT: Final = "store-credit"

MoneyKind = Literal["gift-card", "store-credit"]

SHOP_MONEY = frozenset({GIFT_CARD, STORE_CREDIT})

NOT_OF_MONEY: Sequence[str] = ("minimum", "combinable", "refunded", "cancelled")
"""Keys of discount codes: money pays for any order, and a refund goes back onto it by itself."""
