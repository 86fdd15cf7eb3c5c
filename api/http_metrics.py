"""Counts requests by route; what clients choose, paths and invented methods, makes no new series."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.metrics import counter, histogram

REQUESTS = counter("http_requests_total", "Requests that were answered.", ["method", "route", "status"])
SECONDS = histogram(
    "http_request_seconds",
    "Time from a request's head to its answer's end; waiting for a job is part of it.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
_NO_ROUTE = "unmatched"
_NO_ANSWER = "none"


class HttpMetrics:
    """ASGI middleware: counts every request with its route's template, and the status that its client saw.

    A client that left before any answer has seen none.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, has_left, began = _NO_ANSWER, False, time.monotonic()

        async def receive_noting() -> Message:
            nonlocal has_left
            message = await receive()
            has_left = message["type"] == "http.disconnect"
            return message

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start" and not has_left:
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive_noting, send_noting)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            REQUESTS.labels(method, route, status).inc()
            SECONDS.labels(method, route).observe(time.monotonic() - began)
