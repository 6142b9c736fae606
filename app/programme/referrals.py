"""Whose friend a person is, and what that is worth to both: pure, worked out anew from all that is known.

Words say who recommended the shop: the friend's orders and accounts, or staff. The earliest one counts,
whenever it is heard of. What it is worth follows from the friend's first order that counts, under that
order's version; if that order stops counting, the next one takes its place.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

import msgspec

from app.programme.basis import basis_of
from app.programme.document import Programme
from app.programme.events import CustomerFacts, Facts, OrderFacts
from app.programme.explanation import Explanation, Reason
from app.programme.order_windows import OrderItem, as_placed
from app.programme.referral import REFERRAL, USUAL_RETURN_DAYS, code_in
from app.programme.referral_score import SIGNAL_DAYS
from app.programme.rule import Rule
from app.programme.rules import Award, Context, before_start, evaluate, standing_reason

OF_FRIEND = "friend"
"""The kind of window that a referrer is paid in; the key goes on with the friend's account."""

OWN = "referred"
"""The window that the friend is paid in, once."""

# A checkout makes the account and the order at once, in either sequence.
_ACCOUNT_BEFORE_ORDER = timedelta(hours=1)


class Strength(IntEnum):
    """How sure a word is; of two at one moment the surer one counts, the lower number."""

    ORDER = 0  # the order itself names the code
    ACCOUNT = 1  # the account does
    DISCOUNT = 2  # the code was typed in as a discount code
    STAFF = 3  # somebody was told; it counts if the shop knows nothing


class Word(msgspec.Struct, frozen=True, order=True):
    """One statement of who recommended the shop to a person."""

    at: datetime
    strength: Strength
    object_id: int  # that says so; 0 for staff
    code: str
    referrer: int  # the person behind the code


class AccountItem(msgspec.Struct, frozen=True):
    """An account in a shop, as far as it says who recommended it."""

    object_id: int
    occurred_at: datetime
    facts: CustomerFacts


class Referred(msgspec.Struct, frozen=True, kw_only=True):
    """Who recommended the shop to a person, and the order that this is judged by."""

    person: int
    word: Word
    first: OrderItem | None  # the first order that counts
    ever: bool  # there was one at some time
    new: bool  # the person had not bought before the word
    refunded: bool  # the first order that ever counted, soon after

    @property
    def oneself(self) -> bool:
        """Say whether the code is the person's own."""
        return self.word.referrer == self.person


class Verdict(StrEnum):
    """What a person decided about a referral."""

    APPROVED = "approved"
    REFUSED = "refused"


class State(StrEnum):
    """How far a referral has come."""

    PENDING = "pending"  # the friend has not bought yet
    HELD = "held"  # a person must look at it
    APPROVED = "approved"  # both have their points, pending until the return time is over
    REFUSED = "refused"  # by a person
    UNDONE = "undone"  # the friend's order was given back or cancelled
    VOID = "void"  # it is worth nothing: not new, oneself, too small an order, …
    JOINED = "joined"  # two accounts of the friend are one: the other referral counts


class Reward(msgspec.Struct, frozen=True):
    """What one rule gives both for a friend; `return_days` after the order was paid."""

    referrer: Award
    friend: Award
    return_days: int


def is_referral_window(key: str) -> bool:
    """Say whether a window key is one of those made here."""
    return key.partition(":")[0] in {OF_FRIEND, OWN}


def friend_key(account: int) -> str:
    """Return the key of the window that a referrer is paid in for this friend."""
    return f"{OF_FRIEND}:{account}"


def referral_rules(programme: Programme) -> list[Rule]:
    """Return the rules about friends."""
    return [rule for rule in programme.rules if rule.on == REFERRAL]


def codes_in(facts: Facts | None) -> tuple[str, ...]:
    """Return every code of a member that an object may name, the surest first."""
    match facts:
        case OrderFacts():
            named = (facts.referral, *map(code_in, facts.codes))
        case CustomerFacts():
            named = (facts.referral,)
        case _:
            return ()
    return tuple(dict.fromkeys(code for code in named if code is not None))


def words_of(
    orders: Iterable[OrderItem],
    accounts: Iterable[AccountItem],
    referrers: Mapping[str, int],
    *,
    claim: Word | None = None,
) -> list[Word]:
    """Return all that is said of who recommended the shop, the word that counts first.

    `referrers` are the persons behind codes. Tests say nothing.
    """
    words = [] if claim is None else [claim]
    for item in orders:
        if item.facts is not None and not item.facts.test:
            for code in codes_in(item.facts):
                own = code == item.facts.referral
                strength = Strength.ORDER if own else Strength.DISCOUNT
                if code in referrers:
                    words.append(
                        Word(item.occurred_at, strength, item.object_id, code, referrers[code])
                    )
    for account in accounts:
        code = account.facts.referral or ""
        if code in referrers:
            words.append(
                Word(
                    account.occurred_at,
                    Strength.ACCOUNT,
                    account.object_id,
                    code,
                    referrers[code],
                )
            )
    # What staff were told counts where the shop knows nothing.
    return sorted(words, key=lambda word: (word.strength is Strength.STAFF, word))


def referred(person: int, orders: Sequence[OrderItem], words: Sequence[Word]) -> Referred | None:
    """Return who recommended the shop to a person, None if nobody did."""
    others = [word for word in words if word.referrer != person]
    word = next(iter(others or words), None)
    if word is None:
        return None
    placed = as_placed(orders)
    first = next((item for item in placed if bought(item)), None)
    earned = next((item for item in placed if _once_earned(item)), None)
    return Referred(
        person=person,
        word=word,
        first=first,
        ever=earned is not None,
        new=first is None or not _before(first, word),
        refunded=earned is not None and _given_back_soon(earned),
    )


def bought(item: OrderItem) -> bool:
    """Say whether an order counts as bought now: paid for with money, and not all of it given back."""
    order = item.facts
    if order is None:
        return False
    if standing_reason(order, completed=item.programme.earns_completed(item.store)) is not None:
        return False
    return basis_of(order, item.programme.basis, item.context.own_credit).total > 0


def return_days(found: Referred) -> int:
    """Return how long the longest rule about friends of the order's version waits."""
    if found.first is None:
        return USUAL_RETURN_DAYS
    days = [rule.return_days for rule in referral_rules(found.first.programme)]
    return max(days, default=USUAL_RETURN_DAYS)


def rewards(found: Referred, *, held: bool, verdict: Verdict | None) -> tuple[Reward, ...]:
    """Return what each rule gives both, the ones worth 0 with their reason."""
    first = found.first
    if first is None:
        return ()
    return tuple(
        _reward(rule, first, _why_not(found, first, rule, held=held, verdict=verdict))
        for rule in referral_rules(first.programme)
    )


def why_nothing(found: Referred | None) -> Reason:
    """Return why nothing is given at all where no rule says it."""
    if found is None:
        return Reason.NO_FRIEND
    if found.oneself:
        return Reason.ONESELF
    return Reason.NO_FIRST_ORDER if found.first is None else Reason.NO_RULE


def state_of(found: Referred | None, given: Sequence[Reward], verdict: Verdict | None) -> State:
    """Return how far a referral has come."""
    if found is None or found.oneself:
        return State.VOID
    if verdict is Verdict.REFUSED:
        return State.REFUSED
    if found.first is None:
        return State.UNDONE if found.ever else State.PENDING
    reasons = {one.referrer.explanation.reason for one in given}
    if Reason.EARNED in reasons:
        return State.APPROVED
    return State.HELD if Reason.HELD in reasons else State.VOID


def _why_not(
    found: Referred, first: OrderItem, rule: Rule, *, held: bool, verdict: Verdict | None
) -> Reason | None:
    if found.oneself:
        return Reason.ONESELF
    if not found.new:
        return Reason.NOT_NEW
    if before_start(first.programme, first.occurred_at):
        return Reason.BEFORE_START
    lacking = _lacking(first, rule)
    if lacking is not None:
        return lacking
    if verdict is Verdict.REFUSED:
        return Reason.REFUSED
    return Reason.HELD if held and verdict is None else None


def _lacking(first: OrderItem, rule: Rule) -> Reason | None:
    """Return what the first order lacks of what the rule asks of it, judged like any rule on orders."""
    probe = msgspec.structs.replace(
        rule, on="order.paid", points=1, friend_points=0, return_days=USUAL_RETURN_DAYS
    )
    [award] = evaluate(
        # What campaigns add to rules is no matter of how large the order is.
        msgspec.structs.replace(first.programme, rules=(probe,), campaigns=()),
        first.version,
        Context(rate=first.context.rate),
        first.facts,
        first.occurred_at,
        store=first.store,
    )
    fine = {Reason.EARNED, Reason.LESS_THAN_ONE_POINT}
    if rule.when.goods_over is None and rule.when.goods_from is None:
        fine.add(Reason.NO_RATE)  # nothing is compared, so no money needs converting
    reason = award.explanation.reason
    return None if reason in fine else reason


def _reward(rule: Rule, first: OrderItem, why_not: Reason | None) -> Reward:
    return Reward(
        _award(rule, rule.points, first, why_not),
        _award(rule, rule.friend_points, first, why_not),
        rule.return_days,
    )


def _award(rule: Rule, points: int, first: OrderItem, why_not: Reason | None) -> Award:
    return Award(
        rule=rule.key,
        points=0 if why_not else points,
        explanation=Explanation(
            rule=rule.key,
            version=first.version,
            reason=why_not or Reason.EARNED,
            points_each=points or None,
            objects=(first.object_id,),
        ),
    )


def _before(first: OrderItem, word: Word) -> bool:
    """Say whether a person had bought before the word; staff know what they do."""
    if word.strength is Strength.STAFF:
        return False
    leeway = _ACCOUNT_BEFORE_ORDER if word.strength is Strength.ACCOUNT else timedelta()
    return word.at - first.occurred_at > leeway


def _once_earned(item: OrderItem) -> bool:
    return item.earned_at is not None and item.facts is not None and not item.facts.test


def _given_back_soon(item: OrderItem) -> bool:
    """Say whether money went back soon; of a refund that the shop does not date nobody knows."""
    since = item.earned_at or item.occurred_at
    refunds = () if item.facts is None else item.facts.refunds
    return any(
        refund.at is not None and refund.at - since <= timedelta(days=SIGNAL_DAYS)
        for refund in refunds
    )
