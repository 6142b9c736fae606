"""Writes a member's state to the customer of the shop, as tags and metafields.

One query says what the customers show, one mutation document with an alias per act changes what
differs. Each act may be done twice without harm, so a document may be sent twice.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from app.errors import Passing
from connectors.base import CustomerState, Written
from connectors.shopify.client import WRITE_SECONDS, Session, shaped
from connectors.shopify.gids import global_id
from connectors.shopify.marks import (
    BALANCE,
    BALANCE_TYPE,
    CODES,
    CODES_TYPE,
    NAMESPACE,
    TIER,
    TIER_TYPE,
    Change,
    Shown,
    change,
    tags_of,
    trouble,
)

log = logging.getLogger("stempel.shopify")

_BATCH = 25
_POINTS_EACH = 10.0  # what Shopify takes for any mutation
_ACTS = 60  # in one document: 600 of the 1,000 points that it may cost
_METAFIELDS = 25  # at most in one metafieldsSet; all of them are set or none


class _UserError(msgspec.Struct):
    field: list[str] | None = None
    code: str | None = None


class _Payload(msgspec.Struct, rename="camel"):
    user_errors: list[_UserError]


class _Act(msgspec.Struct, frozen=True, kw_only=True):
    """One mutation, and the customers (global ids) whom it is about."""

    field: str
    arguments: tuple[tuple[str, str, Any], ...]  # name, type, value
    errors: str = "field"
    customers: tuple[str, ...]


class ShopifyWriter:
    """Shopify's `Writer` role."""

    batch_size = _BATCH

    def __init__(self, session: Session) -> None:
        self._session = session
        self._defined = False

    def push(self, states: Sequence[CustomerState]) -> Sequence[Written]:
        """Write what differs in two calls; each customer has their own result."""
        refused = {state.customer: trouble(state) for state in states}
        fit = [state for state in states if refused[state.customer] is None]
        shown = self._shown(fit)
        changes = [change(state, shown[state.customer]) for state in fit if state.customer in shown]
        errors = self._write([one for one in changes if one])
        results = []
        for state in states:
            error = refused[state.customer] or errors.get(global_id("Customer", state.customer))
            if error is not None:
                results.append(Written(customer=state.customer, error=error))
            elif state.customer not in shown:
                results.append(
                    Written(customer=state.customer, error="no such customer", gone=True)
                )
            else:
                results.append(Written(customer=state.customer, marks=tags_of(state)))
        return results

    def _shown(self, states: Sequence[CustomerState]) -> dict[str, Shown]:
        """Return what the customers show, without those whom the shop does not know."""
        if not states:
            return {}
        ids = [global_id("Customer", state.customer) for state in states]
        data = self._session.ask("customer_marks", {"ids": ids})
        nodes = shaped(data.get("nodes"), list[Shown | None])
        if len(nodes) != len(ids) or any(
            node is not None and node.id != wanted for node, wanted in zip(nodes, ids, strict=True)
        ):
            raise Passing("The shop's answer speaks of other customers than were asked for.")
        return {
            state.customer: node
            for state, node in zip(states, nodes, strict=True)
            if node is not None
        }

    def _write(self, changes: Sequence[Change]) -> dict[str, str]:
        """Make the changes; return why, for each customer (global id) for whom it went wrong."""
        if not changes:
            return {}
        self._define()
        failed = self._act([*_tag_acts(changes), *_metafield_acts(changes, _METAFIELDS)])
        # One value that is refused keeps all of its call from being set: they are tried again alone.
        shared = {who for act, _ in failed if len(act.customers) > 1 for who in act.customers}
        if shared:
            failed = [(act, reason) for act, reason in failed if len(act.customers) == 1]
            failed += self._act(_metafield_acts([one for one in changes if one.id in shared], 0))
        return {who: reason for act, reason in failed for who in act.customers}

    def _act(self, acts: Iterable[_Act]) -> list[tuple[_Act, str]]:
        """Do it; return what was refused and why."""
        waiting = list(acts)
        failed = []
        for start in range(0, len(waiting), _ACTS):
            some = waiting[start : start + _ACTS]
            text, variables = _document(some)
            points = _POINTS_EACH * len(some)
            data = self._session.run(text, variables, points=points, seconds=WRITE_SECONDS)
            for number, act in enumerate(some):
                reason = _refusal(act.field, data.get(f"act{number}"))
                if reason is not None:
                    failed.append((act, reason))
        return failed

    def _define(self) -> None:
        """Make sure, once in a session, that the shop knows our metafields and shows them to its staff.

        A shop that refuses (it has as many as it may) holds our values all the same.
        """
        if self._defined:
            return
        data = self._session.ask(
            "metafield_definitions_create",
            {
                BALANCE: _definition(BALANCE, BALANCE_TYPE, "Stempel: points"),
                TIER: _definition(TIER, TIER_TYPE, "Stempel: tier"),
                CODES: _definition(CODES, CODES_TYPE, "Stempel: discount codes"),
            },
        )
        for name in (BALANCE, TIER, CODES):
            errors = shaped(data.get(name), _Payload).user_errors
            codes = {error.code or "an error without a code" for error in errors} - {"TAKEN"}
            if codes:
                log.warning(
                    "the shop refuses to define the metafield %s: %s",
                    name,
                    ", ".join(sorted(codes)),
                )
        self._defined = True


def _tag_acts(changes: Iterable[Change]) -> Iterator[_Act]:
    for one in changes:
        for field, tags in (("tagsRemove", one.remove), ("tagsAdd", one.add)):
            if tags:
                yield _Act(
                    field=field,
                    arguments=(("id", "ID!", one.id), ("tags", "[String!]!", tags)),
                    customers=(one.id,),
                )


def _metafield_acts(changes: Iterable[Change], room: int) -> Iterator[_Act]:
    """Yield what sets metafields, at most `room` in one call but always all of one customer."""
    group: list[Change] = []
    for one in changes:
        if one.delete:
            yield _deleting(one)
        if one.put:
            if group and sum(len(each.put) for each in (*group, one)) > room:
                yield _setting(group)
                group = []
            group.append(one)
    if group:
        yield _setting(group)


def _setting(changes: Sequence[Change]) -> _Act:
    metafields = [
        {"ownerId": one.id, "namespace": NAMESPACE, "key": key, "type": kind, "value": value}
        for one in changes
        for key, kind, value in one.put
    ]
    return _Act(
        field="metafieldsSet",
        arguments=(("metafields", "[MetafieldsSetInput!]!", metafields),),
        errors="field code",
        customers=tuple(one.id for one in changes),
    )


def _deleting(one: Change) -> _Act:
    metafields = [{"ownerId": one.id, "namespace": NAMESPACE, "key": key} for key in one.delete]
    return _Act(
        field="metafieldsDelete",
        arguments=(("metafields", "[MetafieldIdentifierInput!]!", metafields),),
        customers=(one.id,),
    )


def _document(acts: Sequence[_Act]) -> tuple[str, dict[str, Any]]:
    """Return the mutation that does all of it in turn, under act0, act1 and so on."""
    declared, lines = [], []
    variables = {}
    for number, act in enumerate(acts):
        passed = []
        for name, kind, value in act.arguments:
            variables[f"{name}{number}"] = value
            declared.append(f"${name}{number}: {kind}")
            passed.append(f"{name}: ${name}{number}")
        errors = f"{{ userErrors {{ {act.errors} }} }}"
        lines.append(f"  act{number}: {act.field}({', '.join(passed)}) {errors}")
    text = f"mutation ShowStates({', '.join(declared)}) {{\n" + "\n".join(lines) + "\n}\n"
    return text, variables


def _refusal(field: str, payload: Any) -> str | None:
    """Return what an act was refused for, as its code or the input's name; never the message."""
    errors = shaped(payload, _Payload).user_errors
    if not errors:
        return None
    first = errors[0]
    return f"{field}: {first.code or '.'.join(first.field or []) or 'refused'}"


def _definition(key: str, kind: str, name: str) -> dict[str, Any]:
    # For the shop's staff and the customer's own account page; not for every visitor of the shop.
    access = {"admin": "MERCHANT_READ", "storefront": "NONE", "customerAccount": "READ"}
    return {
        "name": name,
        "namespace": NAMESPACE,
        "key": key,
        "ownerType": "CUSTOMER",
        "type": kind,
        "access": access,
    }
