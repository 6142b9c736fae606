"""Metafields and their definitions: values with a type, owned by an app's namespace or the merchant's."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.shopify.sandbox import people
from connectors.shopify.sandbox.apps import Installation
from connectors.shopify.sandbox.state import Order, Person, Row, State, gid

Problem = tuple[list[str], str, str]  # the path below the input, the sentence, the code
MAX_INPUTS = 25
_CHECKS = {
    "number_integer": re.compile(r"-?\d{1,19}"),
    "number_decimal": re.compile(r"-?\d{1,13}(\.\d{1,9})?"),
    "single_line_text_field": re.compile(r"[^\n\r]+"),
    "boolean": re.compile(r"true|false"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
}
_KNOWN_TYPES = frozenset([*_CHECKS, "multi_line_text_field", "json", "date_time", "url", "money"])


def namespace(installation: Installation, sent: str | None) -> str:
    """Resolve a namespace: `$app` and none at all are the app's own, `$app:x` is a part of it."""
    own = installation.namespace
    if sent is None or sent == "$app":
        return own
    if sent.startswith("$app:"):
        return f"{own}--{sent.removeprefix('$app:')}"
    return sent


def find(fields: Sequence[Row], space: str, key: str) -> Row | None:
    """Return a metafield of an owner."""
    return next((one for one in fields if (one["namespace"], one["key"]) == (space, key)), None)


def digest(field: Row | None) -> str | None:
    """Return a metafield's compareDigest; None if there is none to compare with."""
    if field is None:
        return None
    return hashlib.sha256(f"{field['type']} {field['value']}".encode()).hexdigest()


def _definition(shop: State, owner_type: str, space: str, key: str) -> Row | None:
    return next(
        (
            one
            for one in shop.tables.definitions
            if (one["owner_type"], one["namespace"], one["key"]) == (owner_type, space, key)
        ),
        None,
    )


def owner_type(owner: Person | Order | State) -> str:
    """Return the owner's type in the schema's words."""
    return {Person: "CUSTOMER", Order: "ORDER"}.get(type(owner), "SHOP")


def fields_of(owner: Person | Order | State) -> list[Row]:
    """Return an owner's metafields, to be read or added to."""
    return owner.tables.shop_metafields if isinstance(owner, State) else owner.metafields


def owner_gid(owner: Person | Order | State) -> str:
    """Return an owner's GraphQL id."""
    if isinstance(owner, State):
        return gid("Shop", owner.id)
    return gid("Customer" if isinstance(owner, Person) else "Order", owner.body["id"])


def set_all(
    shop: State,
    installation: Installation,
    inputs: Sequence[tuple[Person | Order | State | None, Mapping[str, Any]]],
) -> tuple[list[tuple[Person | Order | State, Row]] | None, list[Row]]:
    """Set metafields, all or none; returns them with their owners, and the user errors."""
    if len(inputs) > MAX_INPUTS:
        text = f"Exceeded the maximum metafields input limit of {MAX_INPUTS}."
        return None, [_error(["metafields"], text, "LESS_THAN_OR_EQUAL_TO", None)]
    errors: list[Row] = []
    planned: list[tuple[Person | Order | State, Row]] = []
    for index, (owner, sent) in enumerate(inputs):
        at = ["metafields", str(index)]
        if owner is None:
            errors.append(_error([*at, "ownerId"], "Owner does not exist.", "INVALID", index))
            continue
        space, key = namespace(installation, sent.get("namespace")), sent["key"]
        have = find(fields_of(owner), space, key)
        definition = _definition(shop, owner_type(owner), space, key)
        known = definition or have
        kind = sent.get("type") or (known or {}).get("type")
        problem: Problem | None = _problem(installation, space, key, kind, known, sent)
        if "compareDigest" in sent and sent["compareDigest"] != digest(have):
            text = (
                "The resource has been updated since it was loaded. "
                "Try again with an updated `compareDigest` value."
            )
            problem = ([], text, "STALE_OBJECT")
        if problem is not None:
            path, text, code = problem
            stale = code == "STALE_OBJECT"
            errors.append(_error([*at, *path], text, code, None if stale else index))
            continue
        planned.append((owner, {"namespace": space, "key": key, "type": kind, **_value(sent)}))
    if errors:
        return None, errors
    done = [(owner, _store(shop, owner, row)) for owner, row in planned]
    for owner in {id(owner): owner for owner, _ in done}.values():
        if isinstance(owner, Person):
            shop.tell(("customers/update", people.touch(shop, owner)))
    return done, []


def _value(sent: Mapping[str, Any]) -> Row:
    return {"value": str(sent["value"])}


def _problem(
    installation: Installation,
    space: str,
    key: str,
    kind: str | None,
    known: Row | None,
    sent: Mapping[str, Any],
) -> Problem | None:
    if space.startswith("app--") and not f"{space}--".startswith(f"{installation.namespace}--"):
        text = (
            "Access to this namespace and key on Metafields for this resource type is not allowed."
        )
        return [], text, "APP_NOT_AUTHORIZED"
    for name, value, least, most in (("namespace", space, 3, 255), ("key", key, 2, 64)):
        if len(value) < least:
            return [name], f"{name} is too short (minimum is {least} characters)", "TOO_SHORT"
        if len(value) > most:
            return [name], f"{name} is too long (maximum is {most} characters)", "TOO_LONG"
    return _type_problem(kind, known) or _value_problem(str(kind), str(sent["value"]))


def _type_problem(kind: str | None, known: Row | None) -> Problem | None:
    if kind is None:
        return ["type"], "Type can't be blank", "BLANK"
    if kind not in _KNOWN_TYPES:
        return ["type"], f"Type {kind} is not known", "INVALID_TYPE"
    if known is not None and kind != known["type"]:
        text = f"Type must be consistent with the definition's type: '{known['type']}'."
        return ["type"], text, "INVALID_TYPE"
    return None


def _value_problem(kind: str, value: str) -> Problem | None:
    if not value:
        return ["value"], "Value can't be blank.", "BLANK"
    if not _fits(kind, value):
        return ["value"], f"Value must be of the type {kind}.", "INVALID_VALUE"
    return None


def _fits(kind: str, value: str) -> bool:
    if kind == "json":
        try:
            json.loads(value)
        except ValueError:
            return False
        return True
    check = _CHECKS.get(kind)
    return check is None or check.fullmatch(value) is not None


def _store(shop: State, owner: Person | Order | State, row: Row) -> Row:
    fields, now = fields_of(owner), shop.stamp()
    have = find(fields, row["namespace"], row["key"])
    if have is None:
        have = {"id": shop.next_id("metafield"), "created_at": now}
        fields.append(have)
    have.update(row, updated_at=now)
    return have


def define(
    shop: State, installation: Installation, sent: Mapping[str, Any]
) -> tuple[Row | None, list[Row]]:
    """Make a definition; returns it, or the user errors."""
    space, key = namespace(installation, sent.get("namespace")), sent["key"]
    kind = sent["type"]
    if _definition(shop, sent["ownerType"], space, key) is not None:
        owner = sent["ownerType"].capitalize()
        text = f"Key is in use for {owner} metafields on the '{space}' namespace."
        return None, [_definition_error(["definition", "key"], text, "TAKEN")]
    if kind not in _KNOWN_TYPES:
        text = f"Type name {kind} is not a valid type."
        return None, [_definition_error(["definition", "type"], text, "INCLUSION")]
    access = dict(sent.get("access") or {})
    if access.get("admin") and not space.startswith("app--"):
        text = "Setting this access control is not permitted."
        path = ["definition", "access", "admin"]
        return None, [_definition_error(path, text, "ADMIN_ACCESS_INPUT_NOT_ALLOWED")]
    made = {
        "id": shop.next_id("definition"),
        "name": sent["name"],
        "namespace": space,
        "key": key,
        "owner_type": sent["ownerType"],
        "type": kind,
        "description": sent.get("description"),
        "access": {
            "admin": access.get("admin") or "PUBLIC_READ_WRITE",
            "storefront": access.get("storefront") or "NONE",
            "customer_account": access.get("customerAccount") or "NONE",
        },
    }
    shop.tables.definitions.append(made)
    return made, []


def delete_all(
    shop: State,
    installation: Installation,
    inputs: Sequence[tuple[Person | Order | State | None, Mapping[str, Any]]],
) -> list[Row | None]:
    """Delete metafields; returns for each what was deleted, None where nothing was there."""
    done: list[Row | None] = []
    for owner, sent in inputs:
        space, key = namespace(installation, sent["namespace"]), sent["key"]
        found = find(fields_of(owner), space, key) if owner is not None else None
        if owner is None or found is None:
            done.append(None)
            continue
        fields_of(owner).remove(found)
        done.append({"ownerId": owner_gid(owner), "namespace": space, "key": key})
        if isinstance(owner, Person):
            shop.tell(("customers/update", people.touch(shop, owner)))
    return done


def _error(field: list[str], message: str, code: str, index: int | None) -> Row:
    return {"field": field, "message": message, "code": code, "elementIndex": index}


def _definition_error(field: list[str], message: str, code: str) -> Row:
    return {"field": field, "message": message, "code": code, "elementKey": None}
