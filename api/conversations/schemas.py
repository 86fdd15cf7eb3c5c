"""Conversations and messages as clients see them."""

from datetime import datetime
from uuid import UUID

from pydantic import (
    BaseModel,
    Field,
)

from api.schemas import PageQuery, PageView
from shared.models import MessageRole


class ConversationsQuery(PageQuery):
    """Which conversations are asked for."""


class MessagesQuery(PageQuery):
    """Which messages of a conversation are asked for."""


class ConversationView(BaseModel):
    """A conversation."""

    id: str = Field(description="its `conversation_id`", examples=["conv-123"])
    last_message: str | None = Field(description="what was said last; null before the first answer")
    created_at: datetime
    last_used_at: datetime = Field(description="when its latest turn was accepted")


class ConversationPage(PageView[ConversationView]):
    """Conversations, most recently used first."""


class MessageView(BaseModel):
    """What one side said in a turn; the learner's message comes first, then the tutor's answer to it.

    Only turns that succeeded have messages. Correction, explanation and score are about the learner's
    message and stand with the tutor's.
    """

    role: MessageRole
    text: str = Field(description="the learner's: as written, or as heard")
    correction: str | None = Field(description="`wrong → right`, or null: nothing corrected")
    hinglish_explanation: str | None
    score: int | None = Field(description="0–100, or null where nothing can be judged")
    audio_url: str | None = Field(
        description="a fresh link to the learner's recording or the tutor's voice; null where there is none, "
        "or none any more"
    )
    audio_url_expires_at: datetime | None
    explanation_audio_url: str | None
    turn: int = Field(description="its place in the conversation; a turn without an answer leaves a gap")
    job_id: UUID | None = Field(description="the job that made it; null once that has expired")
    created_at: datetime = Field(description="when the turn was answered")


class MessagePage(PageView[MessageView]):
    """Messages, oldest first."""
