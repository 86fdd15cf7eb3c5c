"""Requests for a turn."""

from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
    field_validator,
)

from api.schemas import Body, ConversationId, UserId
from shared.models import SpokenPart

MESSAGE_MAX_CHARACTERS = 2_000


def _say_something(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain the NUL character")
    if not text.strip():
        raise ValueError("must not be empty")
    return text


MessageText = Annotated[
    str,
    Field(
        max_length=MESSAGE_MAX_CHARACTERS,
        examples=["I am go to market"],
        # What `_say_something` refuses, for clients to read; pydantic's own errors would quote the pattern.
        json_schema_extra={"minLength": 1, "pattern": r"^[^\x00]*[^\s\x00][^\x00]*$"},
    ),
    AfterValidator(_say_something),
]


class ChatRequest(Body):
    """What a text and a voice chat have in common."""

    user_id: UserId
    conversation_id: ConversationId | None = None
    speak: list[SpokenPart] = Field(
        default=[SpokenPart.REPLY], max_length=len(SpokenPart), description="which texts are spoken"
    )

    @field_validator("speak")
    @classmethod
    def _once_each(cls, parts: list[SpokenPart]) -> list[SpokenPart]:
        return sorted(set(parts), key=list(SpokenPart).index)


class TextChatRequest(ChatRequest):
    """A learner's message."""

    message: MessageText
