"""The API's way to PostgreSQL: units of work in threads of their own, and no wait for it without an end.

In threads, because SQLAlchemy on an event loop takes twice the time for the same work (measured). A server
that is stopped while its kernel still answers keeps a connection silent for ever: so every answer is waited
for only so long, and a connection that was waited for in vain is closed at once (`shared.database`).
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from psycopg import AsyncConnection, OperationalError
from psycopg.abc import PQGen
from psycopg.waiting import wait_async
from sqlalchemy import Engine
from sqlalchemy.exc import TimeoutError as DatabaseTimeoutError
from sqlalchemy.orm import Session

from shared.database import single_statements, transactions
from shared.threads import ContextThreads

ANSWER_SECONDS = 4.0
"""How long a unit of work may take, the wait for a free thread included, and any single answer."""

_LOOK_SECONDS = 0.1

Answer = TypeVar("Answer")
Arguments = ParamSpec("Arguments")


class Sessions:
    """Runs units of work, each in a session and a thread of its own.

    A unit that is not done in time raises a `SQLAlchemyError`.
    """

    def __init__(self, engine: Engine, *, at_once: int) -> None:
        """`at_once` is how many units may run at a time: as many as the engine has connections."""
        self._write = transactions(engine)
        self._read = single_statements(self._write)
        self._threads = ContextThreads(at_once, "database")

    async def read(
        self,
        work: Callable[Concatenate[Session, Arguments], Answer],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Answer:
        """Return what `work` returns, which must only read: each of its statements is a transaction."""

        def unit(_: threading.Event) -> Answer:
            with self._read() as session:
                return work(session, *args, **kwargs)

        return await self._in_a_thread(unit)

    async def commit(
        self,
        work: Callable[Concatenate[Session, Arguments], Answer],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Answer:
        """Return what `work` returns once it is committed; nothing is where it raises or is given up.

        Only a commit that was asked for and not answered in time may have happened.
        """

        def unit(given_up: threading.Event) -> Answer:
            with self._write.begin() as session:
                answer = work(session, *args, **kwargs)
                if given_up.is_set():
                    raise DatabaseTimeoutError("nobody waits for this any more")
                return answer

        return await self._in_a_thread(unit)

    def close(self) -> None:
        """Give the threads up; one that hangs ends in `ANSWER_SECONDS`."""
        self._threads.give_up()

    async def _in_a_thread(self, unit: Callable[[threading.Event], Answer]) -> Answer:
        given_up = threading.Event()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._threads.run(unit, given_up)
        except TimeoutError:
            raise DatabaseTimeoutError("the database did not answer in time") from None
        finally:
            given_up.set()


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
