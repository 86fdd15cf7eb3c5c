"""One LISTEN connection for each process, which tells its waiters and followers what happens to jobs.

A notification that is sent while the connection is down is lost, so after each reconnection everybody is
told to look again. Every few seconds a query checks that the connection is alive: a server that hangs looks
like one that has nothing to say. (A transaction pooler in front of PostgreSQL breaks LISTEN.)
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol
from uuid import UUID

from psycopg import Error as PsycopgError
from psycopg import sql

from api.database import EventLoopConnection
from shared import events
from shared.outages import OutageLog

logger = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 3.0
_RECONNECT_SECONDS = 0.5


class Audience(Protocol):
    """Those who want to know what happens to jobs."""

    def told(self, job_id: UUID, what: str) -> None:
        """Hear that an event of this type was committed, or that the job is deleted (`events.DELETED`)."""
        ...

    def missed(self) -> None:
        """Hear that anything may have happened."""
        ...

    async def work(self) -> None:
        """Do the work that goes on beside the notifications, for ever."""
        ...


class JobListener:
    """Listens for its audiences. `connection` is what psycopg connects with."""

    def __init__(self, connection: Mapping[str, Any], audiences: Sequence[Audience]) -> None:
        self._connection = connection
        self._audiences = audiences
        self._outage = OutageLog(logger, "the LISTEN connection", "waiters hear some seconds late")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen while the block runs."""
        async with asyncio.TaskGroup() as tasks:
            works = (self._listen, *(audience.work for audience in self._audiences))
            helpers = [tasks.create_task(_for_ever(work)) for work in works]
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
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(events.CHANNEL)))
                    self._outage.worked()
                    for audience in self._audiences:
                        audience.missed()
                    await self._hear(connection)
            except PsycopgError as error:
                self._outage.failed(error)
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _hear(self, connection: EventLoopConnection) -> None:
        """Pass notifications on until the connection breaks."""
        while True:
            async for notification in connection.notifies(timeout=LOOK_AGAIN_SECONDS):
                self._pass_on(notification.payload)
            await connection.execute("SELECT 1")

    def _pass_on(self, payload: str) -> None:
        """Tell the audiences. Any database user can send any payload: one of another form is ignored."""
        with contextlib.suppress(ValueError):
            job_id, what = payload.split(" ")
            for audience in self._audiences:
                audience.told(UUID(job_id), what)


async def _for_ever(work: Callable[[], Awaitable[None]]) -> None:
    """Run the helper again whatever breaks it: without it nobody who waits or follows hears of anything."""
    while True:
        try:
            await work()
        except Exception:
            logger.exception("a helper of the waiters broke; it starts again")
            await asyncio.sleep(_RECONNECT_SECONDS)
