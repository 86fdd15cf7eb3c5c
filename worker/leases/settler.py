"""Keeps the leases of one worker, and ends the steps that it could not end itself.

Lives in the worker's main process, which outlives a child that hangs or crashes and knows which.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from enum import Enum
from uuid import UUID

from celery import current_app
from sqlalchemy.exc import SQLAlchemyError

from shared import telemetry, workers
from shared.failures import TIMED_OUT
from shared.models import QueueName
from shared.steps import STAGE_OF_KIND, Hint, LeaseLostError
from shared.transitions import Transitions
from worker.leases.keeper import LeaseKeeper
from worker.runtime import create_sessions, publish
from worker.settings import DEADLINE_SLACK, HARD_LIMIT_SLACK, WorkerSettings, worker_settings
from worker.stages.database_retry import DatabaseAwayError, DatabaseRetry

logger = logging.getLogger(__name__)


class Ending(Enum):
    """Why a step is taken from its worker; the value says it in the log."""

    HUNG = "hung"
    DIED = "died"
    GIVEN_BACK = "was given back"


class Settled(Enum):
    """Who ended a step; `NOT_YET`: the database was away, so the sweep will."""

    BY_US = "by us"
    BY_ANOTHER = "by another"
    NOT_YET = "not yet"


class Settler:
    """Keeps one worker's leases and settles steps whose runs died. An absent database is only logged."""

    def __init__(self, settings: WorkerSettings, worker: str) -> None:
        self._settings = settings
        self._worker = worker
        self._sessions = create_sessions(settings, pool_size=4)
        self._keeper = LeaseKeeper(
            self._sessions,
            lease=settings.lease,
            heartbeat=settings.heartbeat,
            margin=DEADLINE_SLACK - HARD_LIMIT_SLACK,
        )

    def keep(self, token: UUID, queue: QueueName, kill: Callable[[], None]) -> None:
        """Keep the lease with which a step of the queue is about to be claimed.

        A step that outlives its limit is ended as hung; then `kill` ends whatever runs it. Where the step has
        just been recorded, its process is at other work and lives on.
        """

        def end() -> None:
            if self._settle_in_time(token, Ending.HUNG, self._patience()) is not Settled.BY_ANOTHER:
                kill()

        self._keeper.keep(token, self._settings.longest_step(queue) + HARD_LIMIT_SLACK, end)

    def drop(self, token: UUID) -> None:
        """Let the lease go: the step has been recorded, or none was there to be claimed."""
        self._keeper.drop(token)

    def job_of(self, token: UUID) -> UUID | None:
        """Return the job that the lease's step belongs to, where that is known."""
        return self._keeper.job_of(token)

    def forget_models(self) -> None:
        """Report that nothing is loaded any more: the child that had loaded it is dead."""
        try:
            with self._sessions.begin() as session:
                workers.report_models(session, self._worker, {})
        except SQLAlchemyError:
            logger.warning("could not report a dead child's models: the database did not answer")

    def settle(self, token: UUID, ending: Ending) -> None:
        """Take the step from whoever holds this lease: it runs again, or has timed out.

        In a thread of its own, which waits for a database that is away as long as the lease may last;
        after that the step is the sweep's. The process does not end before it.
        """
        self._keeper.drop(token)
        threading.Thread(target=self._settle_in_time, args=(token, ending, self._patience())).start()

    def give_everything_back(self) -> None:
        """Let others run at once what this worker still holds: it ends."""
        for token in self._keeper.tokens():
            self._keeper.drop(token)
            at_once = DatabaseRetry(time.monotonic())
            if self._settle_in_time(token, Ending.GIVEN_BACK, at_once) is Settled.NOT_YET:
                return

    def _patience(self) -> DatabaseRetry:
        return DatabaseRetry(time.monotonic() + self._settings.lease.total_seconds())

    def _settle_in_time(self, token: UUID, ending: Ending, retry: DatabaseRetry) -> Settled:
        try:
            hints = retry(lambda: self._settle(token, ending))
        except (DatabaseAwayError, SQLAlchemyError) as error:
            logger.warning("a step is left to the sweep: %s", telemetry.without_words(error))
            return Settled.NOT_YET
        if hints is None:
            return Settled.BY_ANOTHER
        publish(current_app, self._sessions, hints)
        return Settled.BY_US

    def _settle(self, token: UUID, ending: Ending) -> Sequence[Hint] | None:
        """End the step; return the hints to send, or None where nobody holds the lease any more."""
        with self._sessions.begin() as session:
            transitions = Transitions(session, self._settings.usage_timezone)
            try:
                job, step, now = transitions.owned(token)
            except LeaseLostError:
                return None
            with telemetry.working_on(job_id=str(job.id), request_id=job.request_id):
                logger.warning("%s %s", step.kind, ending.value)
            if ending is Ending.HUNG:
                return transitions.fail_step(job, step, now, TIMED_OUT[STAGE_OF_KIND[step.kind]])
            if ending is Ending.GIVEN_BACK:
                return transitions.give_back(job, step, now)
            return transitions.settle_death(job, step, now, deaths_allowed=self._settings.deaths_allowed)


_settlers: dict[str, Settler] = {}
_settlers_lock = threading.Lock()


def settler_of(worker: str) -> Settler:
    """Return the worker's one settler; on the thread pool many threads ask for it at once."""
    with _settlers_lock:
        if worker not in _settlers:
            _settlers[worker] = Settler(worker_settings(), worker)
        return _settlers[worker]
