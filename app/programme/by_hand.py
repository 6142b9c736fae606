"""Rewards that are no codes and that people hand out, and a link that is told at once: keys and kinds. Pure.

```toml
[[reward]]
key = "mug"
name = "A mug of ours"
cost = 500
kind = "prize"
stock = 20

[[reward]]
key = "tasting-may"
name = "Coffee tasting on 8 May"
cost = 200
kind = "event"
seats = 12

[[reward]]
key = "espresso-machine"
name = "A chance to win an espresso machine"
cost = 50
kind = "draw"
winners = 1
until = 2026-12-24T18:00:00

[[reward]]
key = "recipes"
cost = 50
kind = "download"
url = "https://shop.example/files/recipes.pdf"

[[reward]]
key = "shelter"
cost = 100
kind = "donation"
value = "10.00"
cause = "The animal shelter"
```
"""

from typing import Annotated, Final

from msgspec import Meta

EVENT: Final = "event"
PRIZE: Final = "prize"
DRAW: Final = "draw"
DOWNLOAD: Final = "download"
DONATION: Final = "donation"

BY_HAND = frozenset({EVENT, PRIZE, DRAW, DOWNLOAD, DONATION})
"""Kinds that no shop is asked for, so that every store of a programme can give them."""

OWN_KEYS = {"seats": EVENT, "stock": PRIZE, "winners": DRAW, "url": DOWNLOAD, "cause": DONATION}
"""The key that each of them needs and that nothing else has."""

_URL = 'an address as "https://shop.example/file.pdf", of at most 2000 characters'

Url = Annotated[
    str,
    Meta(pattern=r"\A(https://[!-;=?-~]+)?\Z", max_length=2000, description=_URL),
]
