"""A job: one turn of a conversation."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, String, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from shared.models.base import MOMENT, SET_BY_DATABASE, known_values
from shared.models.learning import LONGEST_EDIT, MistakeCategory


class JobKind(StrEnum):
    """How the learner spoke to the tutor, or that a mistake is reviewed, in writing or by voice."""

    TEXT = "text"
    VOICE = "voice"
    REVIEW = "review"


class JobStatus(StrEnum):
    """A job's state; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Stage(StrEnum):
    """How far a job is, as clients see it. A text job enters at `REPLY`."""

    TRANSCRIBE = "transcribe"
    REPLY = "reply"
    SYNTHESIZE = "synthesize"


class Job(SQLModel, table=True):
    """One turn of a conversation on its way through its steps. See `shared.transitions`.

    `app_id` is its learner's, repeated here to count an app's unfinished jobs.
    `attempt` counts up with each retry and each reply that begins anew; `retries` counts the retries alone.
    `rank` is its place in the fair order (`shared.steps`). The queue's deadline runs from `queued_at`.
    `answered_at`: the reply is recorded, with messages and usage, so the next turn may run.
    `last_event`: the highest `seq` of its log. `tokens_in` and `tokens_out` are the last try's.
    `mistake_edit` identifies the mistake that its reply corrects, `mistake_id` is the ledger's. `uses`: which
    forms of other mistakes the learner used, right or wrong (`shared.results.FormUse`). `review`: what a
    review of the mistake `review_of` showed. `invited`: the mistakes whose form the reply invites.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("conversation_id", "turn"),
        ForeignKeyConstraint(["app_id", "learner_id"], ["learners.app_id", "learners.id"]),
        Index(
            "uq_jobs_idempotency",
            "learner_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        # What looks for unfinished jobs reads these, however many have ended.
        Index("ix_jobs_unfinished", "created_at", postgresql_where=text("finished_at IS NULL")),
        Index(
            "ix_jobs_unfinished_turns",
            "conversation_id",
            "turn",
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index("ix_jobs_unfinished_learners", "learner_id", postgresql_where=text("finished_at IS NULL")),
        Index("ix_jobs_unfinished_apps", "app_id", postgresql_where=text("finished_at IS NULL")),
        Index("ix_jobs_learner", "learner_id", text("created_at DESC"), text("id DESC")),
        Index("ix_jobs_finished", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
        Index(
            "ix_jobs_recordings_without_use",
            "finished_at",
            postgresql_where=text("upload_id IS NOT NULL AND status IN ('failed', 'cancelled')"),
        ),
        # Which job names an audio object or a mistake, asked before that is removed.
        *(
            Index(f"ix_jobs_{column}", column, postgresql_where=text(f"{column} IS NOT NULL"))
            for column in (
                "upload_id",
                "reply_audio_id",
                "explanation_audio_id",
                "mistake_id",
                "review_of",
            )
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    app_id: UUID
    learner_id: UUID
    kind: JobKind = Field(sa_type=known_values(JobKind, "kind"))
    conversation_id: UUID = Field(foreign_key="conversations.id", ondelete="CASCADE")
    turn: int
    speak: list[str] = Field(sa_type=ARRAY(String(16)))
    idempotency_key: str | None = Field(default=None, max_length=255)
    request_fingerprint: str = Field(max_length=64)
    request_id: str = Field(max_length=128)

    status: JobStatus = Field(default=JobStatus.QUEUED, sa_type=known_values(JobStatus, "status"))
    attempt: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    retries: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    rank: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    last_event: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    cancel_requested_at: datetime | None = Field(default=None, sa_type=MOMENT)

    message: str | None = Field(default=None)
    upload_id: UUID | None = Field(default=None, foreign_key="audio_objects.id")
    transcript: str | None = Field(default=None)
    transcript_words: list[dict[str, Any]] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    transcript_language: str | None = Field(default=None, max_length=16)
    articulation_rate: float | None = Field(default=None)
    pauses_per_minute: float | None = Field(default=None)

    reply_text: str | None = Field(default=None)
    mistake_wrong: str | None = Field(default=None)
    mistake_right: str | None = Field(default=None)
    mistake_category: MistakeCategory | None = Field(
        default=None, sa_type=known_values(MistakeCategory, "mistake_category", length=32)
    )
    mistake_edit: str | None = Field(default=None, max_length=LONGEST_EDIT)
    mistake_id: UUID | None = Field(default=None, foreign_key="mistakes.id", ondelete="SET NULL")
    review_of: UUID | None = Field(default=None, foreign_key="mistakes.id", ondelete="SET NULL")
    uses: list[dict[str, Any]] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    review: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    invited: list[UUID] | None = Field(default=None, sa_type=ARRAY(Uuid()))
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
    error_stage: Stage | None = Field(default=None, sa_type=known_values(Stage, "error_stage"))

    created_at: datetime = Field(default=None, sa_type=MOMENT, sa_column_kwargs=SET_BY_DATABASE)
    queued_at: datetime = Field(default=None, sa_type=MOMENT, sa_column_kwargs=SET_BY_DATABASE)
    started_at: datetime | None = Field(default=None, sa_type=MOMENT)
    answered_at: datetime | None = Field(default=None, sa_type=MOMENT)
    first_sound_at: datetime | None = Field(default=None, sa_type=MOMENT)
    finished_at: datetime | None = Field(default=None, sa_type=MOMENT)
