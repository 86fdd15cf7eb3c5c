"""What a worker's main process reads from Celery about the worker itself."""

import logging
import os
import signal
from typing import Any

from celery.concurrency.thread import TaskPool as ThreadPool
from celery.worker import state

from shared.queue import direct_queue

logger = logging.getLogger(__name__)


def queues_served(worker: Any) -> tuple[str, ...]:
    """Return the names of the queues that the worker was told to serve, without its own direct queue."""
    names = set(worker.app.amqp.queues.consume_from) - {direct_queue(worker.hostname)}
    return tuple(sorted(names))


def runs_in_threads(worker: Any) -> bool:
    """Tell whether the main process runs the tasks itself, in threads, and has no child."""
    return issubclass(worker.pool_cls, ThreadPool)


def end_without_beat(worker: Any) -> None:
    """End a worker whose beat has died: nothing else would bring the sweep back."""
    stopping = state.should_stop is not None or state.should_terminate is not None
    if worker.beat is not None and not stopping and not worker.beat.is_alive():
        logger.error("beat has died: this worker ends, and its next start brings another")
        os.kill(os.getpid(), signal.SIGTERM)
