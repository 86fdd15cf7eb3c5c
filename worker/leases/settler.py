"""Keeps the leases of one worker, and ends the stages that it could not end itself.

Lives in the worker's main process, which outlives a child that hangs or crashes and knows which.
"""

import logging
import threading
import time
from enum import Enum
from uuid import UUID

from celery import current_app
from sqlalchemy.exc import NoResultFound, SQLAlchemyError

from shared import telemetry, workers
from shared.failures import TIMED_OUT
from shared.jobs import Hint
from shared.models import Job
from shared.transitions import Transitions
from worker.leases.keeper import LeaseKeeper
from worker.runtime import create_sessions, publish
from worker.settings import DEADLINE_SLACK, WorkerSettings, worker_settings
from worker.stages.database_retry import DatabaseAwayError, DatabaseRetry

logger = logging.getLogger(__name__)


class Ending(Enum):
    """Why a stage is taken from its worker; the value appears in the log."""

    HUNG = "hung"
    DIED = "died"
    GIVEN_BACK = "was given back"


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
            on_overrun=lambda token, hint: self.settle(token, hint, Ending.HUNG),
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

    def settle(self, token: UUID, hint: Hint, ending: Ending) -> None:
        """Take the stage from this lease's holder: it runs again, or has timed out.

        In a thread of its own, which waits for a database that is away as long as the lease may last;
        after that the stage is the sweep's. The process does not end before it.
        """
        self._keeper.drop(token)
        retry = DatabaseRetry(time.monotonic() + self._settings.lease.total_seconds())
        threading.Thread(target=self._settle_in_time, args=(token, hint, ending, retry)).start()

    def give_everything_back(self) -> None:
        """Let others run at once what this worker still holds: it ends."""
        for token, hint in self._keeper.held().items():
            self._keeper.drop(token)
            if not self._settle_in_time(token, hint, Ending.GIVEN_BACK, DatabaseRetry(time.monotonic())):
                return

    def _settle_in_time(self, token: UUID, hint: Hint, ending: Ending, retry: DatabaseRetry) -> bool:
        with telemetry.working_on(job_id=str(hint.job_id)):
            try:
                following = retry(lambda: self._settle(token, hint, ending))
            except (DatabaseAwayError, SQLAlchemyError) as error:
                logger.warning("%s is left to the sweep: %s", hint.stage, telemetry.without_words(error))
                return False
        if following is not None:
            publish(current_app, self._sessions, following)
        return True

    def _settle(self, token: UUID, hint: Hint, ending: Ending) -> Hint | None:
        with self._sessions.begin() as session:
            found = session.get(Job, hint.job_id)
            if found is None or found.lease_token != token:
                return None
            transitions = Transitions(session, self._settings.usage_timezone)
            try:
                job, now = transitions.lock(found.id)
            except NoResultFound:
                return None
            if job.lease_token != token:
                return None
            with telemetry.working_on(job_id=str(job.id), request_id=job.request_id):
                logger.warning("%s %s", hint.stage, ending.value)
            if ending is Ending.HUNG:
                return transitions.give_up(job, now, TIMED_OUT[hint.stage])
            if ending is Ending.GIVEN_BACK:
                return transitions.give_back(job, now)
            return transitions.settle_death(job, now, deaths_allowed=self._settings.deaths_allowed)


_settlers: dict[str, Settler] = {}
_settlers_lock = threading.Lock()


def settler_of(worker: str) -> Settler:
    """Return the worker's one settler; on the thread pool many threads ask for it at once."""
    with _settlers_lock:
        if worker not in _settlers:
            _settlers[worker] = Settler(worker_settings(), worker)
        return _settlers[worker]
