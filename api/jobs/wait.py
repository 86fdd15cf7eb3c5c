"""Requests that wait for a job's end.

A waiter first registers and then reads, so nothing is missed. Each ended job is read once, however many wait
for it. Waited-for jobs are read again every few seconds, in case a notification was lost.
"""

import asyncio
import logging
from collections import Counter
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from api.access.keyring import Keyring
from api.access.principal import Reach, UnauthenticatedError
from api.jobs.listening import LOOK_AGAIN_SECONDS
from api.jobs.read import JobReader, JobRecord
from shared import events

logger = logging.getLogger(__name__)

_ENDS = {*events.OF_END.values(), events.DELETED}


class JobWaiters:
    """Lets requests wait for jobs to end."""

    def __init__(self, reader: JobReader, keyring: Keyring) -> None:
        self._reader = reader
        self._keyring = keyring
        self._waiting: Counter[UUID] = Counter()
        self._latest: dict[UUID, asyncio.Future[JobRecord | None]] = {}
        self._notified: asyncio.Queue[UUID] = asyncio.Queue()
        self._released = False

    async def wait(
        self, job_id: UUID, seconds: float, reach: Reach, *, key_id: UUID | None = None
    ) -> JobRecord:
        """Return the job as soon as it has ended, or as it stands after `seconds` or a `release`.

        Raises `JobNotFoundError`, at once, where there is none within `reach`, or it is deleted, and
        `UnauthenticatedError` when the key is revoked that the request came with.
        """
        self._waiting[job_id] += 1
        loop = asyncio.get_running_loop()
        done, revoked = self._latest.setdefault(job_id, loop.create_future()), loop.create_future()

        def refuse() -> None:
            if not revoked.done():
                revoked.set_result(None)

        try:
            if not await self._reader.has_ended(job_id, reach) and not self._released:
                with self._keyring.watching(key_id, refuse):
                    await asyncio.wait({done, revoked}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
                if revoked.done():
                    raise UnauthenticatedError("This credential is not good any more.")
                if done.done() and (ended := done.result()):
                    return ended
            return await self._reader.one(job_id, reach)
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

    def told(self, job_id: UUID, what: str) -> None:
        """Have the job read if it has ended and somebody waits for it."""
        if what in _ENDS and job_id in self._waiting:
            self._notified.put_nowait(job_id)

    def missed(self) -> None:
        """Have all waited-for jobs read."""
        for job_id in self._waiting:
            self._notified.put_nowait(job_id)

    async def work(self) -> None:
        """Serve the waiters, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._serve())
            tasks.create_task(self._recheck())

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            try:
                for job_id in await self._reader.ended(list(self._waiting)):
                    self._notified.put_nowait(job_id)
            except (SQLAlchemyError, OSError):
                logger.warning("waited-for jobs could not be looked at; trying again")

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
