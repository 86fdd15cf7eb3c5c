"""What happens first in a pool's child process, and in beat's.

A spawned child imports the task modules alone, so this is one of them.
"""

import os

from billiard.process import current_process
from celery import signals

from shared import telemetry, traces
from shared.parent_death import end_with_parent
from worker.settings import worker_settings


@signals.worker_process_init.connect
def end_without_parent(**_: object) -> None:
    """End a child whose parent died while it started, before Celery had tied its life to its parent's."""
    if os.getppid() != getattr(current_process(), "_parent_pid", os.getppid()):
        os._exit(os.EX_OK)


@signals.worker_process_init.connect
def configure_child_logging(**_: object) -> None:
    """Replace Celery's own format, which carries no job's id."""
    telemetry.configure_logging(worker_settings().app_env)


@signals.worker_process_init.connect
def trace_from_here(**_: object) -> None:
    """Send spans from the process that runs the steps."""
    traces.start(worker_settings().traces_url, "worker")


@signals.worker_process_shutdown.connect
def send_the_last_spans(**_: object) -> None:
    """Send what is left before the pool ends this process without a word."""
    traces.stop()


@signals.beat_embedded_init.connect
def die_with_the_parent(**_: object) -> None:
    """Let no beat outlive its worker, as no pool child does: the next worker brings another."""
    end_with_parent(os.getppid())
