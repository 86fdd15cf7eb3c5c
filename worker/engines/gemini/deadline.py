"""Limits on a whole HTTP exchange: on its time and its length.

httpx2 limits each read alone, so that an answer which drips, or stalls after its headers, could take many
times the limit.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx2

CONNECT_SECONDS = 5.0
"""The longest wait for a connection: shorter than an answer's, as nobody is thinking yet."""
MOST_BYTES = 4_000_000
"""Far more than any answer has."""

_DEADLINE = "deadline"


def bounded_client(tidied: Callable[[bytes], bytes]) -> httpx2.Client:
    """Return a client whose requests end within their read timeout altogether, connecting included.

    Whoever reads an answer gets its lines `tidied`. Raises `httpx2.TimeoutException` where the time is over,
    `httpx2.ReadError` where an answer has no end. Thread-safe.
    """

    def bound(response: httpx2.Response) -> None:
        deadline = response.request.extensions[_DEADLINE]
        response.request.extensions["timeout"]["read"] = max(deadline - time.monotonic(), 0.001)
        if isinstance(response.stream, httpx2.SyncByteStream):
            response.stream = _BoundedLines(response, response.stream, deadline, tidied)

    # Uncompressed: whoever compresses on the way may wait for more to compress.
    headers = {"Accept-Encoding": "identity"}
    return httpx2.Client(headers=headers, event_hooks={"request": [_start], "response": [bound]})


def _start(request: httpx2.Request) -> None:
    timeout = request.extensions["timeout"]
    request.extensions[_DEADLINE] = time.monotonic() + timeout["read"]
    for wait in ("connect", "pool"):
        timeout[wait] = min(timeout[wait], CONNECT_SECONDS)


class _BoundedLines(httpx2.SyncByteStream):
    """A body in whole lines, read until its deadline and no longer."""

    def __init__(
        self,
        response: httpx2.Response,
        stream: httpx2.SyncByteStream,
        deadline: float,
        tidied: Callable[[bytes], bytes],
    ) -> None:
        self._stream = stream
        self._deadline = deadline
        self._tidied = tidied
        self._connection: socket.socket = response.extensions["network_stream"].get_extra_info("socket")
        self._lock = threading.Lock()
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        # The time of a read is set when the first begins: a later one is ended by ending the connection.
        end = threading.Timer(max(self._deadline - time.monotonic(), 0), self._end_connection)
        end.daemon = True
        end.start()
        try:
            yield from self._lines()
        except httpx2.TransportError as error:
            if time.monotonic() < self._deadline:
                raise
            raise httpx2.ReadTimeout("the answer was not complete in time") from error
        finally:
            end.cancel()
            self.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True  # from here on the connection may be another request's
        self._stream.close()

    def _end_connection(self) -> None:
        with self._lock:
            if not self._closed:
                try:
                    self._connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    return  # it has ended already

    def _lines(self) -> Iterator[bytes]:
        length, begun = 0, b""
        for chunk in self._stream:
            length += len(chunk)
            if length > MOST_BYTES:
                raise httpx2.ReadError("the answer has no end")
            if time.monotonic() > self._deadline:
                raise httpx2.ReadTimeout("the answer was not complete in time")
            *lines, begun = (begun + chunk).split(b"\n")
            yield from (self._tidied(line) + b"\n" for line in lines)
        if begun:
            yield self._tidied(begun)
