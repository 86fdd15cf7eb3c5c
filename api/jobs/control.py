"""Cancels and retries jobs. A race with a worker is decided by the database."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.exc import NoResultFound, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlmodel import col

from api.access.principal import Reach
from api.access.quotas import Quotas
from api.database import Sessions
from api.jobs import limits as job_limits
from api.jobs.limits import Limits
from api.jobs.read import JobNotFoundError, owner_of
from api.publishing import Publisher
from shared import learners, telemetry
from shared.abandoning import abandon
from shared.database import may_pass
from shared.models import Job
from shared.retries import check_retryable
from shared.steps import Hint
from shared.transitions import Transitions

logger = logging.getLogger(__name__)

_Move = Callable[[Transitions, Job, datetime], Sequence[Hint]]


@dataclass(frozen=True, slots=True)
class JobControl:
    """A job beyond `reach` is not found."""

    sessions: Sessions
    publisher: Publisher
    limits: Limits
    retry_window: timedelta

    async def cancel(self, job_id: UUID, reach: Reach) -> None:
        """Cancel the job: at once if it waits, after the steps at work if it runs. Raises `JobNotFoundError`.

        A job whose proper end cannot be written is abandoned.
        """
        try:
            await self._apply(Transitions.cancel, job_id, reach)
        except SQLAlchemyError as error:
            if may_pass(error):
                raise
            what = telemetry.without_words(error)
            logger.error("abandoned, for its proper end cannot be written: %s", what)  # noqa: TRY400
            await self.sessions.commit(self._abandon, job_id, reach)

    def _abandon(self, session: Session, job_id: UUID, reach: Reach) -> None:
        owner_of(session, job_id, reach)
        asked = update(Job).where(col(Job.id) == job_id).values(cancel_requested_at=func.now())
        session.execute(asked.execution_options(synchronize_session=False))
        abandon(session, job_id)

    async def retry(self, job_id: UUID, reach: Reach, quotas: Quotas) -> None:
        """Run a failed job again. Raises `JobNotFoundError`, `NotRetryableError` or a `RefusedError`."""
        await self.publisher.publish(await self.sessions.commit(self._retry_in, job_id, reach, quotas))

    def _retry_in(self, session: Session, job_id: UUID, reach: Reach, quotas: Quotas) -> Sequence[Hint]:
        # Before the conversation and the job, as for a new turn.
        learner = learners.lock(session, owner_of(session, job_id, reach))

        def retry(transitions: Transitions, job: Job, now: datetime) -> Sequence[Hint]:
            check_retryable(job, now, window=self.retry_window)
            job_limits.check(session, learner, quotas, self.limits)
            job_limits.count_turn(session, learner, quotas, self.limits)
            return transitions.retry(job, now)

        return self._apply_in(session, retry, job_id, reach)

    async def _apply(self, move: _Move, job_id: UUID, reach: Reach) -> None:
        await self.publisher.publish(await self.sessions.commit(self._apply_in, move, job_id, reach))

    def _apply_in(self, session: Session, move: _Move, job_id: UUID, reach: Reach) -> Sequence[Hint]:
        transitions = Transitions(session, self.limits.zone)
        try:
            job, now = transitions.lock(job_id)
        except NoResultFound:
            raise JobNotFoundError from None
        owner_of(session, job_id, reach)
        return move(transitions, job, now)
