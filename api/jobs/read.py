"""Reads jobs with everything that clients are shown of them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID

from sqlalchemy import Select, Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from api.database import Sessions
from api.http.problems import NotFoundError
from api.jobs import queue_position
from api.jobs.queue_position import Place
from api.jobs.stage_durations import RecentStageDurations
from shared.models import AudioObject, Conversation, Job, StageOutcome, StageRun


class JobNotFoundError(NotFoundError):
    """The job does not exist, belongs to another user, or has expired."""

    def __init__(self) -> None:
        super().__init__("There is no such job.")


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job with everything that clients are shown of it.

    `expires_at`: when the job is removed; set once it has ended. `place`: its place in the queue; set until
    it starts, and only if the job was read on its own.
    """

    job: Job
    conversation: str
    audio: dict[UUID, AudioObject]
    runs: Sequence[StageRun]
    expires_at: datetime | None
    place: Place | None = None


def _load(session: Session, job_ids: Collection[UUID], keep: timedelta) -> dict[UUID, JobRecord]:
    """Return the jobs that exist among `job_ids`, in two queries however many there are."""
    rows = session.execute(_jobs(), {"job_ids": list(job_ids)}).all()
    begun = [row[0].id for row in rows if row[0].started_at is not None]
    runs_of: defaultdict[UUID, list[StageRun]] = defaultdict(list)
    for run in session.scalars(_succeeded_runs(), {"job_ids": begun}) if begun else ():
        runs_of[run.job_id].append(run)
    return {
        job.id: JobRecord(
            job,
            public_id,
            {sound.id: sound for sound in sounds if sound is not None},
            runs_of[job.id],
            job.finished_at and job.finished_at + keep,
        )
        for job, public_id, *sounds in rows
    }


@cache  # building a statement costs more than running it
def _jobs() -> Select[Job, str, AudioObject, AudioObject]:
    reply, explanation = aliased(AudioObject), aliased(AudioObject)
    return (
        select(Job, col(Conversation.public_id), reply, explanation)
        .join(Conversation, col(Conversation.id) == col(Job.conversation_id))
        .outerjoin(reply, col(reply.id) == col(Job.reply_audio_id))
        .outerjoin(explanation, col(explanation.id) == col(Job.explanation_audio_id))
        .where(col(Job.id) == any_(bindparam("job_ids", type_=ARRAY(Uuid))))
    )


@cache
def _succeeded_runs() -> Select[StageRun]:
    return select(StageRun).where(
        col(StageRun.job_id) == any_(bindparam("job_ids", type_=ARRAY(Uuid))),
        col(StageRun.outcome) == StageOutcome.SUCCEEDED,
    )


@dataclass(frozen=True, slots=True)
class JobReader:
    """Reads jobs, each time in a short session of its own. Ended jobs can be read for as long as `keep`."""

    sessions: Sessions
    keep: timedelta
    durations: RecentStageDurations = field(default_factory=RecentStageDurations)

    async def read(self, job_ids: Collection[UUID]) -> dict[UUID, JobRecord]:
        """Return the jobs that exist among `job_ids`."""
        return await self.sessions.read(_load, job_ids, self.keep)

    async def ended(self, job_ids: Collection[UUID]) -> Collection[UUID]:
        """Return those of `job_ids` that have ended or no longer exist."""
        statement = select(col(Job.id)).where(col(Job.id).in_(job_ids), col(Job.finished_at).is_(None))
        unfinished = await self.sessions.read(lambda session: session.scalars(statement).all())
        return set(job_ids).difference(unfinished)

    async def has_ended(self, job_id: UUID, *, owner: str | None = None) -> bool:
        """Tell whether the job, of `owner` if given, has ended. Raises `JobNotFoundError`."""
        statement = select(col(Job.user_id), col(Job.finished_at)).where(col(Job.id) == job_id)
        row = await self.sessions.read(lambda session: session.execute(statement).one_or_none())
        if row is None or owner not in {None, row.user_id}:
            raise JobNotFoundError
        return row.finished_at is not None

    async def one(self, job_id: UUID, *, owner: str | None = None) -> JobRecord:
        """Return the job, of `owner` if given, with its place. Raises `JobNotFoundError`."""
        return await self.sessions.read(self._one, job_id, owner)

    def _one(self, session: Session, job_id: UUID, owner: str | None) -> JobRecord:
        record = _load(session, [job_id], self.keep).get(job_id)
        if record is None or owner not in {None, record.job.user_id}:
            raise JobNotFoundError
        if record.expires_at is not None and record.expires_at <= datetime.now(UTC):
            raise JobNotFoundError
        return replace(record, place=queue_position.find(session, record.job, self.durations))
