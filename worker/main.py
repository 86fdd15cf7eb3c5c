"""The Celery application of the workers: `celery -A worker.main worker -Q gpu`. Configuration and signals.

Settings are read once, here; a worker that could not do its work refuses to start, in one sentence.
"""

import logging
from datetime import timedelta
from functools import lru_cache
from typing import Any

from celery import Celery
from celery import signals as celery_signals

from shared import telemetry, traces
from shared.models import QueueName
from shared.queue import (
    STEP_TASKS,
    WORKER_SOCKET_TIMEOUT_SECONDS,
    PublishError,
    TaskName,
    create_celery,
    direct_queue,
    send_task,
)
from worker.bootstrap import Engines, UnknownEngineError, kinds_served
from worker.celery_app.controller import end_without_beat, queues_served, runs_in_threads
from worker.celery_app.stopping import Grace, PutHintsBack, log_the_stop
from worker.errors import EngineError
from worker.leases.presence import Presence
from worker.leases.settler import settler_of
from worker.metrics_server import serve_metrics
from worker.runtime import create_sessions, process_runtime
from worker.settings import DEADLINE_SLACK, HARD_LIMIT_SLACK, WorkerSettings, worker_settings

logger = logging.getLogger(__name__)

# A child that a busy machine starts slowly must not be taken for dead and replaced for ever.
_CHILD_START_SECONDS = 60


def _time_limits(settings: WorkerSettings) -> dict[str, dict[str, float]]:
    """Return the limits of tasks. A step has its own, nearer ones; its task's is only the last resort."""
    loading = timedelta(seconds=settings.model_load_timeout_seconds)
    limits = {
        TaskName.WARM_UP: {
            "soft_time_limit": loading.total_seconds(),
            "time_limit": (loading + HARD_LIMIT_SLACK).total_seconds(),
        }
    }
    for queue, task in STEP_TASKS.items():
        limits[task] = {"time_limit": (settings.longest_step(queue) + DEADLINE_SLACK).total_seconds()}
    return {str(task): its for task, its in limits.items()}


def _beat_schedule(settings: WorkerSettings) -> dict[str, dict[str, object]]:
    seconds = {
        TaskName.SWEEP: settings.sweep_seconds,
        TaskName.RETENTION: settings.retention_seconds,
        TaskName.ERASE: settings.erasure_seconds,
    }
    if settings.s3 is not None:
        seconds[TaskName.MOVE_AUDIO] = settings.move_audio_seconds
    return {
        task: {
            "task": task,
            "schedule": interval,
            "options": {"queue": QueueName.MAINTENANCE, "expires": interval},
        }
        for task, interval in seconds.items()
    }


def create_app(settings: WorkerSettings) -> Celery:
    """Return the workers' Celery application."""
    app = create_celery(settings.redis_url, socket_timeout_seconds=WORKER_SOCKET_TIMEOUT_SECONDS)
    app.conf.update(
        imports=("worker.tasks", "worker.celery_app.children"),
        worker_consumer="worker.celery_app.consumer:HintConsumer",
        task_annotations=_time_limits(settings),
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        # Children start clean: no thread, connection or lock of the parent is ever copied into them.
        worker_pool_start_method="spawn",
        # Gives a child the flag by which it ends in good order (`worker.celery_app.retiring`).
        worker_pool_restarts=True,
        worker_proc_alive_timeout=_CHILD_START_SECONDS,
        # Of what is acknowledged late, which nothing here is; unset, each lost connection logs a paragraph.
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_send_task_events=True,
        beat_scheduler="worker.celery_app.schedule:Schedule",
        beat_schedule=_beat_schedule(settings),
    )
    app.steps["consumer"].add(PutHintsBack)
    return app


settings = worker_settings()
telemetry.configure_logging(settings.app_env)  # at once, so that whatever fails later is a line
app = create_app(settings)
app.set_default()
log_the_stop()


@lru_cache(maxsize=1)
def _presence(name: str, queues: tuple[str, ...], concurrency: int) -> Presence:
    chosen = Engines(settings).chosen
    return Presence(
        create_sessions(settings, pool_size=1),
        name=name,
        queues=list(queues),
        concurrency=concurrency,
        engines={kind: chosen[kind] for kind in kinds_served(queues)},
    )


@celery_signals.setup_logging.connect
def _leave_logging_alone(**_: object) -> None:
    """Keep Celery from configuring logging in its own way."""


@celery_signals.worker_init.connect
def _refuse_or_load(sender: Any, **_: object) -> None:
    """Check the engines and their needs; on the thread pool, which has no child, load them here and now."""
    if runs_in_threads(sender):
        traces.start(settings.traces_url, "worker")
    try:
        engines = Engines(settings)
        for kind in kinds_served(queues_served(sender)):
            engines.check(kind)
            if runs_in_threads(sender):
                process_runtime().engines.load(kind)
    except (UnknownEngineError, EngineError) as error:
        raise SystemExit(f"The worker does not start: {error}") from error
    for kind in kinds_served(queues_served(sender)):
        logger.info("%s engine: %s", kind, engines.chosen[kind])


def _bound_the_stop(name: str, presence: Presence) -> None:
    def hand_over() -> None:
        settler_of(name).give_everything_back()
        presence.stop()

    grace = Grace(settings.shutdown_grace_seconds, hand_over)
    celery_signals.worker_shutting_down.connect(lambda **_: grace.begin(), weak=False)


@celery_signals.worker_ready.connect
def _start_presence(sender: Any, **_: object) -> None:
    name, queues = sender.hostname, queues_served(sender)
    presence = _presence(name, queues, sender.controller.concurrency)
    presence.start(lambda: end_without_beat(sender.controller))
    _bound_the_stop(name, presence)
    serve_metrics(settings, queues)
    if process_runtime.cache_info().currsize:
        process_runtime().report_models(name)
    elif settings.warm_up:
        try:
            send_task(app, TaskName.WARM_UP, *queues, queue=direct_queue(name))
        except PublishError:
            logger.warning("no warm-up: models load at first use")


@celery_signals.worker_shutdown.connect
def _stop_presence(sender: Any, **_: object) -> None:
    _presence(sender.hostname, queues_served(sender), sender.concurrency).stop()
    traces.stop()
