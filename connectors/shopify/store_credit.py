"""Gives store credit, looks at it and takes it back.

Shopify takes no idempotency key here, and keeps no note beside a credit. What we have is the second at
which a credit ends: each of ours ends at one of its own, within an hour after its time. So before a credit
is given that may have been given already, the account is read, and what cannot be told is left to a person.
"""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from app.clock import Clock
from app.errors import Invalid, Passing
from connectors.rewards import CodeShown, Credit, Made
from connectors.shopify.client import WRITE_SECONDS, Session, shaped
from connectors.shopify.code_answers import UserError
from connectors.shopify.credit_answers import NOBODY, Amount, Refusal, ShopMoney, refusal
from connectors.shopify.credit_history import ADJUSTMENT, CREDIT, Entry, spent_of
from connectors.shopify.credit_inputs import money, plain
from connectors.shopify.documents import document
from connectors.shopify.gids import global_id
from connectors.shopify.values import gid

_MARKS = 3600  # seconds after its time in which a credit of ours ends
_SKEW = timedelta(minutes=10)  # how far the shop's clock may be from ours
_MARGIN = timedelta(
    minutes=5
)  # so short before its end nothing is taken: the next credit might be hit
_PAGES = 20
_POINTS = 10.0

# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/StoreCreditAccountCreditUserErrorCode
_GIVING = {
    "ACCOUNT_NOT_FOUND": Refusal(NOBODY, never=True),
    "CREDIT_LIMIT_EXCEEDED": Refusal(
        "The account would hold more than the shop allows; the member has to spend some first.",
        never=False,
    ),
    "EXPIRES_AT_IN_PAST": Refusal("Its time is over.", never=True),
    "MISMATCHING_CURRENCY": Refusal("The account is in another currency.", never=True),
    "NEGATIVE_OR_ZERO_AMOUNT": Refusal("The value should be above 0.", never=True),
    "OWNER_NOT_FOUND": Refusal(NOBODY, never=True),
    "UNSUPPORTED_CURRENCY": Refusal("The shop has no store credit in this currency.", never=True),
}
# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/StoreCreditAccountDebitUserErrorCode
_TAKING = {
    "ACCOUNT_NOT_FOUND": Refusal("The account is not there any more.", never=False),
    "INSUFFICIENT_FUNDS": Refusal("The customer has spent of it in this moment.", never=False),
}
_SWITCHED_OFF = (
    "Store credit is switched off in the shop: its owner can switch it on in the settings of customer "
    "accounts, in the shop's admin."
)


class _Settings(msgspec.Struct, rename="camel"):
    store_credit_enabled: bool


class _Id(msgspec.Struct):
    id: str


class _Moved(msgspec.Struct, rename="camel"):
    user_errors: list[UserError]
    store_credit_account_transaction: _Id | None = None


class _Credit(msgspec.Struct, rename="camel"):
    id: str
    amount: Amount
    remaining_amount: Amount
    account: _Id
    expires_at: datetime | None = None


class _Account(msgspec.Struct):
    id: str
    balance: Amount


class _Accounts(msgspec.Struct):
    nodes: list[_Account]


class _Customer(msgspec.Struct, rename="camel"):
    store_credit_accounts: _Accounts


class _PageInfo(msgspec.Struct, rename="camel"):
    has_next_page: bool
    end_cursor: str | None = None


class _History(msgspec.Struct, rename="camel"):
    nodes: list[Entry]
    page_info: _PageInfo


class _HistoryOf(msgspec.Struct):
    transactions: _History


class _Unclear(Exception):
    """Whether an earlier call has given the credit cannot be told now, or (`held`) only by a person."""

    def __init__(self, reason: str, *, held: bool = False) -> None:
        super().__init__(reason)
        self.held = held


def expiry_of(credit: Credit) -> datetime | None:
    """Return when a credit of ours ends in the shop: at a second that hardly another one has."""
    if credit.ends_at is None:
        return None
    own = zlib.crc32(credit.reference.encode()) % _MARKS
    return credit.ends_at.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1 + own)


def give(session: Session, wanted: Credit, shop: ShopMoney) -> Made:
    """Give credit once: what a call before this one has given is found, and counts as given."""
    try:
        amount = money(wanted, shop)
        customer = _customer_of(wanted)
    except Invalid as error:
        return Made(reference=wanted.reference, error=str(error), never=True, undone=True)
    if wanted.tried_at is not None:
        try:
            known = _given(session, wanted)
        except _Unclear as unclear:
            return Made(reference=wanted.reference, error=str(unclear), held=unclear.held)
        if known is not None:
            return Made(reference=wanted.reference, id=_number(known))
    if not _enabled(session):
        return Made(reference=wanted.reference, error=_SWITCHED_OFF, undone=True)
    sent: dict[str, Any] = {"creditAmount": amount, "notify": False}
    ends = expiry_of(wanted)
    if ends is not None:
        sent["expiresAt"] = ends.strftime("%Y-%m-%dT%H:%M:%SZ")
    data = _run(session, "store_credit_give", {"id": customer, "credit": sent})
    payload = shaped(data.get("storeCreditAccountCredit"), _Moved)
    if payload.store_credit_account_transaction is not None:
        number = _number(payload.store_credit_account_transaction.id)
        return Made(reference=wanted.reference, id=number)
    why = refusal("storeCreditAccountCredit", payload.user_errors, _GIVING)
    return Made(reference=wanted.reference, error=why.reason, never=why.never, undone=True)


def look(session: Session, given: Sequence[Credit], now: Clock) -> list[CodeShown]:
    """Say how credits are now."""
    known = _known(session, given)
    return [_look(session, one, known, now()) for one in given]


def end(session: Session, given: Sequence[Credit], now: Clock) -> list[CodeShown]:
    """Take back what nobody has spent any of."""
    return [_end(session, one, now()) for one in given]


def _look(session: Session, one: Credit, known: dict[str, _Credit], moment: datetime) -> CodeShown:
    try:
        found = _found(session, one, known)
        if found is None:
            return CodeShown(reference=one.reference, id=one.id, uses=0)
        uses = 0
        left = found.remaining_amount.amount
        if left != found.amount.amount:
            spent = spent_of(_history(session, found.account.id), found.id)
            uses = 0 if spent == 0 else 1  # what cannot be told was spent: the points stay spent
    except _Unclear as unclear:
        return CodeShown(reference=one.reference, error=str(unclear), held=unclear.held)
    over = found.expires_at is not None and found.expires_at <= moment
    return CodeShown(
        reference=one.reference,
        id=_number(found.id),
        exists=True,
        usable=left > 0 and not over,
        uses=uses,
    )


def _end(session: Session, one: Credit, moment: datetime) -> CodeShown:
    known = _known(session, [one])
    shown = _look(session, one, known, moment)
    if not shown.usable or shown.uses:
        return shown
    found = _found(session, msgspec.structs.replace(one, id=shown.id), known)
    if found is None:
        raise Passing("The shop's answers about a credit do not fit together.")
    try:
        hinders = _hinders(session, one, found, moment)
    except _Unclear as unclear:
        hinders = str(unclear)
    if hinders is not None:
        return msgspec.structs.replace(shown, error=hinders)
    left = found.remaining_amount
    debit = {"debitAmount": {"amount": plain(left.amount), "currencyCode": left.currency_code}}
    data = _run(session, "store_credit_take", {"id": found.account.id, "debit": debit})
    payload = shaped(data.get("storeCreditAccountDebit"), _Moved)
    if payload.store_credit_account_transaction is None:
        why = refusal("storeCreditAccountDebit", payload.user_errors, _TAKING)
        return msgspec.structs.replace(shown, error=why.reason)
    return msgspec.structs.replace(shown, usable=False)


def _hinders(session: Session, one: Credit, credit: _Credit, moment: datetime) -> str | None:
    """Say why taking this credit back now would take another one instead.

    Of credits that never end the shop takes the oldest. Where that is none of ours it is as well.
    """
    claimed = {global_id(CREDIT, number) for number in one.claimed}
    ends = credit.expires_at
    if ends is not None and ends - _MARGIN <= moment:
        return "It ends by itself in a few minutes."
    older = True
    for other in _history(session, credit.account.id):
        older = older and other.id != credit.id
        left = other.remaining_amount
        if other.kind != CREDIT or other.id == credit.id or left is None or left.amount <= 0:
            continue
        if other.expires_at is None:
            if ends is None and older and other.id in claimed:
                return "The shop would take it from another credit of the customer's rewards, which is older."
        elif other.expires_at > moment and (ends is None or other.expires_at <= ends):
            return "The shop would take it from another credit of the customer, which ends sooner."
    return None


def _found(session: Session, one: Credit, known: dict[str, _Credit]) -> _Credit | None:
    """Return the credit that we know, else the one that a lost call has given; raises _Unclear."""
    if one.id is not None:
        wanted = global_id(CREDIT, one.id)
        return known.get(wanted) or _nodes(session, [wanted]).get(wanted)
    if one.tried_at is None:
        return None
    found = _given(session, one)
    return None if found is None else _nodes(session, [found]).get(found)


def _given(session: Session, one: Credit) -> str | None:
    """Return the credit that a call before this one has given (its global id), None if none has."""
    if not _enabled(session):
        raise _Unclear(_SWITCHED_OFF)  # then the shop may show no accounts, though there are some
    data = session.ask("store_credit_accounts", {"id": _customer_of(one)})
    customer = shaped(data.get("customer"), _Customer | None)  # type: ignore[arg-type]  # a union is a shape too
    if customer is None:
        raise _Unclear(NOBODY)  # merged into another one that we do not know of yet?
    accounts = [
        account.id
        for account in customer.store_credit_accounts.nodes
        if account.balance.currency_code == one.currency
    ]
    since = one.created_at - _SKEW
    claimed = {global_id(CREDIT, number) for number in one.claimed}
    fitting = [
        entry
        for account in accounts
        for entry in _history(session, account, since=since)
        if entry.kind == CREDIT
        and entry.event == ADJUSTMENT
        and entry.size == one.value
        and entry.created_at >= since
        and entry.id not in claimed
    ]
    ours = [entry for entry in fitting if entry.expires_at == expiry_of(one)]
    marked = one.ends_at is not None
    if len(ours) == 1 or (ours and marked):  # of several with one mark all are ours
        return ours[0].id
    if fitting:
        raise _Unclear(
            f"on the account {', '.join(sorted(_number(str(it.id)) for it in fitting))} could be it",
            held=True,
        )
    return None


def _history(session: Session, account: str, since: datetime | None = None) -> list[Entry]:
    """Return an account's transactions, oldest first: all of them, or at least those since then."""
    found: list[Entry] = []
    after: str | None = None
    for _ in range(_PAGES):
        data = session.ask("store_credit_history", {"id": account, "after": after})
        shown = shaped(data.get("storeCreditAccount"), _HistoryOf | None)  # type: ignore[arg-type]  # as above
        if shown is None:
            raise Passing("The shop does not show an account that it has.")
        page = shown.transactions
        found += page.nodes
        after = page.page_info.end_cursor
        enough = since is not None and found and found[-1].created_at < since
        if enough or not page.page_info.has_next_page:
            return found[::-1]
    raise _Unclear("The account has more transactions than can be read.", held=True)


def _known(session: Session, given: Sequence[Credit]) -> dict[str, _Credit]:
    return _nodes(session, [global_id(CREDIT, one.id) for one in given if one.id is not None])


def _nodes(session: Session, ids: Sequence[str]) -> dict[str, _Credit]:
    if not ids:
        return {}
    data = session.ask("store_credits", {"ids": list(ids)})
    nodes: list[Any] = shaped(data.get("nodes"), list[_Credit | None])
    if len(nodes) != len(ids) or any(
        node is not None and node.id != asked for node, asked in zip(nodes, ids, strict=True)
    ):
        raise Passing("The shop's answer speaks of other credits than were asked for.")
    return {node.id: node for node in nodes if node is not None}


def _enabled(session: Session) -> bool:
    data = session.ask("store_credit_settings")
    return shaped(data.get("storeCreditConfiguration"), _Settings).store_credit_enabled


def _customer_of(one: Credit) -> str:
    if one.customer is None:
        raise Invalid("The member has no customer account in this shop to put the credit on.")
    return global_id("Customer", one.customer)


def _run(session: Session, name: str, variables: dict[str, Any]) -> dict[str, Any]:
    return session.run(document(name), variables, points=_POINTS, seconds=WRITE_SECONDS)


def _number(known: str) -> str:
    return gid(known, CREDIT, "id of the credit")
