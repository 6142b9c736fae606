"""Store credit as GraphQL shows it, and what gives and takes it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from graphql import GraphQLError

from connectors.shopify.sandbox import store_credits
from connectors.shopify.sandbox.given import CREDIT, DEBIT, EXPIRY, REVERT, Account, Entry
from connectors.shopify.sandbox.gql import (
    Args,
    Context,
    Fields,
    Obj,
    amount,
    connection,
    number_of,
    plain,
)
from connectors.shopify.sandbox.state import Row, SandboxError, gid, utc

ACCOUNT = "StoreCreditAccount"


def _entry(account: Account, entry: Entry) -> Obj:
    return Obj(entry.kind, (account, entry))


def _about(_c: Context, node: Obj, _a: Args) -> Obj | None:
    account, entry = node.row
    return next((_entry(account, one) for one in account.entries if one.id == entry.about), None)


def _transactions(_c: Context, node: Obj, args: Args) -> Row:
    if args.get("query") is not None or str(args.get("sortKey")) != "CREATED_AT":
        raise GraphQLError("the sandbox lists transactions of store credit by their time only")
    account: Account = node.row
    return connection(
        account.entries,
        args,
        lambda one: _entry(account, one),
        lambda one: (one.created_at.isoformat(), one.id),
    )


def _owner(c: Context, node: Obj, _a: Args) -> Obj:
    return Obj("Customer", c.shop.tables.people[node.row.customer])


_COMMON: Fields = {
    "id": lambda _c, n, _a: gid(n.row[1].kind, n.row[1].id),
    "account": lambda _c, n, _a: Obj(ACCOUNT, n.row[0]),
    "amount": lambda _c, n, _a: amount(n.row[1].amount, n.row[0].currency),
    "balanceAfterTransaction": lambda _c, n, _a: amount(n.row[1].balance, n.row[0].currency),
    "createdAt": lambda _c, n, _a: utc(n.row[1].created_at.isoformat()),
    "event": lambda _c, n, _a: n.row[1].event,
}
STORE_CREDIT_FIELDS: dict[str, Fields] = {
    ACCOUNT: {
        "id": lambda _c, n, _a: gid(ACCOUNT, n.row.id),
        "balance": lambda _c, n, _a: amount(n.row.balance, n.row.currency),
        "owner": _owner,
        "transactions": _transactions,
    },
    CREDIT: {
        **_COMMON,
        "expiresAt": lambda _c, n, _a: n.row[1].expires_at and utc(n.row[1].expires_at.isoformat()),
        "remainingAmount": lambda _c, n, _a: amount(n.row[1].left, n.row[0].currency),
    },
    DEBIT: _COMMON,
    REVERT: {**_COMMON, "debitTransaction": _about},
    EXPIRY: {**_COMMON, "creditTransaction": _about},
}


def accounts(c: Context, node: Obj, args: Args) -> Row:
    """Return the accounts of a customer; none are shown while the checkout takes no credit."""
    found = store_credits.of_customer(c.shop, node.row.body["id"])
    shown = found if c.shop.settings.store_credit_enabled else []
    return plain(shown, args, lambda one: Obj(ACCOUNT, one))


def found_account(c: Context, number: int) -> Account | None:
    """Return an account, up to date."""
    found = c.shop.tables.credit_accounts.get(number)
    if found is not None:
        store_credits.expire(c.shop, found)
    return found


def _one(c: Context, _: Obj, args: Args) -> Obj | None:
    found = found_account(c, number_of(args["id"], ACCOUNT) or 0)
    return None if found is None else Obj(ACCOUNT, found)


def _refused(code: str, *field: str) -> Row:
    error = {"field": list(field), "message": code.replace("_", " ").capitalize(), "code": code}
    return {"storeCreditAccountTransaction": None, "userErrors": [error]}


def _credit(c: Context, _: Obj, args: Args) -> Row:
    sent = args["creditInput"]
    money, settings = sent["creditAmount"], c.shop.settings
    value, currency = Decimal(str(money["amount"])), money["currencyCode"]
    where = ("creditInput", "creditAmount")
    account = found_account(c, number_of(args["id"], ACCOUNT) or 0)
    customer = number_of(args["id"], "Customer") if account is None else account.customer
    if customer is None:
        return _refused("ACCOUNT_NOT_FOUND", "id")
    if customer not in c.shop.tables.people:
        return _refused("OWNER_NOT_FOUND", "id")
    if account is not None and account.currency != currency:
        return _refused("MISMATCHING_CURRENCY", *where)
    if currency != settings.currency:
        return _refused("UNSUPPORTED_CURRENCY", *where)
    if value <= 0:
        return _refused("NEGATIVE_OR_ZERO_AMOUNT", *where)
    known = store_credits.find(c.shop, customer, currency)
    if (known.balance if known is not None else Decimal(0)) + value > settings.store_credit_limit:
        return _refused("CREDIT_LIMIT_EXCEEDED", *where)
    expires = _time(sent.get("expiresAt"))
    if expires is not None and expires <= c.shop.now():
        return _refused("EXPIRES_AT_IN_PAST", "creditInput", "expiresAt")
    made = store_credits.credit(c.shop, customer, value, currency=currency, expires_at=expires)
    return {"storeCreditAccountTransaction": _entry(*made), "userErrors": []}


def _debit(c: Context, _: Obj, args: Args) -> Row:
    money = args["debitInput"]["debitAmount"]
    value, currency = Decimal(str(money["amount"])), money["currencyCode"]
    where = ("debitInput", "debitAmount")
    account = found_account(c, number_of(args["id"], ACCOUNT) or 0)
    if account is None:
        owner = number_of(args["id"], "Customer") or 0
        account = store_credits.find(c.shop, owner, currency)
    if account is None:
        return _refused("ACCOUNT_NOT_FOUND", "id")
    if account.currency != currency:
        return _refused("MISMATCHING_CURRENCY", *where)
    if value <= 0:
        return _refused("NEGATIVE_OR_ZERO_AMOUNT", *where)
    try:
        made = store_credits.debit(c.shop, account, value, "ADJUSTMENT")
    except SandboxError:
        return _refused("INSUFFICIENT_FUNDS", *where)
    return {"storeCreditAccountTransaction": _entry(account, made), "userErrors": []}


def _time(text: Any) -> datetime | None:
    return None if text is None else datetime.fromisoformat(str(text))


def _enabled(c: Context, _: Obj, __: Args) -> Row:
    return {"storeCreditEnabled": c.shop.settings.store_credit_enabled}


def node_of(c: Context, kind: str, number: int) -> Obj | None:
    """Return an account or a transaction by its id."""
    if kind == ACCOUNT:
        account = found_account(c, number)
        return None if account is None else Obj(ACCOUNT, account)
    found = store_credits.entry_of(c.shop, number, kind)
    return None if found is None else _entry(*found)


KINDS: Sequence[str] = (ACCOUNT, CREDIT, DEBIT, REVERT)
STORE_CREDIT_QUERIES: Fields = {
    "storeCreditAccount": _one,
    "storeCreditConfiguration": _enabled,
}
STORE_CREDIT_MUTATIONS: Fields = {
    "storeCreditAccountCredit": _credit,
    "storeCreditAccountDebit": _debit,
}
