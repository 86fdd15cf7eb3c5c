"""Settles a stage whose child process died: the worker's parent process knows the cause."""

import logging
from functools import lru_cache
from typing import Any

from billiard.einfo import ExceptionInfo
from billiard.exceptions import WorkerLostError
from celery import current_app
from celery.worker.request import Request
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from shared import workers
from shared.failures import TIMED_OUT
from shared.jobs import Hint
from shared.models import Job, Stage
from shared.queue import hint_from_message
from shared.transitions import Transitions
from worker.runtime import create_sessions, publish
from worker.settings import WorkerSettings

logger = logging.getLogger(__name__)


class StageRequest(Request):
    """A stage's task as the parent process sees it.

    Without this the job would wait until its lease expires, and nobody could tell a hang from a crash.
    """

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """Record the stage as timed out when its child was killed at the hard limit."""
        super().on_timeout(soft, timeout)
        if not soft:
            self._settle(timed_out=True)

    def on_failure(
        self,
        exc_info: ExceptionInfo,
        send_failed_event: bool = True,
        return_ok: bool = False,
    ) -> Any:
        """Release the stage when its child died under it."""
        outcome = super().on_failure(exc_info, send_failed_event, return_ok)
        if isinstance(exc_info.exception, WorkerLostError):
            self._settle(timed_out=False)
        return outcome

    def _settle(self, *, timed_out: bool) -> None:
        try:
            hint = hint_from_message(Stage(self.task_name), str(self.args[0]))
            settle(hint, worker=self.hostname, timed_out=timed_out)
        except SQLAlchemyError:
            logger.warning("a dead child's stage is left to the sweep: the database did not answer")


def settle(hint: Hint, *, worker: str, timed_out: bool) -> None:
    """Take the stage from `worker`'s dead child: fail it as timed out, or let it run again."""
    settings, sessions = _parent()
    with sessions.begin() as session:
        workers.report_models(session, worker, {})
        job = session.get(Job, hint.job_id)
        if job is None:
            return
        transitions = Transitions(session, settings.usage_timezone)
        job, now = transitions.lock(job.id, job.conversation_id)
        if job.stage is not hint.stage or job.lease_worker != worker:
            return
        if timed_out:
            following = transitions.give_up(job, now, TIMED_OUT[hint.stage])
        else:
            following = transitions.settle_death(job, now, deaths_allowed=settings.deaths_allowed)
    logger.warning(
        "%s of job %s lost its child (%s)", hint.stage, hint.job_id, "limit" if timed_out else "death"
    )
    if following is not None:
        publish(current_app, sessions, following)


@lru_cache(maxsize=1)
def _parent() -> tuple[WorkerSettings, sessionmaker[Session]]:
    settings = WorkerSettings()
    return settings, create_sessions(settings, pool_size=1)
