"""Members who recommend a shop, and friends who come: what the tests of referrals tell."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row

from app.programme.events import Address, Contact, CustomerFacts, Event, OrderFacts, Standing
from app.programme.referrals import Verdict
from app.services.referral_desk import decide, invitation_of
from tests.people import People, account, order
from tests.pipeline import Pipeline

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

OLA, JAN = "ola@example.pl", "jan@example.pl"
HOME = Contact(
    address=Address(street="ul. Długa 5/7", postcode="90-001", city="Łódź", country="PL")
)
ALIAS = "ola.nowak+shop@gmail.com"

RULE = """
[programme]
key = "friends"
currency = "PLN"
debt = "{debt}"

[[rule]]
key = "friend"
on = "referral"
points = 200
friend_points = 50
return_days = {days}
"""


@dataclass
class Friends(People):
    """A programme that pays for friends. Customers are numbers of the first store."""

    def joins(self, number: str, email: str, contact: Contact | None = None) -> str:
        """Let somebody sign up; returns their code."""
        told = account(number, email, verified=False)
        told = msgspec.structs.replace(
            told, occurred_at=NOON - timedelta(days=9), contact=contact or Contact()
        )
        self.tell(0, told)
        with self.pipeline.database.transaction() as connection:
            return invitation_of(connection, self.member(0, number), self.pipeline.clock()).code

    def referrals(self) -> list[Row[Any]]:
        return list(self.rows("referral"))

    def pending(self, number: str) -> int:
        [row] = self.rows("member", id=self.member(0, number))
        found: int = row.pending
        return found


def opened(
    pipeline: Pipeline, *, days: int = 0, more: str = "", stores: int = 1, debt: str = "debt"
) -> Friends:
    programme_id = pipeline.programme(source=RULE.format(days=days, debt=debt) + more)
    shops = [
        pipeline.store(programme_id, url=f"https://shop{number}.example")
        for number in range(stores)
    ]
    return Friends(pipeline, programme_id, shops)


def bought(
    number: int,
    customer: str | None,
    *,
    code: str | None = None,
    email: str | None = None,
    amount: str = "20.00",
    hours: float = 0,
    standing: Standing = Standing.PAID,
    refunded: str | None = None,
    typed: str | None = None,
    contact: Contact | None = None,
    test: bool = False,
    at: int = 0,
) -> Event:
    """An order placed so many hours after noon, as it was so many seconds after the start."""
    told = order(
        number, amount, customer=customer, email=email, verified=False, refunded=refunded, at=at
    )
    assert isinstance(told.facts, OrderFacts)
    moment = NOON + timedelta(hours=hours)
    facts = msgspec.structs.replace(
        told.facts,
        standing=standing,
        paid_at=moment if standing is not Standing.OPEN else None,
        referral=None if code is None else code.replace("-", "").lower(),
        codes=() if typed is None else (typed.lower(),),
        test=test,
    )
    return msgspec.structs.replace(
        told, facts=facts, occurred_at=moment, contact=contact or Contact()
    )


def signed_up(
    number: str, code: str | None, *, hours: float = 0, email: str | None = None, at: int = 0
) -> Event:
    """An account that was made so many hours after noon by way of a member's link."""
    told = account(number, email, verified=False, at=at)
    stored = None if code is None else code.replace("-", "").lower()
    return msgspec.structs.replace(
        told,
        occurred_at=NOON + timedelta(hours=hours),
        facts=CustomerFacts(registered=True, referral=stored),
    )


def states(friends: Friends) -> list[str]:
    return [row.state for row in friends.referrals()]


def decided(friends: Friends, verdict: Verdict, number: int = 0) -> None:
    with friends.pipeline.database.transaction() as connection:
        decide(
            connection,
            friends.pipeline.runtime.vault,
            friends.referrals()[number].id,
            verdict,
            reason="they are two people",
            actor="ewa",
            now=friends.pipeline.clock(),
        )
