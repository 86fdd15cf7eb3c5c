"""Requests and responses, as the contract states them. Tables are classes of their own."""

import re
from datetime import date, datetime
from typing import Annotated, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from api.problems import MISTAKES_SHOWN, Problem
from shared.models import JobKind, JobStatus, MessageRole, SpokenPart, Stage

MESSAGE_MAX_CHARACTERS = 2_000
PAGE_ROWS, PAGE_MAX_ROWS = 20, 100
_CURSOR_MAX_CHARACTERS = 200
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _say_something(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain the NUL character")
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _written_as_a_day(value: object) -> object:
    if not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise ValueError("must be a day as YYYY-MM-DD")
    return value


UserId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@:+-]{1,128}$", examples=["asha"])]
ConversationId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", examples=["conv-123"])]
MessageText = Annotated[
    str,
    Field(max_length=MESSAGE_MAX_CHARACTERS, examples=["I am go to market"]),
    AfterValidator(_say_something),
]
Day = Annotated[date, BeforeValidator(_written_as_a_day), Field(examples=["2026-11-22"])]


class _Body(BaseModel):
    """What a client sends: a field that is not known is refused, for it would have no effect."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _pass_few_unknown_on(cls, fields: object) -> object:
        """Drop unknown fields beyond those that an answer names: each makes an error, and costs time."""
        if not isinstance(fields, dict):
            return fields
        unknown = [name for name in fields if name not in cls.model_fields]
        dropped = set(unknown[MISTAKES_SHOWN:])
        return {name: value for name, value in fields.items() if name not in dropped}


class ChatRequest(_Body):
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


class UserQuery(BaseModel):
    """Whose things are asked for."""

    user_id: UserId


class _PageQuery(UserQuery):
    limit: int = Field(default=PAGE_ROWS, ge=1, le=PAGE_MAX_ROWS, description="rows of a page")
    cursor: str | None = Field(
        default=None, max_length=_CURSOR_MAX_CHARACTERS, description="`next_cursor` of the page before"
    )


class JobsQuery(_PageQuery):
    """Which jobs are asked for."""

    status: JobStatus | None = Field(default=None, description="only jobs in this state")


class ConversationsQuery(_PageQuery):
    """Which conversations are asked for."""


class MessagesQuery(_PageQuery):
    """Which messages of a conversation are asked for."""


class UsageQuery(BaseModel):
    """Which days are asked for."""

    first: Day | None = Field(
        default=None, alias="from", description="first day; 30 days before `to` when not given"
    )
    last: Day | None = Field(default=None, alias="to", description="last day; today when not given")


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
    """The engines that worked on a job, `(cached)` behind one that had given the same answer before."""

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


Item = TypeVar("Item")


class PageView(BaseModel, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next_cursor: str | None = Field(description="the next page's `cursor`; null: nothing follows")


class JobPage(PageView[JobView]):
    """Jobs, newest first."""


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


class UsageCounts(BaseModel):
    """What was done in succeeded turns. Seconds are of sound."""

    text_turns: int
    voice_turns: int
    voice_seconds: float = Field(description="heard in recordings")
    speech_seconds: float = Field(description="spoken by the tutor")
    corrections: int
    mean_score: float | None = Field(description="of the turns that have a score; null where none has")
    tokens_in: int = Field(description="read by the tutor's model")
    tokens_out: int = Field(description="written by the tutor's model")


class UsageDay(UsageCounts):
    """What was done on one day."""

    day: date


class UsageView(BaseModel):
    """What a user did from day `from` to day `to`, both included."""

    user_id: str
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    timezone: str = Field(description="whose days these are", examples=["Asia/Kolkata"])
    days: list[UsageDay] = Field(description="every day with usage, oldest first")
    totals: UsageCounts


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
    tutor: DependencyHealth


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
    parts: dict[str, str] | None = Field(default=None, description="the states of an engine's several models")


class ModelStates(BaseModel):
    """What became of loading every model; voices stand under their own names."""

    stt: ModelState
    llm: ModelState
    tts: dict[str, str]
