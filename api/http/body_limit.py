"""Bounds every request's body in size and in time while it still arrives, before anything is parsed."""

import asyncio

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import ProblemResponse, RequestTimeoutError, RequestTooLargeError, problem
from shared.errors import DomainError, ErrorCode

_BODY_MAX_BYTES = 64 * 1024
_BODY = "english_practice.body"


class BodyLimit:
    """ASGI middleware: reading past a limit raises a domain error where the body is read.

    The limit is 64 kB, whatever the headers say, but where the route calls `expect_larger_body`.
    """

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        """`seconds` is how long a body may take to arrive."""
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if "content-length" in headers and "transfer-encoding" in headers:
            # Two servers that choose differently between them see two different requests (RFC 9112, 6.1).
            said = problem(
                ErrorCode.MALFORMED_REQUEST, "Content-Length and Transfer-Encoding exclude each other."
            )
            await ProblemResponse(said)(scope, receive, send)
            return
        body = scope[_BODY] = _Body(headers.get("content-length", ""), _in_time(receive, self._seconds))
        await self._app(scope, body.receive, send)


def expect_larger_body(request: HTTPConnection, limit: int, error: DomainError) -> None:
    """Let the request's body have up to `limit` bytes; beyond them, reading it raises `error`."""
    body: _Body = request.scope[_BODY]
    body.limit, body.error = limit, error


class _Body:
    """A request's body while it arrives."""

    def __init__(self, declared: str, receive: Receive) -> None:
        self._declared = int(declared) if declared.isdecimal() else 0
        self._receive = receive
        self._received = 0
        self.limit = _BODY_MAX_BYTES
        self.error: DomainError = RequestTooLargeError("The request's body is too large.")

    async def receive(self) -> Message:
        """Return the next message. Raises if what has arrived, or was announced, is over the limit."""
        if max(self._declared, self._received) <= self.limit:
            message = await self._receive()
            self._received += len(message.get("body", b""))
            if self._received <= self.limit:
                return message
        raise self.error


def _in_time(receive: Receive, seconds: float) -> Receive:
    """Bound the body's arrival as a whole, not what may come after it: that the client has left."""
    deadline: float | None = asyncio.get_running_loop().time() + seconds

    async def receive_in_time() -> Message:
        nonlocal deadline
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise RequestTimeoutError("The request did not arrive in time. Please send it again.") from None
        if not message.get("more_body", False):
            deadline = None
        return message

    return receive_in_time
