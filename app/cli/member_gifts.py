"""How a member's cards, challenges, badges, memberships and waiting rewards are printed."""

from typing import Any

import msgspec

from app.cli.printing import moment, stamp
from app.services.texts import texts
from app.services.view_gifts import Gifts, MembershipView, SeatView, card_words, challenge_words


def gift_rows(gifts: Gifts) -> dict[str, Any]:
    """Return cards, challenges, badges, memberships and what waits, for a script."""
    return {
        "cards": [msgspec.to_builtins(card) for card in gifts.cards],
        "challenges": [
            {
                "challenge": one.challenge.key,
                "done": one.done,
                "needed": one.needed,
                "through": None if one.through is None else one.through.isoformat(),
                "won": one.won,
            }
            for one in gifts.challenges
        ],
        "badges": [msgspec.to_builtins(badge) for badge in gifts.badges],
        "memberships": [msgspec.to_builtins(one) for one in gifts.memberships],
        "waiting": [
            {"rule": one.rule, "reward": one.reward, "why": one.why, "until": stamp(one.until)}
            for one in gifts.waiting
        ],
        "seats": [msgspec.to_builtins(one) | {"since": stamp(one.since)} for one in gifts.seats],
    }


def gift_lines(gifts: Gifts) -> list[str]:
    """Return them for a person, a line each; nothing where there is nothing."""
    words = texts("en")
    lines = [f"  the card {card.rule}: {card_words(words, card)}" for card in gifts.cards]
    lines += [
        f"  the challenge {one.challenge.key}: {challenge_words(words, one)}"
        for one in gifts.challenges
    ]
    lines += [f"  the badge {badge.name} ({badge.key})" for badge in gifts.badges]
    lines += [_membership_line(one) for one in gifts.memberships]
    for one in gifts.waiting:
        why = f"{one.why}, looked at again {moment(one.until)} UTC" if one.why else "in a moment"
        lines.append(f"  the reward {one.reward} of the rule {one.rule} is to be given: {why}")
    lines += [_seat_line(one) for one in gifts.seats]
    return ["", "cards and gifts:", *lines] if lines else []


def _membership_line(one: MembershipView) -> str:
    day = "?" if one.through is None else texts("en").date_in_words(one.through)
    perks = ", ".join(one.perks)
    if one.runs:
        return f"  member of {one.name} until {day}, with {perks}"
    return f"  was a member of {one.name} until {day}"


def _seat_line(seat: SeatView) -> str:
    if seat.place is None:
        return f"  waits for {seat.reward} no more: {seat.why}"
    why = f"; not yet: {seat.why}" if seat.why else ""
    return f"  waits for {seat.reward}, place {seat.place}{why}"
