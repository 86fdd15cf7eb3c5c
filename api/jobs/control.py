"""Cancels and retries jobs. A race with a worker is decided by the database."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.exc import NoResultFound, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlmodel import col

from api.database import Sessions
from api.jobs import limits as job_limits
from api.jobs.limits import Limits
from api.jobs.read import JobNotFoundError
from api.publishing import Publisher
from shared import telemetry
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
    """If `owner` is given, the job must belong to them."""

    sessions: Sessions
    publisher: Publisher
    usage_zone: ZoneInfo
    limits: Limits
    retry_window: timedelta

    async def cancel(self, job_id: UUID, owner: str | None) -> None:
        """Cancel the job: at once if it waits, after the steps at work if it runs. Raises `JobNotFoundError`.

        A job whose proper end cannot be written is abandoned.
        """
        try:
            await self._apply(Transitions.cancel, job_id, owner)
        except SQLAlchemyError as error:
            if may_pass(error):
                raise
            what = telemetry.without_words(error)
            logger.error("abandoned, for its proper end cannot be written: %s", what)  # noqa: TRY400
            await self.sessions.commit(self._abandon, job_id, owner)

    def _abandon(self, session: Session, job_id: UUID, owner: str | None) -> None:
        if owner not in {None, session.scalar(select(col(Job.user_id)).where(col(Job.id) == job_id))}:
            raise JobNotFoundError
        asked = update(Job).where(col(Job.id) == job_id).values(cancel_requested_at=func.now())
        session.execute(asked.execution_options(synchronize_session=False))
        abandon(session, job_id)

    async def retry(self, job_id: UUID, owner: str | None) -> None:
        """Run a failed job again. Raises `JobNotFoundError`, `NotRetryableError` or a `RefusedError`."""
        await self.publisher.publish(await self.sessions.commit(self._retry_in, job_id, owner))

    def _retry_in(self, session: Session, job_id: UUID, owner: str | None) -> Sequence[Hint]:
        user_id = session.scalar(select(col(Job.user_id)).where(col(Job.id) == job_id))
        if user_id is None or owner not in {None, user_id}:
            raise JobNotFoundError
        job_limits.lock_user(session, user_id)  # before the conversation and the job, as for a new turn
        return self._apply_in(session, self._retry_where_there_is_room, job_id, owner)

    def _retry_where_there_is_room(self, transitions: Transitions, job: Job, now: datetime) -> Sequence[Hint]:
        check_retryable(job, now, window=self.retry_window)
        job_limits.check(transitions.session, job.user_id, self.limits)
        return transitions.retry(job, now)

    async def _apply(self, move: _Move, job_id: UUID, owner: str | None) -> None:
        await self.publisher.publish(await self.sessions.commit(self._apply_in, move, job_id, owner))

    def _apply_in(self, session: Session, move: _Move, job_id: UUID, owner: str | None) -> Sequence[Hint]:
        transitions = Transitions(session, self.usage_zone)
        try:
            job, now = transitions.lock(job_id)
        except NoResultFound:
            raise JobNotFoundError from None
        if owner not in {None, job.user_id}:
            raise JobNotFoundError
        return move(transitions, job, now)
