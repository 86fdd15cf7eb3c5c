"""A light HTTP client, so that what is measured is the server: requests as bytes, many at a time."""

import asyncio
from collections.abc import Iterator

_ANSWER_SECONDS = 90.0  # longer than the longest wait that is asked for


class Connection:
    """One kept-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """Connect to a server on this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; return the status and the body of its response. Raises TimeoutError without one."""
        self._writer.write(request)
        async with asyncio.timeout(_ANSWER_SECONDS):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            body = await self._reader.readexactly(int(length.partition(b":")[2]))
        return int(head.split(b" ", 2)[1]), body

    async def follow(self, path: str, last: bytes) -> bool:
        """Read a stream of server-sent events to its event `last`; return False where it was refused or cut.

        Raises TimeoutError without that event.
        """
        self._writer.write(get(path))
        async with asyncio.timeout(_ANSWER_SECONDS):
            head = await self._reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 "):
                return False
            try:
                await self._reader.readuntil(b"event: " + last)
                await self._reader.readuntil(b"\n\n")
            except asyncio.IncompleteReadError:
                return False
            return True

    async def close(self) -> None:
        """Close it."""
        self._writer.close()
        await self._writer.wait_closed()


def post_json(path: str, body: bytes) -> bytes:
    """Return a request."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def get(path: str) -> bytes:
    """Return a request."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


async def rate(port: int, requests: Iterator[bytes], *, clients: int, seconds: float, status: int) -> float:
    """Return how many requests a second so many clients get answered, each with this status."""
    loop = asyncio.get_running_loop()
    connections = [await Connection.open(port) for _ in range(clients)]
    until, answered = loop.time() + seconds, 0

    async def ask_on(connection: Connection) -> None:
        nonlocal answered
        while loop.time() < until:
            found, body = await connection.ask(next(requests))
            assert found == status, (found, body)
            answered += 1

    began = loop.time()
    await asyncio.gather(*map(ask_on, connections))
    took = loop.time() - began
    for connection in connections:
        await connection.close()
    return answered / took
