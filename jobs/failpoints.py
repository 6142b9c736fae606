"""Places where a test may kill the process: named moments between an act outside and its record.

`STEMPEL_FAILPOINTS="codes.make.answered@3"` ends the process as kill -9 does when that place is reached
for the third time. Several are separated by commas. Only in the demo and tests.
"""

import os
import re
import signal
from collections import Counter
from collections.abc import Callable

from app.errors import ConfigError

Reach = Callable[[str], None]

_FORM = re.compile(r"([a-z]+(?:\.[a-z-]+)*)@([1-9][0-9]{0,5})")


def unarmed(_place: str) -> None:
    """Do nothing: what every real installation does at every place."""


def armed(spec: str) -> Reach:
    """Return what kills at the places of `spec`; raises ConfigError for one that cannot be read."""
    if not spec:
        return unarmed
    deadly: dict[str, int] = {}
    for part in spec.split(","):
        form = _FORM.fullmatch(part.strip())
        if form is None:
            raise ConfigError(
                f"STEMPEL_FAILPOINTS: {part!r} must name a place and a count, as codes.claimed@1"
            )
        deadly[form[1]] = int(form[2])
    reached: Counter[str] = Counter()

    def reach(place: str) -> None:
        reached[place] += 1
        if deadly.get(place) == reached[place]:
            os.kill(os.getpid(), signal.SIGKILL)

    return reach
