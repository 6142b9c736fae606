"""Store credit: given, taken, paid with, expired, given back by a cancelled order.

A debit spends the credit that expires soonest first, as the schema says; what never expires comes last.
Whether customers can pay with it at the checkout is a switch of the shop; giving works all the same.
"""

from datetime import datetime
from decimal import Decimal

from connectors.shopify.sandbox.given import CREDIT, DEBIT, EXPIRY, REVERT, Account, Entry
from connectors.shopify.sandbox.money import ZERO
from connectors.shopify.sandbox.state import Row, SandboxError, State, gid


def find(shop: State, customer: int, currency: str) -> Account | None:
    """Return a customer's account in a currency, up to date."""
    accounts = shop.tables.credit_accounts.values()
    found = (one for one in accounts if (one.customer, one.currency) == (customer, currency))
    account = next(found, None)
    if account is not None:
        expire(shop, account)
    return account


def of_customer(shop: State, customer: int) -> list[Account]:
    """Return a customer's accounts, up to date."""
    found = [one for one in shop.tables.credit_accounts.values() if one.customer == customer]
    for one in found:
        expire(shop, one)
    return found


def entry_of(shop: State, number: int, kind: str) -> tuple[Account, Entry] | None:
    """Return a transaction of this kind with its account."""
    for account in shop.tables.credit_accounts.values():
        for entry in account.entries:
            if (entry.id, entry.kind) == (number, kind):
                expire(shop, account)
                return account, entry
    return None


def credit(
    shop: State,
    customer: int,
    amount: Decimal,
    *,
    currency: str | None = None,
    expires_at: datetime | None = None,
    event: str = "ADJUSTMENT",
) -> tuple[Account, Entry]:
    """Give credit; the account is made with the first."""
    money = currency or shop.settings.currency
    account = find(shop, customer, money)
    if account is None:
        account = Account(shop.next_id("store credit account"), customer, money)
        shop.tables.credit_accounts[account.id] = account
    entry = _add(shop, account, CREDIT, amount, event)
    entry.left, entry.expires_at = amount, expires_at
    return account, entry


def debit(
    shop: State, account: Account, amount: Decimal, event: str, order: int | None = None
) -> Entry:
    """Take credit, the soonest to expire first; raises SandboxError if there is too little."""
    expire(shop, account)
    if amount > account.balance:
        raise SandboxError("There is not so much store credit.")
    entry = _add(shop, account, DEBIT, -amount, event)
    entry.order = order
    open_ = [one for one in account.entries if one.kind == CREDIT and one.left and not one.expired]
    for one in sorted(open_, key=_soonest):
        part = min(one.left, amount)
        one.left -= part
        amount -= part
        if part:
            entry.taken.append((one.id, part))
    return entry


def pay(shop: State, customer: int | None, order: int, amount: Decimal) -> Decimal:
    """Pay for an order as far as the credit goes; returns how much that was."""
    if not shop.settings.store_credit_enabled:
        raise SandboxError("The shop takes no store credit.")
    account = None if customer is None else find(shop, customer, shop.settings.currency)
    paid = ZERO if account is None else min(account.balance, amount)
    if account is None or paid <= ZERO:
        raise SandboxError("There is no store credit, or nothing to pay.")
    debit(shop, account, paid, "ORDER_PAYMENT", order)
    return paid


def revert(shop: State, order: int) -> None:
    """Give back what a cancelled order was paid with, to the credits that it came from."""
    for account in shop.tables.credit_accounts.values():
        expire(shop, account)
        undone = {one.about for one in account.entries if one.kind == REVERT}
        for paid in [one for one in account.entries if one.order == order]:
            if paid.kind != DEBIT or paid.id in undone:
                continue
            entry = _add(shop, account, REVERT, -paid.amount, "ORDER_CANCELLATION")
            entry.about = paid.id
            by_id = {one.id: one for one in account.entries}
            for number, part in paid.taken:
                by_id[number].left += part


def expire(shop: State, account: Account) -> None:
    """Write down what has expired by now."""
    now = shop.now()
    for one in sorted(account.entries, key=_soonest):
        over = one.kind == CREDIT and one.expires_at is not None and one.expires_at <= now
        if over and one.left and not one.expired:
            entry = _add(shop, account, EXPIRY, -one.left, "ADJUSTMENT")
            entry.created_at = one.expires_at or now
            entry.about, one.expired = one.id, True


def hand_over(shop: State, kept: int, gone: int) -> None:
    """Give the accounts of one of two merged customers to the other."""
    for one in shop.tables.credit_accounts.values():
        if one.customer == gone:
            one.customer = kept


def told(account: Account) -> Row:
    """Describe an account for whoever counts."""
    return {
        "id": account.id,
        "admin_graphql_api_id": gid("StoreCreditAccount", account.id),
        "customer": account.customer,
        "currency": account.currency,
        "balance": str(account.balance),
        "entries": [
            {
                "id": one.id,
                "kind": one.kind,
                "amount": str(one.amount),
                "left": str(one.left),
                "event": one.event,
                "order": one.order,
                "expires_at": None if one.expires_at is None else one.expires_at.isoformat(),
            }
            for one in account.entries
        ],
    }


def _add(shop: State, account: Account, kind: str, amount: Decimal, event: str) -> Entry:
    made = Entry(
        id=shop.next_id("store credit transaction"),
        kind=kind,
        amount=amount,
        balance=account.balance + amount,
        created_at=shop.now(),
        event=event,
    )
    account.entries.append(made)
    return made


def _soonest(entry: Entry) -> tuple[bool, float, int]:
    at = entry.expires_at
    return at is None, 0.0 if at is None else at.timestamp(), entry.id
