"""A member takes a reward: the points are spent and a code is drawn, in one transaction."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from app.db import tables as t
from app.db.types import holds
from app.errors import Conflict, Invalid, NotFound
from app.programme.by_hand import BY_HAND, DRAW, EVENT
from app.programme.events import RedemptionFacts, RedemptionState
from app.programme.limits import Hidden, Supply
from app.programme.lots import spendable
from app.programme.reward import Reward
from app.programme.rewards import Offer, offers, why_not_offered
from app.services import accounts, workset
from app.services.audit import Act, note_act
from app.services.draws import join_draw
from app.services.facts import decode_facts
from app.services.holdings import load_worth
from app.services.keys import Vault
from app.services.limits import Asking, await_turn, supply_of
from app.services.mail import CODE, want_mail
from app.services.posting import account_of
from app.services.programmes import Version, in_force, versions
from app.services.reserve import code_end, reserve
from app.services.rows import MemberRow
from app.services.stores import Store
from app.services.waiting import end_waiting
from app.services.workset import WorkSet
from app.services.worth import settle_objects
from app.services.writeback import want_writing

LONGEST_REQUEST_KEY = 200


class NeverHad(Conflict):
    """A reward that somebody cannot have, and that no waiting brings."""


class Outlet(msgspec.Struct, frozen=True):
    """A store with the kinds of rewards that it can give now (none without API keys)."""

    store: Store
    makes: frozenset[str]


class _Choice(msgspec.Struct, frozen=True):
    outlet: Outlet
    offer: Offer
    customer: str | None  # None: no account there, for what no shop is asked for


def redeem(
    connection: Connection,
    vault: Vault,
    *,
    programme_id: int,
    member_id: int,
    reward: str,
    outlets: Sequence[Outlet],
    store_key: str | None = None,
    request_key: str | None = None,
    automatic: bool = False,
    actor: str,
    now: datetime,
) -> int:
    """Spend points on a reward; returns the redemption's id. Its code is made by a job, at once.

    The same `request_key` of a member is one redemption, however often it is asked for. `automatic`:
    nobody asked, so it must be a reward that is issued by itself. Call in a writing transaction.
    Raises NotFound for an unknown member, reward or store, Invalid for a member or key that cannot be,
    and Conflict where the reward cannot be had there, or not for these points, or not for this key.
    """
    if request_key is not None and not 0 < len(request_key) <= LONGEST_REQUEST_KEY:
        raise Invalid(f"a request key has 1 to {LONGEST_REQUEST_KEY} characters")
    if request_key is not None and not holds(request_key):
        raise Invalid("a request key cannot hold such characters")
    work = WorkSet(programme_id, now)
    lock = connection.dialect.name != "sqlite"
    workset.load_programme(connection, work, lock=lock)
    published = versions(connection, programme_id)
    version = in_force(published, now)
    await_turn(connection, programme_id, version.programme, reward)
    member = accounts.load_member(connection, work, member_id)
    same = work.accounts_of(member_id)
    known = None if request_key is None else _known(connection, same, request_key, reward)
    if known is not None:
        return known
    if member.state != "member":
        raise Invalid(
            f"member {member.id} is a {member.state}: only who has joined the programme can redeem"
        )
    supply = supply_of(
        connection, programme_id, version.programme, now, Asking(same, member.tier), only=reward
    )
    customers = _customers(connection, same)
    choice = _choose(version, reward, outlets, store_key, customers, supply)
    if automatic and not choice.offer.reward.automatic:
        raise Conflict(f"The reward {reward!r} is not issued by itself (any more).")
    if choice.offer.reward.kind == DRAW:
        join_draw(connection, vault.keyring, programme_id, reward, now)
    load_worth(connection, work)
    _afford(work, member, choice.offer.reward)
    row = reserve(
        work,
        member,
        store_id=choice.outlet.store.id,
        customer=choice.customer,
        facts=_facts(version, choice.offer),
        version=version.number,
        ends_at=code_end(version.programme, choice.offer.reward, now),
        request_key=request_key,
    )
    settle_objects(connection, work, vault, published, [row.key])
    workset.flush(connection, work)
    note_act(
        connection,
        Act(
            programme_id=programme_id,
            actor=actor,
            action="redemption.reserve",
            subject=f"redemption {row.external_id}",
            reason="for the member",
            detail={"member": str(member.id), "reward": reward},
        ),
        now,
    )
    want_writing(connection, [member.id], now)
    if choice.offer.reward.kind == EVENT:
        end_waiting(connection, same, reward, redemption_id=int(row.external_id))
    if choice.offer.reward.kind in BY_HAND:
        want_mail(
            connection,
            programme_id=programme_id,
            member_id=member.id,
            kind=CODE,
            subject_id=int(row.external_id),
            now=now,
        )
    return int(row.external_id)


def _known(
    connection: Connection, members: Sequence[int], request_key: str, reward: str
) -> int | None:
    """Return what was redeemed for the same request; raises Conflict if that was another reward."""
    found = connection.execute(
        select(t.redemption.c.id, t.source_object.c.facts)
        .join(t.source_object, t.source_object.c.id == t.redemption.c.object_id)
        .where(t.redemption.c.member_id.in_(members), t.redemption.c.request_key == request_key)
        .order_by(t.redemption.c.id)
    ).first()
    if found is None:
        return None
    facts = decode_facts(found.facts)
    if not isinstance(facts, RedemptionFacts) or facts.reward != reward:
        raise Conflict("Another reward was redeemed for this request key.")
    return int(found.id)


def _afford(work: WorkSet, member: MemberRow, reward: Reward) -> None:
    available = spendable(account_of(work, member), work.now)
    if available < reward.cost:
        raise Conflict(
            f"the reward {reward.key!r} costs {reward.cost} points, member {member.id} has "
            f"{max(available, 0)} to spend"
        )


def _facts(version: Version, offer: Offer) -> RedemptionFacts:
    reward = offer.reward
    return RedemptionFacts(
        reward=reward.key,
        cost=reward.cost,
        kind=reward.kind,
        value=reward.value,
        currency=version.programme.currency,
        product=offer.product,
        products=offer.products,
        url=reward.url,
        cause=reward.cause,
        state=RedemptionState.RESERVED,
    )


def _customers(connection: Connection, members: Sequence[int]) -> dict[int, str]:
    """Return the newest living account of a person in each store."""
    rows = connection.execute(
        select(t.store_customer.c.store_id, t.store_customer.c.external_id)
        .where(t.store_customer.c.member_id.in_(members), t.store_customer.c.gone == 0)
        .order_by(t.store_customer.c.id)
    )
    return {row.store_id: row.external_id for row in rows}


def _choose(
    version: Version,
    key: str,
    outlets: Sequence[Outlet],
    store_key: str | None,
    customers: dict[int, str],
    supply: Supply,
) -> _Choice:
    """Find the store whose code it shall be: the named one, or the only one where it can be had.

    What people see to needs no account in any shop; where there is one, that store comes first.
    """
    rewards = {reward.key: reward for reward in version.programme.rewards}
    if key not in rewards:
        there = f"There are: {', '.join(rewards)}." if rewards else "The programme has none yet."
        raise NotFound(f"There is no reward {key!r}. {there}")
    nowhere = why_not_offered(version.programme, rewards[key], supply)
    if nowhere is not None:
        for_ever = rewards[key].each == "lifetime" if nowhere is Hidden.HAD else nowhere in _OVER
        kind = NeverHad if for_ever else Conflict
        why = _WHY[nowhere] + _more(nowhere, rewards[key], version)
        raise kind(f"The reward {key!r} cannot be had now ({why}).")
    if store_key is not None:
        outlets = [outlet for outlet in outlets if outlet.store.key == store_key]
        if not outlets:
            raise NotFound(f"There is no store {store_key!r} in this programme.")
    found, reasons = [], []
    for outlet in outlets:
        offered = offers(version.programme, outlet.store.key, outlet.makes)
        offer = next(one for one in offered if one.reward.key == key)
        customer = customers.get(outlet.store.id)
        if offer.hidden is not None:
            reasons.append(f"{outlet.store.key}: {_WHY[offer.hidden]}")
        elif customer is None and rewards[key].kind not in BY_HAND:
            reasons.append(f"{outlet.store.key}: the member has no account there")
        else:
            found.append(_Choice(outlet, offer, customer))
    if not found:
        why = "; ".join(reasons) or "no store is connected"
        raise Conflict(f"The reward {key!r} cannot be had now ({why}).")
    if len(found) > 1 and rewards[key].kind not in BY_HAND:
        keys = ", ".join(choice.outlet.store.key for choice in found)
        raise Conflict(f"The reward {key!r} can be had in several stores, name one of: {keys}.")
    return next((choice for choice in found if choice.customer is not None), found[0])


def _more(nowhere: Hidden, reward: Reward, version: Version) -> str:
    """Return from when on a reward can be had, or how to wait for one, as more of the reason."""
    if nowhere is Hidden.NOT_YET and reward.from_ is not None:
        begins = reward.from_.isoformat(" ", "minutes")
        return f", it can be had from {begins} on in {version.programme.timezone}"
    if nowhere is Hidden.NONE_LEFT and reward.kind == EVENT:
        return f", to wait for a seat: stempel reward wait MEMBER {reward.key}"
    return ""


_OVER = {Hidden.OVER, Hidden.NOT_FOR_POINTS}
_WHY = {
    Hidden.NO_PRODUCT: "the programme names no product of this store for it",
    Hidden.NOT_FOR_POINTS: "it is given for a card or challenge, not for points",
    Hidden.NOT_MADE: "this store cannot give it (has it API keys?)",
    Hidden.NO_MONEY: "this store's platform has no gift cards or store credit to give; Shopify has",
    Hidden.NOT_YET: "its time has not come yet",
    Hidden.OVER: "its time is over",
    Hidden.NONE_LEFT: "all of it has been taken",
    Hidden.OTHER_TIER: "it is for members of another tier",
    Hidden.OTHER_SEGMENT: "it is for members of another segment",
    Hidden.HAD: "the member has had it as often as each may",
}
