"""Lets requests wait for jobs. One LISTEN connection per process serves every waiter.

A waiter registers before it reads, so it misses nothing; each notified job is read once, however many
wait for it. Notifications sent while the connection was down are lost, so jobs that are waited for are
read again every few seconds. The connection is checked as often, since a server that hangs cannot be
told from an idle one. (A transaction pooler in front of PostgreSQL breaks LISTEN.)
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from psycopg import Error as PsycopgError
from psycopg import sql
from sqlalchemy.exc import SQLAlchemyError

from api.database import EventLoopConnection
from api.jobs.read import JobReader, JobRecord
from shared.events import JOB_ENDED
from shared.outages import OutageLog

logger = logging.getLogger(__name__)

_RECHECK_SECONDS = 3.0
_RECONNECT_SECONDS = 0.5


class JobWaiters:
    """Lets requests wait for jobs to end. `connection` is what psycopg connects with."""

    def __init__(self, connection: Mapping[str, Any], reader: JobReader) -> None:
        self._connection = connection
        self._reader = reader
        self._waiting: Counter[UUID] = Counter()
        self._latest: dict[UUID, asyncio.Future[JobRecord | None]] = {}
        self._notified: asyncio.Queue[UUID] = asyncio.Queue()
        self._released = False
        self._outage = OutageLog(logger, "the LISTEN connection", "waiters hear some seconds late")

    async def wait(self, job_id: UUID, seconds: float, *, owner: str | None = None) -> JobRecord:
        """Return the job as soon as it has ended, or as it stands after `seconds` or a `release`.

        Raises `JobNotFoundError`, at once, where there is none, it is not `owner`'s, or it is deleted.
        """
        self._waiting[job_id] += 1
        done = self._latest.setdefault(job_id, asyncio.get_running_loop().create_future())
        try:
            if not await self._reader.has_ended(job_id, owner=owner) and not self._released:
                with contextlib.suppress(TimeoutError):
                    if ended := await asyncio.wait_for(asyncio.shield(done), seconds):
                        return ended
            return await self._reader.one(job_id)
        finally:
            self._waiting[job_id] -= 1
            if not self._waiting[job_id]:
                del self._waiting[job_id], self._latest[job_id]

    def release(self) -> None:
        """Answer all waiters now and later ones at once, because the process is shutting down."""
        self._released = True
        for done in self._latest.values():
            if not done.done():
                done.set_result(None)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen and serve the waiters while the block runs."""
        async with asyncio.TaskGroup() as tasks:
            helpers = [
                tasks.create_task(_for_ever(work)) for work in (self._listen, self._serve, self._recheck)
            ]
            try:
                yield
            finally:
                for helper in helpers:
                    helper.cancel()

    async def _listen(self) -> None:
        while True:
            try:
                async with await EventLoopConnection.connect(
                    autocommit=True, **self._connection
                ) as connection:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(JOB_ENDED)))
                    self._outage.worked()
                    self._notify_all()
                    await self._hear(connection)
            except PsycopgError as error:
                self._outage.failed(error)
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _hear(self, connection: EventLoopConnection) -> None:
        """Pass notifications on until the connection breaks."""
        while True:
            async for notification in connection.notifies(timeout=_RECHECK_SECONDS):
                self._notify(notification.payload)
            await connection.execute("SELECT 1")

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(_RECHECK_SECONDS)
            try:
                for job_id in await self._reader.ended(list(self._waiting)):
                    self._notified.put_nowait(job_id)
            except (SQLAlchemyError, OSError):
                logger.warning("waited-for jobs could not be looked at; trying again")

    def _notify(self, payload: str) -> None:
        """Queue the job for reading if a request waits for it. Any database user can send any payload."""
        with contextlib.suppress(ValueError):
            job_id = UUID(payload)
            if job_id in self._waiting:
                self._notified.put_nowait(job_id)

    def _notify_all(self) -> None:
        for job_id in self._waiting:
            self._notified.put_nowait(job_id)

    async def _serve(self) -> None:
        """Read all jobs notified so far together, and pass those that have ended to their waiters."""
        while True:
            job_ids = {await self._notified.get()}
            while not self._notified.empty():
                job_ids.add(self._notified.get_nowait())
            try:
                records = await self._reader.read(job_ids)
            except (SQLAlchemyError, OSError):
                logger.warning("waited-for jobs could not be read; trying again")
                continue
            for job_id in job_ids:
                record, done = records.get(job_id), self._latest.get(job_id)
                # A job that no longer exists was deleted with its conversation.
                has_ended = record is None or record.job.finished_at is not None
                if has_ended and done is not None and not done.done():
                    done.set_result(record)


async def _for_ever(work: Callable[[], Awaitable[None]]) -> None:
    """Restart the background task whatever error ends it: without it no request learns that its job ended."""
    while True:
        try:
            await work()
        except Exception:
            logger.exception("a helper of the waiters broke; it starts again")
            await asyncio.sleep(_RECONNECT_SECONDS)
