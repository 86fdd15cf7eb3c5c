"""Serves only the host names that the deployment has: a link or a cache must not be made for another."""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.problems import ProblemResponse, problem
from shared.errors import ErrorCode

_ANY_BELOW = "*."


class AllowedHosts:
    """ASGI middleware: answers 421 under any other name. `*.example.org` stands for every host below it.

    (Starlette's own would answer with plain text.)
    """

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and not self._is_ours(Headers(scope=scope).get("host", "")):
            said = problem(ErrorCode.MISDIRECTED_REQUEST, "This host name is not served here.")
            await ProblemResponse(said)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_ours(self, header: str) -> bool:
        # The port may follow; an IPv6 address stands in brackets.
        name, _, port = header.lower().rpartition(":")
        host = name if port.isdecimal() else header.lower()
        return host in self._hosts or any(
            each.startswith(_ANY_BELOW) and host.endswith(each[1:]) for each in self._hosts
        )
