"""Sends hints to the broker without ever holding up the event loop, or a client for more than 2 s."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from celery import Celery
from sqlalchemy.exc import SQLAlchemyError

from api.database import Sessions
from shared import queue, steps
from shared.circuit_breaker import CircuitBreaker
from shared.outages import OutageLog
from shared.queue import PublishError, TaskName
from shared.steps import Hint
from shared.threads import ContextThreads

logger = logging.getLogger(__name__)

PUBLISH_LIMIT_SECONDS = 2.0
_THREADS = 4
BREAK_SECONDS = 5.0


class Publisher:
    """Publishes from threads of its own: a hung Redis must not eat those that decode or serve.

    After a failure nothing is tried for a few seconds (a circuit breaker): the sweep publishes then.
    """

    def __init__(self, app: Celery, sessions: Sessions) -> None:
        self._app = app
        self._sessions = sessions
        self._threads = ContextThreads(_THREADS, "publish")
        self._breaker = CircuitBreaker(BREAK_SECONDS)
        self._outage = OutageLog(logger, "the broker", "hints are left to the sweep")

    async def publish(self, hints: Sequence[Hint]) -> None:
        """Send the hints, or note which were not sent. Never raises: what they stand for is committed."""
        unsent = [hint for hint in hints if not await self._send(hint)]
        if not unsent:
            return
        try:
            await self._sessions.commit(steps.mark_unpublished, unsent)
        except SQLAlchemyError:
            logger.warning("a hint counts as sent until it counts as lost: the database did not answer")

    async def _send(self, hint: Hint) -> bool:
        if self._breaker.is_open:
            return False
        try:
            await self._in_a_thread(lambda: queue.publish(self._app, hint.queue))
        except (PublishError, TimeoutError, RuntimeError) as error:
            # A RuntimeError: the threads are given up, because the process ends.
            self._breaker.trip()
            self._outage.failed(error.__cause__ or error.__context__ or error)
            return False
        self._outage.worked()
        return True

    async def send(self, name: TaskName, *args: str, queue_name: str) -> None:
        """Send a task that no sweep would send again. Raises `PublishError`, or `TimeoutError` after 2 s."""
        await self._in_a_thread(lambda: queue.send_task(self._app, name, *args, queue=queue_name))

    async def _in_a_thread(self, send: Callable[[], None]) -> None:
        await asyncio.wait_for(self._threads.run(send), PUBLISH_LIMIT_SECONDS)

    def close(self) -> None:
        """Give the threads up; a hung one does not delay the process's end by more than its timeout."""
        self._threads.give_up()
        self._app.close()
