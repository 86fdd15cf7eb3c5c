"""The log that a job's followers are told."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.models.base import MOMENT, SET_BY_DATABASE, known_values


class EventType(StrEnum):
    """What a job's log tells. The last three, until the job is retried, are its last."""

    QUEUED = "job.queued"
    STARTED = "job.started"
    TRANSCRIPT_DONE = "transcript.done"
    REPLY_SENTENCE = "reply.sentence"
    REPLY_RESTARTED = "reply.restarted"
    REPLY_DONE = "reply.done"
    SPEECH_PIECE = "speech.piece"
    SUCCEEDED = "job.succeeded"
    FAILED = "job.failed"
    CANCELLED = "job.cancelled"


class JobEvent(SQLModel, table=True):
    """What happened to a job, told to whoever follows it. `seq` counts from 1 without a gap.

    `data` holds ids and texts; links and the job itself are rendered when it is told.
    """

    __tablename__ = "job_events"

    job_id: UUID = Field(foreign_key="jobs.id", ondelete="CASCADE", primary_key=True)
    seq: int = Field(primary_key=True)
    type: EventType = Field(sa_type=known_values(EventType, "type", length=32))
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    created_at: datetime = Field(default=None, sa_type=MOMENT, sa_column_kwargs=SET_BY_DATABASE)
