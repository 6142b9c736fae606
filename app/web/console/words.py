"""Our own words as the pages show them, and e-mails as lists show them."""

from app.services.redemption_words import reason_words
from app.services.texts import mark
from app.services.view_redemptions import RedemptionView
from app.web.language import here

WORDS = {
    # where a delivery stands
    "received": mark("received"),
    "reading": mark("asking the shop"),
    "failed": mark("failed, tried again"),
    "processed": mark("processed"),
    "stale": mark("out of date"),
    "ignored": mark("ignored"),
    "dead": mark("dead"),
    "discarded": mark("discarded"),
    "replayed": mark("asked for again"),
    # how it came
    "webhook": mark("webhook"),
    "read": mark("read by us"),
    "sync": mark("comparison"),
    # people
    "member": mark("member"),
    "guest": mark("guest"),
    "merged": mark("joined to another account"),
    "erased": mark("erased"),
    # objects
    "order": mark("order"),
    "customer": mark("customer account"),
    "review": mark("review"),
    "enrolment": mark("enrolment"),
    "manager": mark("by a manager"),
    "redemption": mark("reward taken"),
    # how far a reward that was taken has come
    "reserved": mark("code being made"),
    "issued": mark("code can be used"),
    "reserved without code": mark("being given"),
    "issued without code": mark("taken"),
    "ending": mark("being taken back"),
    "used": mark("used"),
    "released": mark("given back"),
    "lapsed": mark("ended, no points back"),
    # claims
    "pending": mark("waiting"),
    "confirmed": mark("confirmed"),
    "proved": mark("proved by the shop"),
    "joined": mark("settled with another claim"),
    # how far a recommendation has come
    "referral pending": mark("no order yet"),
    "referral held": mark("held for review"),
    "referral approved": mark("approved"),
    "referral rewarded": mark("rewarded"),
    "referral refused": mark("refused"),
    "referral undone": mark("the order was given back"),
    "referral void": mark("counts for nothing"),
    "referral joined": mark("counted with another one"),
    # why a webhook request was refused
    "not a POST": mark("not a POST"),
    "too large": mark("too large"),
    "slow body": mark("too slow"),
    "broken body": mark("broken off or malformed"),
    "hung up": mark("the sender hung up"),
    "unknown platform": mark("unknown platform"),
    "unknown store": mark("unknown store"),
    "bad signature": mark("wrong or missing signature"),
    "database away": mark("the database was away"),
}


def state_word(code: str) -> str:
    """Return the reader's word for one of our codes; one that we lack stays as it is."""
    return here().say(WORDS[code]) if code in WORDS else code


def stage_word(one: RedemptionView) -> str:
    """Return the reader's word for how far a redemption has come, a code's or what is none."""
    if one.taken_back:
        return state_word("ending")
    other = f"{one.state} without code"
    return state_word(other if one.code is None and other in WORDS else one.state)


def reason_word(reason: str) -> str:
    """Return in the reader's language why a code ends or cannot."""
    return reason_words(reason, here().language)


def masked(email: str | None) -> str:
    """Return an e-mail as lists show it: enough to recognise, too little to copy."""
    if email is None:
        return ""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"
