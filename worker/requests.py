"""A stage's task as the worker's main process sees it: it keeps the lease and settles what died.

On the prefork pool the main process is the parent, which outlives a child that hangs or crashes and
knows which of the two it was. On the thread pool it is the worker itself.
"""

import logging
import threading
from typing import Any
from uuid import UUID

from billiard.einfo import ExceptionInfo
from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery import current_app
from celery.worker.request import Request
from sqlalchemy.exc import NoResultFound, SQLAlchemyError

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
    """Follows one stage's task from its acceptance to its end. The task's id is the lease's token."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Wrap `on_success`: Celery derives a class from ours whose own one does not call ours."""
        super().__init_subclass__(**kwargs)
        succeed = cls.on_success

        def on_success(self: StageRequest, failed__retval__runtime: Any, **kwargs: Any) -> Any:
            _settler(self.hostname).drop(UUID(self.id))
            return succeed(self, failed__retval__runtime, **kwargs)

        cls.on_success = on_success  # type: ignore[method-assign, assignment]

    def on_accepted(self, pid: str, time_accepted: float) -> None:
        """Keep the stage's lease from now on."""
        super().on_accepted(pid, time_accepted)
        _settler(self.hostname).keep(UUID(self.id), self._hint)

    def on_failure(
        self, exc_info: ExceptionInfo, send_failed_event: bool = True, return_ok: bool = False
    ) -> Any:
        """Settle the stage when its child died, was killed at the hard limit, or could not record."""
        outcome = super().on_failure(exc_info, send_failed_event, return_ok)
        if exc_info.type in {WorkerLostError, TimeLimitExceeded}:
            _settler(self.hostname).forget_models()
        timed_out = exc_info.type is TimeLimitExceeded
        _settler(self.hostname).settle(UUID(self.id), self._hint, timed_out=timed_out)
        return outcome

    @property
    def _hint(self) -> Hint:
        return hint_from_message(Stage(self.task_name), str(self.args[0]))


class Settler:
    """Keeps the leases of one worker and ends those of its dead. A database that is away is only logged."""

    def __init__(self, settings: WorkerSettings, worker: str) -> None:
        self._settings = settings
        self._worker = worker
        self._sessions = create_sessions(settings, pool_size=4)
        self._keeper = LeaseKeeper(
            self._sessions,
            lease=settings.lease,
            heartbeat=settings.heartbeat,
            on_overrun=lambda token, hint: self.settle(token, hint, timed_out=True),
        )

    def keep(self, token: UUID, hint: Hint) -> None:
        """Keep the lease that the stage is about to be claimed with."""
        self._keeper.keep(token, hint, self._settings.stage_limit(hint.stage) + DEADLINE_SLACK)

    def drop(self, token: UUID) -> None:
        """Let the lease go: the stage has been recorded, or was not there to be claimed."""
        self._keeper.drop(token)

    def forget_models(self) -> None:
        """Report that nothing is loaded any more: the child that had loaded it is dead."""
        try:
            with self._sessions.begin() as session:
                workers.report_models(session, self._worker, {})
        except SQLAlchemyError:
            logger.warning("could not report a dead child's models: the database did not answer")

    def settle(self, token: UUID, hint: Hint, *, timed_out: bool) -> None:
        """Take the stage from whoever holds this lease: fail it as timed out, or let it run again."""
        self._keeper.drop(token)
        try:
            following = self._settle(token, hint, timed_out=timed_out)
        except NoResultFound:
            return
        except SQLAlchemyError:
            logger.warning("a dead stage is left to the sweep: the database did not answer")
            return
        if following is not None:
            publish(current_app, self._sessions, following)

    def _settle(self, token: UUID, hint: Hint, *, timed_out: bool) -> Hint | None:
        with self._sessions.begin() as session:
            found = session.get(Job, hint.job_id)
            if found is None or found.lease_token != token:
                return None
            transitions = Transitions(session, self._settings.usage_timezone)
            job, now = transitions.lock(found.id, found.conversation_id)
            if job.lease_token != token:
                return None
            logger.warning("%s of job %s %s", hint.stage, job.id, "hung" if timed_out else "died")
            if timed_out:
                return transitions.give_up(job, now, TIMED_OUT[hint.stage])
            return transitions.settle_death(job, now, deaths_allowed=self._settings.deaths_allowed)


_settlers: dict[str, Settler] = {}
_settlers_lock = threading.Lock()


def _settler(worker: str) -> Settler:
    """Return the worker's one settler; on the thread pool many threads ask for it at once."""
    with _settlers_lock:
        if worker not in _settlers:
            _settlers[worker] = Settler(WorkerSettings(), worker)
        return _settlers[worker]
