"""How many recordings, and bytes of them, one API process holds at a time, from the first byte on.

They lie in temporary files, which in a container may be memory.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager

from shared.errors import DomainError, ErrorCode


class TooManyArrivalsError(DomainError):
    """There is no room for another recording. Nothing is wrong with it."""

    code = ErrorCode.UPLOADS_BUSY
    retryable = True

    def __init__(self) -> None:
        super().__init__("Too many recordings are coming in just now. Please send yours again in a moment.")


class Arrivals:
    """The recordings that one process holds."""

    def __init__(self, *, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._held = 0
        self._bytes = 0

    @contextmanager
    def place(self) -> Iterator["Place"]:
        """Hold a place while the block runs, or until it is given back. Raises `TooManyArrivalsError`."""
        if self._held >= self._most:
            raise TooManyArrivalsError
        place = Place(self)
        self._held += 1
        try:
            yield place
        finally:
            place.give_back()

    def take_bytes(self, size: int) -> None:
        """Count what has come. Raises `TooManyArrivalsError` where all together are too much."""
        if self._bytes + size > self._most_bytes:
            raise TooManyArrivalsError
        self._bytes += size

    def leave(self, size: int) -> None:
        """Forget a recording of so many bytes."""
        self._held -= 1
        self._bytes -= size


class Place:
    """One recording's place, as large as what has come of it."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals: Arrivals | None = arrivals
        self._bytes = 0

    async def counting(self, stream: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """Yield the stream's chunks, counted. Raises `TooManyArrivalsError` where one has no room."""
        async for chunk in stream:
            if self._arrivals is not None:
                self._arrivals.take_bytes(len(chunk))
                self._bytes += len(chunk)
            yield chunk

    def give_back(self) -> None:
        """Make room for others; once is enough."""
        if self._arrivals is not None:
            self._arrivals.leave(self._bytes)
            self._arrivals = None
