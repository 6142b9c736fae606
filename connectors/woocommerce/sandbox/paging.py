"""Lists: parameters and their checks, filters that all lists share, pages and their headers."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from connectors.woocommerce.sandbox.errors import invalid_params, not_in_enum
from connectors.woocommerce.sandbox.request import Answer, Request
from connectors.woocommerce.sandbox.state import Row, State

Problem = tuple[str, str, None]
_BOUNDS = {"page": (1, None), "per_page": (1, 100)}


def number(request: Request, name: str, default: int) -> int:
    """Return `page` or `per_page`; raises 400 outside its bounds."""
    raw = request.param(name)
    if raw is None:
        return default
    if not raw.lstrip("-").isdigit():
        raise invalid_params({name: ("rest_invalid_type", f"{name} is not of type integer.", None)})
    value = int(raw)
    low, high = _BOUNDS[name]
    if value < low or (high is not None and value > high):
        words = f"between {low} (inclusive) and {high} (inclusive)"
        if high is None:
            words = f"greater than or equal to {low}"
        raise invalid_params({name: ("rest_out_of_bounds", f"{name} must be {words}", None)})
    return value


def one_of(request: Request, name: str, allowed: Sequence[str], default: str) -> str:
    """Return a parameter that must be one of some words; raises 400."""
    value = request.param(name)
    if value is None:
        return default
    if value not in allowed:
        raise invalid_params({name: not_in_enum(name, list(allowed))})
    return value


def moment(shop: State, request: Request, name: str) -> datetime | None:
    """Return a time parameter: store-local without offset, unless `dates_are_gmt`."""
    raw = request.param(name)
    if raw is None:
        return None
    try:
        value = datetime.fromisoformat(raw)
    except ValueError as error:
        raise invalid_params({name: ("rest_invalid_date", "Invalid date.", None)}) from error
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC if request.flag("dates_are_gmt") else shop.settings.zone)
    return value.astimezone(UTC).replace(microsecond=0)


def in_time(
    shop: State, request: Request, rows: Iterable[Row], *, modified: bool = True
) -> list[Row]:
    """Filter by after/before and, where the list has them, modified_after/before: all exclusive."""
    kept = list(rows)
    names = [("after", "created", 1), ("before", "created", -1)]
    if modified:
        names += [("modified_after", "modified", 1), ("modified_before", "modified", -1)]
    for name, column, sign in names:
        edge = moment(shop, request, name)
        if edge is not None:
            kept = [row for row in kept if sign * (row[column] - edge).total_seconds() > 0]
    return kept


def included(request: Request, rows: Iterable[Row]) -> list[Row]:
    """Filter by include and exclude."""
    kept = list(rows)
    if wanted := request.listed("include"):
        kept = [row for row in kept if str(row["id"]) in wanted]
    if unwanted := request.listed("exclude"):
        kept = [row for row in kept if str(row["id"]) not in unwanted]
    return kept


def ordered(
    request: Request, rows: list[Row], orderby: dict[str, str], default: str = "date"
) -> list[Row]:
    """Sort by `orderby` (word → column) and `order`; ties come by id, ascending when asc."""
    column = orderby[one_of(request, "orderby", list(orderby), default)]
    down = one_of(request, "order", ["asc", "desc"], "desc") == "desc"
    if column == "include":
        wanted = request.listed("include") or []
        return sorted(rows, key=lambda row: wanted.index(str(row["id"])) if wanted else row["id"])
    return sorted(rows, key=lambda row: (row[column], row["id"]), reverse=down)


def page(
    request: Request,
    rows: list[Row],
    view: Callable[[Row], Row],
    address: str,
    defaults: Sequence[tuple[str, str]] = (("context", "view"),),
) -> Answer:
    """Cut one page and write its headers; past the end it is empty and the total is 0."""
    at, size = number(request, "page", 1), number(request, "per_page", 10)
    shown = rows[(at - 1) * size : at * size]
    total = len(rows) if shown or at == 1 else 0
    pages = -(-total // size)
    known = {key.partition("[")[0] for key, _ in request.query}
    given = [*request.query, *(pair for pair in defaults if pair[0].partition("[")[0] not in known)]
    links = []
    if at > 1:
        links.append(_link(address, given, min(at - 1, pages), "prev"))
    if at < pages:
        links.append(_link(address, given, at + 1, "next"))
    headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}
    if links:
        headers["Link"] = ", ".join(links)
    return Answer(200, [view(row) for row in shown], headers)


def _link(address: str, given: Sequence[tuple[str, str]], to: int, rel: str) -> str:
    # Every parameter comes back, key and secret among them.
    pairs = [(key, str(to) if key == "page" else value) for key, value in given]
    if not any(key == "page" for key, _ in pairs):
        pairs.append(("page", str(to)))
    query = "&".join(f"{quote_plus(key)}={quote_plus(value)}" for key, value in pairs)
    return f'<{address}?{query}>; rel="{rel}"'


def cut(request: Request, body: Any) -> Any:
    """Apply `_fields`: only the named keys; `a.b` names a key inside."""
    wanted = request.listed("_fields")
    if not wanted:
        return body
    if isinstance(body, list):
        return [_only(item, wanted) for item in body]
    return _only(body, wanted)


def _only(item: Any, wanted: list[str]) -> Any:
    if not isinstance(item, dict):
        return item
    kept: Row = {}
    for key, value in item.items():
        inner = [name.partition(".")[2] for name in wanted if name.startswith(f"{key}.")]
        if key in wanted:
            kept[key] = value
        elif inner:
            kept[key] = _only(value, inner)
    return kept
