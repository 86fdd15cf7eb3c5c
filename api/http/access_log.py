"""Logs and counts each request, without what identifies a user or opens audio: no path, no query."""

import logging
import time
from http import HTTPMethod

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.head_requests import ASKED_METHOD
from api.http.metrics import count_request
from api.http.problems import PROBLEM_CODE

logger = logging.getLogger(__name__)

UNMATCHED = "unmatched"
OTHER_METHOD = "other"
_METHODS = frozenset(HTTPMethod)
_REFUSED = 400
# Probes ask these every few seconds; their answers are for machines.
_SILENT = frozenset({"/health", "/health/ready", "/metrics"})


class AccessLog:
    """ASGI middleware: logs and counts each request with its route and status when it has ended."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status: int | None = None
        has_left = is_told = False

        async def receive_noting() -> Message:
            nonlocal has_left
            message = await receive()
            # Once all is sent, the server says so of every client.
            has_left = has_left or (message["type"] == "http.disconnect" and not is_told)
            return message

        async def send_noting(message: Message) -> None:
            nonlocal status, has_left, is_told
            if message["type"] == "http.response.start":
                status = message["status"]
                # Afterwards the server says so of every client. Of a request that is refused it may not be
                # asked: it would first invite the client to send the body.
                has_left = has_left or (status < _REFUSED and _is_disconnected(receive))
            is_told = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive_noting, send_noting)
        finally:
            if status is None:
                has_left = _is_disconnected(receive)
            seconds = time.perf_counter() - began
            count_request(method_of(scope), route_of(scope), None if has_left else status, seconds)
            _log(scope, status, seconds, has_left=has_left)


def route_of(scope: Scope) -> str:
    """Return the template of the route that served the request, as `/jobs/{job_id}`."""
    return str(getattr(scope.get("route"), "path", UNMATCHED))


def method_of(scope: Scope) -> str:
    """Return the request's method if it is one of HTTP's."""
    method = scope.get(ASKED_METHOD, scope["method"])
    return method if method in _METHODS else OTHER_METHOD


def _is_disconnected(receive: Receive) -> bool:
    """Tell whether the server says at once, without being waited for, that the client has left."""
    asked = receive().__await__()
    try:
        next(asked)
    except StopIteration as answered:
        return bool(answered.value["type"] == "http.disconnect")
    finally:
        asked.close()
    return False


def _log(scope: Scope, status: int | None, seconds: float, *, has_left: bool) -> None:
    route = route_of(scope)
    if route in _SILENT:
        return
    said = "no answer" if status is None else f"{status} {scope.get(PROBLEM_CODE, '')}".rstrip()
    left = ", the client had left" if has_left else ""
    logger.info("%s %s: %s in %.0f ms%s", method_of(scope), route, said, 1000 * seconds, left)
