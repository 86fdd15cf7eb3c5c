"""A limit on a whole HTTP exchange.

httpx2 limits each read alone, so that an answer which drips, or stalls after its headers, could take many
times the limit.
"""

import time
from collections.abc import Iterator

import httpx2

CONNECT_SECONDS = 5.0
"""The longest wait for a connection: shorter than an answer's, as nobody is thinking yet."""

_DEADLINE = "deadline"


def bounded_client() -> httpx2.Client:
    """Return a client whose requests end within their read timeout altogether, connecting included.

    Raises `httpx2.TimeoutException` where they do not. Thread-safe.
    """
    return httpx2.Client(event_hooks={"request": [_start], "response": [_bound]})


def _start(request: httpx2.Request) -> None:
    timeout = request.extensions["timeout"]
    request.extensions[_DEADLINE] = time.monotonic() + timeout["read"]
    for wait in ("connect", "pool"):
        timeout[wait] = min(timeout[wait], CONNECT_SECONDS)


def _bound(response: httpx2.Response) -> None:
    """Give what is left of the time to the body, which nobody has read yet."""
    deadline = response.request.extensions[_DEADLINE]
    response.request.extensions["timeout"]["read"] = max(deadline - time.monotonic(), 0.001)
    if isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = _BoundedStream(response.stream, deadline)


class _BoundedStream(httpx2.SyncByteStream):
    def __init__(self, stream: httpx2.SyncByteStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            if time.monotonic() > self._deadline:
                raise httpx2.ReadTimeout("the answer was not complete in time")
            yield chunk

    def close(self) -> None:
        self._stream.close()
