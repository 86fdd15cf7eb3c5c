"""What happens first in a pool's child process, and in beat's.

A spawned child imports the task modules alone, so this is one of them.
"""

import ctypes
import signal
import sys

from celery import signals

from shared import telemetry
from worker.settings import WorkerSettings

_PR_SET_PDEATHSIG = 1


@signals.worker_process_init.connect
def configure_child_logging(**_: object) -> None:
    """Replace Celery's own format, which carries no job's id."""
    telemetry.configure_logging(WorkerSettings().app_env)


@signals.beat_embedded_init.connect
def die_with_the_parent(**_: object) -> None:
    """Let no beat outlive its worker, as no pool child does: the next worker brings another."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
