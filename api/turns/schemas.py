"""Requests for a turn."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from api.schemas import Body, ConversationId, OptionalUserId
from shared.models import SpokenPart

MESSAGE_MAX_CHARACTERS = 2_000
REVIEWS = "reviews"
"""The conversation that a learner's reviews are turns of."""


# Invisible, though Unicode classes them as letters, marks or symbols: fillers, a blank, variation selectors.
# Other invisible characters are controls, formats and spaces, recognised by their category.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | {
    chr(point) for first, last in ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF)) for point in range(first, last + 1)
}
_NOTHING_TO_SEE = (
    r"\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    r"\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
)
"""The same as a regular expression's character class, for OpenAPI; those beyond U+FFFF are left out."""


def _say_something(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain the NUL character")
    if not any(_is_visible(character) for character in text):
        raise ValueError("must not be empty")
    return text


def _is_visible(character: str) -> bool:
    invisible = character.isspace() or character in _BLANKS
    return not invisible and unicodedata.category(character) not in {"Cc", "Cf"}


MessageText = Annotated[
    str,
    Field(
        max_length=MESSAGE_MAX_CHARACTERS,
        examples=["I am go to market"],
        # What `_say_something` refuses, for clients to read; pydantic's own errors would quote the pattern.
        json_schema_extra={"minLength": 1, "pattern": rf"^[^\x00]*[^{_NOTHING_TO_SEE}][^\x00]*$"},
    ),
    AfterValidator(_say_something),
]


class Speaking(Body):
    """What is to be spoken."""

    speak: list[SpokenPart] = Field(
        default=[SpokenPart.REPLY], max_length=len(SpokenPart), description="which texts are spoken"
    )

    @field_validator("speak")
    @classmethod
    def _once_each(cls, parts: list[SpokenPart]) -> list[SpokenPart]:
        return sorted(set(parts), key=list(SpokenPart).index)


class ChatRequest(Speaking):
    """What a text and a voice chat have in common."""

    user_id: OptionalUserId = None
    conversation_id: ConversationId | None = None


class TextChatRequest(ChatRequest):
    """A learner's message."""

    message: MessageText


class TextReviewRequest(Speaking):
    """What a learner writes in a review."""

    message: MessageText
