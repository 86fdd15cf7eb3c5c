"""What a worker does when it is told to stop, so that nothing it holds waits for a lease to run out.

At once it puts back the hints that it took and has not started. Then its stages may end, within a
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
    """Log that the worker has been told to stop. Celery prints it, past all logging."""

    def say(said: str, *_: object) -> None:
        telemetry.say_at_once(celery_program.__name__, said)

    setattr(celery_program, "safe_say", say)  # noqa: B010 - the types do not know it


class PutHintsBack(bootsteps.StartStopStep):
    """Closes the channel that brings hints before the pool is waited for; Celery itself closes it after.

    Closing puts back whatever is not acknowledged, and what Redis gives to the last call of BRPOP.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def stop(self, parent: Any) -> None:
        """Take no more hints where the worker ends; a lost connection stops this step too."""
        if state.should_stop is None or parent.task_consumer is None:
            return
        channel = parent.task_consumer.channel
        transport = channel.connection
        # Without a consumer kombu puts a hint back just so, but warns of each: here that is what is meant.
        for queue in parent.task_consumer.queues:
            transport._callbacks[queue.name] = transport._reject_inbound_message  # noqa: SLF001
        ignore_errors(parent, channel.close)


class Grace:
    """Ends this process when it still runs so many seconds after it was told to stop."""

    def __init__(self, seconds: float, hand_over: Callable[[], None]) -> None:
        """Wait from now on; `hand_over` gives away what is still at work, in bounded time."""
        self._seconds = seconds
        self._hand_over = hand_over
        self._told = threading.Event()
        threading.Thread(target=self._run, name="grace", daemon=True).start()

    def begin(self) -> None:
        """Let the grace begin. May be called by a signal's handler: it only wakes a thread."""
        self._told.set()

    def _run(self) -> None:
        self._told.wait()
        time.sleep(self._seconds)
        logger.warning("still at work %g s after the stop: it is given back", self._seconds)
        try:
            self._hand_over()
        finally:
            for process in filter(None, (child.pid for child in active_children())):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            os._exit(os.EX_OK)
