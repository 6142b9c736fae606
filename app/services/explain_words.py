"""The words of explanations: a sentence or part of one for every code that an explanation may have."""

from app.programme.events import LineKind
from app.programme.explanation import LeftOut, Note, Reason
from app.services.texts import mark

REASONS: dict[Reason, str] = {
    Reason.EARNED: mark("earned by the rule “%(rule)s”"),
    Reason.NO_RULE: mark("no rule of the programme speaks of this"),
    Reason.BEFORE_START: mark("it happened before the programme's first day"),
    Reason.TEST_ORDER: mark("a test order earns nothing"),
    Reason.DRAFT: mark("a cart, not an order yet"),
    Reason.DISPUTED: mark("held back: the payment is disputed"),
    Reason.NOT_PAID: mark("the order is not paid yet"),
    Reason.NOT_COMPLETED: mark("the order is not completed yet"),
    Reason.CANCELLED: mark("the order was cancelled, or its payment failed"),
    Reason.REMOVED: mark("it was removed from the shop"),
    Reason.NO_RATE: mark("there is no exchange rate for %(currency)s yet"),
    Reason.BELOW_THRESHOLD: mark("the order is too small for this rule"),
    Reason.OTHER_CHANNEL: mark("the rule leaves out orders that come this way: %(channel)s"),
    Reason.NO_SUCH_LINES: mark("nothing in the order is what this rule is for"),
    Reason.NOTHING_COUNTS: mark("nothing in the order counts"),
    Reason.LESS_THAN_ONE_POINT: mark("that is less than one point"),
    Reason.NOT_REGISTERED: mark("not a shopper's own account"),
    Reason.NOT_ENROLLED: mark("the person has not joined the programme"),
    Reason.NOT_PUBLISHED: mark("the review is not published"),
    Reason.NOT_VERIFIED: mark("the shop does not say that the reviewer bought the product"),
    Reason.OTHER_OWNER: mark("it turned out to be another person's"),
    Reason.SAME_PERSON: mark("another account of the same person has been given it"),
    Reason.REDEEMED: mark("for the reward “%(rule)s”"),
    Reason.RELEASED: mark("the reward “%(rule)s” was not used and cannot be any more"),
    Reason.OVER_CAP: mark("the orders earned more than the programme gives for them"),
    Reason.WITHIN_CAP: mark("the orders earned no more than the programme gives for them"),
    Reason.NOT_FULL: mark("fewer pieces count by now than the card has"),
    Reason.NOT_WON: mark("fewer orders count by now than the challenge “%(rule)s” needs"),
    Reason.NOT_REACHED: mark("fewer orders count by now than this needs"),
    Reason.WITHDRAWN: mark("it was withdrawn"),
    Reason.ENDED: mark("the subscription has ended"),
    Reason.NOT_PASSED: mark("fewer answers were right than the quiz asks for"),
    Reason.TOO_SOON: mark("it was paid before, and not so long ago that it counts again"),
    Reason.TIER_REACHED: mark("for reaching the tier “%(tier)s”"),
    Reason.BONUS: mark("a bonus of the campaign “%(campaign)s”"),
    Reason.NOT_INVITED: mark("the campaign “%(campaign)s” is for other members"),
    Reason.NOTHING_EARNED: mark(
        "nothing in it earns points that the campaign “%(campaign)s” adds to"
    ),
    Reason.MEMBER: mark("paid for since %(since)s"),
    Reason.NO_MEMBER: mark("nothing that was paid for it counts by now"),
    Reason.GIVEN_BACK: mark("the order that the reward “%(rule)s” was used for was refunded"),
    Reason.NO_FRIEND: mark("nobody recommended the shop, as far as is known"),
    Reason.NO_FIRST_ORDER: mark("the friend has bought nothing yet, or has given it back"),
    Reason.ONESELF: mark("the code was one's own: nobody can recommend the shop to themselves"),
    Reason.NOT_NEW: mark("the friend had bought here before"),
    Reason.OTHER_REFERRER: mark("somebody else had recommended the shop earlier"),
    Reason.HELD: mark("the shop takes a look at it first"),
    Reason.REFUSED: mark("the shop has looked at it and decided against it"),
}

NOTES: dict[Note, str] = {
    Note.REFUNDS_WITHOUT_LINES: mark(
        "Which lines were given back is not known, so the amount was spread over all goods."
    ),
    Note.GOODS_UNKNOWN: mark("The shop does not say what kind of goods some of it is."),
    Note.DISPUTE_LOST: mark("The disputed payment was lost and counts as given back."),
    Note.WITH_PHOTO: mark("It has a photo."),
    Note.WITH_VIDEO: mark("It has a video."),
    Note.UNVERIFIED: mark("Unverified: nobody can check that it was done."),
    Note.CAPPED: mark("No more than %(cap)s for one order."),
    Note.LIMITED: mark("No single award may be worth more."),
}

LINE_KINDS: dict[LineKind, str] = {
    LineKind.GOODS: mark("goods"),
    LineKind.GIFT_CARD: mark("gift cards"),
    LineKind.TIP: mark("tips"),
    LineKind.SHIPPING: mark("delivery"),
    LineKind.FEE: mark("fees"),
}

LEFT_OUT: dict[LeftOut, str] = {
    LeftOut.NOT_NAMED: mark("other goods"),
    LeftOut.EXCEPTED: mark("goods that the rule leaves out"),
    LeftOut.OWN_CREDIT: mark(
        "%(amount)s was paid with a gift card or credit of the programme and earns nothing"
    ),
}

CHANNELS: dict[str, str] = {
    "": mark("the shop does not say how"),
    "web": mark("the web shop"),
    "pos": mark("the till"),
    "mobile": mark("a mobile app"),
    "subscription": mark("a subscription"),
    "admin": mark("the shop's staff"),
    "api": mark("another program"),
}
"""The ways that orders come; any other is said in the shop's own word."""

KINDS: dict[str, str] = {
    "earn": mark("%(points)s"),
    "award": mark("%(points)s"),
    "reverse": mark("%(points)s taken back"),
    "forgive": mark("%(points)s let off: more was to be taken back than was there"),
    "spend": mark("%(points)s spent"),
    "restore": mark("%(points)s given back"),
    "expire": mark("%(points)s expired"),
    "idle": mark("%(points)s expired: nothing was earned or spent for a long time"),
    "unexpire": mark("expiry undone: %(points)s"),
    "mature": mark("%(points)s became available"),
    "limit": mark("%(points)s taken off what became available: a limit of the programme"),
    "merge": mark("%(points)s moved between two accounts of one person"),
    "import": mark("%(points)s moved here from the former programme"),
    "unimport": mark("%(points)s taken off: their move from the former programme was undone"),
    "bonus": mark("%(points)s: a bonus"),
    "unbonus": mark("%(points)s taken off: a bonus was withdrawn"),
}
"""Every kind of entry but "adjust" (which gives or takes), and "award" for what a rule is worth now.

"idle", "unexpire", "mature" and "limit" are entries of kind "expire", "earn" and "reverse" that move points
back, or out of what is pending; "import", "unimport", "bonus" and "unbonus" are entries of kind "adjust".
"""

ROUNDING = {
    "floor": mark("rounded down from %(raw)s"),
    "half_up": mark("rounded from %(raw)s"),
    "ceil": mark("rounded up from %(raw)s"),
}

WINDOWS = {
    "once": mark("for joining, paid once per person"),
    "product": mark("for a review, paid once per product"),
    "friend": mark("for a friend's first order"),
    "referred": mark("for a first order on a friend's recommendation"),
    "tier": mark("for reaching a tier, paid once per person"),
}
