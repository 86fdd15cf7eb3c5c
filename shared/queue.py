"""Dispatch: queue and task names, and the Celery application that every program configures alike.

Messages carry ids only. They are acknowledged early and may be lost or repeated: PostgreSQL recovers.
"""

from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from celery import Celery
from celery.utils.nodenames import worker_direct

from shared.jobs import Hint
from shared.models import Stage
from shared.server_urls import broker_url


class QueueName(StrEnum):
    """One queue for what needs the GPU, one for what only waits for the tutor, one for upkeep."""

    GPU = "gpu"
    LLM = "llm"
    MAINTENANCE = "maintenance"


class TaskName(StrEnum):
    """Task names as operators see them."""

    TRANSCRIBE = "transcribe"
    REPLY = "reply"
    SYNTHESIZE = "synthesize"
    WARM_UP = "warm_up"
    SWEEP = "sweep"
    RETENTION = "retention"
    MOVE_AUDIO = "move_audio"


QUEUE_OF_STAGE = {
    Stage.TRANSCRIBE: QueueName.GPU,
    Stage.REPLY: QueueName.LLM,
    Stage.SYNTHESIZE: QueueName.GPU,
}

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
            TaskName.TRANSCRIBE: {"queue": QueueName.GPU},
            TaskName.REPLY: {"queue": QueueName.LLM},
            TaskName.SYNTHESIZE: {"queue": QueueName.GPU},
            TaskName.SWEEP: {"queue": QueueName.MAINTENANCE},
            TaskName.RETENTION: {"queue": QueueName.MAINTENANCE},
            TaskName.MOVE_AUDIO: {"queue": QueueName.MAINTENANCE},
        },
        worker_direct=True,
        task_send_sent_event=True,
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


def publish(app: Celery, hint: Hint) -> None:
    """Send the hint to its stage's queue. Bounded by the app's socket timeout. Raises `PublishError`."""
    send_task(app, TaskName(hint.stage), str(hint.job_id), queue=QUEUE_OF_STAGE[hint.stage])


def send_task(app: Celery, name: TaskName, *args: str, queue: str) -> None:
    """Send a task by name. Raises `PublishError`."""
    try:
        app.send_task(name, args=args, queue=queue, ignore_result=True)
    except Exception as error:
        # Any error of kombu or its driver: the work that the message stands for is committed.
        raise PublishError(str(name)) from error


def direct_queue(worker: str) -> str:
    """Return the queue that only this worker (a Celery node name) reads."""
    return str(worker_direct(worker).name)


def hint_from_message(stage: Stage, job_id: str) -> Hint:
    """Return the hint in a queue's message. Raises `ValueError` if its id is not a UUID."""
    return Hint(UUID(job_id), stage)
