"""Reads the provider's raw answer: an odd field in it costs no second call."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

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


class Refusal(Enum):
    """Reasons for which the provider returns no answer, however often it is asked."""

    UNSAFE = "unsafe"
    """The learner's message or the model's answer to it is held to be unsafe."""
    UNSAID = "unsaid"
    """The answer recites a source, is in a language that the provider does not serve, or is no text."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the provider counted: read, and written or thought."""

    read: float = 0
    written: float = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.read + other.read, self.written + other.written)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said: `text` is empty where it said nothing, `finish` names why it stopped.

    `refusal`: why there is no answer and asking again would bring none; None where there may be one.
    """

    text: str
    finish: str
    refusal: Refusal | None
    tokens: Tokens


def read_answer(body: str) -> Answer:
    """Return the parsed answer of the provider. Raises `ValueError` if it is not one."""
    response = json.loads(body) if body else {}
    if not isinstance(response, dict):
        raise ValueError("no object")  # noqa: TRY004 - of the text, not of an argument
    candidate = _mapping(next(iter(_sequence(response.get("candidates"))), None))
    blocked = _name(_mapping(response.get("promptFeedback")).get("blockReason"))
    finish = _name(candidate.get("finishReason"))
    parts = [_mapping(part) for part in _sequence(_mapping(candidate.get("content")).get("parts"))]
    counted = _mapping(response.get("usageMetadata"))
    return Answer(
        text="".join(str(part.get("text") or "") for part in parts if part.get("thought") is not True),
        finish=blocked or finish or _UNNAMED,
        refusal=Refusal.UNSAFE if blocked else _refusal(finish),
        tokens=Tokens(
            _count(counted.get("promptTokenCount")),
            _count(counted.get("candidatesTokenCount")) + _count(counted.get("thoughtsTokenCount")),
        ),
    )


def _refusal(finish: str) -> Refusal | None:
    if finish in _UNSAFE:
        return Refusal.UNSAFE
    return Refusal.UNSAID if finish in _UNSAID or finish.startswith(_ABOUT_IMAGES) else None


def _name(value: object) -> str:
    """Return a reason's name; nothing else that may stand in its place, which could quote the learner."""
    name = value.upper() if isinstance(value, str) else ""
    return name if name.replace("_", "").isalnum() and name.isascii() and len(name) <= _LONGEST_NAME else ""


def _count(value: object) -> float:
    """Return a count unchanged (it is bounded before it is stored); 0 if it is not a number."""
    return 0 if isinstance(value, bool) or not isinstance(value, int | float) else min(value, 10**15)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
