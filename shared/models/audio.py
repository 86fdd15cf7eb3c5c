"""Stored recordings and speech."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from shared.models.base import MOMENT, SET_BY_DATABASE, known_values


class AudioBackend(StrEnum):
    """What holds an audio object's bytes."""

    LOCAL = "local"
    S3 = "s3"


class AudioObject(SQLModel, table=True):
    """One stored recording or speech. The row is written before the bytes, `stored_at` after them.

    A row without `stored_at`, or one that no job names, is an orphan for the cleaner.
    `seconds` is the sound's length. `backend` says where to read it, `host` which machine's disk may have
    a file of it: a local object's does, and for a moment that of an object just moved to S3.
    `learner_id`: whose it is; None only for speech older than learners.
    """

    __tablename__ = "audio_objects"
    __table_args__ = (
        Index(None, "created_at"),
        # What may have to move to S3: few rows, where S3 is set.
        Index("ix_audio_objects_on_disk", "created_at", "id", postgresql_where=text("host IS NOT NULL")),
        # Recordings are FLAC. How much is stored of a learner's is answered from the index alone.
        Index(
            "ix_audio_objects_recordings",
            "learner_id",
            postgresql_include=["size_bytes"],
            postgresql_where=text("content_type = 'audio/flac' AND stored_at IS NOT NULL"),
        ),
        Index(None, "learner_id"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str = Field(max_length=64, unique=True)
    backend: AudioBackend = Field(sa_type=known_values(AudioBackend, "backend"))
    host: str | None = Field(default=None, max_length=255)
    content_type: str = Field(max_length=64)
    learner_id: UUID | None = Field(default=None, foreign_key="learners.id")
    size_bytes: int
    seconds: float
    created_at: datetime = Field(default=None, sa_type=MOMENT, sa_column_kwargs=SET_BY_DATABASE)
    stored_at: datetime | None = Field(default=None, sa_type=MOMENT)
