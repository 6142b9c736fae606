"""Kinds of values that several tables of the programme document have, with what may be written there."""

from collections.abc import Container, Sequence
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from app.errors import ConfigError
from app.programme.reading import wrong

MOST_POINTS = 1_000_000_000

Slug = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z0-9]+(-[a-z0-9]+)*\Z",
        max_length=64,
        description='lower-case letters, digits and single hyphens, as "per-unit"',
    ),
]
Points = Annotated[
    int, Meta(ge=0, le=MOST_POINTS, description=f"a whole number from 0 to {MOST_POINTS}")
]
PointsAboveZero = Annotated[
    int, Meta(ge=1, le=MOST_POINTS, description=f"a whole number from 1 to {MOST_POINTS}")
]

_DECIMALS_OF_MONEY = 3
_MONEY = 'an amount above 0 and at most 1000000000, as "100.00"'
Money = Annotated[Decimal, Meta(description=_MONEY)]
OptionalMoney = Annotated[Decimal | None, Meta(description=_MONEY)]


def check_money(path: str, amount: Decimal | None) -> None:
    """Refuse what no price can be; more than 6 decimals are a slip of the pen."""
    if amount is None:
        return
    exponent = amount.as_tuple().exponent
    fine = isinstance(exponent, int) and exponent >= -6 and 0 < amount <= MOST_POINTS
    if not fine:
        raise wrong(path, amount, _MONEY)


def check_price(path: str, amount: Decimal | None) -> None:
    """Refuse what no shop can take off: no currency has more than three decimals."""
    check_money(path, amount)
    if amount is not None and decimals(amount) > _DECIMALS_OF_MONEY:
        raise wrong(path, amount, 'an amount with the decimals of a price, as "50.00"')


def decimals(value: Decimal) -> int:
    """Return how many decimals a number is written with; beyond all measure for what is no number."""
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else MOST_POINTS  # not a number


def check_threshold(path: str, what: str, over: Decimal | None, least: Decimal | None) -> None:
    """Refuse amounts that no price can be, and two thresholds at once. Raises ConfigError."""
    check_money(f"{path}.{what}_over", over)
    check_money(f"{path}.{what}_from", least)
    if over is not None and least is not None:
        raise ConfigError(
            f"{path}: {what}_over (more than) and {what}_from (at least) exclude each other"
        )


def check_tables(table: str, keys: list[str], most: int) -> None:
    """Refuse more tables of one kind than `most`, and two of one key. Raises ConfigError."""
    if len(keys) > most:
        raise wrong(table, len(keys), f"at most {most} {table}s")
    check_unique(table, "key", keys)


def check_unique(table: str, name: str, values: list[str]) -> None:
    """Refuse what two tables of one kind have in common. Raises ConfigError."""
    first: dict[str, int] = {}
    for at, value in enumerate(values):
        if value in first:
            raise wrong(
                f"{table}[{at}].{name}",
                value,
                f"another {name}: {table}[{first[value]}] has this one",
            )
        first[value] = at


def check_known(path: str, keys: Sequence[str], known: Container[str], allowed: str) -> None:
    """Refuse a list that names a key that is not there; `allowed` says which are. Raises ConfigError."""
    for at, key in enumerate(keys):
        if key not in known:
            raise wrong(f"{path}[{at}]", key, allowed)


def check_named_once(path: str, keys: Sequence[str]) -> None:
    """Refuse a list that names a key twice. Raises ConfigError."""
    seen: set[str] = set()
    for at, key in enumerate(keys):
        if key in seen:
            raise wrong(f"{path}[{at}]", key, "each key once")
        seen.add(key)
