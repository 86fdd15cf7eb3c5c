"""Dispatch: queue and task names, and the Celery application that every program configures alike.

A hint carries no data: it says only that a step waits in its queue. Hints are acknowledged early and may be
lost or repeated: PostgreSQL decides which step runs, and the sweep sends what is missing.
"""

from enum import StrEnum
from typing import Any, Final

from celery import Celery
from celery.utils.nodenames import worker_direct

from shared.models import QueueName
from shared.server_urls import broker_url


class TaskName(StrEnum):
    """Task names as operators see them. The first two take the best ready step of their queue."""

    GPU_STEP = "gpu_step"
    LLM_STEP = "llm_step"
    WARM_UP = "warm_up"
    SWEEP = "sweep"
    RETENTION = "retention"
    MOVE_AUDIO = "move_audio"
    ERASE = "erase"


STEP_TASKS = {QueueName.GPU: TaskName.GPU_STEP, QueueName.LLM: TaskName.LLM_STEP}
"""The task that takes a step of each queue."""

WRITE_PROBE: Final[dict[str, Any]] = {"name": "english_practice:write_probe", "value": "", "ex": 60}
"""Arguments of a client's `set`: whether Redis takes writes. A full one, or a replica, answers a PING."""

PUBLISH_TIMEOUT_SECONDS = 1.5
WORKER_SOCKET_TIMEOUT_SECONDS = 10.0


class PublishError(Exception):
    """The broker did not take the message; the sweep will publish it."""


def create_celery(redis_url: str, *, socket_timeout_seconds: float) -> Celery:
    """Return the Celery application. A worker's socket timeout must exceed its 1 s blocking pop.

    There is no result backend: results are rows. Without the timeouts a hung Redis blocks for ever.
    """
    app = Celery("english_practice", broker=broker_url(redis_url), set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_create_missing_queues=True,
        task_default_queue=QueueName.MAINTENANCE,
        task_routes={
            TaskName.GPU_STEP: {"queue": QueueName.GPU},
            TaskName.LLM_STEP: {"queue": QueueName.LLM},
            TaskName.SWEEP: {"queue": QueueName.MAINTENANCE},
            TaskName.RETENTION: {"queue": QueueName.MAINTENANCE},
            TaskName.MOVE_AUDIO: {"queue": QueueName.MAINTENANCE},
            TaskName.ERASE: {"queue": QueueName.MAINTENANCE},
        },
        worker_direct=True,
        task_publish_retry_policy={
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0.1,
            "interval_max": 0.2,
        },
        broker_pool_acquire_timeout=2,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # What a failed-over Redis answers is no connection error: a worker must begin anew, not end.
        broker_channel_error_retry=True,
        broker_transport_options={
            "socket_timeout": socket_timeout_seconds,
            "socket_connect_timeout": 1,
            "socket_keepalive": True,
            "health_check_interval": 25,
        },
    )
    return app


def publish(app: Celery, queue: QueueName) -> None:
    """Tell the queue that a step waits there. Bounded by the app's socket timeout. Raises `PublishError`."""
    send_task(app, STEP_TASKS[queue], queue=queue)


def send_task(app: Celery, name: TaskName, *args: str, queue: str) -> None:
    """Send a task by name. Raises `PublishError`."""
    try:
        app.send_task(name, args=args, queue=queue, ignore_result=True)
    except Exception as error:
        # Whatever kombu and its driver raise: what the message stands for is committed.
        raise PublishError(str(name)) from error


def direct_queue(worker: str) -> str:
    """Return the queue that only this worker (a Celery node name) reads."""
    return str(worker_direct(worker).name)
