"""Rewards that members take, and what a shop says about their codes, for tests of what people are shown."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import select

from app.db import tables as t
from app.programme.events import Event, OrderFacts, Standing
from app.services.code_answers import Answer, note_answers
from app.services.codes import claim_codes
from app.services.redeem import Outlet, redeem
from app.services.redemption_words import way
from app.services.release import release
from app.services.view_redemptions import RedemptionDetail, show_redemption
from tests.people import OLA, START, People, account, order
from tests.pipeline import Pipeline

SOURCE = """
[programme]
key = "rewards"
currency = "PLN"
timezone = "Europe/Warsaw"

[[rule]]
key = "joining"
on = "customer.registered"
points = {points}

[[reward]]
key = "ten-percent"
cost = 100
kind = "percent"
value = "10"
valid_days = 90
refunded = "{refunded}"

[[reward]]
key = "fifty"
name = {name}
cost = 250
kind = "fixed"
value = "50"

[[reward]]
key = "mug"
cost = 120
kind = "free-product"

[[reward]]
key = "first-look"
cost = 10
kind = "early-access"
"""

MAKES = frozenset({"percent", "fixed", "free-delivery", "free-product"})


@dataclass
class Counter:
    """A shop, its one member, and the rewards that are taken there."""

    people: People
    member_id: int

    @property
    def pipeline(self) -> Pipeline:
        return self.people.pipeline

    def take(self, reward: str = "ten-percent", **how: Any) -> int:
        """Redeem points, as a member does; returns the redemption's id."""
        outlets = [Outlet(store, MAKES) for store in self.people.stores]
        with self.pipeline.database.transaction() as connection:
            return redeem(
                connection,
                self.pipeline.runtime.vault,
                programme_id=self.people.programme_id,
                member_id=self.member_id,
                reward=reward,
                outlets=outlets,
                store_key=self.people.stores[0].key,
                actor="tests",
                now=self.pipeline.clock(),
                **how,
            )

    def shop_says(self, **answer: Any) -> None:
        """Have the shop asked about every code that is due, and answer the same about each."""
        with self.pipeline.database.transaction() as connection:
            tasks = claim_codes(
                connection, self.people.stores[0].id, self.pipeline.clock(), limit=10
            )
        assert tasks
        again = self.pipeline.clock() + timedelta(hours=1)
        with self.pipeline.database.transaction() as connection:
            note_answers(
                connection,
                self.pipeline.runtime.vault,
                [Answer(task=task, retry_at=again, **answer) for task in tasks],
                self.pipeline.clock(),
            )

    def made(self, reward: str = "ten-percent", **how: Any) -> int:
        """Take a reward whose code the shop makes at once."""
        redemption_id = self.take(reward, **how)
        self.shop_says(remote_id="77")
        return redemption_id

    def release(self, redemption_id: int, reason: str = "a slip of the finger") -> str:
        """Have support release a redemption."""
        with self.pipeline.database.transaction() as connection:
            return release(
                connection,
                self.pipeline.runtime.vault,
                redemption_id=redemption_id,
                reason=reason,
                actor="Kasia",
                now=self.pipeline.clock(),
            )

    def order(
        self,
        number: int,
        redemption_id: int,
        *,
        called: str | None = None,
        status: str = "paid",
        **changes: Any,
    ) -> None:
        """Have the shop tell of an order that shows a redemption's code."""
        event = order(number, customer="5", email=OLA, **changes)
        event = carrying(event, self.code(redemption_id), status=status)
        if called is not None:
            event = msgspec.structs.replace(event, number=called)
        self.people.tell(0, event)

    def cancel(self, number: int, redemption_id: int) -> None:
        """Have the shop tell that such an order was cancelled."""
        event = order(number, customer="5", email=OLA, at=60)
        cancelled = {"standing": Standing.CANCELLED, "status": "cancelled"}
        self.people.tell(0, carrying(event, self.code(redemption_id), **cancelled))

    def code(self, redemption_id: int) -> str:
        return self.show(redemption_id).redemption.code

    def show(self, redemption_id: int) -> RedemptionDetail:
        with self.pipeline.database.snapshot() as connection:
            return show_redemption(connection, redemption_id)

    def way(self, redemption_id: int, language: str = "en") -> list[str]:
        """Return the steps of a redemption in words."""
        return [step.text for step in way(self.show(redemption_id), language)]

    def balance(self) -> int:
        with self.pipeline.database.snapshot() as connection:
            found: int = connection.execute(
                select(t.member.c.balance).where(t.member.c.id == self.member_id)
            ).scalar_one()
        return found


def carrying(event: Event, code: str, **changes: Any) -> Event:
    """The same order, showing a code as platforms report it."""
    assert isinstance(event.facts, OrderFacts)
    facts = msgspec.structs.replace(event.facts, codes=(code.lower(),), **changes)
    return msgspec.structs.replace(event, facts=facts)


def offer(pipeline: Pipeline, *, refunded: str = "none", name: str = "", points: int = 300) -> int:
    """Publish the rewards; returns the programme's id."""
    quoted = json.dumps(name, ensure_ascii=False)
    return pipeline.programme(source=SOURCE.format(refunded=refunded, name=quoted, points=points))


def open_counter(
    pipeline: Pipeline,
    *,
    refunded: str = "none",
    name: str = "",
    stores: int = 1,
    keys: bool = True,
    points: int = 300,
) -> Counter:
    """Open a shop with rewards and a member who has some points."""
    programme_id = offer(pipeline, refunded=refunded, name=name, points=points)
    opened = [
        pipeline.store(programme_id, url=f"https://shop{number}.example", keys=keys)
        for number in range(stores)
    ]
    people = People(pipeline, programme_id, opened)
    pipeline.clock.moment = START + timedelta(hours=1)
    people.tell(0, account("5", OLA))
    return Counter(people, people.member(0, "5"))
