"""Tells clients what they may still do: draft-ietf-httpapi-ratelimit-headers-11.

Whoever counts notes an allowance while a request is served; its answer, accepted or refused, carries all of
them in `RateLimit-Policy` and `RateLimit`.
"""

from contextvars import ContextVar
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY_HEADER, HEADER = "RateLimit-Policy", "RateLimit"


@dataclass(frozen=True, slots=True)
class Allowance:
    """A quota of so many in a window of seconds; how many are left, and in how many seconds all are again."""

    name: str
    quota: int
    window_seconds: int
    left: int
    reset_seconds: int


_noted: ContextVar[dict[str, Allowance] | None] = ContextVar("allowances", default=None)


def note(allowance: Allowance) -> None:
    """Have the answer to the request that is served tell of this; the last of a name counts."""
    noted = _noted.get()
    if noted is not None:
        noted[allowance.name] = allowance


class Allowances:
    """ASGI middleware: puts what was noted on the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        noted: dict[str, Allowance] = {}

        async def send_with_allowances(message: Message) -> None:
            if message["type"] == "http.response.start" and noted:
                headers, each = MutableHeaders(scope=message), noted.values()
                headers[POLICY_HEADER] = ", ".join(
                    f'"{a.name}";q={a.quota};w={a.window_seconds}' for a in each
                )
                headers[HEADER] = ", ".join(f'"{a.name}";r={a.left};t={a.reset_seconds}' for a in each)
            await send(message)

        # The dictionary is shared with the threads that serve the request, whose contexts are copies.
        token = _noted.set(noted)
        try:
            await self._app(scope, receive, send_with_allowances)
        finally:
            _noted.reset(token)
