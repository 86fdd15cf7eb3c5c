"""Reads the provider's answer event by event: what is odd in one costs no second call."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from google.genai import types

from worker.bounds import bounded_tokens

# By name, so that those which the SDK does not know are understood too.
_UNSAFE = {
    "SAFETY",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MODEL_ARMOR",
    "ESCALATION",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
}
_UNSAID = {"RECITATION", "LANGUAGE", "NO_IMAGE"}
_ABOUT_IMAGES = "IMAGE_"
_UNNAMED = "FINISH_REASON_UNSPECIFIED"
_LONGEST_NAME = 40
_COUNTS = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
_EVENT = b"data: "


class Refusal(Enum):
    """Reasons for which the provider returns no answer, however often it is asked."""

    UNSAFE = "unsafe"
    """The learner's message or the model's answer to it is held to be unsafe."""
    UNSAID = "unsaid"
    """The answer recites a source, is in a language that the provider does not serve, or is no text."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the provider counted: read, and written or thought."""

    read: int = 0
    written: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.read + other.read, self.written + other.written)


@dataclass(slots=True)
class Answer:
    """What the model has said so far: `text` is empty where it said nothing, `finish` names why it stopped.

    `refusal`: why there is no answer and asking again would bring none; None where there may be one.
    """

    text: str = ""
    finish: str = _UNNAMED
    refusal: Refusal | None = None
    tokens: Tokens = field(default_factory=Tokens)

    @property
    def has_ended(self) -> bool:
        """Tell whether the model has stopped."""
        return self.finish != _UNNAMED

    def add(self, event: types.GenerateContentResponse) -> str:
        """Take in the provider's next event; return the text in it."""
        candidate = next(iter(event.candidates or ()), types.Candidate())
        blocked = event.prompt_feedback.block_reason if event.prompt_feedback else None
        if reason := blocked or candidate.finish_reason:
            self.finish = reason.value
            self.refusal = Refusal.UNSAFE if blocked else _refusal(reason.value)
        if counted := event.usage_metadata:  # of all events so far
            written = (counted.candidates_token_count or 0) + (counted.thoughts_token_count or 0)
            self.tokens = Tokens(
                counted.prompt_token_count or self.tokens.read, written or self.tokens.written
            )
        content = candidate.content or types.Content()
        text = "".join(part.text or "" for part in content.parts or ())
        self.text += text
        return text


def tidied(line: bytes) -> bytes:
    """Return a line of the provider's stream; of an event what is read of it, in the SDK's types.

    The SDK refuses a whole event for a number in it that it does not expect.
    """
    try:
        event = json.loads(line.removeprefix(_EVENT)) if line.startswith(_EVENT) else None
    except (ValueError, RecursionError):
        return line
    if not isinstance(event, dict) or "error" in event:
        return line
    return _EVENT + json.dumps(_read(event)).encode()


def _read(event: Mapping[str, Any]) -> dict[str, object]:
    candidate = _mapping(next(iter(_sequence(event.get("candidates"))), None))
    parts = [_mapping(part) for part in _sequence(_mapping(candidate.get("content")).get("parts"))]
    said = [{"text": str(part.get("text") or "")} for part in parts if part.get("thought") is not True]
    counted = _mapping(event.get("usageMetadata"))
    return {
        "candidates": [{"content": {"parts": said}} | _named("finishReason", candidate)],
        "promptFeedback": _named("blockReason", _mapping(event.get("promptFeedback"))),
        "usageMetadata": {name: _count(counted.get(name)) for name in _COUNTS},
    }


def _named(key: str, found: Mapping[str, object]) -> dict[str, str]:
    """Return the reason's name; nothing else that may stand in its place, which could quote the learner."""
    value = found.get(key)
    name = value.upper() if isinstance(value, str) else ""
    is_name = name.replace("_", "").isalnum() and name.isascii() and len(name) <= _LONGEST_NAME
    return {key: name} if is_name and name != _UNNAMED else {}


def _refusal(finish: str) -> Refusal | None:
    if finish in _UNSAFE:
        return Refusal.UNSAFE
    return Refusal.UNSAID if finish in _UNSAID or finish.startswith(_ABOUT_IMAGES) else None


def _count(value: object) -> int:
    """Return a count, bounded again where it is stored; 0 for what is none."""
    return bounded_tokens(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
