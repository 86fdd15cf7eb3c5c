"""Talks with the tutor, and what was said in them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from shared.models.base import MOMENT, SET_BY_DATABASE, known_values
from shared.models.learning import MistakeCategory


class MessageRole(StrEnum):
    """Who said a message."""

    LEARNER = "learner"
    TUTOR = "tutor"


class Conversation(SQLModel, table=True):
    """A learner's talk with the tutor. `public_id` is what clients call it, unique within its learner."""

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("learner_id", "public_id"),
        Index(None, "learner_id", text("updated_at DESC")),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    learner_id: UUID = Field(foreign_key="learners.id")
    public_id: str = Field(max_length=64)
    last_turn: int
    created_at: datetime = Field(default=None, sa_type=MOMENT, sa_column_kwargs=SET_BY_DATABASE)
    updated_at: datetime = Field(default=None, sa_type=MOMENT, sa_column_kwargs=SET_BY_DATABASE)


class Message(SQLModel, table=True):
    """What was said in a succeeded turn: the learner's words, then the tutor's."""

    __tablename__ = "messages"
    __table_args__ = (UniqueConstraint("conversation_id", "turn", "role"), Index(None, "job_id"))

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversations.id", ondelete="CASCADE")
    job_id: UUID | None = Field(default=None, foreign_key="jobs.id", ondelete="SET NULL")
    turn: int
    role: MessageRole = Field(sa_type=known_values(MessageRole, "role"))
    text: str
    mistake_wrong: str | None = Field(default=None)
    mistake_right: str | None = Field(default=None)
    mistake_category: MistakeCategory | None = Field(
        default=None, sa_type=known_values(MistakeCategory, "mistake_category", length=32)
    )
    hinglish_explanation: str | None = Field(default=None)
    score: int | None = Field(default=None)
    created_at: datetime = Field(default=None, sa_type=MOMENT, sa_column_kwargs=SET_BY_DATABASE)
