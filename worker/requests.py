"""A stage's task as the worker's main process sees it: it keeps the lease and settles what died.

On the prefork pool the main process is the parent, which outlives a child that hangs or crashes and
knows which of the two it was. On the thread pool it is the worker itself.
"""

import logging
from functools import lru_cache
from typing import Any

from billiard.einfo import ExceptionInfo
from billiard.exceptions import WorkerLostError
from celery import current_app
from celery.worker.request import Request
from sqlalchemy.exc import SQLAlchemyError

from shared import workers
from shared.failures import TIMED_OUT
from shared.jobs import Hint
from shared.models import Job, Stage
from shared.queue import hint_from_message
from shared.transitions import Transitions
from worker.leases import LeaseKeeper
from worker.runtime import create_sessions, publish
from worker.settings import DEADLINE_SLACK, WorkerSettings

logger = logging.getLogger(__name__)


class StageRequest(Request):
    """Follows one stage's task from its acceptance to its end."""

    def on_accepted(self, pid: str, time_accepted: float) -> None:
        """Keep the stage's lease from now on."""
        super().on_accepted(pid, time_accepted)
        _settler(self.hostname).keep(self.id, self._hint)

    def on_success(self, failed__retval__runtime: Any, **kwargs: Any) -> Any:
        """Let the lease go: the stage has been recorded."""
        _settler(self.hostname).drop(self.id)
        return super().on_success(failed__retval__runtime, **kwargs)

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """Record the stage as timed out when its child was killed at the hard limit."""
        super().on_timeout(soft, timeout)
        if not soft:
            _settler(self.hostname).settle(self.id, self._hint, timed_out=True)

    def on_failure(
        self, exc_info: ExceptionInfo, send_failed_event: bool = True, return_ok: bool = False
    ) -> Any:
        """Release the stage when its child died under it."""
        outcome = super().on_failure(exc_info, send_failed_event, return_ok)
        if exc_info.type is WorkerLostError:
            _settler(self.hostname).settle(self.id, self._hint, timed_out=False)
        else:
            _settler(self.hostname).drop(self.id)
        return outcome

    @property
    def _hint(self) -> Hint:
        return hint_from_message(Stage(self.task_name), str(self.args[0]))


class Settler:
    """Keeps the leases of one worker and ends those of its dead. A database that is away is only logged."""

    def __init__(self, settings: WorkerSettings, worker: str) -> None:
        self._settings = settings
        self._worker = worker
        self._sessions = create_sessions(settings, pool_size=2)
        self._keeper = LeaseKeeper(
            self._sessions,
            worker=worker,
            lease=settings.lease,
            heartbeat=settings.heartbeat,
            on_overrun=lambda hint: self.settle("", hint, timed_out=True),
        )

    def keep(self, request_id: str, hint: Hint) -> None:
        """Keep the lease that the request's stage is about to claim."""
        limit = self._settings.stage_limit(hint.stage) + DEADLINE_SLACK
        self._keeper.keep(request_id, hint, limit)

    def drop(self, request_id: str) -> None:
        """Let the request's lease go."""
        self._keeper.drop(request_id)

    def settle(self, request_id: str, hint: Hint, *, timed_out: bool) -> None:
        """Take the stage from whoever ran it here: fail it as timed out, or let it run again."""
        self._keeper.drop(request_id)
        try:
            following = self._settle(hint, timed_out=timed_out)
        except SQLAlchemyError:
            logger.warning("a dead stage is left to the sweep: the database did not answer")
            return
        if following is not None:
            publish(current_app, self._sessions, following)

    def _settle(self, hint: Hint, *, timed_out: bool) -> Hint | None:
        with self._sessions.begin() as session:
            workers.report_models(session, self._worker, {})
            found = session.get(Job, hint.job_id)
            if found is None:
                return None
            transitions = Transitions(session, self._settings.usage_timezone)
            job, now = transitions.lock(found.id, found.conversation_id)
            if job.stage is not hint.stage or job.lease_worker != self._worker:
                return None
            logger.warning("%s of job %s %s", hint.stage, job.id, "hung" if timed_out else "died")
            if timed_out:
                return transitions.give_up(job, now, TIMED_OUT[hint.stage])
            return transitions.settle_death(job, now, deaths_allowed=self._settings.deaths_allowed)


@lru_cache(maxsize=1)
def _settler(worker: str) -> Settler:
    return Settler(WorkerSettings(), worker)
