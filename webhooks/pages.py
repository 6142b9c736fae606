"""The way to the Flask pages: a body is read in full before a thread is spent on it."""

from urllib.parse import quote_from_bytes

from webhooks.bodies import (
    AsgiApp,
    Limits,
    Message,
    Receive,
    RefusedError,
    Scope,
    Send,
    answer,
    read_body,
)

_SAFE = (
    "!$&'()*+,;=:@/?%[]^`{|}~\"<> \\"  # leave alone whatever is ASCII; only bytes above are quoted
)


class BufferedPages:
    """Wraps an ASGI application so that it never waits for a sender."""

    def __init__(self, inner: AsgiApp, limits: Limits) -> None:
        self._inner = inner
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, then pass the request on."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        try:
            body = await read_body(scope["headers"], receive, self._limits)
        except RefusedError as refused:
            await answer(send, refused.status)
            return
        pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return pending.pop() if pending else await receive()

        query: bytes = scope.get("query_string", b"")
        if not query.isascii():
            scope["query_string"] = quote_from_bytes(query, _SAFE).encode()
        await self._inner(scope, replay, send)
