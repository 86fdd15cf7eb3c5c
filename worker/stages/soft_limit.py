"""A step's own time limit, inside the process that runs it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

from celery.exceptions import SoftTimeLimitExceeded


@contextmanager
def soft_limit(limit: timedelta) -> Iterator[None]:
    """Interrupt the block with `SoftTimeLimitExceeded` once it has taken so long. In a main thread only.

    Steps with different limits share a task, so Celery's own soft limit would be that of the longest. Like
    Celery's, this one fires only between Python instructions: a hang inside a native call is ended by the
    worker's main process.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, limit.total_seconds())
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise SoftTimeLimitExceeded
