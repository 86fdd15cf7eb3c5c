"""How a worker stops, so that none of its hints and steps waits for a lease to expire.

At once it puts back the hints that it took and has not started. Then its steps may end, within a
grace; what is still at work after that is given back, and the worker ends.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from billiard.process import active_children
from celery import bootsteps
from celery.apps import worker as celery_program
from celery.worker import state
from kombu.common import ignore_errors

from shared import telemetry

logger = logging.getLogger(__name__)


def log_the_stop() -> None:
    """Log that the worker has been told to stop. Celery prints this without using logging."""

    def say(said: str, *_: object) -> None:
        telemetry.say_at_once(celery_program.__name__, said)

    setattr(celery_program, "safe_say", say)  # noqa: B010 - the types do not know it


class PutHintsBack(bootsteps.StartStopStep):
    """Closes the channel that receives hints before the worker waits for its pool; Celery does so after.

    Closing it requeues every unacknowledged hint, and any that Redis returns to the last BRPOP.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def stop(self, parent: Any) -> None:
        """Take no more hints if the worker is stopping; a lost connection stops this step too."""
        if state.should_stop is None or parent.task_consumer is None:
            return
        channel = parent.task_consumer.channel
        transport = channel.connection
        # Without a consumer kombu requeues a hint in the same way, but logs a warning for each.
        for queue in parent.task_consumer.queues:
            transport._callbacks[queue.name] = transport._reject_inbound_message  # noqa: SLF001
        ignore_errors(parent, channel.close)


class Grace:
    """Ends this process if it is still running the given number of seconds after it was told to stop."""

    def __init__(self, seconds: float, hand_over: Callable[[], None]) -> None:
        """Start the thread; `hand_over` gives back the unfinished steps, in bounded time."""
        self._seconds = seconds
        self._hand_over = hand_over
        self._told = threading.Event()
        threading.Thread(target=self._run, name="grace", daemon=True).start()

    def begin(self) -> None:
        """Start the grace period. A signal handler may call this: it only wakes a thread."""
        self._told.set()

    def _run(self) -> None:
        self._told.wait()
        time.sleep(self._seconds)
        logger.warning("steps still running %g s after the stop are given back", self._seconds)
        try:
            self._hand_over()
        finally:
            for process in filter(None, (child.pid for child in active_children())):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            os._exit(os.EX_OK)
