"""HEAD wherever there is GET (RFC 9110, 9.1)."""

from starlette.types import ASGIApp, Receive, Scope, Send


class HeadRequests:
    """ASGI middleware: the application serves HEAD as GET of the whole; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            headers = [header for header in scope["headers"] if header[0] != b"range"]
            served = {**scope, "method": "GET", "headers": headers}
            try:
                await self._app(served, receive, send)
            finally:
                scope["route"] = served.get("route")  # for whoever counts requests
            return
        await self._app(scope, receive, send)
