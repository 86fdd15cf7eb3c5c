"""A step: a part of a job that one worker can own."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field, SQLModel

from shared.models.base import MOMENT, known_values

REPEATED = " (cached)"
"""Ends an engine's name where nothing was asked of it: its answer was given before."""


class StepKind(StrEnum):
    """What a worker can own: `SPEAK` one piece of speech, `JOIN` the pieces of a part becoming one file."""

    TRANSCRIBE = "transcribe"
    REPLY = "reply"
    SPEAK = "speak"
    JOIN = "join"


class QueueName(StrEnum):
    """One queue for what needs the GPU, one for what only waits for the tutor, one for upkeep."""

    GPU = "gpu"
    LLM = "llm"
    MAINTENANCE = "maintenance"


class SpokenPart(StrEnum):
    """A text of the tutor's answer that can be spoken."""

    REPLY = "reply"
    EXPLANATION = "explanation"


class StepOutcome(StrEnum):
    """How a step, or one run of it, ended.

    `LOST`: its worker died, let the lease expire or gave it back. `DROPPED`: nobody needs it any more.
    """

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    LOST = "lost"
    DROPPED = "dropped"


class Step(SQLModel, table=True):
    """A part of a job that one worker can own. See `shared.steps`.

    `part` and `position` say which piece of which text, `number` its place among the pieces of all parts;
    `text` is what a `SPEAK` step speaks, `audio_id` what came of it.
    `ready_at` is set exactly while the step could be claimed but for its lease: its job is unfinished and not
    cancelled, and it is its turn. `published_at` is None while its hint has to be sent.
    The lease columns are set exactly while a worker owns it. `deaths` counts the workers that died at it.
    `started_at`, `worker` and `engine` are those of the last run.
    """

    __tablename__ = "steps"
    __table_args__ = (
        Index(
            "uq_steps_identity",
            "job_id",
            "attempt",
            "kind",
            "part",
            "position",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        # What a worker takes next, and what waits before a step. Exactly the claim's conditions.
        Index(
            "ix_steps_ready",
            "queue",
            "rank",
            "number",
            "ready_at",
            "id",
            postgresql_where=text("finished_at IS NULL AND lease_token IS NULL AND ready_at IS NOT NULL"),
        ),
        # What waits for an earlier turn.
        Index(
            "ix_steps_blocked",
            "job_id",
            postgresql_where=text("finished_at IS NULL AND ready_at IS NULL"),
        ),
        Index("ix_steps_unfinished", "job_id", postgresql_where=text("finished_at IS NULL")),
        Index("uq_steps_lease", "lease_token", unique=True, postgresql_where=text("lease_token IS NOT NULL")),
        Index(None, "kind", text("started_at DESC"), postgresql_where=text("started_at IS NOT NULL")),
        Index("ix_steps_audio_id", "audio_id", postgresql_where=text("audio_id IS NOT NULL")),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    job_id: UUID = Field(foreign_key="jobs.id", ondelete="CASCADE")
    attempt: int = Field(default=0)
    kind: StepKind = Field(sa_type=known_values(StepKind, "kind"))
    part: SpokenPart | None = Field(default=None, sa_type=known_values(SpokenPart, "part"))
    position: int = Field(default=0)
    number: int = Field(default=0)
    text: str | None = Field(default=None)
    audio_id: UUID | None = Field(default=None, foreign_key="audio_objects.id")

    queue: QueueName = Field(sa_type=known_values(QueueName, "queue"))
    rank: int = Field(sa_type=BigInteger)
    ready_at: datetime | None = Field(default=None, sa_type=MOMENT)
    published_at: datetime | None = Field(default=None, sa_type=MOMENT)

    lease_token: UUID | None = Field(default=None)
    lease_expires_at: datetime | None = Field(default=None, sa_type=MOMENT)
    deadline_at: datetime | None = Field(default=None, sa_type=MOMENT)
    worker: str | None = Field(default=None, max_length=255)
    deaths: int = Field(default=0)

    started_at: datetime | None = Field(default=None, sa_type=MOMENT)
    finished_at: datetime | None = Field(default=None, sa_type=MOMENT)
    outcome: StepOutcome | None = Field(default=None, sa_type=known_values(StepOutcome, "outcome"))
    error_code: str | None = Field(default=None, max_length=32)
    engine: str | None = Field(default=None, max_length=255)
