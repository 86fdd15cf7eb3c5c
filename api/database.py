"""The API's way to PostgreSQL: sessions on the event loop, and no wait for the server without an end.

A server that is stopped while its kernel still answers keeps a connection silent for ever: neither
keepalives nor libpq's timeouts notice. So every answer is waited for only so long, and a connection that
was waited for in vain is closed at once. (psycopg would first ask the server to cancel, for up to 10 s.)
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from psycopg import AsyncConnection, OperationalError
from psycopg.abc import PQGen
from psycopg.waiting import wait_async
from sqlalchemy.exc import TimeoutError as DatabaseTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from shared.database import pool_options

ANSWER_SECONDS = 4.0
"""How long a unit of work may take, the wait for a free connection included, and any single answer."""

_LOOK_SECONDS = 0.1

Answer = TypeVar("Answer")


class EventLoopConnection(AsyncConnection[Any]):
    """A connection that breaks where an answer does not come in `ANSWER_SECONDS`, or is given up."""

    async def wait(
        self,
        gen: PQGen[Answer],
        interval: float = _LOOK_SECONDS,
        timeout: float | None = None,  # noqa: ASYNC109 - psycopg's own signature
    ) -> Answer:
        """Return what the server answers; psycopg comes here for each. `timeout` is the caller's own, if any.

        Raises psycopg's `OperationalError` when it does not answer.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS if timeout is None else None):
                return await wait_async(gen, self.pgconn.socket, interval=interval, timeout=timeout)
        except TimeoutError:
            self.pgconn.finish()
            raise OperationalError("the server did not answer in time") from None
        except asyncio.CancelledError:
            self.pgconn.finish()
            raise


def create_event_loop_engine(url: str, *, application_name: str, pool_size: int) -> AsyncEngine:
    """Return an engine for an event loop; it connects at first use. `url` names the psycopg driver."""
    options = pool_options(application_name, pool_size)
    options["connect_args"]["async_creator_fn"] = EventLoopConnection.connect
    return create_async_engine(url, **options)


class Sessions:
    """Opens sessions, one a unit of work. A unit that is not done in time raises a `SQLAlchemyError`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._make = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[AsyncSession]:
        """Open a session to read with."""
        async with _in_time(), self._make() as session:
            yield session

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """Open a session that commits at the end of the block, unless the block raises."""
        async with _in_time(), self._make.begin() as session:
            yield session


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            yield
    except TimeoutError:
        raise DatabaseTimeoutError("the database did not answer in time") from None
