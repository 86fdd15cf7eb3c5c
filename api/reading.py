"""Reads jobs with everything that is shown of them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from api import line
from api.database import Sessions
from api.line import Place
from api.paces import RecentPaces
from api.problems import NotFoundError
from shared.models import AudioObject, Conversation, Job, StageOutcome, StageRun


class JobNotFoundError(NotFoundError):
    """There is no such job, or it is another user's, or it has expired."""

    def __init__(self) -> None:
        super().__init__("There is no such job.")


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job with everything that is shown of it.

    `expires_at`: when it is removed, once it has ended. `place`: in line, until it has begun, and only
    where the job was read by itself.
    """

    job: Job
    conversation: str
    audio: dict[UUID, AudioObject]
    runs: Sequence[StageRun]
    expires_at: datetime | None
    place: Place | None = None


def _load(session: Session, job_ids: Collection[UUID], keep: timedelta) -> dict[UUID, JobRecord]:
    """Return the jobs that exist among `job_ids`, in three queries however many they are."""
    rows = session.execute(
        select(Job, col(Conversation.public_id))
        .join(Conversation, col(Conversation.id) == col(Job.conversation_id))
        .where(col(Job.id).in_(job_ids))
    ).all()
    audio_ids = {
        audio_id
        for job, _ in rows
        for audio_id in (job.reply_audio_id, job.explanation_audio_id)
        if audio_id is not None
    }
    sounds = session.scalars(select(AudioObject).where(col(AudioObject.id).in_(audio_ids)))
    audio = {sound.id: sound for sound in sounds} if audio_ids else {}
    runs = session.scalars(
        select(StageRun).where(
            col(StageRun.job_id).in_(job_ids), col(StageRun.outcome) == StageOutcome.SUCCEEDED
        )
    ).all()
    runs_of: defaultdict[UUID, list[StageRun]] = defaultdict(list)
    for run in runs:
        runs_of[run.job_id].append(run)
    return {
        job.id: JobRecord(job, public_id, audio, runs_of[job.id], job.finished_at and job.finished_at + keep)
        for job, public_id in rows
    }


@dataclass(frozen=True, slots=True)
class JobReader:
    """Reads jobs, each time in a short session of its own. An ended job is there for as long as `keep`."""

    sessions: Sessions
    keep: timedelta
    paces: RecentPaces = field(default_factory=RecentPaces)

    async def read(self, job_ids: Collection[UUID]) -> dict[UUID, JobRecord]:
        """Return the jobs that exist among `job_ids`."""
        async with self.sessions() as session:
            return await session.run_sync(_load, job_ids, self.keep)

    async def ended(self, job_ids: Collection[UUID]) -> Collection[UUID]:
        """Return those of `job_ids` that have ended, or are no more."""
        statement = select(col(Job.id)).where(col(Job.id).in_(job_ids), col(Job.finished_at).is_(None))
        async with self.sessions() as session:
            return set(job_ids).difference((await session.scalars(statement)).all())

    async def one(self, job_id: UUID, *, owner: str | None = None) -> JobRecord:
        """Return the job with its place, the job of `owner` where one is named. Raises `JobNotFoundError`."""
        async with self.sessions() as session:
            return await session.run_sync(self._one, job_id, owner)

    def _one(self, session: Session, job_id: UUID, owner: str | None) -> JobRecord:
        record = _load(session, [job_id], self.keep).get(job_id)
        if record is None or owner not in {None, record.job.user_id}:
            raise JobNotFoundError
        if record.expires_at is not None and record.expires_at <= datetime.now(UTC):
            raise JobNotFoundError
        return replace(record, place=line.find(session, record.job, self.paces))
