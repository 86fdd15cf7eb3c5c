"""How many recordings, and bytes of them, one API process holds at a time, from the first byte on.

They lie in temporary files, which in a container may be memory. One client has half of all, so that
uploads which it begins and never ends leave the rest to others; a learner with a token has only as many as
their quota says, so that a few cannot hold everything.
"""

import math
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from api.decoding.errors import TooManyUploadsError, UploadsBusyError


@dataclass(slots=True)
class _Held:
    """What is held: of all clients, or of one."""

    recordings: int = 0
    bytes: int = 0


class Arrivals:
    """The recordings that one process holds."""

    def __init__(self, *, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._of_all = _Held()
        self._of_clients: dict[str, _Held] = {}

    @contextmanager
    def place(self, client: str, most: int | None = None) -> Iterator["Place"]:
        """Hold a place for the client while the block runs, or until it is released; `most`: of its places.

        Raises `UploadsBusyError` or `TooManyUploadsError`.
        """
        if most is not None and self._of_clients.get(client, _Held()).recordings >= most:
            raise TooManyUploadsError
        self.take(client, recordings=1)
        place = Place(self, client)
        try:
            yield place
        finally:
            place.give_back()

    def take(self, client: str, *, recordings: int = 0, size: int = 0) -> None:
        """Count the bytes received from the client. Raises, and counts nothing, if they are too many."""
        own = self._of_clients.get(client, _Held())
        for held, share, error in (
            (self._of_all, 1, UploadsBusyError),
            (own, 2, TooManyUploadsError),
        ):
            # Rounded up: a client that is alone may send one, however few there may be.
            if held.recordings + recordings > math.ceil(self._most / share):
                raise error
            if held.bytes + size > self._most_bytes // share:
                raise error
        self._of_clients[client] = own
        for held in (self._of_all, own):
            held.recordings += recordings
            held.bytes += size

    def leave(self, client: str, size: int) -> None:
        """Forget a recording of the client, of so many bytes."""
        own = self._of_clients[client]
        for held in (self._of_all, own):
            held.recordings -= 1
            held.bytes -= size
        if own.recordings == 0:
            del self._of_clients[client]


class Place:
    """The place of one recording, as large as what has arrived of it."""

    def __init__(self, arrivals: Arrivals, client: str) -> None:
        self._arrivals: Arrivals | None = arrivals
        self._client = client
        self._bytes = 0

    async def counting(self, stream: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """Yield the stream's chunks, counted. Raises, as `Arrivals.take` does, where one has no room."""
        async for chunk in stream:
            if self._arrivals is not None:
                self._arrivals.take(self._client, size=len(chunk))
                self._bytes += len(chunk)
            yield chunk

    def give_back(self) -> None:
        """Make room for others; once is enough."""
        if self._arrivals is not None:
            self._arrivals.leave(self._client, self._bytes)
            self._arrivals = None
