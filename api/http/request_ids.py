"""Gives every request an id, the client's or a fresh one, and sends it back."""

import re
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.telemetry import NO_ID, job_id_var, request_id_var

HEADER = "X-Request-ID"
_ACCEPTED = re.compile(r"[A-Za-z0-9._:@/+=-]{1,128}")


class RequestIds:
    """ASGI middleware: the id is in `request_id_var` while the request is served, and on its response.

    Whoever learns which job the request is about sets `job_id_var`, which is reset at its end too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if _ACCEPTED.fullmatch(given) else uuid4().hex

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        request_token, job_token = request_id_var.set(request_id), job_id_var.set(NO_ID)
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            request_id_var.reset(request_token)
            job_id_var.reset(job_token)
