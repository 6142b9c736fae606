"""What a simulation counts: of each month, of each member, and who moves between tiers. Pure."""

from datetime import date, datetime

import msgspec

from app.programme.local_time import midnight

MOST_NAMED = 10
"""How many members a report names on either side."""

MOST_MOVING = 20
"""How many members a report names of those who move from one tier to another, if nobody says."""

_MONTHS = 12


class Period(msgspec.Struct, frozen=True):
    """Days of a time zone, one or more: from `since` up to `until`, which is not included."""

    since: date
    until: date
    timezone: str

    @property
    def begin(self) -> datetime:
        """The first moment."""
        return midnight(self.since, self.timezone)

    @property
    def end(self) -> datetime:
        """The moment after the last one."""
        return midnight(self.until, self.timezone)

    def months(self) -> list[date]:
        """Return the first day in the period of each month that it has days of."""
        found = [self.since]
        for year in range(self.since.year, self.until.year + 1):
            firsts = (date(year, month, 1) for month in range(1, _MONTHS + 1))
            found += [first for first in firsts if self.since < first < self.until]
        return found


class Month(msgspec.Struct):
    """What one month, or the whole period, comes to. Points are net of what was taken back."""

    orders: int = 0  # that count: paid, no test, not before the draft's start
    turnover: int = 0  # what counts of them, in ten-thousandths of the programme's currency
    draft: int = 0  # points issued
    live: int = 0
    spent: int = 0  # of the live programme's
    gifts: dict[str, int] = {}  # reward → how often the draft gives it without points
    gifts_live: int = 0  # how often the live programme gives any
    friends: int = 0  # of the draft's points: those for recommending the shop, to both sides
    friends_live: int = 0

    def give(self, reward: str, times: int) -> None:
        """Count a reward that the draft gives."""
        self.gifts[reward] = self.gifts.get(reward, 0) + times

    def add(self, other: "Month") -> None:
        """Add another one's figures."""
        self.orders += other.orders
        self.turnover += other.turnover
        self.draft += other.draft
        self.live += other.live
        self.spent += other.spent
        for reward, times in other.gifts.items():
            self.give(reward, times)
        self.gifts_live += other.gifts_live
        self.friends += other.friends
        self.friends_live += other.friends_live


class Change(msgspec.Struct, frozen=True):
    """What one member would have got, and got, month by month."""

    member: int
    draft: tuple[int, ...]
    live: tuple[int, ...]

    @property
    def difference(self) -> int:
        """Points that the draft gives more."""
        return sum(self.draft) - sum(self.live)


class Move(msgspec.Struct, frozen=True):
    """How many members are in another tier as the period ends, and who; None is no tier."""

    before: str | None
    after: str | None
    members: int
    named: tuple[int, ...] = ()  # of the members those with the lowest ids


class Outcome(msgspec.Struct):
    """What a simulation counted."""

    period: Period
    months: list[Month]
    members: int = 0  # who did anything in the period
    orders: int = 0  # all of the period
    before_start: int = 0  # orders placed before the draft's `earns_from`
    of_nobody: int = 0  # orders without a person: nobody can be given points for them
    unreadable: int = 0  # orders that cannot be judged: altered from outside
    unknown_goods: int = 0  # orders that count, whose goods nobody had asked about then
    no_rate: dict[str, int] = {}  # currency → orders that count, of which nobody knows the worth
    gain: int = 0  # members whom the draft gives more
    lose: int = 0
    winners: list[Change] = []  # most first
    losers: list[Change] = []
    friends_unknown: bool = (
        False  # the draft pays for friends, and nobody ever asked who brought whom
    )
    moves: list[Move] = []  # most first

    @property
    def total(self) -> Month:
        """All months together."""
        total = Month()
        for month in self.months:
            total.add(month)
        return total
