"""What a simulation found, for scripts: as JSON, and as rows of CSV files."""

from decimal import Decimal
from typing import Any

import msgspec

from app.programme.document import Programme
from app.programme.forecast import Figures, Forecast
from app.programme.outcome import Change, Outcome

MEMBER_COLUMNS = ("what", "member", "points", "points_live", "difference", "from", "to")


class Simulation(msgspec.Struct, frozen=True):
    """One run: what was judged, what was counted, and what it comes to."""

    draft: Programme
    name: str  # of the preset or file
    outcome: Outcome
    forecast: Forecast


def rows(one: Simulation) -> list[dict[str, str]]:
    """Return a row for each month and one for all of them, every value as text."""
    months = zip(one.outcome.period.months(), one.forecast.months, strict=True)
    named = [(f"{day:%Y-%m}", month) for day, month in months]
    return [
        {"month": name, **{key: _plain(value) for key, value in _figures(month).items()}}
        for name, month in [*named, ("total", one.forecast.total)]
    ]


def member_rows(one: Simulation) -> list[dict[str, str]]:
    """Return a row for each member that is named: who gains and loses most, and who moves tier."""
    outcome = one.outcome
    changed = [("gains", change) for change in outcome.winners]
    changed += [("loses", change) for change in outcome.losers]
    found = [
        {
            "what": what,
            "member": str(change.member),
            "points": str(sum(change.draft)),
            "points_live": str(sum(change.live)),
            "difference": str(change.difference),
        }
        for what, change in changed
    ]
    found += [
        {
            "what": "moves",
            "member": str(member),
            "from": move.before or "",
            "to": move.after or "",
        }
        for move in outcome.moves
        for member in move.named
    ]
    return [{column: row.get(column, "") for column in MEMBER_COLUMNS} for row in found]


def as_data(one: Simulation) -> dict[str, Any]:
    """Return everything for a script. Ids and amounts are strings: JSON numbers lose digits."""
    outcome, found = one.outcome, one.forecast
    period = outcome.period
    months = zip(period.months(), found.months, strict=True)
    return {
        "programme": one.draft.key,
        "draft": one.name,
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
        "timezone": period.timezone,
        "currency": one.draft.currency,
        "earns_from": one.draft.earns_from and one.draft.earns_from.isoformat(),
        "members": outcome.members,
        "orders": outcome.orders,
        "before_start": outcome.before_start,
        "of_nobody": outcome.of_nobody,
        "unreadable": outcome.unreadable,
        "unknown_goods": outcome.unknown_goods,
        "no_rate": outcome.no_rate,
        "redeemed_percent": _text(found.redeemed),
        "breakage_percent": str(found.breakage.percent),
        "breakage_from": found.breakage.source,
        "breakage_points": found.breakage.ended,
        "points_open_now": found.breakage.open,
        "points_too_few": found.breakage.unknown,
        "point_value": _text(found.point),
        "point_value_from": found.source,
        "cost_rate_percent": _text(found.cost_rate),
        "rewards": [
            {"reward": each.reward, "point": _text(each.point), "percent": _text(each.percent)}
            for each in found.rewards
        ],
        "gifts": [
            {"reward": each.reward, "times": each.times, "cost_each": _text(each.each)}
            for each in found.gifts
        ],
        "points_for_friends": outcome.total.friends,
        "points_for_friends_live": outcome.total.friends_live,
        "friends_unknown": outcome.friends_unknown,
        "total": _figures(found.total),
        "months": [{"month": f"{day:%Y-%m}", **_figures(month)} for day, month in months],
        "members_gaining": outcome.gain,
        "members_losing": outcome.lose,
        "tier_moves": [
            {
                "from": move.before,
                "to": move.after,
                "members": move.members,
                "named": [str(member) for member in move.named],
            }
            for move in outcome.moves
        ],
        "winners": [_change(change, outcome) for change in outcome.winners],
        "losers": [_change(change, outcome) for change in outcome.losers],
    }


def _figures(month: Figures) -> dict[str, Any]:
    return {
        "orders": month.orders,
        "turnover": str(month.turnover),
        "points": month.draft,
        "points_live": month.live,
        "redeemed": month.redeemed,
        "open": month.open,
        "liability": _text(month.liability),
        "gifts": month.gifts,
        "gifts_live": month.gifts_live,
        "gifts_cost": str(month.gifts_cost),
        "cost": _text(month.cost),
        "cost_percent": _text(month.percent),
    }


def _change(change: Change, outcome: Outcome) -> dict[str, Any]:
    months = zip(outcome.period.months(), change.draft, change.live, strict=True)
    return {
        "member": str(change.member),
        "points": sum(change.draft),
        "points_live": sum(change.live),
        "difference": change.difference,
        "months": {f"{day:%Y-%m}": draft - live for day, draft, live in months if draft != live},
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _plain(value: object) -> str:
    return "" if value is None else str(value)
