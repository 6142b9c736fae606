"""What a simulation found, as a table and sentences for people."""

from collections.abc import Sequence

from app.cli.shared import table
from app.cli.simulation_data import Simulation
from app.programme.breakage import ASSUMED, FEWEST, Breakage
from app.programme.forecast import Figures, Forecast
from app.programme.outcome import Change, Move, Outcome
from app.services.texts import Texts

UNKNOWN = "?"


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
    lines += _gifts(one, words)
    unknown = [each.reward for each in found.rewards if each.point is None]
    if unknown:
        lines.append(
            say("What these cost is not in the document: %(rewards)s.", rewards=", ".join(unknown))
        )
    return lines + _friends(outcome, words) + _left_aside(one, words)


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


def _gifts(one: Simulation, words: Texts) -> list[str]:
    """Say how often rewards are given without points, and what that costs."""
    given, total = one.forecast.gifts, one.forecast.total
    if not (given or total.gifts_live):
        return []
    times = ", ".join(f"{each.reward}: {words.number(each.times)}" for each in given)
    lines = [
        words.say(
            "Rewards given without points: %(count)s instead of %(live)s. All of them are taken to be "
            "used: %(amount)s, part of the cost.",
            count=f"{words.number(total.gifts)} ({times})" if times else "0",
            live=words.number(total.gifts_live),
            amount=words.money(total.gifts_cost, one.draft.currency),
        )
    ]
    unknown = [each.reward for each in given if each.each is None]
    if unknown:
        lines.append(
            words.say(
                "What these cost is not in the document, so it is left out of the cost: %(rewards)s.",
                rewards=", ".join(unknown),
            )
        )
    return lines


def _friends(outcome: Outcome, words: Texts) -> list[str]:
    """Say what recommending the shop brings, as far as that is known."""
    if outcome.friends_unknown:
        return [
            words.say(
                "The draft gives points for friends; the programme never did, so nobody knows who "
                "brought whom: left out."
            )
        ]
    total = outcome.total
    if not (total.friends or total.friends_live):
        return []
    return [
        words.say(
            "Of the points %(draft)s are for friends who were brought, instead of %(live)s: those who "
            "came, as they were judged.",
            draft=words.number(total.friends),
            live=words.number(total.friends_live),
        )
    ]


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
    lines = []
    for move in outcome.moves:
        lines.append(
            words.plural(
                "One member would be in %(after)s instead of %(before)s as the period ends.",
                "%(count)s members would be in %(after)s instead of %(before)s as the period ends.",
                move.members,
                before=move.before or nothing,
                after=move.after or nothing,
            )
        )
        lines += _named(move, words)
    return lines


def _named(move: Move, words: Texts) -> list[str]:
    """Name who moves, and count the rest."""
    if not move.named:
        return []
    said = ", ".join(map(str, move.named))
    rest = move.members - len(move.named)
    if rest:
        said = words.plural(
            "%(members)s and one more",
            "%(members)s and %(count)s more",
            rest,
            members=said,
        )
    return [f"  {said}"]


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
