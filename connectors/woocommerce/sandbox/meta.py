"""`meta_data` as the shop keeps it: values become strings, rows keep their ids."""

from typing import Any

from connectors.woocommerce.sandbox.state import Row, State


def _kept(value: Any) -> Any:
    """Return what the database gives back: 120 → "120", true → "1"; objects survive."""
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, int | float):
        return str(value)
    return value


def write(shop: State, rows: list[Row], changes: Any) -> None:
    """Apply what a client sent: by id, or by key; the value null with an id deletes."""
    if not isinstance(changes, list):
        return
    for change in changes:
        if not isinstance(change, dict):
            continue
        key, value = change.get("key"), change.get("value")
        found = [row for row in rows if change.get("id") == row["id"]] or [
            row for row in rows if key is not None and row["key"] == key
        ]
        if value is None:
            if "id" in change:
                rows[:] = [row for row in rows if row not in found]
        elif found:
            found[0]["value"] = _kept(value)
        elif key:
            rows.append({"id": shop.next_id("meta"), "key": str(key), "value": _kept(value)})
