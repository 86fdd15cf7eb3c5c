"""Streams whose reader has left."""

from anyio import BrokenResourceError, ClosedResourceError
from starlette.types import ASGIApp, Receive, Scope, Send


class Departures:
    """ASGI middleware: a reader who leaves in the middle of a stream is no error.

    FastAPI hands server-sent events on through a queue in memory, and closes its reading end first; an event
    that is being put there at this moment raises. A response that is cut while its reader is still there is
    reported by the server all the same.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            await self._app(scope, receive, send)
        except* (BrokenResourceError, ClosedResourceError):
            pass
