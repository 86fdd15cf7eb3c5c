"""The audio stores, for the event loop: each call in a thread, as a disk or S3 may be slow."""

from collections.abc import Sequence
from uuid import UUID

from shared.audio_stores import AudioStores
from shared.models import AudioBackend, AudioObject
from shared.storage import StorageError
from shared.threads import ContextThreads

_REMOVE_SECONDS = 3.0


class Storing:
    """Stores and removes audio in threads of its own: a hung S3 must not eat those that serve."""

    def __init__(self, stores: AudioStores, *, most_at_once: int) -> None:
        self.host = stores.host
        self._stores = stores
        self._threads = ContextThreads(most_at_once, "store")

    async def write(self, name: str, data: bytes) -> AudioBackend:
        """Write the object and return its backend. Raises `StorageError`."""
        return await self._threads.run(self._stores.write, name, data)

    async def read(self, audio: AudioObject) -> bytes:
        """Return the object's bytes. Raises `StorageError`."""
        return await self._threads.run(self._stores.read, audio)

    async def remove(self, found: Sequence[AudioObject]) -> list[UUID]:
        """Remove the objects; return the ids of those of which nothing is left. Raises `StorageError`."""
        return await self._threads.run(self._stores.remove, found)

    def remove_in_time(self, found: Sequence[AudioObject]) -> list[UUID]:
        """Do the same for a thread, which waits for 3 s at most. Raises `StorageError`."""
        removing = self._threads.submit(self._stores.remove, found)
        try:
            return removing.result(_REMOVE_SECONDS)
        except TimeoutError:
            raise StorageError("The audio storage does not answer in time.") from None

    async def check(self) -> None:
        """Raise `StorageError` where audio could not be stored as it should be."""
        await self._threads.run(self._stores.check)

    def close(self) -> None:
        """Abandon the threads."""
        self._threads.give_up()
        self._stores.close()
