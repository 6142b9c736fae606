"""Discount codes, gift cards and store credit of one store: made, looked at and ended at the shop.

No transaction is open meanwhile. A call whose answer is lost is made again: the shop finds what is there
by its reference (DESIGN.md, Redemption).
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.errors import ConfigError, Passing
from app.programme.shop_money import SHOP_MONEY
from app.services import codes
from app.services.code_answers import Answer, note_answers
from app.services.codes import Act, CodeTask
from app.services.stores import Store
from connectors.base import Shop
from connectors.rewards import Codes, CodeShown, Credit, Credits, Discount, Made, MadeCode
from jobs import policy
from jobs.rests import let_rest
from jobs.runtime import Runtime

log = logging.getLogger("stempel.codes")

_EARLIER = timedelta(days=1)
"""How long before it was taken a code begins: it works at once in a shop whose clock is behind ours."""

_EMBEDDED_BATCH = 20  # keeps the write lock of SQLite short


def push_codes(runtime: Runtime, store: Store, shop: Shop | None) -> int:
    """Do what is due about a store's codes; returns how many were dealt with."""
    if shop is None or (shop.codes is None and shop.credits is None):
        with runtime.database.transaction() as connection:
            codes.await_keys(connection, store.id, runtime.clock())
        return 0
    limit = min(one.batch_size for one in (shop.codes, shop.credits) if one is not None)
    if runtime.database.embedded:
        limit = min(limit, _EMBEDDED_BATCH)
    with runtime.database.transaction() as connection:
        tasks = codes.claim_codes(connection, store.id, runtime.clock(), limit=limit)
    runtime.reach("codes.claimed")
    left = list(tasks)
    for act in Act:
        for money in (False, True):
            due = [task for task in tasks if (task.act, task.kind in SHOP_MONEY) == (act, money)]
            left = [task for task in left if task not in due]
            if due and not _push(runtime, store, shop, act, due):
                _rest(runtime, left)
                return len(tasks)
    return len(tasks)


def _push(runtime: Runtime, store: Store, shop: Shop, act: Act, due: Sequence[CodeTask]) -> bool:
    """Make one call and note its answers; returns False if the store must rest."""
    try:
        answers = _answers(shop, act, due, runtime.clock())
    except Exception as error:  # noqa: BLE001 - the edge of the jobs: recorded, never swallowed
        return _failed(runtime, store, due, error)
    runtime.reach(f"codes.{act}.answered")
    now = runtime.clock()

    def note(connection: Connection) -> None:
        note_answers(connection, runtime.vault, answers, now)
        runtime.reach(f"codes.{act}.noting")

    runtime.database.run(note)
    runtime.reach(f"codes.{act}.noted")
    return True


def _answers(shop: Shop, act: Act, due: Sequence[CodeTask], now: datetime) -> list[Answer]:
    """Ask about tasks that are all of money, or all of discount codes."""
    if act is Act.MAKE:
        made = {one.reference: one for one in _give(shop, due)}
        return [_made(task, made.get(str(task.id)), now) for task in due]
    shown = {one.reference: one for one in _ask(shop, act, due)}
    return [_shown(task, shown.get(str(task.id)), now) for task in due]


def _give(shop: Shop, due: Sequence[CodeTask]) -> Sequence[Made]:
    if due[0].kind in SHOP_MONEY:
        return _credits(shop).give([_credit(task) for task in due])
    return _codes(shop).make([_discount(task) for task in due])


def _ask(shop: Shop, act: Act, due: Sequence[CodeTask]) -> Sequence[CodeShown]:
    if due[0].kind in SHOP_MONEY:
        credit = _credits(shop)
        return (credit.look if act is Act.LOOK else credit.end)([_credit(task) for task in due])
    asked = [
        MadeCode(reference=str(task.id), code=task.code or "", id=task.remote_id, spent=task.spent)
        for task in due
    ]
    return (_codes(shop).look if act is Act.LOOK else _codes(shop).end)(asked)


def _codes(shop: Shop) -> Codes:
    if shop.codes is None:
        raise ConfigError("this store's connector makes no discount codes (any more)")
    return shop.codes


def _credits(shop: Shop) -> Credits:
    if shop.credits is None:
        raise ConfigError("this store's connector gives no gift cards or store credit (any more)")
    return shop.credits


def _made(task: CodeTask, made: Made | None, now: datetime) -> Answer:
    if made is None:
        made = Made(reference=str(task.id), error="the shop's answer does not name the code")
    error = made.error or ("" if made.id or made.taken else "the shop gives it no number")
    decision = policy.decide(Passing(error), tries=task.tries, now=now)
    return Answer(
        task=task,
        remote_id=made.id,
        error=error or None,
        taken=made.taken,
        never=made.never or (decision.retry_at is None and not made.held),
        undone=made.undone,
        held=made.held,
        retry_at=policy.much_later(now) if made.held else decision.retry_at or now,
    )


def _shown(task: CodeTask, shown: CodeShown | None, now: datetime) -> Answer:
    if shown is None:
        shown = CodeShown(reference=str(task.id), error="the shop's answer does not name the code")
    decision = policy.decide(Passing(shown.error or ""), tries=task.tries, now=now)
    return Answer(
        task=task,
        remote_id=shown.id,
        exists=shown.exists,
        usable=shown.usable,
        uses=shown.uses,
        error=shown.error,
        held=shown.held,
        retry_at=(None if shown.held else decision.retry_at) or policy.much_later(now),
    )


def _credit(task: CodeTask) -> Credit:
    if task.kind not in {"gift-card", "store-credit"} or task.facts.value is None:
        raise TypeError(f"redemption {task.id} is no money")
    return Credit(
        reference=str(task.id),
        kind=task.kind,
        title=task.title,
        value=task.facts.value,
        currency=task.facts.currency or task.currency,
        customer=task.customer,
        code=task.code,
        id=task.remote_id,
        created_at=task.created_at,
        ends_at=task.ends_at,
        tried_at=task.tried_at,
        claimed=task.claimed,
    )


def _discount(task: CodeTask) -> Discount:
    facts = task.facts
    match task.kind:
        case "gift-card" | "store-credit":
            raise TypeError(f"redemption {task.id} is no discount code")
        case kind:
            pass
    return Discount(
        reference=str(task.id),
        code=task.code or "",
        title=task.title,
        kind=kind,
        value=facts.value,
        currency=task.currency,
        product=facts.product,
        products=facts.products,
        minimum=task.reward.minimum,
        combinable=task.reward.combinable,
        customer=task.customer,
        starts_at=task.created_at - _EARLIER,
        ends_at=task.ends_at,
    )


def _failed(runtime: Runtime, store: Store, due: Sequence[CodeTask], error: Exception) -> bool:
    """Put the codes of a failed call back; returns whether the store may be called for others."""
    now = runtime.clock()
    decision = policy.decide(error, tries=min(task.tries for task in due), now=now)
    log.warning("store %s: a call about codes failed: %s", store.key, decision.reason)
    # Never given up: points are reserved for them, and a shop comes back or a code's time ends.
    due_at = decision.retry_at or policy.much_later(now)
    with runtime.database.transaction() as connection:
        codes.postpone(connection, due, due_at=due_at, error=decision.error or decision.reason)
        return not let_rest(connection, store, decision)


def _rest(runtime: Runtime, tasks: Sequence[CodeTask]) -> None:
    if tasks:
        with runtime.database.transaction() as connection:
            codes.give_back(connection, tasks, due_at=runtime.clock())
