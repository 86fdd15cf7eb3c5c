"""Requests and responses, as the contract states them. Tables are classes of their own."""

import re
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from api.problems import Problem
from shared.models import JobKind, JobStatus, SpokenPart, Stage

MESSAGE_MAX_CHARACTERS = 2_000


# White space, controls, Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), annotation
# marks and the empty braille pattern: what shows nothing by itself.
_NOTHING_TO_SEE = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f"
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff"
    r"\ufff9-\ufffb\u2800]*"
)


def _say_something(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain the NUL character")
    if _NOTHING_TO_SEE.fullmatch(text):
        raise ValueError("must not be empty")
    return text


UserId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@:+-]{1,128}$", examples=["asha"])]
ConversationId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", examples=["conv-123"])]
MessageText = Annotated[
    str,
    Field(max_length=MESSAGE_MAX_CHARACTERS, examples=["I am go to market"]),
    AfterValidator(_say_something),
]


class ChatRequest(BaseModel):
    """What a text and a voice chat have in common."""

    model_config = ConfigDict(extra="forbid")

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


class ReplyWarning(BaseModel):
    """Why a reply has less than was asked for."""

    code: str
    detail: str


class ChatReply(BaseModel):
    """The tutor's answer."""

    reply_text: str
    correction: str | None = Field(description="`wrong → right`, or null: nothing to correct")
    hinglish_explanation: str | None
    score: int | None = Field(description="0–100, or null where nothing can be judged")
    audio_url: str | None
    audio_url_expires_at: datetime | None
    explanation_audio_url: str | None
    conversation_id: str
    transcript: str | None = Field(description="what was heard; voice only")
    warnings: list[ReplyWarning]


class TranscriptWord(BaseModel):
    """A recognised word; seconds from the start, probability 0–1."""

    word: str
    start: float
    end: float
    probability: float


class Timings(BaseModel):
    """Milliseconds each part took; null while unknown or where a part was skipped."""

    queued_ms: int | None = None
    transcribe_ms: int | None = None
    reply_ms: int | None = None
    synthesize_ms: int | None = None
    total_ms: int | None = None


class EnginesUsed(BaseModel):
    """The engines that worked on a job."""

    stt: str | None = None
    llm: str | None = None
    tts: str | None = None


class Links(BaseModel):
    """Where to go from a job."""

    self: str
    wait: str
    cancel: str
    retry: str


class JobView(BaseModel):
    """A job."""

    id: UUID
    kind: JobKind
    user_id: str
    conversation_id: str
    status: JobStatus
    stage: Stage | None
    done: bool
    queue_position: int | None
    eta_seconds: float | None
    transcript: str | None
    transcript_words: list[TranscriptWord] | None
    result: ChatReply | None
    error: Problem | None
    timings: Timings
    engines: EnginesUsed
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    links: Links


class QueueHealth(BaseModel):
    """Live workers of one queue."""

    ok: bool
    workers: int


class DependencyHealth(BaseModel):
    """Whether something the service needs answers."""

    ok: bool
    detail: str | None = None


class WorkersHealth(DependencyHealth):
    """Whether every queue has a live worker."""

    queues: dict[str, QueueHealth]


class Dependencies(BaseModel):
    """Everything the service needs."""

    database: DependencyHealth
    broker: DependencyHealth
    storage: DependencyHealth
    workers: WorkersHealth


class EngineHealth(BaseModel):
    """A chosen engine, and whether a live worker has it loaded."""

    engine: str
    status: Literal["loaded", "not_loaded", "failed"]
    reason: str | None = None


class Health(BaseModel):
    """The service as it is."""

    status: Literal["ok", "degraded"]
    version: str
    app_env: str
    engines: dict[str, EngineHealth]
    dependencies: Dependencies


class Readiness(BaseModel):
    """The service can accept jobs."""

    status: Literal["ready"] = "ready"


class ModelState(BaseModel):
    """What became of loading a model; `mode` names the engine."""

    status: Literal["loaded", "not_loaded", "failed"]
    mode: str | None = None
    reason: str | None = None


class ModelStates(BaseModel):
    """What became of loading every model; voices stand under their own names."""

    stt: ModelState
    llm: ModelState
    tts: dict[str, str]
