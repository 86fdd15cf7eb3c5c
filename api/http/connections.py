"""One client's connection: uvicorn's h11, and no wait for the client without an end.

Run as `uvicorn --http api.http.connections:BoundedConnection`. The application hands over the limits when it
starts, in the state of its lifespan.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from api.http.access_log import OTHER_METHOD, UNMATCHED
from api.http.metrics import count_request
from api.http.problems import Problem, ProblemResponse, problem
from api.http.request_ids import HEADER
from shared.errors import ErrorCode
from shared.telemetry import request_id_var

logger = logging.getLogger(__name__)

STATE = "connections"
"""The name under which the lifespan's state holds the `Connections`."""

_LAST_BYTES_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Connections:
    """The limits of one process's connections, and which of them serve no request, the longest first.

    `head_seconds` is how long a client may take to send a request's head, `keep_alive_seconds` to begin the
    next request, `taking_seconds` to take an answer. `most` is how many connections there may be.
    """

    head_seconds: float
    keep_alive_seconds: int
    taking_seconds: float
    most: int
    idle: dict["BoundedConnection", None] = field(default_factory=dict)


class BoundedConnection(H11Protocol):
    """A connection that waits for its client within limits only.

    A clock runs exactly while the client owes us bytes and no request is being served: from connecting, or
    from the first byte of a later request, until the head is there; and from an answer that came before
    the body's end, until that end. Bodies that are being read are `api.http.body_limit`'s affair, and the
    time between two requests is uvicorn's.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits: Connections = app_state[STATE]
        self.timeout_keep_alive = self._limits.keep_alive_seconds
        self._clock: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, in the place of the connection that has been idle longest where there is no other place."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.most:
            longest_idle = next(iter(self._limits.idle), None)
            if longest_idle is None:
                self._refuse(
                    problem(ErrorCode.BUSY, "Too many clients are connected. Please try again soon.")
                )
                return
            longest_idle.end()
        self._look()

    def data_received(self, data: bytes) -> None:
        """Receive data from the client."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Go on to the next request."""
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._limits.idle.pop(self, None)
        for clock in (self._clock, self._taking):
            if clock is not None:
                clock.cancel()

    def timeout_keep_alive_handler(self) -> None:
        """End the connection, also where the client has not taken its last answer."""
        super().timeout_keep_alive_handler()
        self.end()

    def pause_writing(self) -> None:
        """Wait for the client to read what was sent, but not for ever."""
        super().pause_writing()
        self._taking = self.loop.call_later(self._limits.taking_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Continue: the client has read what was sent."""
        super().resume_writing()
        if self._taking is not None:
            self._taking.cancel()

    def send_400_response(self, msg: str) -> None:
        """Respond to what is not HTTP. uvicorn's own message is not shown."""
        self._refuse(problem(ErrorCode.MALFORMED_REQUEST, "This is not a request that HTTP allows."))

    def end(self) -> None:
        """Close the connection once the client has read what was sent, and soon in any case."""
        self._limits.idle.pop(self, None)
        if not self.transport.is_closing():
            self.transport.close()
        self.loop.call_later(_LAST_BYTES_SECONDS, self.transport.abort)

    def _look(self) -> None:
        """Let the clock run or not, as the connection now is."""
        is_idle = self.conn.our_state in {h11.IDLE, h11.DONE} and not self.transport.is_closing()
        if is_idle:
            self._limits.idle.setdefault(self)
        else:
            self._limits.idle.pop(self, None)
        if not is_idle or self.timeout_keep_alive_task is not None:
            if self._clock is not None:
                self._clock.cancel()
                self._clock = None
        elif self._clock is None:
            self._clock = self.loop.call_later(self._limits.head_seconds, self._give_up)

    def _give_up(self) -> None:
        half_sent, _ = self.conn.trailing_data
        if self.conn.our_state is h11.IDLE and half_sent:
            self._refuse(problem(ErrorCode.REQUEST_TIMEOUT, "The request did not arrive in time."))
        else:
            self.end()

    def _refuse(self, answer: Problem) -> None:
        """Answer in the application's stead, unless it has begun to, and close the connection."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            request_id = uuid4().hex
            response = ProblemResponse(answer, {HEADER: request_id, "Connection": "close"})
            headers = self.server_state.default_headers + response.raw_headers
            start = h11.Response(status_code=response.status_code, headers=headers)
            for event in (start, h11.Data(data=bytes(response.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
            _note(answer, request_id)
        if self.cycle is not None:
            self.cycle.disconnected = True  # whatever still serves the request has nobody to answer
            self.cycle.message_event.set()
        self.end()


def _note(answer: Problem, request_id: str) -> None:
    """Log and count a request of which too little came to know its method and route."""
    count_request(OTHER_METHOD, UNMATCHED, answer.status, 0.0)
    token = request_id_var.set(request_id)
    try:
        logger.info("%s %s: %d %s", OTHER_METHOD, UNMATCHED, answer.status, answer.code)
    finally:
        request_id_var.reset(token)
