"""HEAD wherever there is GET (RFC 9110, 9.1)."""

from starlette.types import ASGIApp, Receive, Scope, Send

ASKED_METHOD = "english_practice.method"
"""Where the scope says what was really asked, if it is not the scope's method."""


class HeadRequests:
    """ASGI middleware: the application serves HEAD as GET of the whole; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            headers = [header for header in scope["headers"] if header[0] != b"range"]
            scope = {**scope, "method": "GET", "headers": headers, ASKED_METHOD: "HEAD"}
        await self._app(scope, receive, send)
