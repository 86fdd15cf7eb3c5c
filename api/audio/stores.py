"""The audio stores, for the event loop: each call in a thread, as a disk or S3 may be slow."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar
from uuid import UUID

from shared.audio_stores import AudioStores
from shared.models import AudioBackend, AudioObject
from shared.storage import StorageError

_REMOVE_SECONDS = 3.0

Result = TypeVar("Result")


class Storing:
    """Stores and removes audio in threads of its own: a hung S3 must not eat those that serve."""

    def __init__(self, stores: AudioStores, *, most_at_once: int) -> None:
        self.host = stores.host
        self._stores = stores
        self._threads = ThreadPoolExecutor(most_at_once, thread_name_prefix="store")

    async def write(self, name: str, data: bytes) -> AudioBackend:
        """Write the object and return where it lies. Raises `StorageError`."""
        return await self._in_a_thread(lambda: self._stores.write(name, data))

    async def remove(self, found: Sequence[AudioObject]) -> list[UUID]:
        """Remove the objects; return the ids of those of which nothing is left. Raises `StorageError`."""
        return await self._in_a_thread(lambda: self._stores.remove(found))

    def remove_in_time(self, found: Sequence[AudioObject]) -> list[UUID]:
        """Do the same for a thread, which waits for 3 s at most. Raises `StorageError`."""
        removing = self._threads.submit(copy_context().run, self._stores.remove, found)
        try:
            return removing.result(_REMOVE_SECONDS)
        except TimeoutError:
            raise StorageError("The audio storage does not answer in time.") from None

    async def check(self) -> None:
        """Raise `StorageError` where audio could not be stored as it should be."""
        await self._in_a_thread(self._stores.check)

    def close(self) -> None:
        """Give the threads up."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._stores.close()

    async def _in_a_thread(self, work: Callable[[], Result]) -> Result:
        running = asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, work)
        return await running
