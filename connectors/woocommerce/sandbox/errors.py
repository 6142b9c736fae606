"""Error answers, with the codes, words and statuses that a real shop was seen to send."""

from typing import Any

Json = dict[str, Any]


class RestError(Exception):
    """An answer that is an error object; `data` is an object, or the bare number some errors have."""

    def __init__(
        self, status: int, code: str, message: str, data: Json | int | None = None
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.data: Json | int = {"status": status} if data is None else data

    @property
    def body(self) -> Json:
        """Return the error object."""
        return {"code": self.code, "message": self.message, "data": self.data}


def invalid_id(kind: str, status: int = 404) -> RestError:
    """Answer for an object that is not there; batch and PUT say 400, GET and DELETE 404."""
    if kind == "customer":
        if status == 404:
            return RestError(404, "wc_user_invalid_id", "Invalid user ID.")
        return RestError(status, "woocommerce_rest_invalid_id", "Invalid resource ID.")
    message = "ID is invalid." if kind == "order" and status == 400 else "Invalid ID."
    code = {
        "review": "woocommerce_rest_review_invalid_id",
        "refund": "woocommerce_rest_shop_order_refund_invalid_id",
        "product": "woocommerce_rest_product_invalid_id",
        "note": "woocommerce_rest_invalid_id",
    }.get(kind, f"woocommerce_rest_shop_{kind}_invalid_id")
    return RestError(status, code, message)


def invalid_params(problems: dict[str, tuple[str, str, Json | None]]) -> RestError:
    """Answer 400 for bad parameters; each is (detail code, message, detail data)."""
    return RestError(
        400,
        "rest_invalid_param",
        f"Invalid parameter(s): {', '.join(problems)}",
        {
            "status": 400,
            "params": {name: message for name, (_, message, _) in problems.items()},
            "details": {
                name: {"code": code, "message": message, "data": data}
                for name, (code, message, data) in problems.items()
            },
        },
    )


def not_in_enum(name: str, allowed: list[str]) -> tuple[str, str, None]:
    """Return the problem "x is not one of a, b, and c"."""
    words = f"{', '.join(allowed[:-1])}, and {allowed[-1]}."
    return ("rest_not_in_enum", f"{name} is not one of {words}", None)


def no_route() -> RestError:
    """Answer for a path nobody serves."""
    return RestError(
        404, "rest_no_route", "No route was found matching the URL and request method."
    )


def no_trash(kind: str) -> RestError:
    """Answer for a DELETE without force where there is no trash."""
    return RestError(
        501, "woocommerce_rest_trash_not_supported", f"{kind} do not support trashing."
    )


_DENIED = {
    "list": ("woocommerce_rest_cannot_view", "Sorry, you cannot list resources."),
    "view": ("woocommerce_rest_cannot_view", "Sorry, you cannot view this resource."),
    "create": (
        "woocommerce_rest_cannot_create",
        "Sorry, you are not allowed to create resources.",
    ),
    "edit": ("woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource."),
    "delete": (
        "woocommerce_rest_cannot_delete",
        "Sorry, you are not allowed to delete this resource.",
    ),
    "batch": (
        "woocommerce_rest_cannot_batch",
        "Sorry, you are not allowed to batch manipulate this resource.",
    ),
}


def denied(act: str, status: int) -> RestError:
    """Answer for a missing right: 401 without a known key, 403 with one."""
    code, message = _DENIED[act]
    return RestError(status, code, message)
