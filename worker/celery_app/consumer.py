"""How a worker takes hints from Redis, and recovers after Redis was lost, replaced or refused writes.

A worker has models loaded, so nothing that Redis does may end it. What a failed-over or full Redis answers is
no connection error, so Celery would end; `broker_channel_error_retry` makes it begin anew, which comes here.
"""

import logging
import time
from typing import Any

from celery.concurrency.prefork import TaskPool as ProcessPool
from celery.worker import state
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu import Connection
from redis.exceptions import RedisError

from shared.outages import OutageLog
from shared.queue import WRITE_PROBE

logger = logging.getLogger(__name__)

_LONGEST_PAUSE_SECONDS = 5
_WRITES_TRIED_EVERY_SECONDS = 1.0
# Operators see a task so much later in Flower.
_EVENTS_GATHERED_SECONDS = 0.1


class HintConsumer(Consumer):
    """Celery's consumer, which leaves behind what belongs to a lost connection and to dead children.

    It takes hints only from a Redis that it can write to: another one would give a hint and then refuse to
    note that it is taken.
    """

    task_consumer: Any  # the types do not know them
    connection: Any
    hub: Any
    _flush_events: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._outage = OutageLog(
            logger, "the broker", "this worker keeps trying, and takes no hints meanwhile"
        )
        self._events_go_at = 0.0
        super().__init__(*args, **kwargs)

    def connection_for_read(self, heartbeat: float | None = None) -> Connection:
        """Return a connection to a Redis that takes writes, however long that takes; a stop ends the wait.

        Before anything is done with it: Celery's event loop writes as soon as it has the connection.
        """
        connection = super().connection_for_read(heartbeat)
        channel: Any = connection.default_channel  # the types do not know Redis'
        while True:
            try:
                channel.client.set(**WRITE_PROBE)
            except RedisError as error:
                self._outage.failed(error)
            else:
                self._outage.worked()
                return connection
            maybe_shutdown()
            time.sleep(_WRITES_TRIED_EVERY_SECONDS)

    def ensure_connected(self, conn: Connection) -> Connection:
        """Connect, however long that takes. Celery's own version logs every attempt."""
        connected = conn.ensure_connection(
            lambda error, _: self._outage.failed(error),
            interval_max=_LONGEST_PAUSE_SECONDS,
            callback=maybe_shutdown,
        )
        self.first_connection_attempt = False
        return connected

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Do not put hints back over the lost connection: Celery fails at that, and the worker would end.

        Events that have gathered go to what is sent once there is a connection again.
        """
        self._flush_events()
        if self.task_consumer is not None:
            self.task_consumer.channel.do_restore = False
        super().on_connection_error_after_connected(exc)

    def on_send_event_buffered(self) -> None:  # type: ignore[override]  # its types are wrong
        """Let events of tasks gather: Celery sends each by itself, before its task goes to the pool's child.

        Any thread may call it; timers are the event loop's own. A worker that stops has no time for them.
        """
        now = time.monotonic()
        if state.should_stop is not None:
            super().on_send_event_buffered()
        elif now >= self._events_go_at:
            self._events_go_at = now + _EVENTS_GATHERED_SECONDS
            self.hub.call_soon(self.hub.call_later, _EVENTS_GATHERED_SECONDS, self._flush_events)

    def stop(self) -> None:
        """Stop, once the events that have gathered are sent."""
        self._flush_events()
        super().stop()

    def on_close(self) -> None:
        """Forget the pipes of children that died while running, before the pool listens to all it knows.

        Celery keeps their numbers, which others have by now. Where it is the pipe that brings tasks to
        the next child, the main process would take them from under it and wait for ever for their end.
        """
        super().on_close()
        if isinstance(self.pool, ProcessPool):
            children: dict[int, Any] = self.pool._pool._fileno_to_outq  # type: ignore[attr-defined]  # noqa: SLF001
            for number in [number for number, child in children.items() if child.dead]:
                del children[number]
