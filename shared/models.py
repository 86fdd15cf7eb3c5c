"""The tables. Requests and responses are classes of their own (`api.schemas`); tables do not validate."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, DateTime, Enum, Index, MetaData, String, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

# Explicit names, so that a migration can name what it changes.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata


class JobKind(StrEnum):
    """How the learner spoke to the tutor."""

    TEXT = "text"
    VOICE = "voice"


class JobStatus(StrEnum):
    """A job's state; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Stage(StrEnum):
    """The steps of a job, in order. A text job enters at `REPLY`."""

    TRANSCRIBE = "transcribe"
    REPLY = "reply"
    SYNTHESIZE = "synthesize"


class SpokenPart(StrEnum):
    """A text of the tutor's answer that can be spoken."""

    REPLY = "reply"
    EXPLANATION = "explanation"


class StageOutcome(StrEnum):
    """How one run of a stage ended; `LOST`: its worker died, let the lease expire or gave it back."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    LOST = "lost"


class MessageRole(StrEnum):
    """Who said a message."""

    LEARNER = "learner"
    TUTOR = "tutor"


class AudioBackend(StrEnum):
    """What holds an audio object's bytes."""

    LOCAL = "local"
    S3 = "s3"


_Moment = DateTime(timezone=True)
_SET_BY_DATABASE: dict[str, Any] = {"server_default": func.now()}


def _enum(values: type[StrEnum], column: str) -> Enum:
    """Return a text column type with a CHECK: a native enum is awkward to change in a migration."""
    return Enum(
        values,
        native_enum=False,
        create_constraint=True,
        length=16,
        name=f"{column}_known",
        values_callable=lambda members: [member.value for member in members],
    )


class Conversation(SQLModel, table=True):
    """A learner's talk with the tutor. `public_id` is what clients call it, unique within its user."""

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("user_id", "public_id"),
        Index(None, "user_id", text("updated_at DESC")),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    user_id: str = Field(max_length=128)
    public_id: str = Field(max_length=64)
    last_turn: int
    created_at: datetime = Field(default=None, sa_type=_Moment, sa_column_kwargs=_SET_BY_DATABASE)
    updated_at: datetime = Field(default=None, sa_type=_Moment, sa_column_kwargs=_SET_BY_DATABASE)


class AudioObject(SQLModel, table=True):
    """One stored recording or speech. The row is written before the bytes, `stored_at` after them.

    A row without `stored_at`, or one that no job names, is an orphan for the cleaner.
    `seconds` is the sound's length. `backend` says where to read it, `host` which machine's disk may have
    a file of it: a local object's does, and for a moment that of an object just moved to S3.
    `user_id`: whose recording it is; None for speech, which turns of many users may name.
    """

    __tablename__ = "audio_objects"
    __table_args__ = (
        Index(None, "created_at"),
        # What may have to move to S3: few rows, where S3 is set.
        Index("ix_audio_objects_on_disk", "created_at", "id", postgresql_where=text("host IS NOT NULL")),
        # How much is stored of a user, answered from the index alone.
        Index(
            "ix_audio_objects_user",
            "user_id",
            postgresql_include=["size_bytes"],
            postgresql_where=text("user_id IS NOT NULL AND stored_at IS NOT NULL"),
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str = Field(max_length=64, unique=True)
    backend: AudioBackend = Field(sa_type=_enum(AudioBackend, "backend"))
    host: str | None = Field(default=None, max_length=255)
    content_type: str = Field(max_length=64)
    user_id: str | None = Field(default=None, max_length=128)
    size_bytes: int
    seconds: float
    created_at: datetime = Field(default=None, sa_type=_Moment, sa_column_kwargs=_SET_BY_DATABASE)
    stored_at: datetime | None = Field(default=None, sa_type=_Moment)


class Job(SQLModel, table=True):
    """One turn of a conversation on its way through the stages. See `shared.jobs` for its transitions.

    `stage` is the stage that runs or waits, since `stage_ready_at`; None once the job has ended.
    `retries` counts how often it was run again after it had failed. `tokens_in` and `tokens_out` are the last
    try's. `published_at` is None while the stage's message has to be sent. The lease columns are set exactly
    while a worker owns the stage. `deaths` counts the workers that died in this stage.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("conversation_id", "turn"),
        Index(
            "uq_jobs_idempotency",
            "user_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        # Searches for work use these two, so finished jobs do not slow them down.
        Index("ix_jobs_unfinished", "created_at", postgresql_where=text("finished_at IS NULL")),
        Index(
            "ix_jobs_unfinished_turns",
            "conversation_id",
            "turn",
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index("ix_jobs_unfinished_users", "user_id", postgresql_where=text("finished_at IS NULL")),
        Index("ix_jobs_user", "user_id", text("created_at DESC"), text("id DESC")),
        Index("ix_jobs_finished", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
        Index(
            "ix_jobs_recordings_without_use",
            "finished_at",
            postgresql_where=text("upload_id IS NOT NULL AND status IN ('failed', 'cancelled')"),
        ),
        # For finding the job that names an audio object, before the object is removed.
        *(
            Index(f"ix_jobs_{column}", column, postgresql_where=text(f"{column} IS NOT NULL"))
            for column in ("upload_id", "reply_audio_id", "explanation_audio_id")
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    user_id: str = Field(max_length=128)
    kind: JobKind = Field(sa_type=_enum(JobKind, "kind"))
    conversation_id: UUID = Field(foreign_key="conversations.id", ondelete="CASCADE")
    turn: int
    speak: list[str] = Field(sa_type=ARRAY(String(16)))
    idempotency_key: str | None = Field(default=None, max_length=255)
    request_fingerprint: str = Field(max_length=64)
    request_id: str = Field(max_length=128)

    status: JobStatus = Field(default=JobStatus.QUEUED, sa_type=_enum(JobStatus, "status"))
    stage: Stage | None = Field(sa_type=_enum(Stage, "stage"))
    stage_ready_at: datetime = Field(default=None, sa_type=_Moment, sa_column_kwargs=_SET_BY_DATABASE)
    published_at: datetime | None = Field(default=None, sa_type=_Moment)
    cancel_requested_at: datetime | None = Field(default=None, sa_type=_Moment)
    deaths: int = Field(default=0)
    retries: int = Field(default=0, sa_column_kwargs={"server_default": "0"})

    lease_token: UUID | None = Field(default=None)
    lease_worker: str | None = Field(default=None, max_length=255)
    lease_expires_at: datetime | None = Field(default=None, sa_type=_Moment)
    stage_started_at: datetime | None = Field(default=None, sa_type=_Moment)
    stage_deadline_at: datetime | None = Field(default=None, sa_type=_Moment)

    message: str | None = Field(default=None)
    upload_id: UUID | None = Field(default=None, foreign_key="audio_objects.id")
    transcript: str | None = Field(default=None)
    transcript_words: list[dict[str, Any]] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    transcript_language: str | None = Field(default=None, max_length=16)

    reply_text: str | None = Field(default=None)
    mistake_wrong: str | None = Field(default=None)
    mistake_right: str | None = Field(default=None)
    mistake_category: str | None = Field(default=None)
    hinglish_explanation: str | None = Field(default=None)
    devanagari_explanation: str | None = Field(default=None)
    score: int | None = Field(default=None)
    tokens_in: int = Field(default=0)
    tokens_out: int = Field(default=0)
    reply_audio_id: UUID | None = Field(default=None, foreign_key="audio_objects.id")
    explanation_audio_id: UUID | None = Field(default=None, foreign_key="audio_objects.id")
    warnings: list[dict[str, str]] = Field(default_factory=list, sa_type=JSONB)
    engines: dict[str, str] = Field(default_factory=dict, sa_type=JSONB)

    error_code: str | None = Field(default=None, max_length=32)
    error_detail: str | None = Field(default=None)
    error_stage: Stage | None = Field(default=None, sa_type=_enum(Stage, "error_stage"))

    created_at: datetime = Field(default=None, sa_type=_Moment, sa_column_kwargs=_SET_BY_DATABASE)
    started_at: datetime | None = Field(default=None, sa_type=_Moment)
    finished_at: datetime | None = Field(default=None, sa_type=_Moment)


REPEATED = " (cached)"
"""Suffix of an engine's name whose answer came from the cache."""


class StageRun(SQLModel, table=True):
    """One run of a stage by one worker: what it cost and how it ended."""

    __tablename__ = "stage_runs"
    __table_args__ = (
        # A stage's effects are recorded once; the schema enforces it too.
        Index(
            "uq_stage_runs_success",
            "job_id",
            "stage",
            unique=True,
            postgresql_where=text("outcome = 'succeeded'"),
        ),
        Index(None, "job_id"),
        Index(None, "stage", text("finished_at DESC")),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    job_id: UUID = Field(foreign_key="jobs.id", ondelete="CASCADE")
    stage: Stage = Field(sa_type=_enum(Stage, "stage"))
    worker: str = Field(max_length=255)
    engine: str | None = Field(default=None, max_length=255)
    outcome: StageOutcome = Field(sa_type=_enum(StageOutcome, "outcome"))
    error_code: str | None = Field(default=None, max_length=32)
    started_at: datetime = Field(sa_type=_Moment)
    finished_at: datetime = Field(sa_type=_Moment)


class Message(SQLModel, table=True):
    """What was said in a succeeded turn: the learner's words, then the tutor's."""

    __tablename__ = "messages"
    __table_args__ = (UniqueConstraint("conversation_id", "turn", "role"), Index(None, "job_id"))

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversations.id", ondelete="CASCADE")
    job_id: UUID | None = Field(default=None, foreign_key="jobs.id", ondelete="SET NULL")
    turn: int
    role: MessageRole = Field(sa_type=_enum(MessageRole, "role"))
    text: str
    mistake_wrong: str | None = Field(default=None)
    mistake_right: str | None = Field(default=None)
    mistake_category: str | None = Field(default=None)
    hinglish_explanation: str | None = Field(default=None)
    score: int | None = Field(default=None)
    created_at: datetime = Field(default=None, sa_type=_Moment, sa_column_kwargs=_SET_BY_DATABASE)


class DailyUsage(SQLModel, table=True):
    """What a user did on one day of the usage time zone. Seconds are of sound."""

    __tablename__ = "daily_usage"

    user_id: str = Field(max_length=128, primary_key=True)
    day: date = Field(primary_key=True)
    text_turns: int = Field(default=0, sa_type=BigInteger)
    voice_turns: int = Field(default=0, sa_type=BigInteger)
    voice_seconds: float = Field(default=0.0)
    speech_seconds: float = Field(default=0.0)
    corrections: int = Field(default=0, sa_type=BigInteger)
    score_sum: int = Field(default=0, sa_type=BigInteger)
    score_count: int = Field(default=0, sa_type=BigInteger)
    tokens_in: int = Field(default=0, sa_type=BigInteger)
    tokens_out: int = Field(default=0, sa_type=BigInteger)


class Worker(SQLModel, table=True):
    """A worker as it last reported.

    `concurrency`: how many tasks it runs at a time, over all its queues. `engines`: the chosen ones;
    `models`: what became of loading them, tried last at `models_tried_at`, which is None until then.
    """

    __tablename__ = "workers"

    name: str = Field(max_length=255, primary_key=True)
    host: str = Field(max_length=255)
    pid: int
    queues: list[str] = Field(sa_type=ARRAY(String(64)))
    concurrency: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    engines: dict[str, str] = Field(default_factory=dict, sa_type=JSONB)
    models: dict[str, dict[str, str]] = Field(default_factory=dict, sa_type=JSONB)
    models_tried_at: datetime | None = Field(default=None, sa_type=_Moment)
    started_at: datetime = Field(default=None, sa_type=_Moment, sa_column_kwargs=_SET_BY_DATABASE)
    seen_at: datetime = Field(default=None, sa_type=_Moment, sa_column_kwargs=_SET_BY_DATABASE)
