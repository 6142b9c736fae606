"""What a reminder says: which of a member's points will expire on what day, and what they are enough for."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, select

from app.db import tables as t
from app.programme.document import Programme
from app.programme.limits import Supply
from app.programme.rewards import why_not_offered
from app.services.addressing import Letter, Recipient, Unsent, plain
from app.services.inactivity import idle_soon
from app.services.letter_pages import page
from app.services.limits import asking_of, supply_of
from app.services.mail import INACTIVITY, Mail
from app.services.programmes import in_force, versions
from app.services.reward_words import reward_words
from app.services.texts import Texts, texts
from app.services.view_life import Dated, expiring

TOGETHER = timedelta(days=7)
"""One reminder tells of all that expires within so many days after the first."""

_MOST_REWARDS = 3


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a reminder, for both of its forms."""

    greeting: str
    opening: str
    days: list[str]
    keep: str  # how to keep them, if one can
    rewards: str
    shop: str
    closing: str


def expiry_letter(
    connection: Connection, mail: Mail, to: Recipient, now: datetime
) -> Letter | Unsent:
    """Return the reminder as it is true now, or why there is nothing to remind of any more."""
    member = _living(connection, mail.member_id)
    programme = in_force(versions(connection, mail.programme_id), now).programme
    if mail.kind.startswith(INACTIVITY):
        going = _idle(connection, mail, member, now)
    else:
        going = _expiring(connection, mail, member, now)
    if not going:
        return Unsent("no points expire then any more")
    words, zone = texts(programme.language), ZoneInfo(programme.timezone)
    name, points = plain(programme.name), sum(one.points for one in going)
    asking = asking_of(connection, member.id)
    supply = supply_of(connection, mail.programme_id, programme, now, asking)
    said = _Said(
        greeting=words.say("Hello,"),
        opening=_opening(words, name, member.balance),
        days=[
            words.say(
                "%(points)s up to and including %(day)s",
                points=words.points(one.points),
                day=words.day(one.last, zone),
            )
            for one in going
        ],
        keep=words.say("Collect or use points before then, and you keep the rest.")
        if mail.kind.startswith(INACTIVITY)
        else "",
        rewards=_rewards(words, programme, member.balance, supply),
        shop=_shop(connection, member.id),
        closing=words.say("This message was sent automatically by the shop's loyalty programme."),
    )
    day = words.day(going[0].last, zone)
    return Letter(
        to=to.address,
        language=words.language,
        sender_name=name,
        subject=words.say(
            "Use your points: %(points)s expire soon, the first on %(day)s",
            points=words.points(points),
            day=day,
        ),
        text=_as_text(words, said),
        html=page("expiry.html").render(said=said, words=words, language=words.language),
    )


def _expiring(connection: Connection, mail: Mail, member: "_Account", now: datetime) -> list[Dated]:
    """Return what expires within a week after the lot that the mail is about."""
    query = select(t.lot.c.expires_at).where(t.lot.c.id == mail.subject_id)
    first = connection.execute(query).scalar_one()
    if first is None or first <= now:
        return []
    return expiring(connection, member.id, since=first, until=first + TOGETHER)


def _idle(connection: Connection, mail: Mail, member: "_Account", now: datetime) -> list[Dated]:
    """Return what goes unless something happens; nothing if something did since it was noted."""
    known = versions(connection, mail.programme_id)
    idle = idle_soon(connection, mail.programme_id, known, now, only=[member.id])
    return [
        Dated(points=member.balance, at=one.ends_at)
        for one in idle
        if one.entry_id == mail.subject_id and one.ends_at > now
    ]


def _living(connection: Connection, member_id: int) -> "_Account":
    row = connection.execute(
        select(t.member.c.id, t.member.c.balance, t.member.c.merged_into).where(
            t.member.c.id == member_id
        )
    ).one()
    if row.merged_into is not None:
        return _living(connection, row.merged_into)
    return _Account(row.id, row.balance)


class _Account(msgspec.Struct, frozen=True):
    id: int
    balance: int


def _opening(words: Texts, programme: str, balance: int) -> str:
    points = words.points(balance)
    if programme:
        return words.say(
            "you have %(points)s in “%(programme)s”. Some of them can only be used for a while:",
            points=points,
            programme=programme,
        )
    return words.say(
        "you have %(points)s. Some of them can only be used for a while:", points=points
    )


def _rewards(words: Texts, programme: Programme, balance: int, supply: Supply) -> str:
    """Name the dearest rewards that can be had and that the points are enough for."""
    within = sorted(
        (
            reward
            for reward in programme.rewards
            if reward.cost <= balance and why_not_offered(programme, reward, supply) is None
        ),
        key=lambda reward: -reward.cost,
    )
    if not within:
        return ""
    names = [
        reward_words(
            name=plain(reward.name),
            kind=reward.kind,
            value=reward.value,
            currency=programme.currency,
            language=words.language,
        )
        for reward in within[:_MOST_REWARDS]
    ]
    return words.say("They are enough for: %(rewards)s.", rewards="; ".join(names))


def _shop(connection: Connection, member_id: int) -> str:
    """Return the address of the shop that the member came to first, empty without one."""
    found = connection.execute(
        select(t.store.c.url)
        .join(t.store_customer, t.store_customer.c.store_id == t.store.c.id)
        .where(t.store_customer.c.member_id == member_id)
        .order_by(t.store_customer.c.id)
        .limit(1)
    ).scalar()
    return found or ""


def _as_text(words: Texts, said: _Said) -> str:
    parts = [said.greeting, "", said.opening, "", *(f"- {day}" for day in said.days), ""]
    if said.keep:
        parts += [said.keep, ""]
    if said.rewards:
        parts += [said.rewards, ""]
    if said.shop:
        parts += [f"{words.say('The shop:')} {said.shop}", ""]
    return "\n".join((*parts, "-- ", said.closing, ""))
