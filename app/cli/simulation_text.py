"""What a simulation found, as a table and sentences for people, and as rows for scripts."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from app.cli.shared import table
from app.programme.breakage import ASSUMED, FEWEST, Breakage
from app.programme.document import Programme
from app.programme.forecast import Figures, Forecast
from app.programme.simulate import Change, Outcome
from app.services.texts import Texts

UNKNOWN = "?"


class Simulation(msgspec.Struct, frozen=True):
    """One run: what was judged, what was counted, and what it comes to."""

    draft: Programme
    name: str  # of the preset or file
    outcome: Outcome
    forecast: Forecast


def report(one: Simulation, words: Texts) -> str:
    """Return the whole report in the reader's language."""
    return "\n".join(
        [
            _head(one, words),
            "",
            _months(one, words),
            "",
            *_sentences(one, words),
            *_members(one, words),
        ]
    )


def rows(one: Simulation) -> list[dict[str, str]]:
    """Return a row for each month and one for all of them, every value as text."""
    months = zip(one.outcome.period.months(), one.forecast.months, strict=True)
    named = [(f"{day:%Y-%m}", month) for day, month in months]
    return [
        {"month": name, **{key: _plain(value) for key, value in _figures(month).items()}}
        for name, month in [*named, ("total", one.forecast.total)]
    ]


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
        "total": _figures(found.total),
        "months": [{"month": f"{day:%Y-%m}", **_figures(month)} for day, month in months],
        "members_gaining": outcome.gain,
        "members_losing": outcome.lose,
        "tier_moves": [
            {"from": move.before, "to": move.after, "members": move.members}
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


def _head(one: Simulation, words: Texts) -> str:
    period = one.outcome.period
    return words.say(
        "%(programme)s from %(since)s up to %(until)s (days of %(zone)s), as %(draft)s would have "
        "judged it if it had always been in force. Nothing was changed.",
        programme=one.draft.key,
        since=period.since.isoformat(),
        until=period.until.isoformat(),
        zone=period.timezone,
        draft=one.name,
    )


def _months(one: Simulation, words: Texts) -> str:
    say = words.say
    heads = [
        say("month"),
        say("orders"),
        say("turnover"),
        say("points"),
        say("live points"),
        say("redeemed"),
        say("left open"),
        say("liability"),
        say("cost"),
        say("percent of turnover"),
    ]
    months = zip(one.outcome.period.months(), one.forecast.months, strict=True)
    lines = [(f"{day:%Y-%m}", month) for day, month in months]
    lines.append((say("together"), one.forecast.total))
    return table([[name, *_cells(month, words)] for name, month in lines], heads)


def _cells(month: Figures, words: Texts) -> list[str]:
    points = (month.draft, month.live, month.redeemed, month.open)
    amounts = (month.liability, month.cost, month.percent)
    return [
        words.number(month.orders),
        words.hundredths(month.turnover),
        *(words.number(value) for value in points),
        *(UNKNOWN if value is None else words.hundredths(value) for value in amounts),
    ]


def _sentences(one: Simulation, words: Texts) -> list[str]:
    say, found, outcome = words.say, one.forecast, one.outcome
    currency = one.draft.currency
    lines = [
        words.plural(
            "One member did something in this time.",
            "%(count)s members did something in this time.",
            outcome.members,
        )
    ]
    if found.cost_rate is not None:
        lines.append(
            say(
                "By the document alone points are worth %(percent)s%% of a purchase.",
                percent=words.number(found.cost_rate),
            )
        )
    lines.append(_of_point(found, currency, words))
    if found.redeemed is None:
        lines.append(
            say(
                "The live programme gave no points in this time, so nobody knows how many are redeemed: "
                "all count as open."
            )
        )
    else:
        lines.append(
            say(
                "Redeemed: %(percent)s%% of the points, as of the live programme's in this time.",
                percent=words.number(found.redeemed),
            )
        )
    lines.append(_of_breakage(found.breakage, words))
    lines += [
        say(
            "If every point went to %(reward)s: %(percent)s%% of the turnover.",
            reward=each.reward,
            percent=words.number(each.percent),
        )
        for each in found.rewards
        if each.percent is not None
    ]
    unknown = [each.reward for each in found.rewards if each.point is None]
    if unknown:
        lines.append(
            say("What these cost is not in the document: %(rewards)s.", rewards=", ".join(unknown))
        )
    return lines + _left_aside(one, words)


def _of_point(found: Forecast, currency: str, words: Texts) -> str:
    if found.point is None:
        return words.say(
            "What a point is worth is not known, so neither are liability and cost: give the document "
            "a point_value, or a reward that takes an amount off."
        )
    if found.source == "point_value":
        return words.say(
            "A point is worth %(amount)s, as point_value says.",
            amount=words.money(found.point, currency),
        )
    return words.say(
        "A point is worth %(amount)s, as in the reward %(reward)s, the dearest.",
        amount=words.money(found.point, currency),
        reward=found.source,
    )


def _of_breakage(breakage: Breakage, words: Texts) -> str:
    """Say which share of open points is never spent, and how that is known."""
    percent = words.number(breakage.percent)
    if breakage.source == "told":
        return words.say(
            "Liability: %(percent)s%% of open points are taken to be never spent, as you say.",
            percent=percent,
        )
    if breakage.source == "too-few":
        return words.say(
            "Liability: %(percent)s%% of open points are taken to be never spent: fewer than "
            "%(fewest)s were spent or expired in the last 12 months.",
            percent=percent,
            fewest=words.points(FEWEST),
        )
    how = words.say(
        "Liability: %(percent)s%% of open points are taken to be never spent, as those of the same age "
        "in the last 12 months, when %(ended)s were spent or expired.",
        percent=percent,
        ended=words.points(breakage.ended),
    )
    if not breakage.unknown:
        return how
    few = words.say(
        "Of %(unknown)s of the %(open)s points open now too few others became as old: of these "
        "%(percent)s%%.",
        unknown=words.number(breakage.unknown),
        open=words.number(breakage.open),
        percent=words.number(ASSUMED),
    )
    return f"{how} {few}"


def _left_aside(one: Simulation, words: Texts) -> list[str]:
    outcome = one.outcome
    lines = []
    if one.draft.earns_from is not None:
        lines.append(
            words.plural(
                "One order was placed before %(day)s (earns_from): it is worth nothing and no turnover.",
                "%(count)s orders were placed before %(day)s (earns_from): they are worth nothing and no "
                "turnover.",
                outcome.before_start,
                day=one.draft.earns_from.isoformat(),
            )
        )
    if outcome.of_nobody:
        lines.append(
            words.plural(
                "One order is nobody's: nobody would have been given its points.",
                "%(count)s orders are nobody's: nobody would have been given their points.",
                outcome.of_nobody,
            )
        )
    lines += [
        words.plural(
            "One order is in %(currency)s, for which there is no rate: left out.",
            "%(count)s orders are in %(currency)s, for which there is no rate: left out.",
            count,
            currency=currency,
        )
        for currency, count in outcome.no_rate.items()
    ]
    if outcome.unknown_goods:
        lines.append(
            words.plural(
                "Of one order nobody asked then what kind of goods it is of: judged as of none.",
                "Of %(count)s orders nobody asked then what kind of goods they are of: judged as of none.",
                outcome.unknown_goods,
            )
        )
    if outcome.unreadable:
        lines.append(
            words.plural(
                "One order cannot be judged: see stempel ledger verify.",
                "%(count)s orders cannot be judged: see stempel ledger verify.",
                outcome.unreadable,
            )
        )
    return lines


def _members(one: Simulation, words: Texts) -> list[str]:
    outcome = one.outcome
    if not outcome.gain + outcome.lose:
        return [
            "",
            *_moves(outcome, words),
            words.say("Nobody would have more or fewer points than they were given."),
        ]
    lines = ["", *_moves(outcome, words)]
    if outcome.gain:
        lines.append(
            words.plural(
                "One member would have more points than the live programme gave.",
                "%(count)s members would have more points than the live programme gave.",
                outcome.gain,
            )
        )
        lines += _changes(outcome.winners, words)
    if outcome.lose:
        lines.append(
            words.plural(
                "One member would have fewer points than the live programme gave.",
                "%(count)s members would have fewer points than the live programme gave.",
                outcome.lose,
            )
        )
        lines += _changes(outcome.losers, words)
    return lines


def _moves(outcome: Outcome, words: Texts) -> list[str]:
    nothing = words.say("no tier")
    return [
        words.plural(
            "One member would be in %(after)s instead of %(before)s as the period ends.",
            "%(count)s members would be in %(after)s instead of %(before)s as the period ends.",
            move.members,
            before=move.before or nothing,
            after=move.after or nothing,
        )
        for move in outcome.moves
    ]


def _changes(changes: Sequence[Change], words: Texts) -> list[str]:
    return [
        "  "
        + words.say(
            "member %(member)s: %(draft)s instead of %(live)s (%(difference)s)",
            member=str(change.member),
            draft=words.points(sum(change.draft)),
            live=words.number(sum(change.live)),
            difference=f"{change.difference:+d}",
        )
        for change in changes
    ]
