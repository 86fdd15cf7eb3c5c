"""The Celery tasks: entrances, not places. Each calls the room that does the work."""

import logging
from typing import TYPE_CHECKING, Any
from uuid import UUID

from celery import Task, current_app, shared_task
from redis import Redis

from shared import steps, telemetry
from shared.database import DATABASE_AWAY
from shared.models import QueueName
from shared.queue import PublishError, TaskName, direct_queue, send_task
from shared.queue import publish as publish_hint
from worker.bootstrap import kinds_served
from worker.celery_app.retiring import retire
from worker.errors import EngineError
from worker.runtime import process_runtime
from worker.stages.database_retry import DatabaseAwayError
from worker.upkeep.audio_migration import AudioMigration
from worker.upkeep.erasing import Erasing
from worker.upkeep.retention import Retention
from worker.upkeep.sweep import Sweep

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    _Task = Task[..., Any]
else:
    _Task = Task


class TaskBrokenError(Exception):
    """Replaces the error that broke a task, without its text, which Celery logs and Flower shows."""


class QuietTask(_Task):
    """A task whose failure is logged by us, with its job's id."""

    throws = (DatabaseAwayError, TaskBrokenError)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task. Raises `DatabaseAwayError`, and `TaskBrokenError` for everything else."""
        try:
            return self.run(*args, **kwargs)
        except DatabaseAwayError:
            raise
        except Exception as error:  # noqa: BLE001
            what = telemetry.without_words(error)
            logger.error("%s broke: %s", self.name, what)  # noqa: TRY400
            raise TaskBrokenError(what) from None


class StepTask(QuietTask):
    """A task that runs a step; its request keeps the lease and settles what dies."""

    Request = "worker.celery_app.requests:StepRequest"


@shared_task(bind=True, base=StepTask, name=TaskName.GPU_STEP.value)
def gpu_step(task: _Task) -> str:
    """Run the best ready step that needs the GPU; the task's result tells operators which it was."""
    return _run_step(task, QueueName.GPU)


@shared_task(bind=True, base=StepTask, name=TaskName.LLM_STEP.value)
def llm_step(task: _Task) -> str:
    """Run the best ready step that needs no GPU; the task's result tells operators which it was."""
    return _run_step(task, QueueName.LLM)


@shared_task(bind=True, base=QuietTask, name=TaskName.WARM_UP.value)
def warm_up(task: _Task, *queues: str) -> None:
    """Load every engine that a worker on `queues` needs, and report the outcome."""
    process = process_runtime()
    for kind in kinds_served(queues):
        try:
            process.engines.load(kind)
        except EngineError:
            logger.warning("warm-up continues without %s", kind)
    process.report_models(_worker(task))


@shared_task(base=QuietTask, name=TaskName.SWEEP.value)
def sweep() -> None:
    """Find what was lost, is late or waits without a hint, and set it right."""
    process = process_runtime()
    url = process.settings.redis_url
    try:
        with Redis.from_url(url, socket_timeout=2, socket_connect_timeout=1) as redis:
            Sweep(process.settings, process.sessions, redis, current_app, process.unsettled).run()
    except DATABASE_AWAY as error:
        logger.warning("nothing was swept: the database did not answer (%s)", type(error).__name__)


@shared_task(base=QuietTask, name=TaskName.RETENTION.value)
def retention() -> None:
    """Remove what has expired, and audio that no job or step names."""
    process = process_runtime()
    try:
        settings = process.settings
        Retention(
            process.sessions,
            process.stores,
            settings.job_retention,
            settings.retry_window,
            settings.conversation_retention,
        ).run()
    except DATABASE_AWAY as error:
        logger.warning("nothing was removed: the database did not answer (%s)", type(error).__name__)


@shared_task(base=QuietTask, name=TaskName.ERASE.value)
def erase() -> None:
    """Go on with erasing the learners who are to be erased."""
    process = process_runtime()
    settings = process.settings
    try:
        with Redis.from_url(settings.redis_url, socket_timeout=2, socket_connect_timeout=1) as redis:
            Erasing(process.sessions, process.stores, redis, settings.usage_timezone).run()
    except DATABASE_AWAY as error:
        logger.warning("nobody was erased: the database did not answer (%s)", type(error).__name__)


@shared_task(base=QuietTask, name=TaskName.MOVE_AUDIO.value)
def move_audio() -> None:
    """Bring to S3 what was kept on this host's disk."""
    process = process_runtime()
    try:
        AudioMigration(process.sessions, process.stores).run()
    except DATABASE_AWAY as error:
        logger.warning("nothing was moved: the database did not answer (%s)", type(error).__name__)


def _run_step(task: _Task, queue: QueueName) -> str:
    """Run a step, or load its queue's engines first.

    Loading has a time limit of its own, so it is a task of its own, sent to this very worker; the
    hint goes back to its queue, behind the loading.
    """
    process = process_runtime()
    if all(process.engines.is_settled(kind) for kind in kinds_served([queue])):
        try:
            done = process.runner.run(queue, token=UUID(task.request.id), worker=_worker(task))
        except DatabaseAwayError:
            logger.warning("a step is given back: the database stayed away")
            raise
        finally:
            if process.runner.out_of_memory:
                retire(process, _worker(task))
        return done or "nothing to do"
    try:
        send_task(current_app, TaskName.WARM_UP, queue, queue=direct_queue(_worker(task)))
        publish_hint(current_app, queue)
    except PublishError:
        logger.warning("the broker did not take the warm-up; the next hint tries again")
        with process.sessions.begin() as session:
            steps.mark_foremost_unpublished(session, queue)
    return "loading first"


def _worker(task: _Task) -> str:
    return str(task.request.hostname)
