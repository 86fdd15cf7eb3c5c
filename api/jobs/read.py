"""Reads jobs with everything that clients are shown of them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from api.access.principal import Reach
from api.database import Sessions
from api.http.problems import NotFoundError
from api.jobs.queue_position import Place, Places
from shared.learners import LearnerRef
from shared.models import AudioObject, Conversation, Job, Learner, Step
from shared.statements import built_once


class JobNotFoundError(NotFoundError):
    """The job does not exist, belongs to another learner, or has expired."""

    def __init__(self) -> None:
        super().__init__("There is no such job.")


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job with everything that clients are shown of it.

    `expires_at`: when the job is removed; set once it has ended. `place`: its place in the queue; set until
    it starts, and only if the job was read on its own.
    """

    job: Job
    user_id: str
    conversation: str
    audio: dict[UUID, AudioObject]
    steps: Sequence[Step]
    expires_at: datetime | None
    place: Place | None = None


def _load(session: Session, job_ids: Collection[UUID], keep: timedelta) -> dict[UUID, JobRecord]:
    """Return the jobs that exist among `job_ids`, in two queries however many there are."""
    rows = session.execute(_jobs(), {"job_ids": list(job_ids)}).all()
    steps_of: defaultdict[UUID, list[Step]] = defaultdict(list)
    sounds_of: defaultdict[UUID, dict[UUID, AudioObject]] = defaultdict(dict)
    for step, sound in session.execute(_steps(), {"job_ids": [row[0].id for row in rows]}):
        steps_of[step.job_id].append(step)
        if sound is not None:
            sounds_of[step.job_id][sound.id] = sound
    return {
        job.id: JobRecord(
            job,
            user_id,
            public_id,
            {sound.id: sound for sound in sounds if sound is not None} | sounds_of[job.id],
            steps_of[job.id],
            job.finished_at and job.finished_at + keep,
        )
        for job, user_id, public_id, *sounds in rows
    }


@built_once
def _jobs() -> Select[Job, str, str, AudioObject, AudioObject]:
    reply, explanation = aliased(AudioObject), aliased(AudioObject)
    return (
        select(Job, col(Learner.user_id), col(Conversation.public_id), reply, explanation)
        .join(Learner, col(Learner.id) == col(Job.learner_id))
        .join(Conversation, col(Conversation.id) == col(Job.conversation_id))
        .outerjoin(reply, col(reply.id) == col(Job.reply_audio_id))
        .outerjoin(explanation, col(explanation.id) == col(Job.explanation_audio_id))
        .where(col(Job.id) == any_(bindparam("job_ids", type_=ARRAY(Uuid))))
    )


@built_once
def _steps() -> Select[Step, AudioObject]:
    return (
        select(Step, AudioObject)
        .outerjoin(AudioObject, col(AudioObject.id) == col(Step.audio_id))
        .where(col(Step.job_id) == any_(bindparam("job_ids", type_=ARRAY(Uuid))))
        .order_by(col(Step.attempt), col(Step.kind), col(Step.part), col(Step.position))
    )


class JobState(NamedTuple):
    """The number of a job's last event, and when it ended."""

    last_event: int
    finished_at: datetime | None


@built_once
def _state() -> Select[UUID, str, int, datetime | None]:
    return (
        select(col(Job.app_id), col(Learner.user_id), col(Job.last_event), col(Job.finished_at))
        .join(Learner, col(Learner.id) == col(Job.learner_id))
        .where(col(Job.id) == bindparam("its_id"))
    )


def owner_of(session: Session, job_id: UUID, reach: Reach) -> LearnerRef:
    """Return whose job it is. Raises `JobNotFoundError`, also for one beyond `reach`."""
    statement = (
        select(col(Learner.app_id), col(Learner.user_id))
        .join(Job, col(Job.learner_id) == col(Learner.id))
        .where(col(Job.id) == job_id)
    )
    found = session.execute(statement).one_or_none()
    if found is None or not reach.covers(found.app_id, found.user_id):
        raise JobNotFoundError
    return LearnerRef(found.app_id, found.user_id)


@dataclass(frozen=True, slots=True)
class JobReader:
    """Reads jobs, each time in a short session of its own. Ended jobs can be read for as long as `keep`."""

    sessions: Sessions
    keep: timedelta
    places: Places = field(default_factory=Places)

    async def read(self, job_ids: Collection[UUID]) -> dict[UUID, JobRecord]:
        """Return the jobs that exist among `job_ids`."""
        return await self.sessions.read(_load, job_ids, self.keep)

    async def ended(self, job_ids: Collection[UUID]) -> Collection[UUID]:
        """Return those of `job_ids` that have ended or no longer exist."""
        statement = select(col(Job.id)).where(col(Job.id).in_(job_ids), col(Job.finished_at).is_(None))
        unfinished = await self.sessions.read(lambda session: session.scalars(statement).all())
        return set(job_ids).difference(unfinished)

    async def has_ended(self, job_id: UUID, reach: Reach) -> bool:
        """Tell whether the job has ended. Raises `JobNotFoundError`, also for one beyond `reach`."""
        return (await self.state(job_id, reach)).finished_at is not None

    async def state(self, job_id: UUID, reach: Reach) -> JobState:
        """Return how far the job is. Raises `JobNotFoundError`, also for one beyond `reach`."""
        its = {"its_id": job_id}
        row = await self.sessions.read(lambda session: session.execute(_state(), its).one_or_none())
        if row is None or not reach.covers(row.app_id, row.user_id):
            raise JobNotFoundError
        return JobState(row.last_event, row.finished_at)

    async def one(self, job_id: UUID, reach: Reach) -> JobRecord:
        """Return the job with its place. Raises `JobNotFoundError`, also for one beyond `reach`."""
        return await self.sessions.read(self._one, job_id, reach)

    async def with_place(self, record: JobRecord) -> JobRecord:
        """Return a job that was just accepted with its place now."""
        place = self.places.find_kept(record.job, record.steps[0])
        if place is not None:
            return replace(record, place=place)
        return await self.sessions.read(self._with_place, record)

    def _one(self, session: Session, job_id: UUID, reach: Reach) -> JobRecord:
        record = _load(session, [job_id], self.keep).get(job_id)
        if record is None or not reach.covers(record.job.app_id, record.user_id):
            raise JobNotFoundError
        if record.expires_at is not None and record.expires_at <= datetime.now(UTC):
            raise JobNotFoundError
        return self._with_place(session, record)

    def _with_place(self, session: Session, record: JobRecord) -> JobRecord:
        first = next((step for step in record.steps if step.finished_at is None), None)
        return replace(record, place=self.places.find(session, record.job, first))
