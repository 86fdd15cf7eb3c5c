"""How a worker takes hints from Redis, and goes on with it after the connection was lost."""

from typing import Any

from celery.concurrency.prefork import TaskPool as ProcessPool
from celery.worker.consumer import Consumer


class HintConsumer(Consumer):
    """Celery's consumer, which leaves behind what belongs to a lost connection and to dead children."""

    task_consumer: Any  # the types do not know it

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Do not put hints back over the lost connection: Celery fails at that, and the worker would end."""
        if self.task_consumer is not None:
            self.task_consumer.channel.do_restore = False
        super().on_connection_error_after_connected(exc)

    def on_close(self) -> None:
        """Forget the pipes of children that died at work, before the pool listens anew to all it knows.

        Celery keeps their numbers, which others have by now. Where it is the pipe that brings tasks to
        the next child, the main process would take them from under it and wait for ever for their end.
        """
        super().on_close()
        if isinstance(self.pool, ProcessPool):
            children: dict[int, Any] = self.pool._pool._fileno_to_outq  # type: ignore[attr-defined]  # noqa: SLF001
            for number in [number for number, child in children.items() if child.dead]:
                del children[number]
