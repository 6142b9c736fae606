"""Why an award is worth what it is worth: data only, ids and amounts, rendered elsewhere."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """The one sentence behind an award, as a code that every language has words for."""

    EARNED = "earned"
    NO_RULE = "no-rule"  # nothing in this version speaks of such an object
    BEFORE_START = "before-programme-start"
    TEST_ORDER = "test-order"
    DRAFT = "draft"
    NOT_PAID = "not-paid"  # yet
    DISPUTED = "disputed"  # held back until the bank has decided
    NOT_COMPLETED = "not-completed"  # yet
    CANCELLED = "cancelled"
    REMOVED = "removed"
    NO_RATE = "no-rate"  # pending: mended when a rate for `currency` is added
    BELOW_THRESHOLD = "below-threshold"
    OTHER_CHANNEL = "other-channel"  # the rule leaves out orders that come this way
    NO_SUCH_LINES = "no-such-lines"  # nothing in the order is what the rule speaks of
    NOTHING_COUNTS = "nothing-counts"  # no goods, or all of them given back
    LESS_THAN_ONE_POINT = "less-than-one-point"
    NOT_REGISTERED = "not-registered"
    NOT_ENROLLED = "not-enrolled"  # opt-in: a shop account alone is no membership
    NOT_PUBLISHED = "not-published"
    NOT_VERIFIED = "not-verified"
    OTHER_OWNER = "other-owner"  # the object turned out to be another person's
    SAME_PERSON = "same-person"  # another account of the same person has been given it
    REDEEMED = "redeemed"  # spent on a reward
    RELEASED = "released"  # the reward's code was never used and cannot be any more
    OVER_CAP = "over-cap"  # of a window: the orders earned more than `cap` allows
    WITHIN_CAP = "within-cap"
    NOT_FULL = "not-full"  # a punch card: fewer pieces count by now
    NOT_WON = "not-won"  # a challenge: fewer orders count by now
    NOT_REACHED = "not-reached"  # a milestone: fewer orders count by now
    WITHDRAWN = "withdrawn"  # of actions
    ENDED = "ended"  # a subscription that the rule pays for only while it lasts
    NOT_PASSED = "not-passed"  # a quiz: fewer answers were right than it needs
    TOO_SOON = "too-soon"  # the same was paid before, in the time that the rule says
    TIER_REACHED = "tier-reached"  # a gift for the tier that the rule is named after
    BONUS = "bonus"  # of a campaign
    NOT_INVITED = "not-invited"  # the campaign is for members of other tiers or segments
    NOTHING_EARNED = "nothing-earned"  # by what the campaign adds to
    MEMBER = "member"  # a membership was paid for
    NO_MEMBER = "no-member"  # nothing that was paid for a membership counts by now
    GIVEN_BACK = "given-back"  # the order that the reward was used for was refunded
    NO_FRIEND = "no-friend"  # nobody recommended the shop, as far as is known now
    NO_FIRST_ORDER = "no-first-order"  # the friend has bought nothing, or has given it back
    ONESELF = "oneself"  # the code was the buyer's own
    NOT_NEW = "not-new"  # the friend had bought before
    OTHER_REFERRER = "other-referrer"  # somebody else recommended the shop earlier
    HELD = "held"  # a person must look at it first
    REFUSED = "refused"  # a person decided so


class Note(StrEnum):
    """What a reader should know besides the reason."""

    REFUNDS_WITHOUT_LINES = "refunds-without-lines"  # spread over goods: which lines is unknown
    GOODS_UNKNOWN = "goods-unknown"  # the shop does not say what kind of goods some lines are
    DISPUTE_LOST = "dispute-lost"  # counted as money given back
    CAPPED = "capped"  # by the rule's max_points
    WITH_PHOTO = "with-photo"
    WITH_VIDEO = "with-video"
    UNVERIFIED = "unverified"  # nobody can check that it was done
    LIMITED = "limited"  # by the most that one award may ever be worth


class LeftOut(StrEnum):
    """Why a rule leaves goods out; what the whole programme leaves out is named by its kind of line."""

    NOT_NAMED = "not-named"  # the rule speaks of other lines
    EXCEPTED = "excepted"  # the rule says so
    OWN_CREDIT = "own-credit"  # paid with a gift card or credit that the programme gave


class Explanation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one award came about. Amounts are in `currency`, what was worked out with `rate` beyond."""

    rule: str  # "" when no rule judged the object
    version: int
    reason: Reason
    currency: str | None = None  # the order's
    channel: str | None = None  # how the order came, if that decided; "" if nobody knows
    basis: Decimal | None = None  # what counts, in the order's currency
    with_tax: bool | None = None
    lines: tuple[tuple[str, Decimal], ...] = ()  # (line id, what is left of it)
    factors: tuple[
        tuple[str, Decimal], ...
    ] = ()  # (line id, how many times it counts), if not once
    pieces: tuple[tuple[str, int], ...] = ()  # (line id, pieces that count), if pieces are paid for
    left_out: tuple[tuple[str, Decimal], ...] = ()  # (kind of line or LeftOut, what doesn't count)
    discount: Decimal | None = None  # negative lines, already spread over `lines`
    refunded: Decimal | None = None  # money given back, with tax
    over: Decimal | None = None  # the threshold that must be passed
    at_least: Decimal | None = None  # the threshold that must be reached
    per: Decimal | None = None
    step: bool = False
    points_each: int | None = None
    rounding: str | None = None
    raw: Decimal | None = None  # points before rounding, to 6 decimals; of a cap: before it
    cap: int | None = None
    multiplier: Decimal | None = None  # what tier and campaigns make together, to 6 decimals
    multipliers: tuple[tuple[str, str, Decimal], ...] = ()  # ("tier" or "campaign", key, factor)
    boosted: tuple[tuple[str, Decimal], ...] = ()  # (line id, its multiplier), where they differ
    rate: Decimal | None = None  # programme currency for one unit of `currency`
    action: str | None = None  # what was done
    times: int | None = None  # at most so often
    each: str | None = None  # in each such period
    goal: int | None = None  # pieces of a card, orders or weeks of a challenge
    reward: str | None = None  # given without points
    badge: str | None = None
    since: date | None = None  # first and last day of a membership
    through: date | None = None
    objects: tuple[int, ...] = ()  # of a window: the source objects that decided
    notes: tuple[Note, ...] = ()
