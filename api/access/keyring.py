"""The keys in use, kept in memory, so that a known key costs no query.

What is kept was confirmed by the database a moment ago: all of it every 2 s, in one query. What was not
confirmed for 4 s is asked for again before it counts, so a revoked key stops within 5 s in every process,
also in one that has lost the database for a while. A request that lasts, as a stream does, is told when the
key is revoked that it came with; that key is confirmed as long as the request lasts.
"""

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from api.access import repository
from api.access.repository import KeyRecord
from api.database import Sessions
from shared.models import ApiKey

logger = logging.getLogger(__name__)

CONFIRM_SECONDS = 2.0
TRUSTED_SECONDS = 4.0
_KEPT = 10_000
_FORGET_SECONDS = 600.0


@dataclass(slots=True)
class _Entry:
    record: KeyRecord
    confirmed_at: float
    used_at: float


class Keyring:
    """Finds keys by digest or id, while it is `running`."""

    def __init__(
        self, sessions: Sessions, *, trusted_seconds: float = TRUSTED_SECONDS, most: int = _KEPT
    ) -> None:
        self._sessions = sessions
        self._trusted_seconds = trusted_seconds
        self._most = most
        self._by_id: OrderedDict[UUID, _Entry] = OrderedDict()
        self._ids: dict[str, UUID] = {}
        self._watched: defaultdict[UUID, list[Callable[[], None]]] = defaultdict(list)

    def knows(self, digests: Collection[str]) -> bool:
        """Tell whether a key with one of these digests is kept."""
        return any(digest in self._ids for digest in digests)

    async def with_digest(self, digests: Collection[str]) -> KeyRecord | None:
        """Return the key with one of these digests, if it works. Raises `SQLAlchemyError`."""
        known = next((self._ids[digest] for digest in digests if digest in self._ids), None)
        return self._fresh(known) or await self._ask(digests=digests)

    async def with_id(self, key_id: UUID) -> KeyRecord | None:
        """Return the key with this id unless it is revoked. Raises `SQLAlchemyError`."""
        return self._fresh(key_id) or await self._ask(ids=[key_id])

    @contextmanager
    def watching(self, key_id: UUID | None, on_revoked: Callable[[], None]) -> Iterator[None]:
        """Call `on_revoked` within 5 s if the key is revoked or deleted while the block runs.

        It may be called more than once. Without a key, never.
        """
        if key_id is None:
            yield
            return
        self._watched[key_id].append(on_revoked)
        try:
            yield
        finally:
            self._watched[key_id].remove(on_revoked)
            if not self._watched[key_id]:
                del self._watched[key_id]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Confirm what is kept while the block runs."""
        work = asyncio.create_task(self._work())
        try:
            yield
        finally:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(CONFIRM_SECONDS)
            try:
                await self._confirm()
            except (SQLAlchemyError, OSError):
                logger.warning("keys could not be confirmed; those in use are asked for one by one")

    def _fresh(self, key_id: UUID | None) -> KeyRecord | None:
        entry = None if key_id is None else self._by_id.get(key_id)
        now = time.monotonic()
        if entry is None or entry.confirmed_at < now - self._trusted_seconds:
            return None
        entry.used_at = now
        self._by_id.move_to_end(entry.record.key.id)
        return entry.record

    async def _ask(self, *, digests: Collection[str] = (), ids: Collection[UUID] = ()) -> KeyRecord | None:
        asked_at = time.monotonic()
        found = await self._sessions.read(repository.load, digests=digests, ids=ids)
        for record in found:
            self._keep(record, asked_at)
        return next((record for record in found if record.key.revoked_at is None), None)

    def _keep(self, record: KeyRecord, asked_at: float) -> None:
        if record.key.revoked_at is not None:
            self._end(record.key.id)
            return
        kept = self._by_id.get(record.key.id)
        used_at = asked_at if kept is None else kept.used_at
        self._by_id[record.key.id] = _Entry(record, asked_at, used_at)
        self._ids[record.key.digest] = record.key.id
        while len(self._by_id) > self._most:
            self._forget([next(iter(self._by_id))])

    async def _confirm(self) -> None:
        """Read all keys again that are kept or watched: forget what is long unused, end what is revoked."""
        asked = self._by_id.keys() | self._watched.keys()
        if not asked:
            return
        asked_at = time.monotonic()
        await self._note_use(asked_at)
        found = {record.key.id: record for record in await self._sessions.read(repository.load, ids=asked)}
        for key_id in asked:
            record = found.get(key_id)
            if record is None or record.key.revoked_at is not None:
                self._end(key_id)
            elif key_id in self._by_id:
                self._keep(record, asked_at)
        self._forget(
            [key_id for key_id, entry in self._by_id.items() if entry.used_at < asked_at - _FORGET_SECONDS]
        )

    async def _note_use(self, now: float) -> None:
        """Note, coarsely, that keys were used since the last look."""
        used = [
            key_id
            for key_id, entry in self._by_id.items()
            if entry.used_at >= now - 2 * CONFIRM_SECONDS and _is_due(entry.record.key)
        ]
        if used:
            await self._sessions.commit(repository.note_use, used)

    def _end(self, key_id: UUID) -> None:
        """Forget a key that works no more, and tell the requests that came with it."""
        self._forget([key_id])
        for tell in tuple(self._watched.get(key_id, ())):
            tell()

    def _forget(self, key_ids: Iterable[UUID]) -> None:
        """Keep these keys no more: they are asked for when they are used again."""
        for key_id in key_ids:
            entry = self._by_id.pop(key_id, None)
            if entry is not None:
                self._ids.pop(entry.record.key.digest, None)


def _is_due(key: ApiKey) -> bool:
    """Tell whether a use is to be noted, the key's own or of its tokens. Sending an expired key is none."""
    noted_at = key.last_used_at
    is_long_ago = noted_at is None or datetime.now(UTC) - noted_at >= repository.NOTED_EVERY
    return is_long_ago and not key.has_expired
