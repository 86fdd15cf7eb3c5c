"""Cancels and retries jobs. A race with a worker is decided by the database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from api import backpressure
from api.backpressure import Limits
from api.database import Sessions
from api.publishing import Publisher
from api.reading import JobNotFoundError
from shared.jobs import Hint
from shared.models import Job
from shared.transitions import Transitions

_Move = Callable[[Transitions, Job, datetime], Hint | None]


@dataclass(frozen=True, slots=True)
class JobControl:
    """Where an owner is named, the job must be theirs."""

    sessions: Sessions
    publisher: Publisher
    usage_zone: ZoneInfo
    limits: Limits

    async def cancel(self, job_id: UUID, owner: str | None) -> None:
        """End the job: at once while it waits, after its stage while it runs. Raises `JobNotFoundError`."""
        await self._apply(Transitions.cancel, job_id, owner)

    async def retry(self, job_id: UUID, owner: str | None) -> None:
        """Run a failed job again. Raises `JobNotFoundError`, `NotRetryableError` or a `RefusedError`."""
        await self._apply(self._retry_where_there_is_room, job_id, owner)

    def _retry_where_there_is_room(self, transitions: Transitions, job: Job, now: datetime) -> Hint | None:
        backpressure.check(transitions.session, job.user_id, self.limits)
        return transitions.retry(job, now)

    async def _apply(self, move: _Move, job_id: UUID, owner: str | None) -> None:
        hint = await self.sessions.commit(self._apply_in, move, job_id, owner)
        if hint is not None:
            await self.publisher.publish(hint)

    def _apply_in(self, session: Session, move: _Move, job_id: UUID, owner: str | None) -> Hint | None:
        transitions = Transitions(session, self.usage_zone)
        try:
            job, now = transitions.lock(job_id)
        except NoResultFound:
            raise JobNotFoundError from None
        if owner not in {None, job.user_id}:
            raise JobNotFoundError
        return move(transitions, job, now)
