"""Bounds every request's body in size and in time while it still arrives, before anything is parsed."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import RequestTimeoutError, RequestTooLargeError
from shared.errors import DomainError, ErrorCode

AUDIO_MAX_BYTES = 10 * 1024 * 1024
_FORM_MAX_BYTES = AUDIO_MAX_BYTES + 64 * 1024
_BODY_MAX_BYTES = 1024 * 1024


class AudioTooLargeError(DomainError):
    """The recording is larger than a minute of speech can be."""

    code = ErrorCode.AUDIO_TOO_LARGE

    def __init__(self) -> None:
        super().__init__(f"Please send at most {AUDIO_MAX_BYTES // 1024**2} MB of audio.")


class BodyLimit:
    """ASGI middleware: reading past a limit raises a domain error where the body is read."""

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        """`seconds` is how long a body may take to arrive."""
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            receive = _bounded(Headers(scope=scope), _in_time(receive, self._seconds))
        await self._app(scope, receive, send)


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


def _bounded(headers: Headers, receive: Receive) -> Receive:
    is_form = headers.get("content-type", "").lower().startswith("multipart/")
    limit = _FORM_MAX_BYTES if is_form else _BODY_MAX_BYTES
    declared = headers.get("content-length", "")
    received = int(declared) if declared.isdecimal() and int(declared) > limit else 0

    async def receive_bounded() -> Message:
        nonlocal received
        if received <= limit:
            message = await receive()
            received += len(message.get("body", b""))
            if received <= limit:
                return message
        raise AudioTooLargeError if is_form else RequestTooLargeError("The request's body is too large.")

    return receive_bounded
